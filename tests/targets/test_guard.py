"""Whatever happens to a run, nothing of it stays: not after an orderly end, not after Ctrl-C, not after SIGKILL."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_distaudit.targets.containers.kept import Kept
from pytest_distaudit.targets.containers.project import not_left_disturbed
from pytest_distaudit.targets.ground import FreePorts, Lot
from pytest_distaudit.targets.guard import Guard, guarded, promising
from pytest_distaudit.targets.guarding import _open_promises
from pytest_distaudit.targets.recipes import builtin_recipes
from tests.targets.conftest import gone, left

#: all ten in ./run proofs
MOMENTS = 10 if "DISTAUDIT_ROUNDS" in os.environ else 4


def journal(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "journal"
    path.write_text("".join(lines), "utf-8")
    return path


def test_what_was_not_undone_is_undone_the_latest_first(tmp_path: Path) -> None:
    promises = [json.dumps({"number": number, "undo": "folder", "path": str(number)}) + "\n" for number in (1, 2, 3)]
    written = journal(tmp_path, *promises[:2], '{"kept": 1}\n', promises[2], '{"number": 4, "un')
    assert [entry["number"] for entry in _open_promises(written)] == [3, 2]


def test_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    forgotten, kept = tmp_path / "forgotten", tmp_path / "kept"
    forgotten.mkdir()
    kept.mkdir()
    with guarded() as guard:
        guard.promise("folder", path=str(forgotten))
        with guard.promised("folder", path=str(kept)):
            pass
    assert not forgotten.exists()
    assert kept.exists()


def test_an_error_within_leaves_the_promise_to_the_guard(tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()

    def fail() -> None:
        with guarded() as guard, guard.promised("folder", path=str(half)):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert not half.exists()


def test_what_is_promised_after_the_disk_was_full_is_undone(tmp_path: Path) -> None:
    """What could not be promised is not done; the half of it that was written does not swallow what comes after."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with guarded() as guard:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (40, hard))
            with pytest.raises(OSError, match="too large"):
                guard.promise("folder", path=str(first))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        guard.promise("folder", path=str(second))
    assert (first.exists(), second.exists()) == (True, False)


@pytest.mark.parametrize("disturbs", [True, False])
def test_a_kept_stack_goes_if_its_run_is_ended_while_it_may_be_disturbed(tmp_path: Path, disturbs: bool) -> None:
    known = Kept(tmp_path / "kept.json", "distaudit-1", 0.0, {}, {"DOCKER_HOST": "tcp://127.0.0.1:1"})
    promised: list[str] = []

    class Noting(Guard):
        def __init__(self) -> None:
            pass

        def promise(self, undo: str, **what: object) -> int:
            promised.append(f"{undo} {what['run']}")
            return 1

    with suppress(KeyboardInterrupt):
        lot = Lot(tmp_path, {}, tmp_path, Noting(), FreePorts(), print, print, 60.0, disturbs)
        with not_left_disturbed(known, lot):
            raise KeyboardInterrupt
    assert promised == ["containers distaudit-1"] * disturbs


# --- runs that are ended from outside


def run(place: Path, code: str) -> subprocess.Popen[bytes]:
    # its own session: a signal to its group, as a terminal sends it, must not reach us
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "TMPDIR": str(place)}, start_new_session=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_child_that_holds_the_pipe_open_does_not_fool_the_guard(place: Path) -> None:
    process = run(
        place,
        """
        import os, time
        from pytest_distaudit.targets.guard import guarded
        with guarded() as guard:
            if os.fork() == 0:
                os.environ.clear()
                os.execv("/bin/sleep", ["sleep", "3"])
            time.sleep(60)
        """,
    )
    deadline = time.monotonic() + 10
    while not left(place) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    assert process.poll() is None
    assert left(place)
    process.kill()
    process.wait()
    assert gone(place) == []


WHOLE = """
import os, signal, time
from pathlib import Path
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import SystemSpec, Target
from pytest_distaudit.targets.provision import provision
from pytest_distaudit.targets.recipes import builtin_recipes
place = Place("distaudit.toml")
serve = ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
daemon = "import os, sys, time; os.fork() and sys.exit(0); os.setsid(); time.sleep(600)"
systems = [
    SystemSpec("pg", "postgres", place, native={}),
    SystemSpec("cache", "redis", place, native={}),
    SystemSpec("web", "http", place, native={"argv": serve, "then": [["{python}", "-c", daemon]]}),
]
lab = Target("lab", place, {one.name: one for one in systems})
with provision(lab, "native", list(lab.systems), builtin_recipes(), root=Path("/"), environ=os.environ,
               on_progress=print):
    time.sleep(60)
"""


@pytest.mark.live
@pytest.mark.parametrize("deadly", [signal.SIGINT, signal.SIGKILL], ids=lambda each: each.name)
def test_nothing_is_left_however_and_whenever_a_run_is_ended(place: Path, deadly: signal.Signals) -> None:
    for kind in ("postgres", "redis"):
        if missing := builtin_recipes()[kind].missing():
            pytest.skip(missing)
    moments = random.Random(deadly.value)
    for number in range(MOMENTS):
        process = run(place, WHOLE)
        moment = moments.uniform(0.2, 2.6)
        time.sleep(moment)
        assert process.poll() is None
        os.killpg(process.pid, deadly)
        process.wait(15)
        assert gone(place) == [], f"moment {number + 1}: {moment:.2f} s after the start"


def test_a_request_that_undoes_is_sent_where_the_run_could_not() -> None:
    heard: list[tuple[str, str, str | None]] = []

    class Registry(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            heard.append((self.command, self.path, self.headers["X-Token"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/away"
        with promising() as promised:
            with promised("request", method="PUT", url=f"{url}/1", headers={}, ends=False):
                pass
            how = {"method": "PUT", "url": f"{url}/2", "headers": {"X-Token": "t"}, "ends": False}
            with suppress(OSError), promised("request", **how):
                raise OSError("cut off")
        server.shutdown()
    assert heard == [("PUT", "/away/2", "t")]
