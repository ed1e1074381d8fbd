"""One instance of a service, honest or not, told by its environment.

PORT, MORE_PORTS: where it listens. BOOT: what its X-Boot header says: "own" (new with each process),
"fickle" (new with each answer), "per-port", any other word for that word, nothing for no header.
UNIX: a socket on which it listens, too. HOST: another address than 127.0.0.1. BUSY: it works between answers.

RELAY: "host:port" of the server to which it passes connections on, byte by byte; of several, in turn; a path
is a Unix socket. RESET: it leaves no trace of the connections behind it. PROXY: the same, request by request;
POOL: over a connection that it keeps. PARENT: it starts the server itself, on that port.
ASKS: a neighbour that GET / asks before it answers; ASKS_ALWAYS: one that every answer needs.
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOOT, OWN = os.environ.get("BOOT", ""), uuid.uuid4().hex
PORTS = [int(port) for port in (os.environ["PORT"], *os.environ.get("MORE_PORTS", "").split())]
LOCK = threading.Lock()
HOST = os.environ.get("HOST", "127.0.0.1")
#: at once, and with a reset
NO_TRACE = struct.pack("ii", 1, 0)


def fetch(address: str, path: str) -> tuple[int, bytes]:
    line = http.client.HTTPConnection(address, timeout=5)
    line.request("GET", path)
    answer = line.getresponse()
    return answer.status, answer.read()


class Pool:
    """One connection to the server behind, opened at start and kept."""

    def __init__(self, address: str) -> None:
        self.line = http.client.HTTPConnection(address, timeout=5)
        self.line.connect()

    def fetch(self, path: str) -> tuple[int, bytes]:
        with LOCK:
            self.line.request("GET", path)
            answer = self.line.getresponse()
            return answer.status, answer.read()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pool: Pool | None = None

    def do_GET(self) -> None:
        status, body = self.answer()
        self.send_response(status)
        words = {"own": OWN, "fickle": uuid.uuid4().hex, "per-port": f"{OWN}-{self.server.server_address[1]}"}
        if BOOT:
            self.send_header("X-Boot", words.get(BOOT, BOOT))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self) -> tuple[int, bytes]:
        if proxied := os.environ.get("PROXY"):
            return fetch(proxied, self.path)
        if self.pool is not None:
            return self.pool.fetch(self.path)
        if needed := os.environ.get("ASKS_ALWAYS"):
            with socket.create_connection(tuple(needed.split(":"))) as line:
                line.sendall(b"?")
                line.recv(1)
        if self.path == "/" and (neighbour := os.environ.get("ASKS")):
            fetch(neighbour, "/")
        return (200, b"hello") if self.path == "/" else (404, b"not found")

    def log_message(self, *args: object) -> None:
        pass


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class UnixHandler(Handler):
    def address_string(self) -> str:
        return "unix"


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    for line in (source, sink):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def serve_relayed(line: socket.socket, address: str) -> None:
    onward = dial(address)
    beside(pump, line, onward)
    pump(onward, line)
    if "RESET" in os.environ:
        onward.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_TRACE)
    onward.close()


def dial(address: str) -> socket.socket:
    if address.startswith("/"):
        onward = socket.socket(socket.AF_UNIX)
        onward.connect(address)
        return onward
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)))


def relay(port: int, addresses: list[str]) -> None:
    turns = itertools.cycle(addresses)
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            line, _ = listener.accept()
            beside(serve_relayed, line, next(turns))


def say_yes(port: int) -> None:
    """No HTTP: what a session store is to an application."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            line, _ = listener.accept()
            with line:
                if line.recv(1) == b"?":
                    line.sendall(b"!")


def work() -> None:
    """Bursts of activity, as real work has them."""
    while True:
        for _ in range(random.randrange(100)):
            time.sleep(0.0001)
        time.sleep(random.random() / 50)


def start_server_of_own(port: str) -> None:
    given = {name: value for name, value in os.environ.items() if name not in ("PARENT", "RELAY")}
    child = subprocess.Popen([sys.executable, __file__], env={**given, "PORT": port, "DIES_WITH": str(os.getpid())})
    beside(child.wait)


def beside(work: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def prepare() -> None:
    if "POOL" in os.environ:
        Handler.pool = Pool(os.environ["POOL"])
    for _ in range(4 if "BUSY" in os.environ else 0):
        beside(work)
    if port := os.environ.get("PARENT"):
        start_server_of_own(port)
        os.environ["RELAY"] = f"127.0.0.1:{port}"
    if "DIES_WITH" in os.environ:
        beside(end_with, int(os.environ["DIES_WITH"]))
    if "UNIX" in os.environ:
        beside(UnixServer(os.environ["UNIX"], UnixHandler).serve_forever)


def main() -> None:
    prepare()
    if "STORE" in os.environ:
        say_yes(PORTS[0])
    if "RELAY" in os.environ:
        relay(PORTS[0], os.environ["RELAY"].split())
    for port in PORTS[1:]:
        beside(ThreadingHTTPServer((HOST, port), Handler).serve_forever)
    ThreadingHTTPServer((HOST, PORTS[0]), Handler).serve_forever()


def end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
