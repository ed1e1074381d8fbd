"""One experiment: steady state, fault, return, while operations are asked and systems are looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Operation, host_of
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.asked_twice import asked_twice
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.effects import Following
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.injection import Injection
from pytest_distaudit.engine.link_injection import LinkInjection
from pytest_distaudit.engine.presence import answers_now
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.engine.running import Running
from pytest_distaudit.engine.slowness import Slowness
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.effects import Effects
from pytest_distaudit.ports.experiments import Experiment, args_of
from pytest_distaudit.ports.fetch import Fetch
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.links import Arrivals, Relay
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.traffic import Traffic

_SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be done to what, and what goes on meanwhile.

    ``watched``: (system, asks) that are looked at.
    """

    aim: Aim
    course: Course
    operations: tuple[Operation, ...] = ()
    watched: tuple[tuple[str, tuple[Ask, ...]], ...] = ()


def disturb(
    trial: Trial,
    bound: Mapping[str, Located],
    kinds: Mapping[str, Kind],
    hub: Hub,
    fetch: Fetch,
    base_url: Callable[[str], str | None],
    tell: Callable[[str], None],
) -> tuple[Observation, ...]:
    """Every look at what is watched, the traffic of each operation, what arrived over a link, and one Experiment.

    It has to be allowed.
    """
    clock, began = Clock(), time.time()
    injection = _injection(trial, bound[trial.aim.system], kinds, hub)
    held = [_of_system(Fault.FREEZE, bound[name], kinds, hub) for name in trial.aim.held]
    crashes = [(Aim(Fault.CRASH, name), _of_system(Fault.CRASH, bound[name], kinds, hub)) for name in trial.aim.anew]
    repeated = {one.name: asked_twice(one, fetch, base_url, trial.course.effects_s) for one in _counted(trial)}
    with ExitStack() as stack:
        slowness = stack.enter_context(Slowness())
        watch = stack.enter_context(_watching(hub, [(bound[name], asks) for name, asks in trial.watched]))
        with ExitStack() as asking:
            loads = [
                asking.enter_context(_workload(each, trial.course.rate, fetch, base_url, clock, bound))
                for each in trial.operations
            ]
            followed = [
                stack.enter_context(Following(each, load, fetch, base_url, clock, repeated.get(each.name)))
                for each, load in zip(trial.operations, loads, strict=True)
                if each.effect and trial.course.effects_s
            ]
            # how long it has to serve again is what the fault lasts, whoever starts it
            course = replace(trial.course, times=1, patience_s=trial.course.hold_s)
            anew = [Running(aim, course, crash, (), loads, clock, tell) for aim, crash in crashes]
            told = Running(trial.aim, trial.course, injection, held, loads, clock, tell, anew).run()
        _settled(followed, trial.course, clock)
    flows = [replace(load.traffic(), slowed=slowness.slowed) for load in loads]
    return (*watch, *_observed(trial.aim, told, flows, followed, bound, clock, began, hub))


def _settled(followed: Sequence[Following], course: Course, clock: Clock) -> None:
    """Wait for the effects of all that was asked; then look once more for what is missing, or is to be counted."""
    over = clock.now()
    for one in followed:
        one.settle(over + course.effects_s)
    if followed:
        time.sleep(max(0.0, over + course.rest_s - clock.now()))
    over = clock.now()
    for one in followed:
        one.last_look(over + course.effects_s)


def _counted(trial: Trial) -> list[Operation]:
    """Those whose effects are counted."""
    wanted = trial.course.counts and trial.course.effects_s
    return [one for one in trial.operations if wanted and one.effect and one.effect_count is not None]


def _observed(
    aim: Aim,
    told: Experiment,
    flows: Iterable[Traffic],
    followed: Iterable[Following],
    bound: Mapping[str, Located],
    clock: Clock,
    began: float,
    hub: Hub,
) -> Iterator[Observation]:
    """What came of it, nothing secret in it."""
    latency = time.time() - began
    value = hub.redactor.value(to_json(told))
    yield Observation(aim.system, Experiment.ask(**args_of(aim)), began, latency, told.done, value=value)
    if aim.caller:
        yield _arrived(aim, bound[aim.system].relays[aim.caller], clock, began, hub)
    for traffic in flows:
        ask = Traffic.ask(operation=traffic.operation, system=aim.system, **args_of(aim))
        way = f"{traffic.operation} x {len(traffic.sent)} at {traffic.rate:g}/s"
        yield Observation("", ask, began, latency, way, value=hub.redactor.value(to_json(traffic)))
    yield from (_effects(one.effects(), aim, began, hub.redactor) for one in followed)


def _effects(found: Effects, aim: Aim, began: float, redactor: Redactor) -> Observation:
    ask = Effects.ask(operation=found.operation, system=aim.system, **args_of(aim))
    way = f"effects of {found.operation}"
    return Observation("", ask, began, time.time() - began, way, value=redactor.value(to_json(found)))


def _injection(trial: Trial, located: Located, kinds: Mapping[str, Kind], hub: Hub) -> Injection | LinkInjection:
    aim, kind = trial.aim, kinds[located.kind]
    if not aim.caller:
        return _of_system(aim.fault, located, kinds, hub)
    relay = located.relays[aim.caller]
    late_s = trial.course.drip_s if aim.fault is Fault.DRIP else trial.course.delay_s
    return LinkInjection(aim, relay, lambda: answers_now(kind, located, hub.limits, hub.redactor), late_s)


def _of_system(fault: Fault, located: Located, kinds: Mapping[str, Kind], hub: Hub) -> Injection:
    return Injection(fault, located, kinds[located.kind], hub.limits, hub.redactor)


def _arrived(aim: Aim, relay: Relay, clock: Clock, began: float, hub: Hub) -> Observation:
    """What came over the link since then."""
    ask, way = Arrivals.ask(**args_of(aim)), f"relay between {aim.caller} and {aim.system}"
    try:
        arrivals, lines = relay.seen()
    except Uncontrolled as error:
        return Observation(aim.system, ask, began, 0.0, way, reason=Reason.BUDGET, detail=str(error))
    came = [replace(one, at=clock.at(one.at)) for one in arrivals]
    told = Arrivals(
        relay.speaks_http,
        tuple(one for one in came if one.at >= began),
        tuple(
            replace(one, opened=clock.at(one.opened), closed=None if one.closed is None else clock.at(one.closed))
            for one in lines
        ),
    )
    return Observation(aim.system, ask, began, 0.0, way, value=hub.redactor.value(to_json(told)))


def _workload(
    operation: Operation,
    rate: float,
    fetch: Fetch,
    base_url: Callable[[str], str | None],
    clock: Clock,
    bound: Mapping[str, Located],
) -> Workload:
    """By what header whoever answers names itself, and whether it sees from where it is asked, depends on the system:
    before a container all clients have one address.
    """
    host = host_of(operation.request)
    asked = next((one for name, one in bound.items() if name.lower() == host), None)
    scheme, _, header = ((asked and asked.identity) or "").partition(":")
    many = operation.many_clients and asked is not None and asked.source == "native"
    return Workload(operation, rate, fetch, base_url, clock, header if scheme == "header" else "", many)


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
