"""The claim that members of a group share a stream's entries, and that the living do what the dead had in work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from pytest_distaudit.checks._disturbed import ENOUGH, effective, traffics
from pytest_distaudit.checks._effects import effects, has_effects
from pytest_distaudit.checks._handed import AWAY_S, LOOK_S, Handed, Look, owners
from pytest_distaudit.checks._steps import every
from pytest_distaudit.checks._taken_over import Loss, in_time, nothing_lost, taken_over
from pytest_distaudit.checks.stream import LOG, NAME, formed
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.needs import Look as LookAt
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.streams import StreamGroup

#: requests a second, and how long before each crash: enough to tell something
RATE = 10.0
STEADY_S = 4.0
#: how long it goes on once the dead one is back: under what names that asks is all that is wanted
_AFTER_S = 2.0
#: how soon the living do it where the claim does not say it, in seconds
_WITHIN_S = 60.0
_PATIENCE_S = 30.0
#: how long a crash outlasts that, so that what is not done is read to be absent
_READ_S = 4.0
#: the first one counts from the begin of the second one on
_LOOKS = 2
#: of the entries, how many have to be seen in somebody's hands before one who is seen with none was handed none
_MOST_SEEN = 0.9


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _ask(claim: Claim) -> Ask:
    return StreamGroup.ask(name=claim["stream"], group=claim["group"])


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    lasts = max(_within(claim), AWAY_S) + _READ_S
    course = Course(
        lasts, _PATIENCE_S, steady_s=STEADY_S, rate=RATE, after_s=_AFTER_S, brief=True, effects_s=lasts,
        rest_s=2 * LOOK_S,
    )  # fmt: skip
    return (Disturb(Fault.CRASH, "members", course, (LookAt("system", _ask(claim)),)),)


@check(
    "stream.shared",
    claims="members of a group share the entries of a stream, and what one had in work when it died the others do",
    says="members of group {group} share the work of {stream}, and take over from one that dies",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={**LOG, "members": Role("all who read the stream as the group", many=True)},
    params={"stream": NAME, "group": Parameter(ParameterType.TEXT, "the group's name")},
    takes_operation=True,
    connects=(("members", "system"),),
    cost_s=180.0,
    needs=_needs,
    shows_not="that work is done once only, that anybody starts the dead one again (recovery.self-heals), or that the "
    "server of the stream may crash",
)
def shared(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.4: each member is killed once, and stays dead for longer than the others may take.

    Whose a consumer is shows by its silence while the member is dead. Who does its own work once it is started again
    has not had it taken over.
    """
    members = evidence.systems("members")
    if len(members) < 2:
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, f"{listed(members)} alone", "nothing is shared by one member")
    looks = evidence.history(StreamGroup, ask=_ask(claim))
    _read(looks)
    losses = _losses(claim, evidence, looks)
    took: list[float] = []
    steps: list[Callable[[], object]] = [partial(_carried, one) for one in losses]
    steps += [partial(_has_part, losses, one) for one in losses]
    steps.append(partial(_shared, losses))
    steps += [partial(step, one) for step in (in_time, nothing_lost) for one in losses]
    steps += [partial(taken_over, one, took) for one in losses]
    steps += [partial(_by_members, losses, one) for one in losses]
    every(steps)
    return verified(
        f"{counted(len(members), 'member')} shared, whichever died: the others did its work",
        f"{len(took)} in the hands of the dead when they died, and done by others after {max(took):.1f} s at most",
    )


def _read(looks: Sequence[Look]) -> None:
    """Raise unless somebody takes what is appended, as this group."""
    first, last = looks[0].fact, looks[-1].fact
    formed(last)
    if not last.exists:
        refute(f"no group {last.group}", f"stream {last.name} has none of that name")
    if first.end != last.end and first.reached == last.reached:
        because = f"entries were appended to {last.name}, and none was handed out to the group"
        refute(f"nobody reads as {last.group}", because, remedy="let all members read as one group")


def _losses(claim: Claim, evidence: Evidence, looks: Sequence[Look]) -> list[Loss]:
    """In the order of time."""
    told = sorted(effective(evidence, Fault.CRASH, "members").values(), key=lambda one: one.began)
    ends = [*(one.began for one in told[1:]), inf]
    handed = [
        Handed([look for look in looks if one.began <= look.at < end], one) for one, end in zip(told, ends, strict=True)
    ]
    found = [
        Loss(one, traffics(claim, evidence, one.told), effects(claim, evidence, one.told), _within(claim))
        for one in handed
    ]
    for one in found:
        has_effects(one.flows, one.known)
    return found


