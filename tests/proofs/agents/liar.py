"""Servers that are none: `liar.py LIE` over stdio, `liar.py LIE PORT` over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

OPENED = {
    "protocolVersion": "2025-11-25",
    "serverInfo": {"name": "liar", "version": "1"},
    "capabilities": {"tools": {}},
}
TOOL = {"name": "find", "inputSchema": {"type": "object"}}
Message = dict[str, Any]


def result(asked: Message, told: Any, own: object = None) -> Message:
    return {"jsonrpc": "2.0", "id": own or asked.get("id"), "result": told}


def error(asked: Message, code: int) -> Message:
    return {"jsonrpc": "2.0", "id": asked.get("id"), "error": {"code": code, "message": "no"}}


def honest(asked: Message, tools: Any = (TOOL,), code: int = -32601) -> Message:
    method = asked["method"]
    if method == "initialize":
        return result(asked, OPENED)
    if method == "tools/list":
        return error(asked, tools) if isinstance(tools, int) else result(asked, {"tools": list(tools)})
    return error(asked, code)


def agrees(asked: Message) -> Message:
    """Everything it is asked is fine."""
    return result(asked, {**OPENED, "tools": [TOOL]})


def canned(asked: Message) -> Message:
    """A recording: it always says what it said to the first client, who counted from 1."""
    return {**honest(asked), "id": 1}


def once(asked: Message) -> Message:
    """Learns the first id that it hears and keeps to it."""
    HEARD.append(asked.get("id"))
    return {**honest(asked), "id": HEARD[0]}


def circles(asked: Message) -> Message:
    told = honest(asked)
    if asked["method"] == "tools/list":
        told["result"]["nextCursor"] = "again"
    return told


HEARD: list[Any] = []
LIES: dict[str, Callable[[Message], Message]] = {
    "agrees": agrees,
    "canned": canned,
    "once": once,
    "circles": circles,
    "without-tools": lambda asked: honest(asked, ()),
    "without-the-method": lambda asked: honest(asked, -32601),
    "without-schema": lambda asked: honest(asked, ({"name": "find"},)),
    "schema-of-a-text": lambda asked: honest(asked, ({"name": "find", "inputSchema": {"type": "string"}},)),
    "keeps-its-tools": lambda asked: honest(asked, -32001),
    "other-error": lambda asked: honest(asked, code=-32000),
    "page": lambda asked: {},
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        lie = self.server.lie  # type: ignore[attr-defined]
        body = (
            json.dumps(LIES[lie](asked)).encode() if lie != "page" else b"<html><body>MCP server: healthy</body></html>"
        )
        self.send_response(200 if "id" in asked else 202)
        self.send_header("Content-Type", "text/html" if lie == "page" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


def main(lie: str, *port: str) -> None:
    if port:
        server = HTTPServer(("127.0.0.1", int(port[0])), Handler)
        server.lie = lie  # type: ignore[attr-defined]
        server.serve_forever()
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            sys.stdout.write(json.dumps(LIES[lie](asked)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
