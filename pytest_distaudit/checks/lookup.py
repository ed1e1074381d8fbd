"""The claim that callers look a service up in a registry when they work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from pytest_distaudit.checks.registry import REGISTRY, SERVICE
from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ActivityRun, Listener, Performed
from pytest_distaudit.ports.registrations import Lookup, Lookups


@check(
    "registry.queried",
    claims="callers look the service up in the registry when they work",
    says="callers look {service} up",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={**REGISTRY, "caller": Role("who should look it up, as a name or glob", many=True, optional=True)},
    params={"service": SERVICE},
    takes_activity=True,
    connects=(("activity", "system"),),
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
        told_until = [self._since, *(max(self._since, look.at) for look in looks)]
        #: a gap that ends before an earlier look is of what that look had told
        self._missed = any(
            until > told for look, told in zip(looks, told_until, strict=False) for _, until in look.fact.gaps
        )
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
        return listed(sorted({one.asker.rpartition(":")[0] or one.asker for one in self.named}))

    @property
    def _heard_s(self) -> float:
        return self._last.at - self._since

    def doubt(self, history: bool) -> str:
        """Why somebody may have asked unheard; with ``history``, also before the audit listened.

        Where the registry never answered such a question, none is pending either: it would be a second one.
        """
        connected = sorted({name for fact in self._facts for name in fact.connected or ()})
        last = self._last.fact
        if self._missed:
            return "the audit did not hear everything"
        if self._heard_s < _SILENCE_S:
            return f"the audit listened for {self._heard_s:.0f} s only, not for {_SILENCE_S:.0f} s"
        if not history and any(fact.connected is None for fact in self._facts):
            return "who is connected to the registry cannot be seen, and a question may be pending"
        if connected:
            return f"a question may be pending: {listed(connected)} is connected to the registry"
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
