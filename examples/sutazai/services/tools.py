"""A server of tools: `tools.py words` or `tools.py letters`. It speaks the Model Context Protocol over HTTP, one JSON
answer to each message, and keeps no sessions."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse
from plumbing import serve, web_app

PROTOCOL = "2025-06-18"
TOOLS: dict[str, dict[str, Callable[[str], str]]] = {
    "words": {
        "count_words": lambda text: str(len(text.split())),
        "longest_word": lambda text: max(text.split(), key=len, default=""),
    },
    "letters": {"count_letters": lambda text: str(sum(map(str.isalpha, text)))},
}
NAME = sys.argv[1]
OFFERED = TOOLS[NAME]
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Mistake(Exception):
    """A message that cannot be answered: JSON-RPC's number and a word."""


def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of one request."""
    match method:
        case "initialize":
            server = {"name": f"sutazai-{NAME}", "version": "1.0"}
            return {"protocolVersion": PROTOCOL, "capabilities": {"tools": {}}, "serverInfo": server}
        case "ping":
            return {}
        case "tools/list":
            return {"tools": [{"name": tool, "inputSchema": SCHEMA} for tool in OFFERED]}
        case "tools/call":
            tool, text = OFFERED.get(params.get("name", "")), params.get("arguments", {}).get("text")
            if tool is None or not isinstance(text, str):
                raise Mistake(-32602, "no such tool, or no text for it")
            return {"content": [{"type": "text", "text": tool(text)}]}
    raise Mistake(-32601, f"no method {method}")


app = web_app(f"SutazAI tools: {NAME}")


@app.post("/")
def converse(message: dict[str, Any]) -> Response:
    """One message. What has no id wants no answer."""
    if "id" not in message:
        return Response(status_code=202)
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    try:
        return JSONResponse({**reply, "result": answer(str(message.get("method")), message.get("params") or {})})
    except Mistake as mistake:
        code, words = mistake.args
        return JSONResponse({**reply, "error": {"code": code, "message": words}})


if __name__ == "__main__":
    serve(app)
