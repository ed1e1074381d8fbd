"""container.running and container.count on a real engine."""

from __future__ import annotations

import time

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

WORKER = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).recvfrom(1)"
WAITS = {"com.docker.compose.depends_on": "migrate:service_completed_successfully:false"}


@pytest.fixture(scope="module")
def dock(empty_dock: Dock) -> Dock:
    dock = empty_dock
    # genuine ones, some of which look like facades
    dock.run("web", "nginx:1.22", labels=WAITS)
    dock.run("worker", "python:3.11", "python3", "-c", WORKER)
    dock.run("files", "python:3.11", "python3", "-m", "http.server", "80", init=True)
    dock.run("watched", "busybox:1.35", "sh", "-c", "while true; do httpd -f -p 80; sleep 1; done")
    dock.run(
        "daemon", "base:12", "sh", "-c", "while :; do sleep 100; done & exec perl -e '$x = 1; accept($x, $y); sleep'"
    )
    dock.run("migrate", "busybox:1.35", "true")
    # facades
    dock.create("never", "nginx:1.22")
    dock.run("ended", "busybox:1.35", "sh", "-c", "exit 3")
    dock.run("crashing", "busybox:1.35", "sh", "-c", "sleep 0.2; exit 1", restart_policy={"Name": "always"})
    dock.run("frozen", "nginx:1.22", then=lambda container: container.pause())
    dock.run("nc", "busybox:1.35", "nc", "-l", "-p", "80")
    dock.run("nc-loop", "busybox:1.35", "sh", "-c", "while true; do echo ok | nc -l -p 80; done")
    dock.run("sleep", "busybox:1.35", "sleep", "infinity")
    dock.run("tail", "busybox:1.35", "tail", "-f", "/dev/null")
    dock.run("loop", "busybox:1.35", "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1; done")
    dock.run("behind-tini", "base:12", "sleep", "infinity")
    dock.run("renamed", "base:12", "bash", "-c", "exec -a nginx sleep infinity")
    dock.run("python", "python:3.11", "python3", "-c", "import time; time.sleep(1e6)")
    dock.run("shell", "busybox:1.35", "sh", tty=True, stdin_open=True)
    dock.run("tested", "busybox:1.35", "sleep", "infinity", healthcheck=BUSY_TEST)
    # what cannot be told
    dock.run("job", "busybox:1.35", "sh", "-c", "while true; do backup-everything; sleep 100; done")
    dock.all_started()
    time.sleep(1.0)
    return dock


#: a test is no work of the container's
BUSY_TEST = {"test": ["CMD-SHELL", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"], "interval": 1_000_000_000}


@pytest.mark.parametrize("name", ["web", "worker", "files", "watched", "daemon"])
def test_what_works_runs(dock: Dock, name: str) -> None:
    found = dock.judge("container.running", container=name)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize("name", ["web", "w*", "{}-web"])
def test_a_name_a_glob_a_service(dock: Dock, name: str) -> None:
    found = dock.judge("container.running", container=name.format(dock.project))
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("never", "was never started"),
        ("ended", "exited (3)"),
        ("frozen", "paused"),
        ("nc", "does nothing"),
        ("nc-loop", "does nothing"),
        ("sleep", "does nothing"),
        ("tail", "does nothing"),
        ("loop", "does nothing"),
        ("behind-tini", "does nothing"),
        ("renamed", "does nothing"),
        ("python", "does nothing"),
        ("shell", "does nothing"),
        ("tested", "does nothing"),
        ("scaled-to-none", "no container scaled-to-none"),
        ("*", "was never started"),
    ],
)
def test_what_only_has_a_name_is_refuted(dock: Dock, name: str, actual: str) -> None:
    found = dock.judge("container.running", container=name)
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


def test_a_crash_loop_is_never_verified(dock: Dock) -> None:
    """The engine calls it running at every moment; between two crashes it is."""
    looks = [dock.judge("container.running", container="crashing", within="0.1s") for _ in range(6)]
    assert {found.verdict for found in looks} <= {Verdict.REFUTED, Verdict.UNVERIFIABLE}, looks
    assert any("restarts over and over" in found.actual for found in looks), looks


def test_a_job_between_two_runs_cannot_be_told_from_nothing(dock: Dock) -> None:
    found = dock.judge("container.running", container="job")
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found


def test_one_that_was_to_end_is_no_failure(dock: Dock) -> None:
    found = dock.judge("container.running", container="migrate")
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM), found
    assert dock.judge("container.running", container="[mw]*").verdict is Verdict.VERIFIED


def test_a_toolbox_may_be_idle(dock: Dock) -> None:
    assert dock.judge("container.running", container="sleep", idle=True).verdict is Verdict.VERIFIED
    assert dock.judge("container.running", container="ended", idle=True).verdict is Verdict.REFUTED


# --- container.count


def test_those_that_work_are_counted(dock: Dock) -> None:
    found = dock.judge("container.count", count=">= 5")
    assert found.verdict is Verdict.VERIFIED, found
    assert dock.judge("container.count", count="2", match="w[ea][bt]*").verdict is Verdict.VERIFIED
    assert dock.judge("container.count", count="1", image="*/nginx:*").verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("count", "match"),
    [(">= 1", "nc*"), ("1", "sleep"), (">= 1", "[lst]*oop"), ("2", "frozen"), (">= 1", "ended"), (">= 1", "never")],
)
def test_names_are_no_containers_that_work(dock: Dock, count: str, match: str) -> None:
    found = dock.judge("container.count", count=count, match=match)
    assert found.verdict is Verdict.REFUTED, found


def test_a_number_that_hangs_on_what_is_hidden(dock: Dock) -> None:
    found = dock.judge("container.count", count="1", match="job")
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found
    assert dock.judge("container.count", count="<= 1", match="job").verdict is Verdict.VERIFIED
    assert dock.judge("container.count", count="2", match="job").verdict is Verdict.REFUTED
