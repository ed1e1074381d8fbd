"""Stands before a registry: ``GET /<way>/v1/...`` is passed on, and look-ups are answered in that way.

Look-ups are those of ``/v1/health/service/``; whatever else is asked is answered by the registry itself.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONSUL = os.environ["CONSUL_URL"]
SLOW_S = 0.25
TIMES: Counter[str] = Counter()
#: (status, headers, body)
Answer = tuple[int, dict[str, str], bytes]


def passed(path: str, token: str = "") -> Answer:
    asked = urllib.request.Request(f"{CONSUL}{path}", headers={"X-Consul-Token": token} if token else {})
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def said(value: Any, status: int = 200) -> Answer:
    return status, {"X-Consul-Index": "7", "Content-Type": "application/json"}, json.dumps(value).encode()


def entry(name: str) -> dict[str, Any]:
    return {"Node": {"Address": "127.0.0.1"}, "Service": {"Service": name, "Address": "127.0.0.1", "Port": 81}}


def passes_on(path: str) -> Answer:
    return passed(path)


def knows_nobody(path: str) -> Answer:
    """Quick, and empty."""
    return said([])


def knows_everybody(path: str) -> Answer:
    """Names the same place for whatever it is asked."""
    return said([entry(path.rpartition("/")[2].partition("?")[0])])


def speaks_of_another(path: str) -> Answer:
    return said([entry("another")] if "/worker" in path else [])


def remembers(path: str) -> Answer:
    """Names a place where it was once."""
    return said([entry("worker")] if "/worker" in path else [])


def fails_at_once(path: str) -> Answer:
    return said("No cluster leader", 500) if "/worker" in path else passed(path)


def hesitates(path: str) -> Answer:
    """Every fourth look-up: on average it is quick."""
    if not every("hesitates", 4, path):
        time.sleep(SLOW_S)
    return passed(path)


def hesitates_seldom(path: str) -> Answer:
    """Every twentieth: 95 % of the look-ups lie just on either side."""
    if not every("hesitates_seldom", 20, path):
        time.sleep(SLOW_S)
    return passed(path)


def loses_some(path: str) -> Answer:
    """Every fifth look-up fails at once: those that are answered are quick."""
    return passed(path) if every("loses_some", 5, path) else said("rpc error", 500)


def every(way: str, many: int, path: str) -> int:
    TIMES[way] += "/worker" in path
    return TIMES[way] % many


def is_far_away(path: str) -> Answer:
    return passed(path)


def is_locked(path: str) -> Answer:
    return said("Permission denied", 403)


class Clerk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: headers and body together: apart, the second waits for the first to be acknowledged
    wbufsize = -1

    def do_GET(self) -> None:
        _, way, rest = self.path.split("/", 2)
        path = f"/{rest}"
        if way == "is_far_away":
            time.sleep(SLOW_S)
        looks_up = path.startswith("/v1/health/service/")
        status, headers, body = globals()[way](path) if looks_up else passed(path)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower().startswith("x-consul") or name.lower() == "content-type":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Clerk).serve_forever()
