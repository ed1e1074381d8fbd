"""Servers that bear little, asked for many pages: what is told is what one calm question sees."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine import observe
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems.http import KIND

from .bad_days import free_port, located, wait_until

PAGES = 60


class Page(BaseHTTPRequestHandler):
    """Some pages below /page/, one of them broken; nothing else."""

    def do_GET(self) -> None:
        time.sleep(0.01)
        self.server.asked.append(self.path)
        status = 503 if self.path == "/page/13" else 200 if self.path.removeprefix("/page/").isdigit() else 404
        self.say(status, f"this is {self.path}" if status == 200 else "no")

    def say(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


class Crowded(ThreadingHTTPServer):
    """Turns away, by ``worse``, whoever comes while so many are served."""

    most, worse = 3, "reset"

    def __init__(self, *given: object) -> None:
        super().__init__(*given)
        self.room = threading.Semaphore(self.most)

    def process_request_thread(self, request, address) -> None:
        if not self.room.acquire(blocking=False):
            if self.worse == "503":
                request.recv(4096)
                request.sendall(b"HTTP/1.0 503 Busy\r\n\r\nbusy")
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, address)
        finally:
            self.room.release()


class Busy(Crowded):
    worse = "503"


@contextmanager
def running(kind: type[HTTPServer]) -> Iterator[HTTPServer]:
    with kind(("127.0.0.1", 0), Page) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def seen(url: str, paths: list[str]) -> dict[str, Observation]:
    asks = [observe.PRESENCE, *(Ask.of("answer", path=path) for path in paths)]
    found = observe.look(KIND, located(KIND, url=url), asks, Limits(), Redactor())
    return {one.ask.arg("path", "presence"): one for one in found}


@pytest.mark.parametrize("kind", [HTTPServer, ThreadingHTTPServer, Crowded, Busy])
def test_what_bears_little_is_not_made_to_look_down(kind: type[HTTPServer]) -> None:
    paths = [f"/page/{number}" for number in range(PAGES)]
    with running(kind) as server:
        told = seen(f"http://127.0.0.1:{server.server_port}", paths)
    assert [path for path in paths if (told[path].value or {}).get("status") != 200] == ["/page/13"]
    assert told["/page/13"].value["status"] == 503
    assert not any(told[path].value["same_as_nonsense"] for path in paths)


def test_pages_of_one_folder_share_the_nonsense_asked_there() -> None:
    paths = [f"/page/{number}" for number in range(14, 14 + PAGES)]
    with running(ThreadingHTTPServer) as server:
        began = time.monotonic()
        seen(f"http://127.0.0.1:{server.server_port}", paths)
        fresh = int(time.monotonic() - began) + 1
        assert PAGES + 2 <= len(server.asked) <= PAGES + 1 + fresh
        nonsense = {path for path in server.asked if "distaudit-" in path}
        assert len(nonsense) <= fresh


def test_the_servers_that_everybody_starts(tmp_path: Path) -> None:
    """``python3 -m http.server``: a queue of five, and every connection closed."""
    for number in range(PAGES):
        (tmp_path / f"{number}.txt").write_text(f"page {number}")
    port = free_port()
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, cwd=tmp_path, **quiet) as server:
        try:
            wait_until(lambda: "presence" in seen(f"http://127.0.0.1:{port}", []))
            wait_until(lambda: seen(f"http://127.0.0.1:{port}", [])["presence"].reason is None)
            paths = [f"/{number}.txt" for number in range(PAGES)]
            told = seen(f"http://127.0.0.1:{port}", [*paths, "/none.txt"])
        finally:
            server.kill()
    assert {told[path].value["status"] for path in paths} == {200}
    assert told["/none.txt"].value["status"] == 404


def changing(answers: Callable[[str, float], tuple[int, str]]) -> type[BaseHTTPRequestHandler]:
    """Pages that depend on how many seconds the server has run."""
    began = time.monotonic()

    class Changing(Page):
        def do_GET(self) -> None:
            self.say(*answers(self.path, time.monotonic() - began))

    return Changing


def test_each_folder_has_a_nonsense_of_its_own() -> None:
    """One folder discerns, another answers everything with its page: the one says nothing of the other."""

    def answers(path: str, age: float) -> tuple[int, str]:
        if path.startswith("/shop/"):
            return 200, "our shop"
        return (200, f"this is {path}") if path.removeprefix("/page/").isdigit() else (404, "no")

    paths = [f"/{folder}/{number}" for number in range(20) for folder in ("page", "shop")]
    with running(ThreadingHTTPServer) as server:
        server.RequestHandlerClass = changing(answers)
        told = seen(f"http://127.0.0.1:{server.server_port}", paths)
    alike = [path for path in paths if told[path].value["same_as_nonsense"]]
    assert alike == [path for path in paths if path.startswith("/shop/")]


@pytest.mark.parametrize("kind", [Crowded, Busy])
def test_a_page_for_everything_is_known_by_a_server_that_bears_little(kind: type[HTTPServer]) -> None:
    """The nonsense may be what was turned away, which would make every page look like one of its own."""

    def answers(path: str, age: float) -> tuple[int, str]:
        time.sleep(0.01)
        return 200, "our shop"

    paths = [f"/page/{number}" for number in range(PAGES)]
    with running(kind) as server:
        server.RequestHandlerClass = changing(answers)
        told = seen(f"http://127.0.0.1:{server.server_port}", paths)
    assert all(told[path].value["same_as_nonsense"] for path in paths)


def test_who_is_turned_away_for_asking_too_often_has_no_control() -> None:
    paths = [f"/page/{number}" for number in range(3)]
    with running(ThreadingHTTPServer) as server:
        server.RequestHandlerClass = changing(lambda path, age: (429 if "distaudit-" in path else 200, "well"))
        told = seen(f"http://127.0.0.1:{server.server_port}", paths)
    assert {told[path].reason for path in paths} == {Reason.FORBIDDEN}


def test_nonsense_is_asked_anew_once_the_service_may_have_changed() -> None:
    """It discerns at first; then one page answers everything, while other pages of the look are still to come."""

    def answers(path: str, age: float) -> tuple[int, str]:
        if age > 0.5:
            return 200, "down for maintenance"
        return (200, f"this is {path}") if path.startswith("/page/1") else (404, "no")

    with running(ThreadingHTTPServer) as server:
        server.RequestHandlerClass = changing(answers)
        session = KIND.together(located(KIND, url=f"http://127.0.0.1:{server.server_port}"), Limits())
        first, late = Ask.of("answer", path="/page/1"), Ask.of("answer", path="/page/12")
        assert not KIND.answers["answer"](session(), first).same_as_nonsense
        time.sleep(1.2)
        assert KIND.answers["answer"](session(), late).same_as_nonsense


def test_a_nonsense_that_failed_is_not_kept(serve: Callable[..., int]) -> None:
    turns = iter([b"", b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"])

    def handle(connection) -> None:
        path = connection.recv(4096).split(b" ")[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" if path == b"/a" else next(turns))

    paths = Ask.of("answer", path="/a"), Ask.of("answer", path="/a")
    session = KIND.together(located(KIND, url=f"http://127.0.0.1:{serve(handle)}"), Limits())
    with pytest.raises(Unobservable):
        KIND.answers["answer"](session(), paths[0])
    assert not KIND.answers["answer"](session(), paths[1]).same_as_nonsense
