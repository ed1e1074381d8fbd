"""A town of HTTP services and of things that look like some: one process, one port each.

``town.py ALIVE DEAD`` prints name -> port as JSON and serves until it is killed. ``ALIVE`` and ``DEAD``
are the ports of the two dependencies, shop-ledger and shop-cache, that the honest ones ask.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEDGER, CACHE = int(sys.argv[1]), int(sys.argv[2])
Reply = tuple[int, str, dict[str, str]]
Service = Callable[[str], Reply]


def reply(status: int, body: object = "", **headers: str) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return status, text, {name.replace("_", "-"): value for name, value in headers.items()}


NOT_FOUND = reply(404, {"detail": "Not Found"})


def at(path: str, *answer: object, **headers: str) -> Service:
    """One path answered, every other one not found."""
    return lambda asked: reply(*answer, **headers) if asked == path else NOT_FOUND  # type: ignore[arg-type]


def everywhere(*answer: object, **headers: str) -> Service:
    return lambda asked: reply(*answer, **headers)  # type: ignore[arg-type]


def reaches(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def asking(**dependencies: int) -> Service:
    """Health that asks its dependencies each time."""

    def health(asked: str) -> Reply:
        if asked == "/orders":
            return reply(200, {"orders": []})
        if asked != "/health":
            return NOT_FOUND
        states = {f"shop-{name}": "up" if reaches(port) else "down" for name, port in dependencies.items()}
        well = "down" not in states.values()
        return reply(200 if well else 503, {"status": "ok" if well else "unhealthy", "dependencies": states})

    return health


def token() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(18)).decode()


def page(asked: str) -> Reply:
    """What a single-page application answers to every path: its page, with a fresh token."""
    return reply(200, f'<html><meta name="csrf" content="{token()}"><div id="app">Our shop</div></html>')


def flapping(asked: str) -> Reply:
    """Well for 0.3 s, sick for 0.3 s."""
    well = time.monotonic() % 0.6 < 0.3
    return reply(200 if well else 503, {"status": "ok" if well else "unhealthy"}) if asked == "/health" else NOT_FOUND


DOWN = {"shop-ledger": "up", "shop-cache": "down"}

SERVICES: dict[str, Service] = {
    "shop-ledger": asking(),
    # health: honest
    "well": asking(ledger=LEDGER),
    "honest": asking(ledger=LEDGER, cache=CACHE),
    "honest-in-words": at("/health", 503, {"detail": "cannot reach shop-cache: connection refused"}),
    # health: green whatever happens
    "constant": at("/health", 200, {"status": "ok"}),
    "asks-half": asking(ledger=LEDGER),
    "green-status-red-body": at("/health", 200, {"status": "unhealthy", "dependencies": DOWN}),
    "green-status-grey-body": at("/health", 200, {"status": "degraded", "dependencies": DOWN}),
    "calls-the-dead-healthy": at("/health", 503, {"status": "down", "checks": {"shop-cache": "up", "disk": "down"}}),
    "blames-the-living": at(
        "/health", 503, {"status": "down", "checks": {"shop-ledger": "down", "shop-cache": "down"}}
    ),
    # health: red, but does it know why?
    "mute": at("/health", 503, "Service Unavailable"),
    "mumbling": at("/health", 503, "shop-ledger shop-cache: one of them"),
    "names-its-family": at("/health", 503, {"detail": "shop-front has no disk left"}),
    "red-everywhere": everywhere(503, {"detail": "shop-cache is down"}),
    # health: other words
    "sick": at("/health", 503, {"status": "unhealthy"}),
    "sick-in-its-body": at("/health", 200, {"status": "unhealthy"}),
    "sick-by-a-flag": at("/health", 200, {"healthy": False}),
    "sick-in-a-part": at("/health", 200, {"status": "ok", "dependencies": {"disk": "down"}}),
    "sick-beside-its-status": at("/health", 200, {"status": "ok", "database": "disconnected"}),
    "sick-in-plain-words": at("/health", 200, "not ready"),
    "flapping": flapping,
    "says-ok-to-everything": everywhere(200, "OK"),
    "login-first": at("/health", 302, "", Location="/login"),
    "locked": at("/health", 401, "who are you?"),
    "without-health": at("/", 200, "hello"),
    # answers
    "orders": at("/orders", 200, {"orders": [], "next": None}),
    "broken-orders": at("/orders", 500, {"detail": "Internal Server Error"}),
    "canned-orders": at("/orders", 200, "It works!"),
    "page-for-everything": page,
    "echoes": lambda asked: reply(200, f"You asked for {asked}: orders"),
    "random-everywhere": lambda asked: reply(200, {"orders": token(), "id": token()}),
    "moved-orders": at("/orders", 301, "", Location="https://elsewhere.example/orders"),
    "long-orders": at("/orders", 200, "x" * 5000 + "orders"),
    "asked-too-often": everywhere(429, "slow down"),
    "rations-nonsense": lambda asked: reply(200, "orders") if asked == "/orders" else reply(429, "slow down"),
    "denies-everything": everywhere(401, "who are you?"),
    # versions
    "shop-2.4.1": at("/", 200, "", Server="shop/2.4.1"),
    "shop-2.10.0": at("/", 200, "", Server="shop/2.10.0"),
    "shop-20.4.0": at("/", 200, "", Server="shop/20.4.0"),
    "shop-3.0.0rc1": at("/", 200, "", Server="shop/3.0.0-rc1"),
    "shop-without-version": at("/", 200, "", Server="shop"),
    "gateway-before-nothing": everywhere(502, "<h1>Bad Gateway</h1>", Server="gateway/1.0"),
}


class Handler(BaseHTTPRequestHandler):
    service: Service

    def do_GET(self) -> None:
        status, body, headers = type(self).service(self.path)
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


# --- what is no HTTP service at all


def silent(line: socket.socket) -> None:
    time.sleep(30)


def hangs_up(line: socket.socket) -> None:
    pass


def resets(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def canned_nc_loop(line: socket.socket) -> None:
    """`while true; do echo OK | nc -l`: the same words to everybody, before anybody asked."""
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
    line.settimeout(1)
    line.recv(4096)


def babbles(line: socket.socket) -> None:
    line.recv(4096)
    line.sendall(b"220 mail.example ESMTP\r\n")


def almost_postgres(line: socket.socket) -> None:
    """Knows the first word of the protocol and nothing after it."""
    line.recv(8)
    line.sendall(b"N")
    line.recv(4096)


def almost_amqp(line: socket.socket) -> None:
    line.recv(8)
    line.sendall(b"AMQP\x00\x00\x09\x01")


LIARS = {
    liar.__name__.replace("_", "-"): liar
    for liar in (silent, hangs_up, resets, canned_nc_loop, babbles, almost_postgres, almost_amqp)
}


def listen(liar: Callable[[socket.socket], None]) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)

    def talk(line: socket.socket) -> None:
        with line, suppress(OSError):
            liar(line)

    def accept() -> None:
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def serve(service: Service, port: int) -> int:
    handler = type("Its", (Handler,), {"service": staticmethod(service)})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


if __name__ == "__main__":
    ports = {name: serve(service, LEDGER if name == "shop-ledger" else 0) for name, service in SERVICES.items()}
    ports |= {name: listen(liar) for name, liar in LIARS.items()}
    sys.stdout.write(f"{json.dumps(ports)}\n")
    sys.stdout.flush()
    threading.Event().wait()
