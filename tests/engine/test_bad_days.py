"""Bad days of a run: an operation that never returns, a clean-up that fails, more requests than can be sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.judgement import verified
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.target import Operation, SystemSpec, Target
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.conduct import Conducted
from pytest_distaudit.engine.plan import plan_claim
from pytest_distaudit.engine.result import result_of
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.capabilities import ActivityRun, Performed, Presence
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.windows import Alternation, Window
from pytest_distaudit.systems.http_fetch import HttpFetch
from pytest_distaudit.wiring.definitions import load_checks

# --- an operation that never returns

LIMITS = Limits(connect_s=0.3, ask_s=0.3, look_s=0.6)


@pytest.fixture(params=[b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: "], ids=["silent", "body", "head"])
def endless(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that takes every request, and then says nothing, or one byte after the other, for ever."""
    over = threading.Event()

    def drip(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(4096)
            client.sendall(request.param)
            while not over.wait(0.05):
                if request.param:
                    client.sendall(b"x")

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("method", "outcome"), [("GET", Outcome.FAIL), ("POST", Outcome.INDETERMINATE)])
def test_an_operation_that_never_returns_is_given_up(endless: str, method: str, outcome: Outcome) -> None:
    """A read that was not answered had no effect; a write may have one at any time."""
    began = time.monotonic()
    with Workload(Operation("ask", f"{method} {endless}"), 20, HttpFetch(LIMITS), lambda name: None, Clock()) as load:
        time.sleep(0.3)
    traffic = load.traffic()
    assert time.monotonic() - began < 10
    assert traffic.sent
    assert {one.outcome for one in traffic.sent} == {outcome}
    assert not traffic.steady


# --- a clean-up that fails

PLACE = Place("claims/page.yaml")
TARGET = Target("lab", PLACE, {"web": SystemSpec("web", "http", PLACE)})
ASK = Presence.ask()


def because(*fates: bool | None, windows: bool = False) -> str:
    """Of a verified claim, after performances that were cleaned up, were not, or made nothing to clean up."""
    runs = tuple(Performed(f"n{at}", 1.0, 0.1, True, 200, cleaned=fate) for at, fate in enumerate(fates))
    told = (
        Alternation("order", (Window(0.0, 1.0), Window(1.0, 2.0, runs)))
        if windows
        else ActivityRun("order", 0.0, 1.0, 2.0, 3.0, runs)
    )
    seen = Observation("", told.ask(activity="order"), 0.0, 1.0, value=to_json(told))
    idle = Observation("web", ASK, 0.0, 1.0, value=to_json(Presence(up=True)))
    planned = plan_claim(
        Claim("runs", "system.running", {"system": "web"}, PLACE), load_checks()["system.running"], TARGET
    )
    conducted = Conducted(verified("it runs", "it said so"), ((idle, seen),))
    more = {"nodeid": "", "today": None, "duration_s": 0.0, "blocked_by": None}
    return result_of(planned, conducted, **more).because  # type: ignore[arg-type]


@pytest.mark.parametrize("windows", [False, True])
def test_what_a_clean_up_left_is_told(windows: bool) -> None:
    left = because(True, False, None, False, windows=windows)
    assert left == "it said so; the clean-up failed 2 of 4 times, and what was made is left, first of n1"
    assert because(True, None, windows=windows) == "it said so"
