"""The same links where callers have always known the address: by redirect rules for each caller's processes alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.ground import FreePorts
from pytest_distaudit.testing import Room
from tests.nat import needs_rules, rules

pytestmark = [pytest.mark.proof, pytest.mark.live]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def known() -> Iterator[str]:
    """A dependency that the audit has not started."""
    needs_rules(4)
    port = FreePorts()()
    url, environ = f"http://127.0.0.1:{port}", {**os.environ, "PORT": str(port)}
    with subprocess.Popen([sys.executable, str(HERE / "dependency.py")], env=environ) as process:
        try:
            while process.poll() is None and not _answers(url):
                pass
            yield url
        finally:
            process.kill()


@contextmanager
def _redirected(ground: Path, *described: str, **more: str) -> Iterator[Room]:
    """No rule is left when it is over."""
    before = rules()
    with Room(ground, target(*described, **more)) as room:
        assert "--suppl-groups" in rules()
        yield room
    assert rules() == before


@pytest.fixture(scope="module")
def room(known: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ways = ["genuine", "none", "wait", "seven", "leaves"]
    with _redirected(tmp_path_factory.mktemp("known"), "timeouts.py", ways, known=known) as room:
        yield room


@pytest.fixture(scope="module")
def breakers(known: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ways = ["genuine", "unused", "says"]
    with _redirected(tmp_path_factory.mktemp("known"), "breakers.py", ways, unlinked="genuine", known=known) as room:
        yield room


def _judged(room: Room, way: str) -> ClaimResult:
    roles = {"caller": way, "system": "dependency"}
    return room.judge("timeout.bounds", roles=roles, operation=f"ask-{way}", time="0.5 s")


def _opens(room: Room, way: str) -> ClaimResult:
    about = {"roles": {"caller": way, "system": "dependency"}, "operation": f"ask-{way}"}
    return room.judge("breaker.opens", **about, open_for="0.5 s", timeout="0.3 s")


def test_a_timeout_at_a_known_address_is_verified_while_others_are_answered_there(room: Room, known: str) -> None:
    """Whoever else asks at that address is neither silenced nor heard."""
    over, answered = threading.Event(), []

    def neighbour() -> None:
        while not over.wait(0.05):
            answered.append(_answers(f"{known}/neighbour"))

    thread = threading.Thread(target=neighbour)
    thread.start()
    try:
        told = _judged(room, "genuine")
    finally:
        over.set()
        thread.join()
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert len(answered) > 50
    assert all(answered)
    arrivals, _ = room.located["dependency"].relays["genuine"].seen()
    heard = {one.words.partition("?")[0] for one in arrivals}
    assert heard == {"GET /say"}


@pytest.mark.parametrize(
    ("way", "actual"),
    [("none", "calls do not end"), ("wait", "connections are kept"), ("seven", "calls do not end")],
)
def test_what_goes_on_is_refuted(room: Room, way: str, actual: str) -> None:
    told = _judged(room, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), (told.actual, told.because)


def test_of_who_gives_the_group_away_nothing_comes(room: Room) -> None:
    told = _judged(room, "leaves")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), (told.actual, told.because)
    assert told.actual == "nothing came from leaves to dependency"


def test_a_breaker_at_a_known_address_is_verified(breakers: Room) -> None:
    told = _opens(breakers, "genuine")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)


@pytest.mark.parametrize("way", ["unused", "says"])
def test_one_through_which_no_call_goes_is_refuted(breakers: Room, way: str) -> None:
    told = _opens(breakers, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "never opened"), (told.actual, told.because)


def test_without_a_link_nobody_is_redirected(breakers: Room) -> None:
    told = _opens(breakers, "unlinked")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL), (told.actual, told.because)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
