"""What no guard could undo is told, kept, and tried again by the next run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.targets.left import leave, try_again
from pytest_distaudit.targets.undoing import undo

HELD = """
import sys, time
from pytest_distaudit.targets.guard import guarded
with guarded() as guard:
    guard.promise("request", method="PUT", url=sys.argv[1], headers={}, ends=False)
    guard.promise("folder", path=sys.argv[2])
    print("promised", flush=True)
    time.sleep(60)
"""


class Registry(ThreadingHTTPServer):
    """Answers every change with ``status``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.heard = 200, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/away"


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_PUT(self) -> None:
        self.server.heard.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs have their private folders, instead of everywhere that they may be on this machine."""
    monkeypatch.setattr("pytest_distaudit.targets.left.private_places", lambda: (place,))
    return place


def request(url: str, ends: bool = False) -> dict[str, Any]:
    return {"number": 1, "undo": "request", "method": "PUT", "url": url, "headers": {}, "ends": ends}


def killed(place: Path, url: str, folder: Path) -> str:
    """A run with these two promises is killed; what its guard says."""
    folder.mkdir()
    argv = [sys.executable, "-c", HELD, url, str(folder)]
    with subprocess.Popen(
        argv, env={**os.environ, "TMPDIR": str(place)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "promised\n"
        process.kill()
        # the guard holds it open until it is done
        _, said = process.communicate(timeout=30)
    return said


def said(tell: list[str]) -> str:
    return "\n".join(tell)


def test_what_a_guard_cannot_undo_is_told_and_undone_by_the_next_run(
    place: Path, here: Path, registry: Registry, tmp_path: Path
) -> None:
    registry.status = 500
    heard = killed(place, registry.url, tmp_path / "folder")
    assert f"could not undo: PUT {registry.url} (HTTPError: HTTP Error 500" in heard
    assert not (tmp_path / "folder").exists(), "one that cannot be undone keeps the other"
    assert registry.heard == ["/away"] * 3
    told: list[str] = []
    try_again(told.append)
    assert len(told) == 1
    assert f"undo it, then remove {next(place.iterdir())}: PUT {registry.url} (HTTPError: HTTP Error 500" in told[0]
    registry.status = 200
    try_again(told.append)
    assert told[1:] == [f"undone now, which an earlier run could not: PUT {registry.url}"]
    assert list(place.iterdir()) == []
    try_again(told.append)
    assert len(registry.heard) == 5


def test_a_guard_that_has_undone_all_leaves_nothing(place: Path, registry: Registry, tmp_path: Path) -> None:
    assert killed(place, registry.url, tmp_path / "folder") == ""
    assert (registry.heard, list(place.iterdir())) == (["/away"], [])


@pytest.mark.parametrize(("status", "is_left"), [(200, False), (404, False), (410, False), (403, True), (503, True)])
def test_what_the_registry_no_longer_has_is_undone(registry: Registry, status: int, is_left: bool) -> None:
    registry.status = status
    assert bool(undo([request(registry.url)], pauses=(0.0,))) is is_left


@pytest.mark.parametrize("ends", [True, False])
def test_a_registry_that_ended_with_the_run_took_everything_with_it(registry: Registry, ends: bool) -> None:
    url = registry.url
    registry.shutdown()
    registry.server_close()
    left = undo([request(url, ends)], pauses=(0.0,))
    assert [one["because"].split(":")[0] for one in left] == ([] if ends else ["URLError"])


def test_what_cannot_be_undone_at_first_is_tried_again_and_nothing_else(registry: Registry, tmp_path: Path) -> None:
    registry.status = 503
    threading.Timer(0.5, setattr, (registry, "status", 200)).start()
    (tmp_path / "folder").mkdir()
    promises = [request(registry.url), {"number": 2, "undo": "folder", "path": str(tmp_path / "folder")}]
    assert undo(promises) == []
    assert registry.heard == ["/away"] * 2


def test_what_is_undone_is_not_kept_beside_what_is_not(here: Path, registry: Registry) -> None:
    folder = here / "distaudit-1"
    folder.mkdir(0o700)
    leave(folder, [request(registry.url), {"number": 2, "undo": "tunnel"}])
    told: list[str] = []
    try_again(told.append)
    try_again(told.append)
    assert (len(registry.heard), len(told)) == (1, 2)


def test_the_sort_of_a_newer_version_is_kept(here: Path) -> None:
    folder = here / "distaudit-1"
    folder.mkdir(0o700)
    leave(folder, undo([{"number": 1, "undo": "tunnel", "path": "{x}"}], pauses=(0.0,)))
    told: list[str] = []
    try_again(told.append)
    assert f"then remove {folder}: tunnel (KeyError: 'tunnel')" in said(told)
    assert folder.exists()


@pytest.mark.parametrize("mode", [0o711, 0o770, 0o777])
def test_a_folder_that_others_may_have_made_is_not_read(here: Path, registry: Registry, mode: int) -> None:
    folder = here / "distaudit-1"
    folder.mkdir(0o700)
    leave(folder, [request(registry.url)])
    folder.chmod(mode)
    told: list[str] = []
    try_again(told.append)
    assert (told, registry.heard) == ([], [])
    folder.chmod(0o700)
    (here / "distaudit-2").symlink_to(folder)
    try_again(told.append)
    assert len(registry.heard) == 1


def test_what_is_kept_is_for_its_owner_alone(here: Path) -> None:
    folder = here / "distaudit-1"
    folder.mkdir(0o700)
    (folder / "journal").touch()
    leave(folder, [{**request("http://127.0.0.1:1/"), "headers": {"X-Consul-Token": "secret"}}])
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())[0]["headers"] == {"X-Consul-Token": "secret"}
    told: list[str] = []
    try_again(told.append)
    assert "secret" not in said(told)


def test_folders_are_looked_for_where_they_are_made() -> None:
    from pytest_distaudit.targets.ground import PRIVATE, private_path, private_places

    path = private_path()
    assert path.parent in private_places()
    assert path.name.startswith(PRIVATE)
    assert Path(tempfile.gettempdir()) in private_places()
