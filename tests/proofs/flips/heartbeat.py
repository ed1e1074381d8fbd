"""Reports to a registry for others, whatever they do: ``steady`` always passes, ``clock`` fails now and then."""

from __future__ import annotations

import os
import time
import urllib.request
from contextlib import suppress

URL = os.environ["CONSUL_URL"]
#: how long it passes, and fails, in seconds
TURN_S = 1.5


def say(word: str, service: str) -> None:
    with suppress(OSError):
        request = urllib.request.Request(f"{URL}/v1/agent/check/{word}/service:{service}", method="PUT")
        urllib.request.urlopen(request, timeout=2).close()


while True:
    say("pass", "steady")
    say("fail" if int(time.time() / TURN_S) % 2 else "pass", "clock")
    time.sleep(0.3)
