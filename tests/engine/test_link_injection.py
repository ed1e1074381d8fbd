"""Faults of a link, each seen through a second channel, on a real relay in front of a small server."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.link_injection import LinkInjection
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.capabilities import Presence
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.links import Arrival, Arrivals, Line
from pytest_distaudit.ports.located import Located
from pytest_distaudit.targets.relays.relay import Relays, TcpRelay

FAULTS = [Fault.CUT, Fault.HALF_OPEN, Fault.REFUSE, Fault.ERROR, Fault.DELAY, Fault.DRIP, Fault.REJECT]
DELAY_S = 0.4


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(line)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def relay(server: tuple[str, int]) -> Iterator[TcpRelay]:
    with Relays().running() as relays:
        yield relays.between(lambda: server, speaks_http=True)


def injection(fault: Fault, relay: object, *, answers: bool = True) -> LinkInjection:
    return LinkInjection(Aim(fault, "model", "front"), relay, lambda: answers, DELAY_S)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_shows_and_is_undone(relay: TcpRelay, fault: Fault) -> None:
    done = injection(fault, relay)
    assert done.serving()
    done.inject()
    assert done.witness()
    # an error is an answer
    assert bool(done.serving()) is (fault in (Fault.DELAY, Fault.ERROR, Fault.REJECT))
    done.undo()
    assert done.serving()
    assert relay.seen() == ((), ()), "the audit's own is not counted"


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.HALF_OPEN, Fault.REFUSE])
def test_relays_of_the_sixth_version_do_the_same(server: tuple[str, int], fault: Fault) -> None:
    with Relays().running() as relays:
        try:
            relay = relays.between(lambda: server, True, ("::1", 0))
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}")
        done = injection(fault, relay)
        assert done.serving()
        done.inject()
        assert done.witness()
        done.undo()
        assert done.serving()


@pytest.mark.parametrize("fault", FAULTS)
def test_what_takes_no_effect_is_not_seen(
    server: tuple[str, int], fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Relays().running() as relays:
        relay = relays.between(lambda: server, speaks_http=True)
        monkeypatch.setattr(relay, "stand", lambda *args: None)
        done = injection(fault, relay)
        done.inject()
        assert done.witness() is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_system_itself_is_none_of_the_link(relay: TcpRelay, fault: Fault) -> None:
    done = injection(fault, relay, answers=False)
    done.inject()
    assert done.witness() is None
    done.undo()
    assert not done.serving()


# --- whole experiments


class Session:
    identity = ""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.ways: list[str] = []

    def close(self) -> None:
        pass


KINDS = {"store": Kind("store", {"url": ("x",)}, Session, {"presence": lambda session, ask: Presence(up=True)})}
TRIAL = Trial(
    Aim(Fault.HALF_OPEN, "model", "front"),
    Course(hold_s=1.2, patience_s=2.0, steady_s=0.2, rate=20.0),
    (Operation("ask", "GET http://front/?{nonce}"),),
)


def disturbed(relays: dict[str, TcpRelay], trial: Trial = TRIAL, *, disposable: bool = True) -> tuple[Observation, ...]:
    front = Located("front", "store", {"url": "http://127.0.0.1:1"}, disposable=disposable)
    model = Located("model", "store", {"url": "http://127.0.0.1:1"}, relays=relays)
    hub = Hub(KINDS, Limits(), Redactor([]))

    def fetch(request: Request) -> Response:
        return Response(200, {}, request.url.encode(), 0.001)

    gatherer = Gatherer(hub, KINDS, lambda limits: fetch)  # type: ignore[arg-type, return-value]
    return gatherer.disturbed(trial, {"front": front, "model": model})


def test_an_experiment_with_a_link_tells_of_the_fault_and_of_what_arrived(relay: TcpRelay) -> None:
    before = time.time()
    told, came, flow = disturbed({"front": relay})
    experiment = from_json(Experiment, told.value)
    (one,) = experiment.rounds
    assert (experiment.fault, experiment.place) == ("half-open", "front -> model")
    assert (experiment.steady, one.by_itself) == (True, False)
    assert one.witness == "the link accepts and stays silent, while model itself answers"
    assert one.undone is not None
    assert one.undone - one.injected >= 1.2
    assert one.back is not None
    assert told.ask.capability == "experiment"
    assert from_json(Arrivals, came.value) == Arrivals(True, (), ())
    assert (came.system, flow.system) == ("model", "")
    assert dict(flow.ask.args) == {"operation": "ask", "fault": "half-open", "system": "model", "caller": "front"}
    assert before - 1 < experiment.began < one.injected < experiment.ended < time.time() + 1


def test_what_arrived_before_the_experiment_is_not_told_and_times_are_of_its_clock(
    relay: TcpRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    old, new = Arrival(began - 5, 1), Arrival(began + 0.5, 2, "GET /", ("n",))
    lines = (Line(1, began - 5), Line(2, began + 0.5, began + 0.6))
    monkeypatch.setattr(relay, "seen", lambda: ((old, new), lines))
    _, came, _ = disturbed({"front": relay})
    told = from_json(Arrivals, came.value)
    (one,) = told.arrivals
    assert (one.words, one.nonces, one.connection) == ("GET /", ("n",), 2)
    assert abs(one.at - time.time()) < 60
    closed = told.lines[1].closed
    assert closed is not None
    assert closed - one.at == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(
    ("relayed", "disposable", "fault", "reason"),
    [
        (True, False, Fault.HALF_OPEN, Reason.NOT_SAFE),
        (False, True, Fault.HALF_OPEN, Reason.NO_CONTROL),
        (True, True, Fault.ERROR, Reason.NO_CONTROL),
        (True, True, Fault.DRIP, Reason.NO_CONTROL),
    ],
)
def test_what_must_not_or_cannot_be_done_is_not(
    server: tuple[str, int], relayed: bool, disposable: bool, fault: Fault, reason: Reason
) -> None:
    with Relays().running() as relays:
        relay = relays.between(lambda: server, speaks_http=False)
        trial = replace(TRIAL, aim=replace(TRIAL.aim, fault=fault))
        (seen,) = disturbed({"front": relay} if relayed else {}, trial, disposable=disposable)
        assert (seen.system, seen.reason) == ("model", reason)
        assert relay.fault is None
