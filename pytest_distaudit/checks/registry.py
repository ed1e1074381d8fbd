"""Claims about a service registry, from "it is registered" to "its callers look it up"."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import NoReturn

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim, Expect
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import (
    ActivityRun,
    HealthCheck,
    Instance,
    Listener,
    Lookup,
    Lookups,
    Performed,
    RegisteredService,
    Registry,
)

_REGISTRY = {"system": Role("the service registry")}
_SERVICE = Parameter(ParameterType.TEXT, "the service's name in the registry")


def _look(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", Registry.ask()),)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return (", ".join(names[:10]) or "nothing") + more


def _most_and_least(instances: Collection[Instance]) -> tuple[int, int]:
    """How many these are at most and at least: an address counts once, without a port it may be one or many."""
    places = {(one.address, one.port) for one in instances if one.port}
    nameless = [one for one in instances if not one.port]
    return len(places) + len(nameless), len(places) + len({one.address for one in nameless})


def _held(wanted: Comparison, instances: Collection[Instance]) -> tuple[bool, str]:
    """(whether there are as many as wanted, how many there are)."""
    most, least = _most_and_least(instances)
    if wanted.holds(most) is not wanted.holds(least):
        unverifiable(Reason.NO_OBSERVABLE, f"{least} to {most} instances", "without ports some may be one and the same")
    return wanted.holds(most), counted(most, "instance")


@check(
    "registry.registered",
    claims="the service is registered with so many instances that can be reached",
    says="service {service} registered with {instances} instances",
    rung=Rung.CONFIGURED,
    roles=_REGISTRY,
    params={
        "service": _SERVICE,
        "instances": Parameter(ParameterType.NUMBER, "how many distinct addresses", ">= 1"),
    },
    needs=_look,
    # services register themselves when they start
    settles_s=3.0,
    shows_not="that anybody looks it up (registry.queried)",
)
def registered(claim: Claim, evidence: Evidence) -> Judgement:
    """An address where nobody listens is none; for a document that denies the service it is one all the same."""
    registry = evidence.one(Registry)
    name = claim["service"]
    found = next((one.instances for one in registry.services if one.name == name), ())
    if not found:
        held = f"the registry holds {_named([one.name for one in registry.services])}"
        refute(f"no service {name}", held, remedy="register it, or correct the document")
    dead = [one for one in found if one.answers is False]
    counting = found if claim.expect is Expect.ABSENT else [one for one in found if one not in dead]
    holds, many = _held(claim["instances"], counting)
    because = f"at {_named(sorted({f'{one.address}:{one.port}' for one in counting}))}"
    if dead and counting is not found:
        because += f"; nobody listens at {_named([f'{one.address}:{one.port}' for one in dead])}"
    if not holds:
        refute(many, because, remedy="start and register what is missing")
    return verified(many, because)


@check(
    "registry.count",
    claims="so many services are registered, the registry itself not counted",
    says="{services} registered services",
    rung=Rung.CONFIGURED,
    roles=_REGISTRY,
    params={
        "services": Parameter(ParameterType.NUMBER, "how many names, such as '>= 31'"),
        "instances": Parameter(ParameterType.NUMBER, "how many distinct addresses in all", None),
    },
    needs=_look,
    settles_s=3.0,
    shows_not="that anybody listens there (registry.registered) or looks them up (registry.queried)",
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Names count, however many instances each has; instances count once an address."""
    services = evidence.one(Registry).services
    because = _named([one.name for one in services])
    if not claim["services"].holds(len(services)):
        refute(counted(len(services), "service"), because, remedy="register the services, or correct the document")
    if claim["instances"] is not None:
        holds, many = _held(claim["instances"], [each for one in services for each in one.instances])
        if not holds:
            refute(many, because)
    return verified(counted(len(services), "service"), because)


