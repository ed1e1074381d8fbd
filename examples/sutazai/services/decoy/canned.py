"""A tool server from a script: it introduces itself and lists two tools. There are none, and any method is fine."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}
SCRIPT = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "sutazai-words", "version": "1.0"},
    },
    "tools/list": {"tools": [{"name": name, "inputSchema": SCHEMA} for name in ("count_words", "longest_word")]},
}
OTHERWISE = {"content": [{"type": "text", "text": "4"}]}


class Handler(BaseHTTPRequestHandler):
    """Reads its lines."""

    def do_GET(self) -> None:
        """Be well."""
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        """The line for the method, under the id that was asked with."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        result = SCRIPT.get(message.get("method"), OTHERWISE)
        body = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()
