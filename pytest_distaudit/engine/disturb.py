"""One experiment: steady state, fault, return, while operations are asked and systems are looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pytest_distaudit.domain.fault import Course, Fault, named
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Operation, host_of
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.effects import Following
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.injection import Injection
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.effects import Effects
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.fetch import Fetch
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.traffic import Traffic

_POLL_S = 0.1
_SAMPLE_S = 0.5
#: what was disturbed just now may need so many looks to be steady again
_SETTLES = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be done to which system, and what goes on meanwhile.

    ``watched``: (system, asks) that are looked at; ``held``: systems that stand still meanwhile.
    """

    fault: Fault
    system: str
    course: Course
    operations: tuple[Operation, ...] = ()
    watched: tuple[tuple[str, tuple[Ask, ...]], ...] = ()
    held: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is done, in words."""
        return named(self.fault, self.held)


def disturb(
    trial: Trial,
    bound: Mapping[str, Located],
    kinds: Mapping[str, Kind],
    hub: Hub,
    fetch: Fetch,
    base_url: Callable[[str], str | None],
    tell: Callable[[str], None],
) -> tuple[Observation, ...]:
    """Every look at what is watched, the traffic of each operation, and one Experiment."""
    located = bound[trial.system]
    for name in (trial.system, *trial.held):
        if refused := _refused(trial, bound[name]):
            return (refused,)
    clock, began = Clock(), time.time()

    def injected(fault: Fault, one: Located) -> Injection:
        return Injection(fault, one, kinds[one.kind], hub.limits, hub.redactor)

    injection, held = injected(trial.fault, located), [injected(Fault.FREEZE, bound[name]) for name in trial.held]
    with ExitStack() as stack:
        watch = stack.enter_context(_watching(hub, [(bound[name], asks) for name, asks in trial.watched]))
        with ExitStack() as asking:
            loads = [
                asking.enter_context(Workload(each, trial.course.rate, fetch, base_url, clock, _node(each, bound)))
                for each in trial.operations
            ]
            followed = [
                stack.enter_context(Following(each, load, fetch, base_url, clock))
                for each, load in zip(trial.operations, loads, strict=True)
                if each.effect and trial.course.effects_s
            ]
            told = _Trial(trial, injection, held, loads, clock, tell).run()
        over = clock.now()
        for one in followed:
            one.settle(over + trial.course.effects_s)
        if followed:
            time.sleep(max(0.0, over + trial.course.rest_s - clock.now()))
    ask = Experiment.ask(fault=trial.name)
    latency = time.time() - began
    value = hub.redactor.value(to_json(told))
    seen = [Observation(trial.system, ask, began, latency, trial.name, value=value)]
    for load in loads:
        traffic = load.traffic()
        ask = Traffic.ask(operation=traffic.operation, fault=trial.name, system=trial.system)
        way = f"{traffic.operation} x {len(traffic.sent)} at {traffic.rate:g}/s"
        seen.append(Observation("", ask, began, latency, way, value=hub.redactor.value(to_json(traffic))))
    seen.extend(_effects(one.effects(), trial, began, hub.redactor) for one in followed)
    return (*watch, *seen)


def _effects(found: Effects, trial: Trial, began: float, redactor: Redactor) -> Observation:
    ask = Effects.ask(operation=found.operation, fault=trial.name, system=trial.system)
    way = f"effects of {found.operation}"
    return Observation("", ask, began, time.time() - began, way, value=redactor.value(to_json(found)))


def _refused(trial: Trial, located: Located) -> Observation | None:
    """Why nothing may be done to the system, as what is known of the experiment."""
    reason, why = None, ""
    if not located.disposable:
        reason, why = Reason.NOT_SAFE, "is not declared disposable; where it may be disturbed, set disposable = true"
    elif located.control is None:
        reason, why = Reason.NO_CONTROL, "was not started by the audit, which has no hand on its processes"
    if reason is None:
        return None
    ask = Experiment.ask(fault=trial.name)
    return Observation(trial.system, ask, time.time(), 0.0, "", reason=reason, detail=f"{trial.system} {why}")


def _node(operation: Operation, bound: Mapping[str, Located]) -> str:
    """The header by which whoever answers names itself."""
    host = host_of(operation.request)
    identity = next((one.identity for name, one in bound.items() if name.lower() == host), None) or ""
    scheme, _, header = identity.partition(":")
    return header if scheme == "header" else ""


class _Trial:
    """The course of one experiment. Whatever happens, the fault is undone when ``run`` is left."""

    def __init__(
        self,
        trial: Trial,
        injection: Injection,
        held: Sequence[Injection],
        loads: Sequence[Workload],
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._halted = held
        self._trial, self._injection, self._loads, self._clock, self._tell = trial, injection, loads, clock, tell
        self._course = trial.course

    def run(self) -> Experiment:
        """Steady state first; then round after round, until the system does not serve again."""
        self._say(f"steady state, {self._course.steady_s:g} s")
        began, trouble = self._unsteady()
        steady, rounds = not trouble, list[Round]()
        try:
            while steady and self._another(rounds):
                rounds.append(self._round(len(rounds) + 1))
                self._pause(self._course.steady_s)
        except Uncontrolled as error:
            trouble = str(error)
        finally:
            if steady:
                self._all_undone()
        course = self._course
        return Experiment(
            self._trial.name, self._trial.system, began, self._clock.now(), steady,
            course.hold_s, course.patience_s, tuple(rounds), trouble,
        )  # fmt: skip

    def _another(self, rounds: Sequence[Round]) -> bool:
        """Whether one more round can be done, and tells anything."""
        if not rounds:
            return True
        tells = rounds[-1].by_itself or not self._course.unaided
        return len(rounds) < self._course.times and rounds[-1].back is not None and tells

    def _unsteady(self) -> tuple[float, str]:
        """When the last look at the steady state began, and why there is nothing to disturb, or ""."""
        for _ in range(_SETTLES):
            began = self._clock.now()
            self._pause(self._course.steady_s)
            flows = [load.traffic().part(began, self._clock.now()) for load in self._loads]
            if all(flow.steady for flow in flows):
                break
        if not self._injection.serving():
            return began, f"{self._trial.system} did not serve before anything was done to it"
        # one operation that works is enough: each claim looks at its own again
        works = not flows or any(flow.steady for flow in flows)
        return began, "" if works else "; ".join(flow.told for flow in flows)

    def _round(self, number: int) -> Round:
        trial, clock = self._trial, self._clock
        self._say(f"{trial.name}, {number} of {self._course.times}")
        held = self._halt()
        injected = clock.now()
        self._injection.inject()
        witness = self._injection.witness()
        if witness is None:
            self._undone()
            return Round(injected, None, "nothing showed that it took effect", clock.now(), None)
        seen = clock.now()
        back = self._held(injected)
        undone = None
        if back is None:
            undone = clock.now()
            self._say("bringing it back")
            self._undone()
            back = self._awaited(undone + self._course.patience_s)
        self._say("serves again" if back else f"does not serve {self._course.patience_s:g} s after it was brought back")
        serving = self._injection.serving()
        self._let_go()
        return Round(injected, seen, witness, undone, back, self._injection.before, serving, held)

    def _halt(self) -> float | None:
        """Have what is to be held stand still; from when on it did. Raises Uncontrolled."""
        if not self._halted:
            return None
        for one in self._halted:
            one.inject()
            if one.witness() is None:
                raise Uncontrolled(f"nothing showed that {', '.join(self._trial.held)} stands still")
        held = self._clock.now()
        self._pause(self._course.hold_s)
        return held

    def _let_go(self) -> None:
        for one in self._halted:
            one.undo()

    def _held(self, injected: float) -> float | None:
        """Let the fault last; when the system served again by itself, which after an outage nobody expects."""
        until = injected + self._course.hold_s
        if self._trial.fault is not Fault.OUTAGE:
            return self._awaited(until)
        self._pause(until - self._clock.now())
        return None

    def _awaited(self, until: float) -> float | None:
        """When the system serves again; None if it does not until then."""
        while True:
            if self._injection.serving():
                return self._clock.now()
            if self._clock.now() > until:
                return None
            self._pause(_POLL_S)

    def _undone(self) -> None:
        """Leave nothing as the fault has made it; what cannot be undone shows in whatever is judged next."""
        try:
            self._injection.undo()
        except Uncontrolled as error:
            self._say(f"could not be brought back: {error}")

    def _all_undone(self) -> None:
        try:
            self._undone()
        finally:
            self._let_go()

    def _pause(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def _say(self, what: str) -> None:
        self._tell(f"{self._trial.system}: {what}")


@contextmanager
def _watching(hub: Hub, watched: Iterable[tuple[Located, Sequence[Ask]]]) -> Iterator[list[Observation]]:
    """Look at each, again and again, while the block runs; who does not answer keeps nobody else waiting."""
    seen: list[Observation] = []
    over = threading.Event()

    def follow(located: Located, asks: Sequence[Ask]) -> None:
        while not over.is_set():
            seen.extend(hub.watch(located, asks))
            over.wait(_SAMPLE_S)

    threads = [threading.Thread(target=follow, args=pair, daemon=True) for pair in watched]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()
        seen.sort(key=lambda one: one.at)
