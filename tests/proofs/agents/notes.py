"""A genuine server of the official SDK: `notes.py` over stdio, `notes.py PORT` over HTTP."""

from __future__ import annotations

import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("notes", version="1.4.2")
KEPT: list[str] = []


@server.tool()
def keep(text: str) -> int:
    """Keep a note and say how many there are."""
    KEPT.append(text)
    return len(KEPT)


@server.tool()
def find(word: str) -> list[str]:
    """The notes with that word."""
    return [note for note in KEPT if word in note]


if __name__ == "__main__":
    if sys.argv[1:]:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
