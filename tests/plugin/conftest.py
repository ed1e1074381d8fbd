"""A small audited project and a real HTTP service that counts what it is asked."""

from __future__ import annotations

import importlib
import json
import pkgutil
import threading
import xml.sax  # noqa: F401
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

# pytester forgets what a run imported; C extensions do not survive a second import, and it takes long.
import docker  # noqa: F401 - for tests in the lab
import httpx  # noqa: F401
import markdown_it  # noqa: F401
import pytest

import pytest_distaudit
from pytest_distaudit.targets.recipes import builtin_recipes

for module in pkgutil.walk_packages(pytest_distaudit.__path__, "pytest_distaudit."):
    importlib.import_module(module.name)
builtin_recipes()


class Web(ThreadingHTTPServer):
    """Answers by path from ``pages`` (path -> status, body); anything else is 404."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        #: path -> page that it has from the third time on that it is asked for
        self.third: dict[str, tuple[int, str]] = {}
        self.pages: dict[str, tuple[int, str]] = {"/": (200, "front page"), "/health": (200, '{"status": "healthy"}')}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        pages = self.server.third if self.server.asked.count(self.path) > 2 else {}
        status, body = {**self.server.pages, **pages}.get(self.path, (404, "not here"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


#: plugins that may be installed; each is on only where a test asks for it
_OTHERS = ("randomly", "xdist", "rerunfailures", "timeout", "hypothesispytest", "anyio")


def without_others(plugins: tuple[str, ...] = ()) -> list[str]:
    """Words that switch other plugins off, but these."""
    return [word for name in _OTHERS if name not in plugins for word in ("-p", f"no:{name}")]


def run_here(pytester: pytest.Pytester, *options: str, plugins: tuple[str, ...] = ()) -> pytest.RunResult:
    """pytest in this process: a fifth of what one of its own takes. Modules of the folder may hide behind ours."""
    run = pytester.inline_run

    def ended(*words: Any, **more: Any) -> Any:
        """pytester itself stumbles over a run that exits."""
        try:
            return run(*words, **more)
        except SystemExit as end:
            return SimpleNamespace(ret=pytest.ExitCode(end.code))

    with patch.object(pytester, "inline_run", ended):
        return pytester.runpytest_inprocess("-W", "error", *without_others(plugins), *options)


def run_alone(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """pytest in a process of its own, which has imported nothing and stands in the folder."""
    return pytester.runpytest_subprocess("-W", "error", *without_others(), *options)


class AuditedProject:
    """A folder with documents, claims and a target; ``audit`` runs pytest in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path

    def document(self, text: str, name: str = "docs/page.md") -> None:
        self.write(name, text)

    def target(self, url: str, extra: str = "") -> None:
        self.write("distaudit.toml", f'[targets.local.systems.web]\nkind = "http"\nurl = "{url}"\n{extra}')

    def claims(self, text: str, name: str = "claims/page.yaml", document: str = "docs/page.md") -> None:
        self.write(name, f"document: {document}\narea: test\nclaims:\n{text}")

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text, encoding="utf-8")
        return path

    def audit(self, *options: str, plugins: tuple[str, ...] = ()) -> pytest.RunResult:
        return run_here(self.pytester, "--distaudit", "--distaudit-json=audit.json", *options, plugins=plugins)

    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "audit.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture
def project(pytester: pytest.Pytester, web: Web) -> AuditedProject:
    audited = AuditedProject(pytester)
    audited.document("# Page\n\nThe web service runs.\n\nIt answers on /hello.\n\nIt is healthy.\n")
    audited.target(web.url)
    return audited


RUNS = """
  - id: web-runs
    quote: The web service runs.
    check: system.running
    system: web
"""
ANSWERS = """
  - id: web-answers
    quote: It answers on /hello.
    check: http.responds
    system: web
    with: {path: /hello}
"""
