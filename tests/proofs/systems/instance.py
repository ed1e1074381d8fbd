"""One instance of a service, honest or not, told by its environment.

PORT, MORE_PORTS: where it listens. BOOT: what its X-Boot header says: "own" (new with each process),
"fickle" (new with each answer), "per-port", any other word for that word, nothing for no header.
RELAY: host:port of the server to which it passes connections on, byte by byte. PROXY: the same, request
by request; POOL: over a connection that it keeps. ASKS: a neighbour that GET / asks before it answers.
"""

from __future__ import annotations

import http.client
import os
import socket
import threading
import uuid
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOOT, OWN = os.environ.get("BOOT", ""), uuid.uuid4().hex
PORTS = [int(port) for port in (os.environ["PORT"], *os.environ.get("MORE_PORTS", "").split())]
LOCK = threading.Lock()


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
        if self.path == "/" and (neighbour := os.environ.get("ASKS")):
            fetch(neighbour, "/")
        return (200, b"hello") if self.path == "/" else (404, b"not found")

    def log_message(self, *args: object) -> None:
        pass


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    for line in (source, sink):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def relay(port: int, address: str) -> None:
    host, _, behind = address.partition(":")
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            line, _ = listener.accept()
            onward = socket.create_connection((host, int(behind)))
            threading.Thread(target=pump, args=(line, onward), daemon=True).start()
            threading.Thread(target=pump, args=(onward, line), daemon=True).start()


if __name__ == "__main__":
    if "POOL" in os.environ:
        Handler.pool = Pool(os.environ["POOL"])
    if "RELAY" in os.environ:
        relay(PORTS[0], os.environ["RELAY"])
    for port in PORTS[1:]:
        threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", PORTS[0]), Handler).serve_forever()