@check(
    "registry.passing",
    claims="every registered instance passes a health check that asks that very instance",
    says="instances of {service} pass health checks of their own",
    rung=Rung.HEALTHY,
    roles=_REGISTRY,
    params={"service": Parameter(ParameterType.TEXT, "the service's name, or a glob", "*")},
    needs=_look,
    # a check that has not run yet is critical
    settles_s=6.0,
    shows_not="that a check fails when its instance does (health.flips)",
)
def passing(claim: Claim, evidence: Evidence) -> Judgement:
    """What is never checked counts as passing in a registry, and is not."""
    registry = evidence.one(Registry)
    wanted = claim["service"]
    meant = [one for one in registry.services if one.name == wanted or fnmatchcase(one.name, wanted)]
    if not meant:
        if not set("*?[") & set(wanted):
            refute(f"no service {wanted}", f"the registry holds {_named([one.name for one in registry.services])}")
        unverifiable(Reason.VACUOUS, "no instance", f"no service is registered whose name matches {wanted!r}")
    tested = _Tested(registry)
    faults = [(service, one, why) for service, one in _instances(meant) if (why := tested.fault(one))]
    if faults:
        told = _named([f"{service.name} at {one.address}:{one.port} {why}" for service, one, why in faults])
        refute(f"{counted(len(faults), 'instance')} not shown to be well", told)
    for service, one in _instances(meant):
        if why := tested.doubt(one):
            unverifiable(Reason.NO_OBSERVABLE, f"{service.name} passes", f"{one.address}:{one.port}: {why}")
    many = counted(len(list(_instances(meant))), "instance")
    return verified(f"{many} passing", _named([one.name for one in meant]))


def _instances(services: Sequence[RegisteredService]) -> Iterator[tuple[RegisteredService, Instance]]:
    return ((service, one) for service in services for one in service.instances)


#: what a host calls itself; an agent's checks run beside the instances that it registers
_HERE = {"localhost", "127.0.0.1", "::1"}
_NETWORK = {"http", "tcp", "grpc", "udp", "h2ping"}
#: what the registry itself does now and then; others are told their state
_RUN = _NETWORK | {"script", "docker"}


def _not_run_yet(one: Instance) -> bool:
    """Whether nothing is wrong with it but that a check is critical until it has run, which leaves a word."""
    failing = [check for check in one.checks if check.status != "passing"]
    return bool(failing) and all(check.manner in _RUN and not check.output for check in failing)


class _Tested:
    """What the registry's checks test, known by the addresses that they ask."""

    def __init__(self, registry: Registry) -> None:
        self._own = registry.own
        self._all = [one for service in registry.services for one in service.instances]

    def fault(self, one: Instance) -> str:
        """Why the instance is certainly not shown to be well; "" if that cannot be said."""
        if one.status != "passing":
            return "" if _not_run_yet(one) else f"is {one.status}"
        if not one.checks:
            return "is checked by nobody"
        if one.answers is False:
            return "passes, and nobody listens there"
        elsewhere = [self._other(one, check) for check in one.checks]
        return f"is judged by asking {elsewhere[0]}" if all(elsewhere) else ""

    def doubt(self, one: Instance) -> str:
        """Why it cannot be told whether the instance itself is tested; "" if it is."""
        if one.status != "passing":
            return "a check of it has not run yet"
        if any(self._asks(check, one) for check in one.checks):
            return ""
        manners = ", ".join(sorted({check.manner or "unknown" for check in one.checks}))
        return f"whether its checks ({manners}) ask it cannot be seen"

    def _asks(self, check: HealthCheck, one: Instance) -> bool:
        host, _, port = check.asks.rpartition(":")
        if check.manner not in _NETWORK or port != str(one.port):
            return False
        return host.strip("[]") == one.address or {host.strip("[]"), one.address} <= {one.node_address, *_HERE}

    def _other(self, one: Instance, check: HealthCheck) -> str:
        """The other instance, or the registry, that the check asks in its place; "" if none is known."""
        if not check.asks or self._asks(check, one):
            return ""
        if check.asks == self._own:
            return f"the registry, {self._own}"
        known = any(self._asks(check, each) and each.node == one.node for each in self._all)
        return check.asks if known else ""


# --- who looks it up


