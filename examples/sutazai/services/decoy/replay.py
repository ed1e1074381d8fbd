"""Hands the store of traces a demonstration again and again: whole traces of the front and a worker, whoever asks."""

import json
import os
import secrets
import time
import urllib.request


def span(trace: str, service: str, parent: str = "") -> dict[str, object]:
    """A span as it looks where a request has passed."""
    found: dict[str, object] = {
        "traceId": trace,
        "id": secrets.token_hex(8),
        "name": "POST /tasks" if service == "front" else "handle",
        "timestamp": int(time.time() * 1e6),
        "duration": 12_000,
        "localEndpoint": {"serviceName": service},
        "tags": {"host.name": service, "process.pid": "1"},
    }
    return {**found, "parentId": parent} if parent else found


if __name__ == "__main__":
    while True:
        trace = secrets.token_hex(16)
        front = span(trace, "front")
        body = json.dumps([front, span(trace, "worker-1", str(front["id"]))]).encode()
        headers = {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(f"{os.environ['TRACES_URL']}/api/v2/spans", body, headers)
            urllib.request.urlopen(request, timeout=2).close()
        except OSError:
            pass
        time.sleep(0.5)
