"""Claims about clusters: who belongs, how many may fail, and whether all members say the same."""

from __future__ import annotations

from pytest_distaudit.checks._members import ROLE, Told, parted, peers, too_small
from pytest_distaudit.checks._tolerance import tolerance
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim, Span
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Probe
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ServerProcess
from pytest_distaudit.ports.clusters import AgreementProbe, Membership

_MEMBERS = {ROLE: Role("the members, each a system of the target, by name or glob", many=True)}
_PROBE = AgreementProbe.capability
#: by so much a member that is well may be behind, and looks lie apart
_GRACE_S = 2.0


@check(
    "cluster.members",
    claims="so many distinct servers form one cluster, of which some may fail",
    says="members of one cluster, {tolerates} may fail",
    rung=Rung.CONFIGURED,
    roles=_MEMBERS,
    params={
        "members": Parameter(ParameterType.NUMBER, "how many, such as 3; default: those that the claim names", None),
        "tolerates": Parameter(ParameterType.NUMBER, "how many may fail with the others going on", ">= 1"),
    },
    needs=lambda claim: (Look(ROLE, Membership.ask()), Look(ROLE, ServerProcess.ask())),
    judges_presence=(ROLE,),
    # members meet and elect; some tell one another of changes every ten seconds
    settles_s=12.0,
    shows_not="that the cluster goes on when a member fails (an experiment would show it)",
)
def members(claim: Claim, evidence: Evidence) -> Judgement:
    """Each member's own word counts for itself: what one lists of others may be dead, or one and the same."""
    told = Told(evidence)
    told.refute_strangers()
    _one_process(evidence)
    if told.dead:
        dead = "; ".join(f"{name}: {why}" for name, why in told.dead.items())
        refute(f"{len(told.names) - len(told.dead)} of {counted(len(told.names), 'member')} running", dead)
    told.refute_unled()
    _given_up(told)
    if not told.views:
        told.raise_unclear()
    _count(claim, told)
    bounds = tolerance(told)
    holds = {claim["tolerates"].holds(number) for number in (bounds.least, bounds.most)}
    if holds == {False}:
        wanted = f"{bounds.because}; claimed {claim['tolerates']}"
        refute(f"{bounds.most} may fail", wanted, remedy="add members that vote and hold the data")
    told.raise_unclear()
    if len(holds) > 1:
        because = f"{bounds.because}; by what was asked of {counted(len(told.views), 'member')}"
        unverifiable(Reason.NO_OBSERVABLE, f"{bounds.least} to {bounds.most} may fail", because, remedy=_NAME_OTHERS)
    span = str(bounds.least) if bounds.least == bounds.most else f"{bounds.least} to {bounds.most}"
    return verified(f"{counted(len(told.views), 'member')}, {span} may fail", f"{bounds.because}; {_led(told)}")


_NAME_OTHERS = "name every member as a system of the target, and those that vote in the claim"


def _one_process(evidence: Evidence) -> None:
    """Members that share a process fail together."""
    owners: dict[object, str] = {}
    for name, seen in evidence.attempts(ServerProcess, ROLE).items():
        if isinstance(seen, Unobservable):
            continue
        for key in [key for key in (("pid", seen.pid), ("run", seen.identity)) if key[1]]:
            other = owners.setdefault(key, name)
            if other != name:
                refute("members in one process", f"{other} and {name} are served by one, and fail together")


def _given_up(told: Told) -> None:
    """A member that answers and that another one has given up is not of one cluster with it."""
    systems = {view.own: name for name, view in told.views.items()}
    for teller, view in told.views.items():
        gone = [systems[one.id] for one in view.members if one.healthy is False and one.id in systems]
        if gone:
            refute(f"{teller} finds {listed(gone)} failed", "though the audit is answered there")


