"""Claims about databases: sessions work, and what is written arrives elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Probe
from pytest_distaudit.domain.verdict import Reason, Rung
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
    both = (Look("primary", Replication.ask()), Look("standby", Replication.ask()))
    return (*both, Probe(_PROBE, ("primary", "standby")))


@check(
    "database.replicated",
    claims="what is written on the primary arrives on the standby",
    rung=Rung.USED,
    roles={"primary": Role("the server that is written to"), "standby": Role("the server that follows it")},
    params={"lag": Parameter(ParameterType.TIME, "the 95th percentile of the delay", "<= 1 s")},
    needs=_needs,
    changes_target=True,
    cost_s=3.0,
    settles_s=10.0,
    shows_not="that a failover works (no server was stopped)",
)
def replicated(claim: Claim, evidence: Evidence) -> Judgement:
    """Identity first, then the audit's own rows where it may write, else positions in the log."""
    primary, standby = evidence.history(Replication, "primary"), evidence.history(Replication, "standby")
    _same_cluster(primary[-1].fact, standby[-1].fact)
    try:
        probe = evidence.shared(ReplicationProbe)
    except Unobservable as error:
        if error.reason is not Reason.NOT_SAFE:
            raise
        return _by_positions(primary, standby)
    return _by_rows(claim, probe)


def _same_cluster(primary: Replication, standby: Replication) -> None:
    if primary.server == standby.server:
        refute(
            "two names of one server", "both answer with one identity", remedy="give the standby a server of its own"
        )
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
    if probe.written == 0:
        unverifiable(Reason.VACUOUS, "no row was written", probe.detail)
    if probe.arrived < probe.written:
        refute(f"{probe.arrived} of {probe.written} rows arrived", probe.detail or "the rest did not come in time")
    if probe.standby_refuses is False:
        refute("the standby accepts writes", "it took a write of the audit's, which was undone")
    lag = sorted(probe.lags_s)[ceil(0.95 * len(probe.lags_s)) - 1]
    if not claim["lag"].holds(lag):
        refute(f"95 % within {lag * 1000:.0f} ms", f"claimed {claim['lag']}", remedy="find what delays the replay")
    cleaned = "" if probe.cleaned else "; the audit's table could not be removed"
    return verified(f"{probe.arrived} of {probe.written} rows, 95 % within {lag * 1000:.0f} ms", f"own rows{cleaned}")


def _by_positions(primary: Sequence[Seen[Replication]], standby: Sequence[Seen[Replication]]) -> Judgement:
    """A later look at the standby must have reached an earlier position of the primary."""
    now = standby[-1].fact
    if not now.receiving:
        refute("the standby receives nothing", "it is in recovery, but no sender feeds it")
    if now.replay_paused:
        refute("replay is paused", "the standby takes changes in and shows none")
    goals = [look for look in primary if look.at <= standby[-1].at and look.fact.position is not None]
    if not goals or now.position is None:
        unverifiable(Reason.NO_OBSERVABLE, "no positions", "the servers do not show their log positions to the audit")
    behind = (goals[0].fact.position or 0) - now.position
    if behind > 0:
        refute(f"{behind} bytes behind", "the standby did not reach an earlier position of the primary")
    return verified("the standby follows", 'by log positions; set probes = "write" for proof by own rows')
