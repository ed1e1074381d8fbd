"""container.restarts on a real engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

SERVE = ("httpd", "-f", "-p", "80")
ALWAYS = {"Name": "always"}


class Watchdog(threading.Thread):
    """Makes its container anew, or starts it again by hand, before the engine has to."""

    def __init__(self, dock: Dock, name: str, *, anew: bool) -> None:
        super().__init__(daemon=True)
        self._dock, self._name, self._anew, self._ended = dock, name, anew, threading.Event()
        dock.run(name, "busybox:1.35", *SERVE)
        dock.all_started()

    def run(self) -> None:
        while not self._ended.wait(1.0):
            container = self._dock.lab.client.containers.get(self._dock.name(self._name))
            if self._anew:
                self._dock.lab.remove(container)
                self._dock.run(self._name, "busybox:1.35", *SERVE)
                self._dock.all_started()
            else:
                container.restart(timeout=0)

    def end(self) -> None:
        self._ended.set()
        self.join()


@pytest.fixture(scope="module")
def dock(empty_dock: Dock) -> Iterator[Dock]:
    dock = empty_dock
    dock.run("steady", "busybox:1.35", *SERVE, restart_policy={"Name": "unless-stopped"})
    dock.run(
        "once", "busybox:1.35", "sh", "-c", "mkdir /tmp/second && exit 1; exec httpd -f -p 80", restart_policy=ALWAYS
    )
    dock.run("crashing", "busybox:1.35", "sh", "-c", "exit 1", restart_policy=ALWAYS)
    dock.run(
        "given-up", "busybox:1.35", "sh", "-c", "exit 1", restart_policy={"Name": "on-failure", "MaximumRetryCount": 1}
    )
    dock.run("ended", "busybox:1.35", "sh", "-c", "exit 0")
    dock.all_started()
    watchdogs = [Watchdog(dock, "made-anew", anew=True), Watchdog(dock, "started-anew", anew=False)]
    for watchdog in watchdogs:
        watchdog.start()
    time.sleep(3.0)
    yield dock
    for watchdog in watchdogs:
        with suppress(AssertionError):
            watchdog.end()


@pytest.mark.parametrize(
    "claim",
    [
        {"container": "steady"},
        {"container": "steady", "policy": "unless-stopped"},
        {"container": "once", "restarts": "1"},
        {"container": "once", "restarts": "<= 3", "policy": "always"},
    ],
)
def test_what_stays_up(dock: Dock, claim: dict[str, str]) -> None:
    found = dock.judge("container.restarts", age=">= 2 s", within="5s", **claim)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("claim", "actual"),
    [
        ({"container": "once"}, "1 restart"),
        ({"container": "crashing", "restarts": ">= 0"}, "restart"),
        ({"container": "given-up", "restarts": "<= 1"}, "exited (1)"),
        ({"container": "ended"}, "exited (0)"),
        ({"container": "steady", "policy": "always"}, "policy unless-stopped"),
        ({"container": "made-anew", "within": "6s"}, "started anew"),
        ({"container": "started-anew", "within": "6s"}, "started anew"),
    ],
)
def test_what_falls_over(dock: Dock, claim: dict[str, str], actual: str) -> None:
    found = dock.judge("container.restarts", age=">= 5 s", **claim)
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


def test_one_that_was_just_started_cannot_be_told(dock: Dock) -> None:
    found = dock.judge("container.restarts", container="steady", age=">= 1 h")
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS), found