def _carried(loss: Loss) -> None:
    """Raise unless as many entries came as requests succeeded."""
    looks = loss.handed.looks
    if len(looks) < _LOOKS or looks[0].fact.appended is None or looks[-1].fact.appended is None:
        unverifiable(Reason.NO_OBSERVABLE, "not told how many entries came", "Redis tells it since 7.0")
    first, second, last = looks[0], looks[1], looks[-1]
    # a look ends before the next one begins
    asked = [one for flow in loss.flows.values() for one in flow.between(second.at, last.at) if one.ok]
    many = sum(one.ended <= last.at for one in asked)
    came = (last.fact.appended or 0) - (first.fact.appended or 0)
    because = f"{many} requests succeeded, and {came} entries came into {last.fact.name}"
    if many and not came:
        refute("no entry arrived", because, remedy="append the work to this stream, or correct the document")
    if came < many:
        unverifiable(Reason.VACUOUS, f"{came} entries for {many} requests", because)


def _has_part(losses: Sequence[Loss], loss: Loss) -> None:
    """Raise unless consumers stop with the member. Nobody has no part while it is not told whose the others are."""
    handed, member = loss.handed, loss.member
    if handed.silent:
        return
    lively = sorted(handed.lively)
    asking = f"{listed(lively, 'nobody')} went on asking while {member} was dead"
    if handed.rare or not handed.recent:
        because = f"{listed(sorted(handed.rare), 'everybody')} asked too rarely to tell; {asking}"
        unverifiable(Reason.VACUOUS, f"not told who reads for {member}", because)
    if strangers := [name for name in lively if name not in owners(one.handed for one in losses)]:
        because = f"{asking}; {listed(strangers)} did so whoever was dead"
        remedy = "give each member a name of its own, and name every member"
        unverifiable(Reason.NO_OBSERVABLE, f"not told who reads for {member}", because, remedy=remedy)
    group = handed.looks[-1].fact.group
    refute(f"{member} has no part in {group}", asking, remedy="let all members read as one group")


def _shared(losses: Sequence[Loss]) -> None:
    """Raise unless each had entries in hand while all lived, and none was in the hands of two."""
    owner = owners(one.handed for one in losses)
    parts = [one.handed.shared() for one in losses]
    had = {at: {owner.get(name, name) for name in names} for part, _ in parts for at, names in part.items()}
    appended, members = sum(many for _, many in parts), [one.member for one in losses if one.handed.silent]
    if twice := [at for at, who in had.items() if len(who) > 1]:
        because = f"while all lived: {twice[0]} was in the hands of {listed(sorted(had[twice[0]]))}"
        remedy = "claim only what was in hand for longer than work takes"
        refute(f"{len(twice)} of {len(had)} entries handed to several members", because, remedy=remedy)
    everybody = {name for who in had.values() for name in who}
    if strangers := everybody - {one.member for one in losses}:
        because = f"{listed(sorted(strangers))} had entries in hand"
        unverifiable(Reason.AMBIGUOUS_CLAIM, "others have a part, too", because, remedy="name every member")
    for member in members:
        if member not in everybody:
            _nothing(member, len(had), appended)


def _nothing(member: str, had: int, appended: int) -> None:
    """Raises in any case."""
    because = f"while all lived {had} of {appended} entries were seen in hands, and none of them in its own"
    if had >= ENOUGH and had >= _MOST_SEEN * appended:
        refute(f"{member} is handed nothing", because)
    remedy = "claim it of work that takes longer"
    unverifiable(Reason.VACUOUS, f"{member} was not seen with an entry", because, remedy=remedy)


def _by_members(losses: Sequence[Loss], loss: Loss) -> None:
    """Raise where somebody else may have taken over."""
    owner = owners(one.handed for one in losses)
    takers = {name for one in loss.handed.stranded for name in loss.handed.takers(one.position)}
    if strangers := takers - set(owner):
        because = f"{listed(sorted(strangers))} went on asking whoever was dead"
        remedy = "name every member"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"others may have taken over from {loss.member}", because, remedy=remedy)
