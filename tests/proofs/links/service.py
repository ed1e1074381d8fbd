"""The front of every caller here: ``/ask?word=`` asks its dependency; whatever is raised on the way is a 503."""

from __future__ import annotations

import os
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

DEPENDENCY = urlsplit(os.environ["DEPENDENCY_URL"])


class Failed(Exception):
    """The dependency answered, and not well."""


def get(word: str, timeout: float | None) -> tuple[int, str]:
    """(status, text) of the dependency's answer. Raises OSError."""
    connection = HTTPConnection(DEPENDENCY.hostname or "", DEPENDENCY.port, timeout=timeout)
    try:
        connection.request("GET", f"/say?word={quote(word)}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def say(word: str, timeout: float | None = 0.3) -> str:
    """What the dependency says. Raises Failed and OSError."""
    status, text = get(word, timeout)
    if status >= 500:
        raise Failed(text)
    return text


def serve(ask: Callable[[str], str], free: Callable[[str], str] = str) -> None:
    """Answer with what ``ask`` makes of each word, at ``/free`` with what that does."""

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            try:
                does = free if parts.path == "/free" else ask
                self._answer(200, does(parse_qs(parts.query).get("word", ["up"])[0]))
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
                self._answer(503, type(error).__name__)

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    ThreadingHTTPServer.request_queue_size = 256
    ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Front).serve_forever()
