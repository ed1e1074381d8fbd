"""Experiments on a world of paper: steady state first, one for all claims, undone whatever happens."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.effects import Following
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.injection import Injection
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.engine.running import Running
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.capabilities import Health, Presence
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.effects import Effects
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.traffic import Sent, Traffic

ASK = Operation("ask", "GET http://store/ask?{nonce}")
WRITE = Operation("write", "POST http://store/write", fail=(409,))
COURSE = Course(hold_s=0.6, patience_s=1.0, steady_s=0.3, rate=40)


class World:
    """One system with a hand on it. ``heals_s``: how long after a crash somebody starts it again."""

    def __init__(self, heals_s: float | None = None, returns: bool = True, numb: bool = False) -> None:
        self.heals_s, self.returns, self.numb = heals_s, returns, numb
        self.starts, self.halted, self.down_since = 1, False, None
        self.deeds: list[str] = []
        self.status = 200
        self.stuck: threading.Event | None = None

    # --- a hand

    def serving(self) -> str:
        if self.down_since is not None and self.heals_s is not None and time.time() > self.down_since + self.heals_s:
            self.starts, self.down_since = self.starts + 1, None
        return "" if self.down_since is not None else f"start {self.starts}"

    def crash(self) -> float:
        self.deeds.append("crash")
        struck = time.monotonic()
        if not self.numb:
            self.down_since = time.time()
        return struck

    def take_away(self) -> None:
        self.deeds.append("take away")
        self.heals_s, self.down_since = None, time.time()

    def bring_back(self) -> None:
        self.deeds.append("bring back")
        self.halted = False
        if self.serving():
            return
        if not self.returns:
            raise Uncontrolled("its program is gone")
        self.starts, self.down_since = self.starts + 1, None

    def freeze(self) -> None:
        self.deeds.append("freeze")
        self.halted = True

    def frozen(self) -> bool:
        return self.halted

    def thaw(self) -> None:
        self.deeds.append("thaw")
        self.halted = False

    # --- the rest of the world

    @property
    def up(self) -> bool:
        return bool(self.serving()) and not self.halted

    def fetch(self, request: Request) -> Response:
        if self.up:
            return Response(self.status, {"x-boot": f"{self.starts}"}, request.url.encode(), 0.001)
        if self.halted:
            raise Unobservable(Reason.TIMED_OUT, "no answer")
        raise Refusal("refused")

    def presence(self, session: object, ask: Ask) -> Presence:
        if self.halted:
            raise Unobservable(Reason.TIMED_OUT, "no answer")
        return Presence(up=self.up, witness="" if self.up else "refused")

    def located(self, **more: object) -> Located:
        told = Located("store", "store", {"url": "x://127.0.0.1:1/"}, disposable=True, identity="header:X-Boot")
        return replace(told, control=self, **more)  # type: ignore[arg-type]

    def gatherer(self, lag_s: float = 0.0) -> Gatherer:
        answers = {"presence": self.presence, "health": lambda session, ask: Health(healthy=self.up)}
        kinds = {"store": Kind("store", {"url": ("x",)}, Session, answers, statistics_lag_s=lag_s)}
        hub = Hub(kinds, Limits(), Redactor([]))
        return Gatherer(hub, kinds, lambda limits: self.fetch, self.deeds.append)


class Session:
    identity = ""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.ways: list[str] = []

    def close(self) -> None:
        pass


def _done(world: World, fault: Fault = Fault.CRASH, **more: object) -> tuple[Observation, ...]:
    trial = Trial(Aim(fault, "store"), COURSE, (ASK,))
    return world.gatherer().disturbed(replace(trial, **more), {"store": world.located()})  # type: ignore[arg-type]


def _experiment(seen: Sequence[Observation]) -> Experiment:
    found = [one for one in seen if one.ask.capability == "experiment"]
    assert [one.system for one in found] == ["store"]
    told: Experiment = from_json(Experiment, found[0].value)
    return told


def _traffic(seen: Sequence[Observation], operation: str = "ask") -> Traffic:
    ask = Traffic.ask(operation=operation, fault="crash", system="store")
    told: Traffic = from_json(Traffic, next(one.value for one in seen if one.ask == ask))
    return told


def test_a_crash_that_heals_is_left_to_heal() -> None:
    world = World(heals_s=0.2)
    told = _experiment(_done(world))
    (one,) = told.rounds
    assert told.steady
    assert one.by_itself
    assert one.undone is None
    assert one.back is not None
    assert 0.2 <= one.back - one.injected < 0.6
    assert (one.before, one.after) == ("start 1", "start 2")
    assert one.witness == "the processes that served are gone, and connections are refused"
    assert one.struck is not None
    assert one.seen is not None
    assert one.injected <= one.struck <= one.seen


def test_who_was_not_killed_this_time_was_not_struck() -> None:
    world = World()
    kind = Kind("store", {"url": ("x",)}, Session, {})
    injection = Injection(Fault.CRASH, world.located(), kind, Limits(), Redactor([]))
    injection.inject()
    assert injection.struck is not None
    injection.inject()
    assert (injection.before, injection.struck, world.deeds.count("crash")) == ("", None, 1)


def test_what_does_not_heal_is_brought_back() -> None:
    world = World()
    told = _experiment(_done(world))
    (one,) = told.rounds
    assert not one.by_itself
    assert one.undone is not None
    assert one.undone - one.injected >= COURSE.hold_s
    assert one.back is not None
    assert world.up


def test_every_request_has_its_place_in_time() -> None:
    world = World(heals_s=0.2)
    seen = _done(world, operations=(ASK, WRITE))
    (one,), traffic = _experiment(seen).rounds, _traffic(seen)
    before = traffic.between(0, one.injected)
    assert len(before) >= 8
    assert all(sent.ok and sent.echoed and sent.node == "1" for sent in before)
    assert one.back is not None
    during = traffic.between(one.injected + 0.05, one.back - 0.1)
    assert {sent.outcome for sent in during} == {Outcome.FAIL}
    last = traffic.sent[-1]
    assert (last.ok, last.node) == (True, "2")
    assert {sent.outcome for sent in _traffic(seen, "write").sent} == {Outcome.OK, Outcome.FAIL}
    gaps = [b.due - a.due for a, b in zip(traffic.sent, traffic.sent[1:], strict=False)]
    assert max(gaps) - min(gaps) < 1e-3


def test_what_may_have_had_an_effect_is_indeterminate() -> None:
    seen = _done(World(), Fault.FREEZE, operations=(ASK, WRITE))
    (one,) = _experiment(seen).rounds
    ask = Traffic.ask(operation="write", fault="freeze", system="store")
    write: Traffic = from_json(Traffic, next(each.value for each in seen if each.ask == ask))
    assert {sent.outcome for sent in write.between(one.injected + 0.05, one.undone or 0)} == {Outcome.INDETERMINATE}


@pytest.mark.parametrize(("status", "outcome"), [(204, Outcome.OK), (409, Outcome.FAIL), (503, Outcome.INDETERMINATE)])
def test_a_status_in_no_list_tells_nothing_of_a_write(status: int, outcome: Outcome) -> None:
    world = World(heals_s=0.1)
    world.status = status
    seen = _done(world, operations=(WRITE,))
    assert _traffic(seen, "write").sent[0].outcome is outcome


@pytest.mark.parametrize(
    ("status", "degraded", "marker", "reduced"),
    [
        (503, (503,), "", True),
        (500, (503,), "", False),
        (200, (200,), "header:X-Boot", True),
        (200, (200,), "header:X-Stale", False),
        (200, (200,), "127.0.0.1", True),
        (200, (200,), "stale", False),
    ],
)
def test_a_reduced_answer_is_told_by_its_status_and_marker(
    status: int, degraded: tuple[int, ...], marker: str, reduced: bool
) -> None:
    world = World(heals_s=0.1)
    world.status = status
    asked = replace(ASK, ok=(200, 500, 503), degraded=degraded, marker=marker)
    traffic = _traffic(_done(world, operations=(asked,)))
    assert traffic.reducible
    assert {sent.reduced for sent in traffic.sent if sent.status == status} == {reduced}


@pytest.mark.parametrize("fault", [Fault.OUTAGE, Fault.FREEZE])
def test_other_faults_last_as_long_as_they_should(fault: Fault) -> None:
    world = World()
    (one,) = _experiment(_done(world, fault)).rounds
    assert one.seen is not None
    assert one.undone is not None
    assert one.undone - one.injected >= COURSE.hold_s
    assert one.back is not None
    assert world.up


class Worker(World):
    """It has no port: nobody can ask it whether it stands still."""

    def presence(self, session: object, ask: Ask) -> Presence:
        return Presence(up=bool(self.serving()))

    def located(self, **more: object) -> Located:
        return super().located(endpoints={}, **more)


def test_what_has_no_port_stands_still_by_its_processes() -> None:
    (one,) = _experiment(_done(Worker(), Fault.FREEZE)).rounds
    assert (one.witness, one.seen is not None) == ("its processes stand still", True)


def test_nothing_is_done_to_what_does_not_work() -> None:
    world = World()
    world.status = 500
    told = _experiment(_done(world))
    assert (told.steady, told.rounds) == (False, ())
    assert told.trouble.startswith("ask failed ")
    assert "crash" not in world.deeds


class Stalling(World):
    """Its operations fail in some looks at the steady state, each in its own."""

    def __init__(self, **looks: tuple[int, ...]) -> None:
        super().__init__(heals_s=0.1)
        self.looks, self.look = looks, 0

    def fetch(self, request: Request) -> Response:
        operation = "write" if request.method == "POST" else "ask"
        if "crash" not in self.deeds and self.look in self.looks.get(operation, ()):
            return Response(503, {}, b"", 0.001)
        return super().fetch(request)


@pytest.mark.parametrize(
    ("looks", "last", "steady"),
    [
        ({}, 1, {"ask", "write"}),
        ({"ask": (1, 2)}, 3, {"ask", "write"}),
        ({"ask": (1,), "write": (2, 3, 4)}, 5, {"ask", "write"}),  # each works at some time, and in the end together
        ({"write": tuple(range(1, 20))}, 3, {"ask"}),  # what never works keeps nobody waiting
        ({"ask": (1, 3, 5, 6), "write": (2, 4)}, 6, {"write"}),  # one is enough
    ],
)
def test_operations_are_steady_together_if_they_ever_are(
    monkeypatch: pytest.MonkeyPatch, looks: dict[str, tuple[int, ...]], last: int, steady: set[str]
) -> None:
    world = Stalling(**looks)

    def pause(running: Running, seconds: float) -> None:
        if seconds == COURSE.steady_s and "crash" not in world.deeds:
            world.look += 1
        time.sleep(seconds)

    monkeypatch.setattr(Running, "_pause", pause)
    seen = _done(world, operations=(ASK, WRITE))
    told = _experiment(seen)
    injected = told.rounds[0].injected
    flows = {name: _traffic(seen, name) for name in ("ask", "write")}
    assert world.look == last
    assert {name for name, flow in flows.items() if flow.part(told.began, injected).steady} == steady


def test_nothing_is_done_to_what_does_not_serve() -> None:
    world = World()
    world.down_since = time.time()
    told = _experiment(_done(world, operations=()))
    assert told.trouble == "store did not serve before anything was done to it"
    assert "crash" not in world.deeds


def test_a_fault_that_nothing_shows_is_told_as_that() -> None:
    world = World(numb=True)
    (one,) = _experiment(_done(world)).rounds
    assert (one.seen, one.witness) == (None, "nothing showed that it took effect")


def test_what_cannot_be_brought_back_is_told_and_ends_it() -> None:
    world = World(returns=False)
    told = _experiment(_done(world, course=replace(COURSE, times=3)))
    (one,) = told.rounds
    assert (told.trouble, one.back, one.by_itself) == ("", None, False)
    assert "store: could not be brought back: its program is gone" in world.deeds
    assert world.deeds.count("crash") == 1


@pytest.mark.parametrize(("unaided", "rounds"), [(True, 1), (False, 3)])
def test_rounds_end_where_they_tell_nothing_more(unaided: bool, rounds: int) -> None:
    course = replace(COURSE, hold_s=0.2, steady_s=0.1, times=3, unaided=unaided)
    assert len(_experiment(_done(World(), course=course)).rounds) == rounds


def test_a_second_round_is_undone_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world, told = World(), iter(["seen"])
    monkeypatch.setattr("pytest_distaudit.engine.injection.Injection.witness", lambda self: next(told))
    with pytest.raises(StopIteration):
        _done(world, Fault.FREEZE, course=replace(COURSE, hold_s=0.1, steady_s=0.1, times=2))
    assert world.deeds.count("freeze") == 2
    assert world.up


def test_it_is_undone_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr("pytest_distaudit.engine.injection.Injection.witness", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        _done(world, Fault.FREEZE)
    assert world.deeds[-1] == "thaw"
    assert world.up


def _interrupted(self: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"disposable": False}, Reason.NOT_SAFE), ({"control": None}, Reason.NO_CONTROL)],
)
def test_what_may_not_be_disturbed_is_left_alone(more: dict[str, object], reason: Reason) -> None:
    world = World()
    located = replace(world.located(), **more)  # type: ignore[arg-type]
    (seen,) = world.gatherer().disturbed(Trial(Aim(Fault.CRASH, "store"), COURSE), {"store": located})
    assert seen.reason is reason
    assert not world.deeds


def test_one_experiment_serves_all_who_ask_for_it() -> None:
    world = World(heals_s=0.1)
    gatherer, bound = world.gatherer(), {"store": world.located()}
    trial = Trial(Aim(Fault.CRASH, "store"), COURSE, (ASK,))
    found: list[tuple[Observation, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(gatherer.disturbed(trial, bound))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.deeds.count("crash") == 1
    assert found[0] == found[1] == found[2]


def test_what_is_watched_is_looked_at_all_the_while() -> None:
    world = World()
    seen = _done(world, watched=(("store", (Health.ask(),)),))
    looks = [one for one in seen if one.ask == Health.ask()]
    assert len(looks) >= 3
    assert {one.reason for one in looks} == {None, Reason.BLOCKED}
    assert looks == sorted(looks, key=lambda one: one.at)


class Works(World):
    """Does what it is asked for some time after, and says so at ``/done``."""

    def __init__(self, delay_s: float = 0.2, canned: bool = False) -> None:
        super().__init__(heals_s=0.1)
        self.delay_s, self.canned, self.asked = delay_s, canned, dict[str, float]()

    def fetch(self, request: Request) -> Response:
        answer = super().fetch(request)
        nonce = request.url.rpartition("?")[2]
        if "/ask" in request.url:
            self.asked[nonce] = time.time()
            return answer
        done = self.canned or time.time() - self.asked.get(nonce, time.time()) > self.delay_s
        return replace(answer, status=200 if done else 404)


def _effects(seen: Sequence[Observation]) -> Effects:
    told: Effects = from_json(Effects, next(one.value for one in seen if one.ask.capability == "effects"))
    return told


FOLLOWED = replace(ASK, effect="GET http://store/done?{nonce}")
PATIENT = replace(COURSE, rate=10, effects_s=5.0, rest_s=0.5)


def test_effects_are_read_until_all_are_there() -> None:
    world = Works()
    seen = _done(world, operations=(FOLLOWED,), course=PATIENT)
    told, sent = _effects(seen), {one.nonce: one for one in _traffic(seen).sent}
    assert (told.operation, told.invented) == ("ask", False)
    known = {one.nonce: one.first for one in told.effects}
    assert all((at := known[nonce]) and at > one.sent + 0.2 for nonce, one in sent.items() if one.ok)
    assert not any(known[nonce] for nonce, one in sent.items() if not one.ok)


def test_an_effect_of_what_nobody_asked_is_told() -> None:
    assert _effects(_done(Works(canned=True), operations=(FOLLOWED,), course=PATIENT)).invented


def test_what_never_takes_effect_is_waited_for_no_longer_than_it_may_take() -> None:
    began = time.time()
    told = _effects(_done(Works(delay_s=99), operations=(FOLLOWED,), course=replace(PATIENT, effects_s=1.5)))
    assert time.time() - began < 30
    assert not any(one.first for one in told.effects)
    assert any(one.absent for one in told.effects)


def test_what_never_takes_effect_is_looked_for_once_more_at_the_end() -> None:
    seen = _done(Works(delay_s=99), operations=(FOLLOWED,), course=replace(PATIENT, rate=40, effects_s=1.5))
    sent, told = _traffic(seen).sent, _effects(seen).effects
    over = max(one.ended for one in sent if one.ok)
    assert len(told) == len(sent)
    assert all(one.absent and one.absent >= over + 1.5 for one in told)


def test_reading_what_is_never_done_costs_no_more_than_twice_what_asking_does() -> None:
    sent = tuple(Sent(f"n{at}", at, at, at, Outcome.OK) for at in range(400))
    read = Counter[str]()

    class Asked(Workload):
        def traffic(self) -> Traffic:
            return Traffic("ask", 10, sent)

    def fetch(request: Request) -> Response:
        read[request.url.rpartition("?")[2]] += 1
        return Response(404, {}, b"", 0.001)

    load = Asked(FOLLOWED, 10, fetch, lambda host: None, Clock())
    with Following(FOLLOWED, load, fetch, lambda host: None, Clock()):
        time.sleep(2.3)
    again = sum(count - 1 for nonce, count in read.items() if nonce.startswith("n"))
    assert len([one for one in read if one.startswith("n")]) == len(sent)
    assert 10 <= again <= 40


def test_no_effects_are_read_where_no_claim_wants_them() -> None:
    assert not [one for one in _done(Works(), operations=(FOLLOWED,)) if one.ask.capability == "effects"]


@pytest.mark.parametrize(("status", "told"), [(500, None), (404, False), (410, False), (202, False), (200, True)])
def test_what_an_answer_says_of_an_effect(status: int, told: bool | None) -> None:
    def fetch(request: Request) -> Response:
        return Response(status, {}, request.url.encode(), 0.001)

    operation = replace(FOLLOWED, effect_ok=(200,))
    load = Workload(operation, 1, fetch, lambda host: None, Clock())
    with Following(operation, load, fetch, lambda host: None, Clock()) as following:
        time.sleep(0.8)
    assert following.effects().invented is told
    assert bool(following.effects().trouble) is (told is None)


def test_a_course_is_longer_where_what_is_watched_is_behind() -> None:
    course, watched = replace(COURSE, hold_s=0.1, lags=4), (("store", (Health.ask(),)),)
    world = World()
    gatherer = world.gatherer(lag_s=0.1)
    told = _experiment(
        gatherer.disturbed(Trial(Aim(Fault.CRASH, "store"), course, (ASK,), watched), {"store": world.located()})
    )
    assert told.waited_s == 0.5
    assert told.rounds[0].injected - told.began >= 0.7
    assert _experiment(_done(World(), course=course)).waited_s == 0.1


def test_the_longest_course_serves_all() -> None:
    joined = Course(5, 10, times=3, unaided=True).joined(Course(2, 60, steady_s=4))
    assert joined == Course(5, 60, times=3, steady_s=4)
    assert joined.least_s == 4 + 3 * (5 + 4)


def test_where_nobody_looks_at_what_comes_after_it_is_brief() -> None:
    brief = Course(5, 10, steady_s=4, brief=True)
    assert (brief.least_s, brief.joined(brief).least_s) == (9, 9)
    assert brief.joined(Course(5, 10)).least_s == 13
    assert replace(brief, after_s=1.0).least_s == 10
