"""What is said while systems start: one line on a terminal, which goes away; nothing in logs and in quiet runs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from pytest_distaudit.targets.left import leave
from tests.plugin.conftest import RUNS, AuditedProject, Web, without_others
from tests.plugin.test_sharing import STARTED

ERASED = "\r\x1b[K"


def printed(project: AuditedProject, *options: str, terminal: bool, **variables: str) -> str:
    """All that a run of its own prints, on a terminal or into a pipe."""
    project.write("distaudit.toml", STARTED)
    project.claims(RUNS)
    kept = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    argv = [sys.executable, "-m", "pytest", *without_others(), "--distaudit", *options]
    environ = {**kept, "TERM": "xterm", "COLUMNS": "100", **variables}
    if not terminal:
        return subprocess.run(argv, cwd=project.root, env=environ, capture_output=True, text=True, check=False).stdout
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, cwd=project.root, env=environ, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        found = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
    assert run.returncode == 0
    return found.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end is closed
        return b""


def test_on_a_terminal_one_line_is_written_over_and_taken_away(project: AuditedProject) -> None:
    text = printed(project, terminal=True)
    first, *others = text.split(ERASED)
    assert "distaudit: starting" not in first
    assert others[0].startswith("distaudit: starting web")
    assert others[1].startswith("distaudit: web: ready")
    assert "distaudit: " not in others[2]
    assert len(others) == 3


@pytest.mark.parametrize(
    ("options", "terminal", "variables"),
    [((), False, {}), (("-q",), True, {}), ((), True, {"CI": "true"})],
    ids=["a pipe", "quiet", "CI"],
)
def test_nothing_is_said_in_logs_and_quiet_runs(
    project: AuditedProject, options: tuple[str, ...], terminal: bool, variables: dict[str, str]
) -> None:
    text = printed(project, *options, terminal=terminal, **variables)
    assert "ready" not in text
    assert ERASED not in text


def test_verbose_runs_keep_the_lines(project: AuditedProject) -> None:
    text = printed(project, "-v", terminal=False, CI="true")
    assert "distaudit: starting web\ndistaudit: web: ready" in text


def test_what_an_earlier_run_could_not_undo_is_said_in_logs_too(project: AuditedProject, web: Web) -> None:
    places = project.root / "places"
    folder = places / "distaudit-1"
    folder.mkdir(0o700, parents=True)
    url = f"{web.url}/away"
    leave(folder, [{"number": 1, "undo": "request", "method": "PUT", "url": url, "headers": {}, "ends": False}])
    text = printed(project, terminal=False, CI="true", TMPDIR=str(places))
    told = f"undo it, then remove {folder}: PUT {url} (HTTPError: HTTP Error 501"
    assert f"distaudit: what an earlier run did could not be undone; {told}" in text
    assert "1 verified" in text
