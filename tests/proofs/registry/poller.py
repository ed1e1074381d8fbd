"""Looks services up again and again, on a connection for each, and does nothing with the answers."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.request

CONSUL = os.environ["CONSUL_URL"]


def poll(service: str, every: float) -> None:
    while True:
        urllib.request.urlopen(f"{CONSUL}/v1/health/service/{service}?passing", timeout=5).read()
        time.sleep(every)


for word in sys.argv[1:]:
    name, _, pause = word.partition("=")
    threading.Thread(target=poll, args=(name, float(pause)), daemon=True).start()
threading.Event().wait()
