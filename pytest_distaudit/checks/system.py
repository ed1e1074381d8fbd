"""Claims about systems as wholes: they run, they are well, there are so many, of such a version."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess

_SYSTEM = {"system": Role("the system; a glob means each one that matches", many=True)}
_SERVERS = {"servers": Role("the systems that the claim counts or tells apart, as a glob", many=True)}


def _processes(claim: Claim) -> tuple[Need, ...]:
    return (Look("servers", Presence.ask()), Look("servers", ServerProcess.ask()))


def _presence(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", Presence.ask()),)


@check(
    "system.running",
    claims="the system runs: its own product answers",
    rung=Rung.RUNNING,
    roles=_SYSTEM,
    needs=_presence,
    judges_presence=("system",),
    shows_not="that anything depends on it",
)
def running(claim: Claim, evidence: Evidence) -> Judgement:
    """Down needs a second witness; a handshake that turns the audit away is still a running system."""
    found = evidence.attempts(Presence, "system")
    down = {name: fact for name, fact in found.items() if isinstance(fact, Presence) and not fact.up}
    if down:
        because = "; ".join(f"{name}: {fact.witness}" for name, fact in down.items())
        refute(f"{', '.join(down)} down", because, remedy="start it and see why it ended")
    versions = [_product(name, fact) for name, fact in _all_seen(found).items()]
    return verified(", ".join(versions), "answered its product's handshake")


def _product(name: str, fact: Presence) -> str:
    return f"{name} runs {fact.product} {fact.version}".strip() if fact.product else f"{name} runs"


def _all_seen(found: Mapping[str, Presence | Unobservable]) -> Mapping[str, Presence]:
    """The facts, if every one could be had; else the first failure is raised."""
    seen: dict[str, Presence] = {}
    for name, fact in found.items():
        if isinstance(fact, Unobservable):
            raise Unobservable(fact.reason, f"{name}: {fact.detail}")
        seen[name] = fact
    return seen


@check(
    "system.healthy",
    claims="the system calls itself healthy by a check that can say otherwise",
    rung=Rung.HEALTHY,
    roles=_SYSTEM,
    needs=lambda claim: (Look("system", Health.ask()),),
    shows_not="that its health turns red when a dependency dies (http.health-is-honest)",
)
def healthy(claim: Claim, evidence: Evidence) -> Judgement:
    """An answer that nonsense gets too says nothing about health."""
    words = evidence.each(Health, "system")
    for name, health in words.items():
        if not health.healthy:
            failing = [f"{part.name}: {part.detail}" for part in health.parts if not part.healthy]
            because = "; ".join(failing) or health.detail
            refute(f"{name} unhealthy", because, remedy=f"see what {health.way or 'its health check'} complains of")
    for name, health in words.items():
        if health.discerning is False:
            because = f"{name} answers a path that cannot exist in the same way as {health.way}"
            unverifiable(Reason.VACUOUS, f"{name} answers everything alike", because, remedy="declare `health`")
    return verified(f"{', '.join(words)} healthy", "; ".join(h.detail or h.way for h in words.values()))


@check(
    "system.count",
    claims="so many separate servers run",
    rung=Rung.RUNNING,
    roles=_SERVERS,
    params={"count": Parameter(ParameterType.NUMBER, "how many servers run, such as 3 or '>= 2'")},
    needs=_processes,
    judges_presence=("servers",),
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Names are not servers: one process under two names, or a relay to a counted one, counts once."""
    up, unknown = [], []
    for name, presence in evidence.attempts(Presence, "servers").items():
        if isinstance(presence, Unobservable):
            unknown.append((name, presence))
        elif presence.up:
            up.append(name)
    processes = {name: fact for name, fact in evidence.attempts(ServerProcess, "servers").items() if name in up}
    unknown += [(name, fact) for name, fact in processes.items() if isinstance(fact, Unobservable)]
    known = {name: fact for name, fact in processes.items() if isinstance(fact, ServerProcess)}
    servers = len({fact.identity for name, fact in known.items() if not _relays(name, known)})
    return _counted(claim["count"], servers, len(processes) - len(known), unknown, evidence.systems("servers"))


