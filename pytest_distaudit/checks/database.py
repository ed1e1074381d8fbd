"""Claims about databases: sessions work, and what is written arrives elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from pytest_distaudit.checkers.percentile import nearest
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Probe
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.capabilities import Database, Replication, ReplicationProbe

_PROBE = ReplicationProbe.capability


@check(
    "database.reachable",
    claims="a session in the database can work",
    rung=Rung.HEALTHY,
    roles={"system": Role("the database server")},
    needs=lambda claim: (Look("system", Database.ask()),),
    shows_not="that the application reaches it",
)
def reachable(claim: Claim, evidence: Evidence) -> Judgement:
    """An open port or a login is not enough: a query must come back."""
    database = evidence.one(Database)
    if not database.usable:
        refute("no working session", database.refusal, remedy="see the server's own words above")
    return verified(f"database {database.name} answers queries")


def _needs(claim: Claim) -> tuple[Need, ...]:
    return (Look("primary", Replication.ask()), Look("standby", Replication.ask()))


@check(
    "database.replicated",
    scope=Scope.ACTIVITY,
    claims="what is written on the primary arrives on the standby",
    says="rows arrive on the standby, lag {lag}",
    rung=Rung.USED,
    roles={"primary": Role("the server that is written to"), "standby": Role("the server that follows it")},
    connects=(("primary", "standby"),),
    params={"lag": Parameter(ParameterType.TIME, "the 95th percentile of the delay", "<= 1 s")},
    needs=_needs,
    changes_target=True,
    cost_s=3.0,
    settles_s=10.0,
    shows_not="that a failover works (no server was stopped)",
)
def replicated(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Identity first, then the audit's own rows where it may write, else positions in the log.

    Nothing is written on servers that cannot be a pair.
    """
    primary, standby = evidence.history(Replication, "primary"), evidence.history(Replication, "standby")
    _same_cluster(primary[-1].fact, standby[-1].fact)
    if standby[-1].fact.replay_paused:
        refute("replay is paused", "the standby takes changes in and shows none", remedy="resume the replay")
    _no_delay(claim, standby[-1].fact)
    try:
        probe = evidence.shared(ReplicationProbe)
    except Unobservable as error:
        if error.reason is Reason.NOT_RECORDED:
            return NeedMore((Probe(_PROBE, ("primary", "standby")),))
        if error.reason is not Reason.NOT_SAFE:
            raise
        return _by_positions(claim, primary, standby)
    return _by_rows(claim, probe)


def _no_delay(claim: Claim, standby: Replication) -> None:
    if standby.apply_delay_s > 0 and not claim["lag"].holds(standby.apply_delay_s):
        because = f"its own setting; claimed {claim['lag']}"
        refute(f"the standby waits {standby.apply_delay_s:g} s before it applies", because, conclusive=True)


def _same_cluster(primary: Replication, standby: Replication) -> None:
    if primary.server == standby.server:
        remedy = "give the standby a server of its own"
        refute("two names of one server", "both answer with one identity", remedy=remedy, conclusive=True)
    if not standby.standby and standby.subscribed:
        because = "the follower holds logical subscriptions; this check judges physical replication"
        unverifiable(Reason.NO_OBSERVABLE, "logical replication", because)
    if primary.cluster != standby.cluster:
        refute("two independent servers", "their system identifiers differ: a copy, not a replica", conclusive=True)
    if not standby.standby:
        refute(
            "the standby accepts writes",
            "it is not in recovery: a copy that was let go, not a replica",
            conclusive=True,
        )
    if primary.standby:
        refute("the primary is itself a standby", "it is in recovery", conclusive=True)


def _by_rows(claim: Claim, probe: ReplicationProbe) -> Judgement:
    """The rows are written once: looking again cannot change what became of them."""
    if probe.written == 0:
        unverifiable(Reason.VACUOUS, "no row was written", probe.detail)
    if probe.arrived < probe.written:
        because = probe.detail or "the rest did not come in time"
        refute(f"{probe.arrived} of {probe.written} rows arrived", because, conclusive=True)
    if probe.standby_refuses is False:
        because = "it took a write of the audit's, which was undone"
        refute("the standby accepts writes", because, conclusive=True)
    if not probe.lags_s:
        unverifiable(Reason.NO_OBSERVABLE, "no delays", "the rows arrived, when is not known")
    lag = nearest(probe.lags_s)
    if not claim["lag"].holds(lag):
        because = f"claimed {claim['lag']}"
        refute(f"95 % within {lag * 1000:.0f} ms", because, remedy="find what delays the replay", conclusive=True)
    cleaned = "" if probe.cleaned else "; the audit's table could not be removed"
    return verified(f"{probe.arrived} of {probe.written} rows, 95 % within {lag * 1000:.0f} ms", f"own rows{cleaned}")


