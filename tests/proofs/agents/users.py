"""Applications that work by the tools of a server, and such as only have it beside them. The first argument says which.

``/ask?word=`` keeps the word as a note, and tells it back.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

URL, TIMEOUT_S = os.environ["NOTES_URL"], 1.0
ACCEPTS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
ids = itertools.count(1)


class Server:
    """A session with the tool server."""

    def __init__(self) -> None:
        self._headers = dict(ACCEPTS)
        us = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "app", "version": "1"}}
        self.ask("initialize", **us)
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def ask(self, method: str, **params: object) -> dict[str, object]:
        """Raises OSError and ValueError."""
        text = self._post({"jsonrpc": "2.0", "id": next(ids), "method": method, "params": params})
        told = next(line.removeprefix("data:") for line in text.splitlines() if line.startswith(("data:", "{")))
        result: dict[str, object] = json.loads(told)["result"]
        return result

    def _post(self, message: dict[str, object]) -> str:
        request = urllib.request.Request(URL, json.dumps(message).encode(), self._headers, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            if session := answer.headers.get("Mcp-Session-Id"):
                self._headers["Mcp-Session-Id"] = session
            return str(answer.read().decode())


one_at_a_time = threading.Lock()
session: list[Server] = []


def server() -> Server:
    """The one session; whoever comes first opens it. Raises OSError and ValueError."""
    if not session:
        with one_at_a_time:
            session[:] = session or [Server()]
    return session[0]


def keep(word: str) -> str:
    """By the tool."""
    if server().ask("tools/call", name="keep", arguments={"text": word}).get("isError"):
        raise ValueError("not kept")
    return word


def canned(word: str) -> str:
    return word


def beside(word: str) -> str:
    """Has the tool called, and does not wait for it."""
    threading.Thread(target=quietly, args=(word,), daemon=True).start()
    return word


def quietly(word: str) -> None:
    with suppress(OSError, ValueError, StopIteration):
        keep(word)


def greets(word: str) -> str:
    """Greets the server, with the word, and lists its tools; calls none."""
    server().ask("tools/list", _meta={"note": word})
    return word


def nameless(word: str) -> str:
    keep("a note")
    return word


def by_itself(word: str) -> str:
    """Asks whether the server is there, with the word, and works by itself."""
    server().ask("ping", _meta={"note": word})
    return word


ask = {each.__name__: each for each in (keep, canned, beside, greets, nameless, by_itself)}[sys.argv[1]]


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            self._answer(200, ask(parse_qs(urlsplit(self.path).query).get("word", ["up"])[0]))
        except (OSError, ValueError, StopIteration) as error:
            self._answer(503, type(error).__name__)

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        pass


ThreadingHTTPServer.request_queue_size = 256
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
