"""A caller of the worker: ``GET /say/<word>`` finds it in the way that ``WAY`` names."""

from __future__ import annotations

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONSUL, WORKER = os.environ["CONSUL_URL"], os.environ["WORKER_URL"]
SERVICE, WAY = os.environ["SERVICE"], os.environ["WAY"]
KEPT: dict[str, tuple[float, list[str]]] = {}


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


def instances() -> list[str]:
    entries = json.loads(fetch(f"{CONSUL}/v1/health/service/{SERVICE}?passing"))
    return [f"http://{entry['Service']['Address']}:{entry['Service']['Port']}" for entry in entries]


# --- those that go where the registry says


def looks_up(word: str) -> bytes:
    return fetch(f"{random.choice(instances())}/say/{word}")


def keeps_for_a_while(word: str) -> bytes:
    """A client as many libraries have one."""
    kept, places = KEPT.get("", (-9.0, []))
    if time.monotonic() - kept > 0.5:
        places = instances()
        KEPT[""] = time.monotonic(), places
    return fetch(f"{random.choice(places)}/say/{word}")


def takes_the_last(word: str) -> bytes:
    """Of all that are registered, whether they are well or not."""
    entry = json.loads(fetch(f"{CONSUL}/v1/catalog/service/{SERVICE}"))[-1]
    return fetch(f"http://{entry['ServiceAddress']}:{entry['ServicePort']}/say/{word}")


def asks_at_its_start(word: str) -> bytes:
    return fetch(f"{AT_START[0]}/say/{word}")


# --- those that do not


def knows_the_address(word: str) -> bytes:
    return fetch(f"{WORKER}/say/{word}")


def asks_and_ignores(word: str) -> bytes:
    instances()
    return fetch(f"{WORKER}/say/{word}")


def shows_its_health(word: str) -> bytes:
    """What the registry tells is for a page that says who is well."""
    return fetch(f"{WORKER}/say/{word}")


# --- of whom it cannot be told


def calls_nobody(word: str) -> bytes:
    return word.encode()


def calls_both(word: str) -> bytes:
    """Calls whom the registry names, for show."""
    with suppress(OSError):
        fetch(f"{random.choice(instances())}/say/{word}")
    return fetch(f"{WORKER}/say/{word}")


def watches_health() -> None:
    while True:
        with suppress(OSError):
            for place in instances():
                with suppress(urllib.error.HTTPError):
                    fetch(f"{place}/health")
        time.sleep(0.4)


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            status, body = 200, globals()[WAY](self.path.rpartition("/")[2]) if "/say/" in self.path else b"here"
        except OSError as error:
            status, body = 502, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    AT_START = instances()
    if WAY == "shows_its_health":
        threading.Thread(target=watches_health, daemon=True).start()
    Server(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
