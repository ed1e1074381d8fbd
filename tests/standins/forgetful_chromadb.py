"""A ChromaDB that accepts everything and keeps nothing: what a team might put where the store is missing."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COLLECTION = {"id": "11111111-1111-1111-1111-111111111111", "name": "leaves_it_to_a_forgetful_store"}


def answer(path: str) -> Any:
    """What it says to whatever is asked."""
    if path.endswith("heartbeat"):
        return {"nanosecond heartbeat": time.time_ns()}
    if path.endswith("version"):
        return "1.0.0"
    if path.endswith("count"):
        return 0
    if path.endswith("/collections"):
        return [COLLECTION]
    if re.search(r"/collections/[\w-]+$", path):
        return {**COLLECTION, "dimension": None}
    return {"name": "default_database"} if "/databases/" in path else {}


class Handler(BaseHTTPRequestHandler):
    """Every method alike."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(answer(self.path.partition("?")[0])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def forgetful() -> Iterator[str]:
    """One of it, by its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