_BY_ROWS = 'set probes = "write" for proof by own rows'
_Place = tuple[float, int]


def _by_positions(
    claim: Claim, primary: Sequence[Seen[Replication]], standby: Sequence[Seen[Replication]]
) -> Judgement:
    """What the primary wrote while the audit looked must have reached the standby as soon as claimed."""
    sent = [(look.at, look.fact.position) for look in primary if look.fact.position is not None]
    shown = [(look.at, look.fact.position) for look in standby if look.fact.position is not None]
    if not sent or not shown:
        unverifiable(Reason.NO_OBSERVABLE, "no positions", "the servers do not show their log positions to the audit")
    _same_log(primary[-1].fact, standby[-1].fact, sent, shown)
    least, most = _delays(sent, shown)
    if most is None:
        _not_arrived(claim, standby[-1].fact, least, behind=shown[-1][1] < sent[-1][1])
    holds = {claim["lag"].holds(seconds) for seconds in (least, most)}
    if len(holds) == 2:
        because = f"by log positions it is behind by {_span(least, most)}, claimed {claim['lag']}"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "lag not known well enough", f"{because}; {_BY_ROWS}")
    if holds == {False}:
        refute(f"behind by {_span(least, most)}", f"by log positions; claimed {claim['lag']}", conclusive=True)
    return verified(f"the standby follows, behind by {_span(least, most)}", f"by log positions; {_BY_ROWS}")


def _delays(sent: Sequence[_Place], shown: Sequence[_Place]) -> tuple[float, float | None]:
    """(seconds by which the standby was seen behind, by which it was at most when it had something new or None)."""
    pairs = [(there - here, end, got) for here, end in sent for there, got in shown if there >= here]
    least = max((seconds for seconds, end, got in pairs if got < end), default=0.0)
    most = min((seconds for seconds, end, got in pairs if got >= end > sent[0][1]), default=None)
    return least, most


def _same_log(primary: Replication, standby: Replication, sent: Sequence[_Place], shown: Sequence[_Place]) -> None:
    """Two logs that began as one are told apart by what the one holds and the other never wrote."""
    if primary.may_see_feeds and not primary.feeds and standby.receiving:
        refute("the primary feeds nobody", "the standby receives from another server than the one claimed")
    if None not in (primary.timeline, standby.timeline) and primary.timeline != standby.timeline:
        because = f"timeline {primary.timeline} and {standby.timeline}: their logs have parted"
        refute("the standby follows another history", because)
    # a later look at the standby lies between: the position was read before the primary's was
    ends = [(next_look, got) for (_, got), (next_look, _) in pairwise(shown)]
    if any(got > end and here >= after for after, got in ends for here, end in sent):
        refute("the standby is ahead of the primary", "it shows a log that the primary has not written")


def _not_arrived(claim: Claim, standby: Replication, least: float, behind: bool) -> NoReturn:
    """Nothing that was written meanwhile has reached the standby: behind, cut off, or nothing was written."""
    if not standby.receiving:
        because = "it is in recovery, but no sender feeds it"
        refute("the standby receives nothing", because, remedy=f"if it reads an archive, {_BY_ROWS}")
    if least > 0 and not claim["lag"].holds(least):
        because = f"it did not reach an earlier position of the primary; claimed {claim['lag']}"
        refute(f"behind by {least:.1f} s and more", because, conclusive=claim["lag"].operator in ("<", "<="))
    if behind:
        unverifiable(Reason.BUDGET, f"behind for {least:.1f} s", "what comes of it was not waited for; give `within`")
    because = "nothing was written on the primary while the audit looked, so that nothing could arrive"
    unverifiable(Reason.VACUOUS, "the primary was idle", because, remedy=f"{_BY_ROWS}, or look while it works")


def _span(least: float, most: float) -> str:
    low, high = f"{least:.1f}", f"{most:.1f}"
    return f"{low} to {high} s" if least < most and low != high else f"{high} s at most"