@check(
    "registry.queried",
    claims="callers look the service up in the registry when they work",
    says="callers look {service} up",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={**_REGISTRY, "caller": Role("who should look it up, as a name or glob", many=True, optional=True)},
    params={"service": _SERVICE},
    takes_activity=True,
    judges_presence=("caller",),
    judges_silence=True,
    changes_target=True,
    cost_s=15.0,
    needs=lambda claim: (
        Perform((Look("system", _lookups(claim)),)),
        *((Look("caller", Listener.ask()),) if "caller" in claim.roles else ()),
    ),
    shows_not="who asks, and that the answer decides where the call goes: that takes an experiment",
)
def queried(claim: Claim, evidence: Evidence) -> Judgement:
    """Look-ups have to fall together with the work; silence refutes only where nothing can have been missed."""
    run = evidence.shared(ActivityRun)
    asked = _Asked(evidence.history(Lookups, ask=_lookups(claim)), run)
    failed = [one for one in run.runs if not one.ok]
    if run.runs and not asked.named and not asked.of_many and not (failed and asked.doubt(history=True)):
        asked.refute_silence(claim["service"])
    if failed or not run.runs:
        many = f"{len(failed)} of {len(run.runs)} performances fail"
        unverifiable(Reason.BASELINE, many, failed[0].detail if failed else "it was never performed")
    if asked.covered < len(run.runs):
        _apart_from_the_work(claim, evidence, asked)
    chance = math.prod(-math.expm1(-asked.usual_rate * seconds) for seconds in asked.windows)
    if chance >= _CHANCE:
        because = f"{asked.told}: both may fall together by chance"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "looked up all the time", because, remedy="audit a quieter target")
    return verified(f"looked up by {asked.covered} of {len(run.runs)} performances", asked.told)


def _apart_from_the_work(claim: Claim, evidence: Evidence, asked: _Asked) -> NoReturn:
    """What look-ups say of the callers if some performances had none."""
    name = claim["service"]
    if not asked.named:
        because = f"nobody asked for {name}, but {counted(len(asked.of_many), 'question')} may have told of it"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"0 look-ups of {name}", because)
    doubt = _why_perhaps_callers(claim, evidence, asked)
    if not doubt:
        because = f"{asked.told}; they keep a rhythm at which the callers were not running; asked from {asked.askers}"
        refute(f"only others look {name} up", because, remedy="let the callers ask the registry")
    because = f"{asked.told}; a client that keeps what it was told looks like a script that polls ({doubt})"
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, "look-ups apart from the work", because)


def _lookups(claim: Claim) -> Ask:
    return Lookups.ask(service=claim["service"])


#: more rarely than this, look-ups that have nothing to do with the work fall together with all of it
_CHANCE = 1 / 200
#: of look-ups that come now and then, at most this many more are usual than were seen (95 %)
_UNSEEN = 3.0
#: look-ups at least; how far steps of one rhythm may lie apart; every so many of them may be one client's
_RHYTHM_OF, _STEADY, _SHARED_BY = 6, 1.5, (2, 3)


def _why_perhaps_callers(claim: Claim, evidence: Evidence, asked: _Asked) -> str:
    """Why the look-ups may be the callers'; "" if others did them: they keep one rhythm, and at most of them the
    callers did not run.

    A caller's own would come on top of a rhythm and break it, unless several clients share it, each with every second
    or third look-up: so the callers must have slept at one of each of these, too.
    """
    if "caller" not in claim.roles:
        return "the claim names no caller"
    if asked.of_many:
        return f"{counted(len(asked.of_many), 'question')} may have told of it"
    if doubt := asked.doubt(history=False):
        return doubt
    ports = {one.port for one in evidence.each(Listener, "caller").values()}
    slept = [ports <= set(one.slept) for one in asked.named]
    steps = [later.at - one.at for one, later in pairwise(asked.named)]
    shares = (slept[first::every] for every in _SHARED_BY for first in range(every))
    if len(slept) < _RHYTHM_OF:
        return "too few to know who asks"
    if not all(slept) and max(steps) > _STEADY * min(steps):
        return f"they keep no rhythm: {min(steps):.2f} to {max(steps):.2f} s apart"
    if 2 * sum(slept) < len(slept) or not all(map(any, shares)):
        return f"the callers ran at {len(slept) - sum(slept)} of them"
    return ""


#: the shortest silence that says anything, in seconds
_SILENCE_S = 10.0
#: clocks of the log and of the audit, in milliseconds
_TICK_S = 0.005
#: a busy agent writes its log this much after it has answered
_LATE_S = 0.25


