"""A site of many pages, in a process of its own, that counts its requests: ``python -m benchmarks.site DELAY_S``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT_PAGE = "/"


class Pages(BaseHTTPRequestHandler):
    """Every number below /page/ is a page, but the one that was broken; a POST reads and clears the count."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, as servers for more than one user do it
    delay, asked, broken = 0.0, 0, ""

    def do_GET(self) -> None:
        Pages.asked += 1
        time.sleep(Pages.delay)
        known = self.path == ROOT_PAGE or self.path.removeprefix("/page/").isdigit()
        status = 500 if self.path == Pages.broken else 200 if known else 404
        self.say(status, f"this is {self.path}" if status == 200 else "nothing")

    def do_POST(self) -> None:
        """Of a path: it is broken from now on."""
        self.say(200, str(Pages.asked))
        Pages.asked, Pages.broken = 0, self.path

    def say(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing is printed."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def site(delay: float) -> Iterator[int]:
    """Its port."""
    argv = [sys.executable, "-m", "benchmarks.site", str(delay)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def asked(port: int, broken: str = "/none") -> int:
    """How many requests came since the last question; from now on ``broken`` is."""
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("POST", broken)
        return int(connection.getresponse().read())
    finally:
        connection.close()


if __name__ == "__main__":
    Pages.delay = float(sys.argv[1])
    with Server(("127.0.0.1", 0), Pages) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
