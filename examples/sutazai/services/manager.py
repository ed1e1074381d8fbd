"""The manager of the tool servers: asks each for its tools, and calls a tool for whoever names it."""

import itertools
import os
import threading
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from plumbing import NAME, UNREACHABLE, ask, health_report, reason, serve, web_app
from resilience import persistent

PROTOCOL = "2025-06-18"
HEADERS: dict[str, Any] = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": PROTOCOL}
SERVERS = os.environ["MCP_URLS"].split()


class Server:
    """One tool server, spoken to in the Model Context Protocol."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._tools: list[str] | None = None

    @property
    def tools(self) -> list[str]:
        """The names of its tools; it is greeted and asked for them once."""
        with self._lock:
            if self._tools is None:
                us = {"name": NAME, "version": "1.0"}
                self._ask("initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=us)
                ask("POST", self._url, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **HEADERS)
                self._tools = [tool["name"] for tool in self._ask("tools/list")["tools"]]
            return self._tools

    @persistent
    def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """The words that the tool answers with."""
        content = self._ask("tools/call", name=tool, arguments=arguments)["content"]
        return "\n".join(part["text"] for part in content if part["type"] == "text")

    def ping(self) -> None:
        """Raise unless it answers."""
        self._ask("ping")

    def _ask(self, method: str, **params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        told = ask("POST", self._url, request, **HEADERS)
        if "error" in told:
            raise HTTPException(502, f"{self._url}: {told['error']['message']}")
        return told["result"]


servers = [Server(url) for url in SERVERS]
app = web_app("SutazAI tools")


@app.post("/tools/{tool}")
def use(tool: str, arguments: dict[str, Any]) -> dict[str, str]:
    """Have the tool called by the server that has it."""
    for server in servers:
        if tool in server.tools:
            return {"said": server.call(tool, arguments)}
    raise HTTPException(404, f"no server has a tool {tool}")


@app.get("/health")
def health() -> JSONResponse:
    """Healthy means: every tool server answers."""
    found = {}
    for url, server in zip(SERVERS, servers, strict=True):
        try:
            server.ping()
            found[url] = "ok"
        except (*UNREACHABLE, HTTPException) as error:
            found[url] = reason(error)
    return health_report(found)


if __name__ == "__main__":
    serve(app)