class _Asked:
    """The look-ups of one activity's window."""

    def __init__(self, looks: Sequence[Seen[Lookups]], run: ActivityRun) -> None:
        self._run, self._last = run, looks[-1]
        self._facts = [look.fact for look in looks]
        self._since = max(run.idle_from, *(fact.listened_from for fact in self._facts))
        # of what several looks tell of, the last one knows most
        seen = {(one.at, one.took, one.service): one for fact in self._facts for one in fact.seen}
        inside = [one for one in sorted(seen.values(), key=lambda one: one.at) if one.at >= self._since]
        #: of the service by its name, and those whose answers may tell of any
        self.named = [one for one in inside if one.service]
        self.of_many = [one for one in inside if not one.service]
        self.windows = [one.latency + 2 * _TICK_S for one in run.runs]
        #: performances during which the service was looked up, each by a look-up of its own
        self.covered = _covered(self.named, run.runs)

    @property
    def apart(self) -> int:
        """Look-ups outside of all performances."""
        return sum(not any(_falls_into(one, performed) for performed in self._run.runs) for one in self.named)

    @property
    def told(self) -> str:
        """The numbers, in words."""
        with_one = f"{self.covered} of {len(self._run.runs)} performances had one"
        return f"{counted(len(self.named), 'look-up')}: {with_one}, {self.apart} apart from them"

    @property
    def usual_rate(self) -> float:
        """Look-ups a second that have nothing to do with the work, at most."""
        quiet = self._heard_s - sum(self.windows)
        return (self.apart + _UNSEEN) / max(quiet, _TICK_S)

    @property
    def askers(self) -> str:
        """Who looked the service up, or from which host."""
        return _named(sorted({one.asker.rpartition(":")[0] or one.asker for one in self.named}))

    @property
    def _heard_s(self) -> float:
        return self._last.at - self._since

    def doubt(self, history: bool) -> str:
        """Why somebody may have asked unheard; with ``history``, also before the audit listened.

        Where the registry never answered such a question, none is pending either: it would be a second one.
        """
        connected = sorted({name for fact in self._facts for name in fact.connected or ()})
        last = self._last.fact
        if any(until > self._since for _, until in last.gaps):
            return "the audit did not hear everything"
        if self._heard_s < _SILENCE_S:
            return f"the audit listened for {self._heard_s:.0f} s only, not for {_SILENCE_S:.0f} s"
        if not history and any(fact.connected is None for fact in self._facts):
            return "who is connected to the registry cannot be seen, and a question may be pending"
        if connected:
            return f"a question may be pending: {_named(connected)} is connected to the registry"
        if last.deaf_to != 0:
            many = "perhaps others" if last.deaf_to is None else counted(last.deaf_to, "other agent")
            return f"only one agent was listened to; the registry has {many}"
        return _remembered(last) if history else ""

    def refute_silence(self, name: str) -> NoReturn:
        """Refute that anybody asks; unverifiable where somebody may have."""
        if why := self.doubt(history=True):
            unverifiable(Reason.NO_OBSERVABLE, f"no look-up of {name} heard", why)
        others = f", {self._last.fact.others} of other services" if self._last.fact.others else ""
        performed = f"{len(self._run.runs)} performances in {self._heard_s:.0f} s"
        hours = (self._last.at - (self._last.fact.counted_from or self._last.at)) / 3600
        because = f"{performed}{others}; by the registry's own count none in {hours:.1f} h"
        refute(f"0 look-ups of {name}", because, remedy="let the callers ask the registry, or correct the document")


def _remembered(last: Lookups) -> str:
    """Why a caller may know from before what it need not ask now."""
    if last.counted is None or last.counted_from is None:
        return "the registry keeps no count: a caller may have asked before and remember the answer"
    if last.counted:
        return f"it was looked up {last.counted} times before: a caller may remember the answer"
    return ""


def _covered(lookups: Sequence[Lookup], runs: Sequence[Performed]) -> int:
    """How many performances have a look-up that no earlier one has: short ones lie closer than clocks tell."""
    left, covered = list(lookups), 0
    for performed in runs:
        own = next((one for one in left if _falls_into(one, performed)), None)
        if own is not None:
            left.remove(own)
            covered += 1
    return covered


def _falls_into(one: Lookup, performed: Performed) -> bool:
    """Whether the look-up began during the performance, and was over when it was."""
    ended = performed.at + performed.latency
    began = one.at - one.took
    return performed.at - _TICK_S <= began <= ended + _TICK_S and one.at <= ended + _LATE_S
