"""The fronts of the miniature: ``POST /<way>/<service>`` does its work in an honest way or another."""

from __future__ import annotations

import http.client
import json
import os
import socket
import struct
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

CONSUL, ELSEWHERE = os.environ["CONSUL_URL"], os.environ["ELSEWHERE_URL"]
WORKER = os.environ["WORKER_URL"]
LOCK = threading.Lock()
TIMES: Counter[str] = Counter()
KEPT: dict[str, tuple[float, str]] = {}


def fetch(url: str, method: str = "GET", body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=5) as answer:
        return answer.read()


def found(service: str, consul: str = CONSUL) -> str:
    """The address of a passing instance."""
    entries = json.loads(fetch(f"{consul}/v1/health/service/{service}?passing"))
    return f"http://{entries[0]['Service']['Address']}:{entries[0]['Service']['Port']}"


def resolved(name: str) -> str:
    """The address of an instance by an SRV record: its target's A record comes with it."""
    host, port = os.environ["DNS_URL"].removeprefix("dns://").split(":")
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(5)
        line.sendto(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + question + struct.pack(">2H", 33, 1), (host, int(port)))
        answer = line.recv(1500)
    record = answer[12 + len(question) + 4 :]
    # a compressed name, type, class, life, length, priority, weight, port
    return f"http://127.0.0.1:{struct.unpack('>H', record[16:18])[0]}"


def looks_up(service: str) -> None:
    fetch(found(service))


def looks_up_by_dns(service: str) -> None:
    fetch(resolved(f"{service}.service.consul"))


def looks_up_a_tag_by_dns(service: str) -> None:
    fetch(resolved(f"_{service}._tcp.service.dc1.consul"))


def remembers_for_a_second(service: str) -> None:
    """A client as many libraries have one: an answer is good for a while."""
    if time.monotonic() - KEPT.get(service, (-9.0, ""))[0] > 1:
        KEPT[service] = time.monotonic(), found(service)
    fetch(KEPT[service][1])


def remembers_from_its_start(service: str) -> None:
    fetch(AT_START)


def lists_all(service: str) -> None:
    """Learns the address from a list of everything."""
    entry = json.loads(fetch(f"{ELSEWHERE}/v1/agent/services"))[service]
    fetch(f"http://{entry['Address']}:{entry['Port']}")


def is_told_of_changes(service: str) -> None:
    """Holds a question that is answered when something changes, and acts on the last answer."""
    with LOCK:
        if service not in KEPT:
            KEPT[service] = 0.0, found(service, ELSEWHERE)
            index = json.loads(fetch(f"{ELSEWHERE}/v1/status/leader")) and "1000000"
            url = f"{ELSEWHERE}/v1/health/service/{service}?wait=60s&index={index}"
            threading.Thread(target=urllib.request.urlopen, args=(url,), daemon=True).start()
    fetch(KEPT[service][1])


# --- those that say that they look up


def knows_the_address(service: str) -> None:
    fetch(WORKER)


def looks_another_up(service: str) -> None:
    found("another")
    fetch(WORKER)


def looks_up_elsewhere(service: str) -> None:
    found(service, ELSEWHERE)
    fetch(WORKER)


def registers_anew(service: str) -> None:
    port = int(WORKER.rpartition(":")[2])
    entry = {"Name": service, "ID": service, "Address": "127.0.0.1", "Port": port}
    fetch(f"{CONSUL}/v1/agent/service/register", "PUT", entry)
    fetch(WORKER)


def asks_who_leads(service: str) -> None:
    """Talks to the registry, and not of services."""
    fetch(f"{CONSUL}/v1/status/leader")
    fetch(f"{CONSUL}/v1/agent/self")
    fetch(WORKER)


def looks_up_the_first_time(service: str) -> None:
    TIMES[service] += 1
    fetch(found(service) if TIMES[service] == 1 else WORKER)


def fails(service: str) -> None:
    raise OSError


def looks_up_and_fails(service: str) -> None:
    looks_up(service)
    raise OSError


WAYS: dict[str, Callable[[str], None]] = {
    way.__name__: way
    for way in (
        looks_up,
        looks_up_by_dns,
        looks_up_a_tag_by_dns,
        remembers_for_a_second,
        remembers_from_its_start,
        lists_all,
        is_told_of_changes,
        knows_the_address,
        looks_another_up,
        looks_up_elsewhere,
        registers_anew,
        asks_who_leads,
        looks_up_the_first_time,
        fails,
        looks_up_and_fails,
    )
}


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        _, way, service = self.path.split("/")
        self.rfile.read(int(self.headers["Content-Length"]))
        try:
            WAYS[way](service)
            status = 202
        except (OSError, http.client.HTTPException):
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    AT_START = found("remembered")
    place = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    if os.environ.get("STILL"):
        # waits for the next caller without looking up now and then, as a server in C does
        server = HTTPServer(place, Front)
        while True:
            server._handle_request_noblock()
    ThreadingHTTPServer(place, Front).serve_forever()
