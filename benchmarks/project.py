"""A generated project: one real HTTP server, and as many claims about it as wanted."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PER_FILE = 100


class Live(BaseHTTPRequestHandler):
    """Answers one path, and 404 to everything else."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"alive" if self.path == "/live" else b"no such path"
        self.send_response(200 if self.path == "/live" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing is printed."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a real server, in this process: what it needs is not what is measured."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Live) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def audited(folder: Path, address: str, claims: int) -> None:
    """Documents of a hundred sentences, each sentence claimed; half the claims about the server, half about a path."""
    (folder / "docs").mkdir(parents=True)
    (folder / "claims").mkdir()
    (folder / "distaudit.toml").write_text(
        f'default = "lab"\n[targets.lab.systems.front]\nkind = "http"\nurl = "{address}"\n'
    )
    for start in range(0, claims, PER_FILE):
        name = f"part{start // PER_FILE:03}"
        numbers = range(start, min(claims, start + PER_FILE))
        sentences = "\n\n".join(f"Service number {number} is always reachable at the front." for number in numbers)
        (folder / "docs" / f"{name}.md").write_text(f"# Part {name}\n\n{sentences}\n")
        (folder / "claims" / f"{name}.yaml").write_text(
            f"document: docs/{name}.md\narea: {name}\nclaims:\n" + "".join(map(_claim, numbers))
        )


def _claim(number: int) -> str:
    check = "check: system.running" if number % 2 else "check: http.responds\n    with: {path: /live}"
    quote = f"Service number {number} is always reachable at the front."
    return f"  - id: claim-{number}\n    quote: {quote}\n    {check}\n    system: front\n    severity: major\n"


def bare(folder: Path, functions: int) -> None:
    """As many functions that do nothing, in as many files."""
    folder.mkdir(parents=True)
    for start in range(0, functions, PER_FILE):
        numbers = range(start, min(functions, start + PER_FILE))
        text = "".join(f"def test_{number}():\n    pass\n\n\n" for number in numbers)
        (folder / f"test_part{start // PER_FILE:03}.py").write_text(text)


if __name__ == "__main__":
    # For profiling: python -m benchmarks.project FOLDER CLAIMS, then pytest --distaudit in FOLDER.
    with server() as where:
        audited(Path(sys.argv[1]), where, int(sys.argv[2]))
        print(f"{where}; Return ends it")
        sys.stdin.readline()