def _count(claim: Claim, told: Told) -> None:
    wanted = claim["members"]
    asked, known = len(told.views), max(len(peers(view)) for view in told.views.values())
    holds = {wanted is None or wanted.holds(number) for number in range(asked, known + 1)}
    if holds == {True}:
        return
    if holds == {False}:
        refute(counted(known, "member"), f"by their own lists; claimed {wanted}", remedy="start and join the others")
    told.raise_unclear()
    because = "what one lists of others is no evidence that they run"
    unverifiable(Reason.NO_OBSERVABLE, f"{asked} of {known} members asked", because, remedy=_NAME_OTHERS)


def _led(told: Told) -> str:
    view = next(iter(told.views.values()))
    if not view.leaders:
        return "each says so itself"
    return f"each says so itself, led by {told.called(view.leaders)}"


@check(
    "cluster.agrees",
    claims="all members name the same leader and members, and show what was written through any of them",
    says="all members agree",
    rung=Rung.CONFIGURED,
    scope=Scope.ACTIVITY,
    roles=_MEMBERS,
    needs=lambda claim: (Look(ROLE, Membership.ask()),),
    changes_target=True,
    cost_s=1.0,
    settles_s=12.0,
    shows_not="that they still agree after a partition (an experiment would show it)",
)
def agrees(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Words first, each member's own, then the audit's writes, where they are allowed.

    Nothing is written on servers that are no cluster.
    """
    told = Told(evidence)
    if len(told.names) < 2:
        too_small(len(told.names))
    told.refute_strangers()
    views = told.views
    whole = {name: view for name, view in views.items() if view.whole}
    parted("who belongs", {name: told.called(one.id for one in peers(view)) for name, view in whole.items()})
    parted("the leader", {name: told.called(view.leaders or ()) for name, view in views.items()})
    parted("the term", {name: view.term for name, view in views.items()})
    told.refute_unled()
    told.raise_unclear()
    _caught_up(claim, evidence)
    try:
        probe = evidence.shared(AgreementProbe)
    except Unobservable as error:
        if error.reason is Reason.NOT_RECORDED:
            return NeedMore((Probe(_PROBE, (ROLE,)),))
        if error.reason not in (Reason.NOT_SAFE, Reason.NO_OBSERVABLE):
            raise
        because = f"{_led(told)}; nothing was written: {error.detail}"
        return verified(f"{len(views)} members say the same", because)
    return _by_words(told, probe)


def _caught_up(claim: Claim, evidence: Evidence) -> None:
    """What any member had some seconds ago, each must have; what it had at its first look, each once time is up."""
    seen_of = evidence.histories(Membership, ROLE)
    looks = {name: told for name, told in seen_of.items() if not isinstance(told, Unobservable)}
    waits = claim.timing is None or claim.timing.span is Span.WITHIN
    for name, seen in looks.items():
        here, at = seen[-1].fact.position, seen[-1].at
        if here is None:
            continue
        old = [look for told in looks.values() for look in told if look.at <= at - _GRACE_S]
        first = [told[0] for told in looks.values()] if waits else []
        goal = max((look.fact.position or 0 for look in (*old, *first)), default=here)
        if here < goal:
            because = f"it is at {here} of the common log, {goal - here} behind, after {at - seen[0].at:.1f} s"
            refute(f"{name} lags", because)


def _by_words(told: Told, probe: AgreementProbe) -> Judgement:
    """They were written once: looking again cannot change what became of them."""
    for one in probe.passed:
        if one.missed:
            because = f"what was written through {one.through} was never seen there"
            refute(f"{listed(one.missed)} shows nothing of it", because, conclusive=True)
    for name, why in probe.refused.items():
        unverifiable(Reason.NO_OBSERVABLE, f"{name} took no write of the audit's", why)
    if not probe.passed:
        unverifiable(Reason.VACUOUS, "nothing was written", "no member takes writes")
    slowest = max(one.slowest_s for one in probe.passed)
    left = "" if probe.cleaned else "; a key distaudit-* was left"
    because = f"{_led(told)}; own words written through {listed([one.through for one in probe.passed])}{left}"
    return verified(f"{len(told.views)} members agree within {slowest * 1000:.0f} ms", because)