def _counted(
    wanted: Comparison, least: int, blind: int, unknown: list[tuple[str, Unobservable]], names: tuple[str, ...]
) -> Judgement:
    """Decide only if every number that the unknown ones allow decides alike."""
    most = least + len(unknown)
    holds = {wanted.holds(number) for number in range(least, most + 1)}
    found = f"{least}" if least == most else f"{least} to {most}"
    because = f"{found} separate running servers among {len(names)} named: {', '.join(names)}"
    if holds == {True}:
        return verified(f"{found} servers", because)
    if holds == {False}:
        refute(f"{found} servers", because, remedy="start what is missing, or correct the number in the document")
    name, error = unknown[0]
    raise Unobservable(error.reason, f"{because}; {name}: {error.detail}")


def _refute_dead(evidence: Evidence) -> None:
    for name, presence in evidence.attempts(Presence, "servers").items():
        if isinstance(presence, Presence) and not presence.up:
            refute(f"{name} is no running process", presence.witness, remedy="start it and see why it ended")


def _relays(name: str, processes: Mapping[str, ServerProcess]) -> bool:
    """Whether the process only passes connections on to another one of these."""
    there = {place for other, fact in processes.items() if other != name for place in fact.listens_on}
    return bool(there.intersection(processes[name].forwards_to))


@check(
    "process.distinct",
    claims="each of the servers is a process of its own",
    rung=Rung.RUNNING,
    roles=_SERVERS,
    params={"count": Parameter(ParameterType.NUMBER, "how many there are; default: at least two", ">= 2")},
    needs=_processes,
    judges_presence=("servers",),
    shows_not="that they do different work",
)
def distinct(claim: Claim, evidence: Evidence) -> Judgement:
    """Equal identities are one process; a process that connects on to another one is a relay."""
    names = evidence.systems("servers")
    if len(names) < 2:
        because = f"only {', '.join(names) or 'nothing'} matches"
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, "one server", because, remedy="name at least two systems")
    _refute_dead(evidence)
    processes = evidence.each(ServerProcess, "servers")
    owners: dict[str, list[str]] = {}
    for name, process in processes.items():
        owners.setdefault(process.identity, []).append(name)
    shared = [names for names in owners.values() if len(names) > 1]
    if shared:
        refute(f"{' and '.join(shared[0])} are one process", f"both answer as {processes[shared[0][0]].how}")
    for name, process in processes.items():
        if _relays(name, processes):
            refute(f"{name} only forwards", f"a connection to {name} was passed on to {', '.join(process.forwards_to)}")
    if not claim["count"].holds(len(processes)):
        refute(f"{len(processes)} processes", f"claimed {claim['count']}: {', '.join(processes)}")
    how = sorted({process.how for process in processes.values()})
    return verified(f"{len(processes)} processes", f"told apart by {' and '.join(how)}")


@check(
    "system.version",
    claims="the server is of that version, by its own account",
    rung=Rung.RUNNING,
    roles=_SYSTEM,
    params={"version": Parameter(ParameterType.TEXT, "'15' (any 15.x), or comparisons such as '>= 15, < 17'")},
    needs=_presence,
)
def version(claim: Claim, evidence: Evidence) -> Judgement:
    """The server's own account, from each server of the role."""
    wanted = _specifier(claim["version"])
    found: dict[str, str] = {}
    for name, fact in evidence.each(Presence, "system").items():
        number = re.search(r"\d+(?:\.\d+)*", fact.version)
        if number is None:
            unverifiable(Reason.NO_OBSERVABLE, "no version", f"{name} does not tell its version")
        found[name] = number.group()
    wrong = {name: number for name, number in found.items() if Version(number) not in wanted}
    listed = ", ".join(f"{name} {number}" for name, number in (wrong or found).items())
    if wrong:
        refute(listed, f"claimed {claim['version']}", remedy="correct the document, or upgrade the server")
    return verified(listed)


def _specifier(text: str) -> SpecifierSet:
    bare = re.fullmatch(r"v?(\d+(?:\.\d+)*)", text.strip())
    try:
        return SpecifierSet(f"=={bare[1]}.*" if bare else text, prereleases=True)
    except InvalidSpecifier:
        unverifiable(
            Reason.AMBIGUOUS_CLAIM, f"{text!r}", "is no version; write '15' or comparisons such as '>= 15, < 17'"
        )
