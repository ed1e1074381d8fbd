"""Claims about systems as wholes: they run, they are well, there are so many, of such a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import TypeVar

from packaging.version import InvalidVersion, Version

from pytest_distaudit.checks.versions import specifier
from pytest_distaudit.domain.check import Observes, Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess

_Fact = TypeVar("_Fact")

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
    observes=Observes(Presence, lambda fact: [{}]),
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


def _all_seen(found: Mapping[str, _Fact | Unobservable]) -> Mapping[str, _Fact]:
    """The facts, if every one could be had; else the first failure is raised."""
    seen: dict[str, _Fact] = {}
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
    observes=Observes(Health, lambda fact: [{}]),
    needs=lambda claim: (Look("system", Health.ask()),),
    shows_not="that its health turns red when a dependency dies (http.health-is-honest)",
)
def healthy(claim: Claim, evidence: Evidence) -> Judgement:
    """A complaint about a part is a complaint; an answer that nonsense gets too says nothing about health."""
    found = evidence.attempts(Health, "system")
    for name, health in found.items():
        if isinstance(health, Health) and (failing := _complaints(health)):
            refute(f"{name} unhealthy", failing, remedy=f"see what {health.way or 'its health check'} complains of")
    words = _all_seen(found)
    for name, health in words.items():
        if health.discerning is False:
            because = f"{name} answers a path that cannot exist in the same way as {health.way}"
            unverifiable(Reason.VACUOUS, f"{name} answers everything alike", because, remedy="declare `health`")
    return verified(f"{', '.join(words)} healthy", "; ".join(h.detail or h.way for h in words.values()))


def _complaints(health: Health) -> str:
    """What the health answer complains of; "" if it calls everything healthy."""
    failing = "; ".join(f"{part.name}: {part.detail}" for part in health.parts if not part.healthy)
    return failing or ("" if health.healthy else health.detail or "no reason given")


@check(
    "system.count",
    claims="so many separate servers run",
    says="{count} separate servers",
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
    doubtful = [(name, doubt) for name, fact in known.items() if (doubt := _doubt(name, fact, known))]
    sure = {name: fact for name, fact in known.items() if name not in dict(doubtful) and not _relay_to(name, known)}
    # whatever answers, and nothing counted does it, there is at least one
    least = max(len(_owners(sure)), 1 if up else 0)
    most = max(least, len(_owners(sure)) + len(unknown) + len(doubtful))
    return _counted(claim["count"], least, most, [*unknown, *doubtful], evidence.systems("servers"))


def _counted(
    wanted: Comparison, least: int, most: int, unknown: list[tuple[str, Unobservable]], names: tuple[str, ...]
) -> Judgement:
    """Decide only if every number that the unknown ones allow decides alike."""
    holds = {wanted.holds(number) for number in range(least, most + 1)}
    found = counted(least, "server") if least == most else f"{least} to {most} servers"
    because = f"{found} run separately among {len(names)} named: {', '.join(names)}"
    if holds == {True}:
        return verified(found, because)
    if holds == {False}:
        refute(found, because, remedy="start what is missing, or correct the number in the document")
    name, error = unknown[0]
    raise Unobservable(error.reason, f"{because}; {name}: {error.detail}")


def _refute_dead(evidence: Evidence) -> None:
    for name, presence in evidence.attempts(Presence, "servers").items():
        if isinstance(presence, Presence) and not presence.up:
            refute(f"{name} is no running process", presence.witness, remedy="start it and see why it ended")


def _refute_shared(known: Mapping[str, ServerProcess]) -> None:
    for names in _owners(known):
        if len(names) > 1:
            refute(f"{' and '.join(names)} are one process", f"by {known[names[0]].how} they are the same")
    for name, process in known.items():
        if _relay_to(name, known):
            refute(f"{name} only forwards", f"a connection to {name} was passed on to {', '.join(process.forwards_to)}")


def _relay_to(name: str, processes: Mapping[str, ServerProcess]) -> str:
    """The one of these to which the process passes connections on; "" if to none."""
    mine = processes[name].forwards_to
    others = (other for other, fact in processes.items() if other != name and set(fact.listens_on).intersection(mine))
    return next(others, "")


def _doubt(name: str, process: ServerProcess, processes: Mapping[str, ServerProcess]) -> Unobservable | None:
    """Why another may answer in its place. Its own word tells it from another; its pid does not."""
    if _relay_to(name, processes):
        return None
    if process.doubt:
        return Unobservable(Reason.NO_OBSERVABLE, f"{name}: {process.doubt}; declare instances.identity")
    if not process.forwards_to:
        return None
    if _own_word(process) and not any(
        process.pid is not None and process.pid == fact.pid for other, fact in processes.items() if other != name
    ):
        return None
    because = f"{name} passes a request on to {', '.join(process.forwards_to)}, so that another may answer for it"
    return Unobservable(Reason.NO_OBSERVABLE, f"{because}; declare instances.identity")


def _own_word(process: ServerProcess) -> bool:
    """Whether the server tells itself apart, by a header for instance, which it may choose as it likes."""
    return process.how.startswith("header")


def _owners(processes: Mapping[str, ServerProcess]) -> list[list[str]]:
    """Names by the process that they lead to. A header's word does not make two of one pid."""
    owners: list[list[str]] = []
    for name, process in processes.items():
        same = [names for names in owners if any(_one(process, processes[other]) for other in names)]
        owners = [names for names in owners if names not in same] + [[*chain.from_iterable(same), name]]
    return owners


def _one(process: ServerProcess, other: ServerProcess) -> bool:
    told = _own_word(process) and _own_word(other) and not process.forwards_to and not other.forwards_to
    return process.identity == other.identity or (told and process.pid is not None and process.pid == other.pid)


@check(
    "process.distinct",
    claims="each of the servers is a process of its own",
    says="{count} processes of their own",
    rung=Rung.RUNNING,
    roles=_SERVERS,
    params={"count": Parameter(ParameterType.NUMBER, "how many there are; default: at least two", ">= 2")},
    needs=_processes,
    judges_presence=("servers",),
    shows_not="that they do different work; on other hosts, that the header by which they are told apart is true",
)
def distinct(claim: Claim, evidence: Evidence) -> Judgement:
    """Equal identities are one process; a process that connects on to another one is a relay."""
    names = evidence.systems("servers")
    if len(names) < 2:
        because = f"only {', '.join(names) or 'nothing'} matches"
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, "one server", because, remedy="name at least two systems")
    _refute_dead(evidence)
    found = evidence.attempts(ServerProcess, "servers")
    _refute_shared({name: fact for name, fact in found.items() if isinstance(fact, ServerProcess)})
    if not claim["count"].holds(len(names)):
        refute(f"{len(names)} processes", f"claimed {claim['count']}: {', '.join(names)}")
    processes = _all_seen(found)
    for name, process in processes.items():
        if doubt := _doubt(name, process, processes):
            raise doubt
    hows = sorted({process.how for process in processes.values()})
    return verified(f"{len(processes)} processes", f"told apart by {' and '.join(hows)}")


@check(
    "system.version",
    claims="the server is of that version, by its own account",
    says="version {version}",
    rung=Rung.RUNNING,
    roles=_SYSTEM,
    params={"version": Parameter(ParameterType.TEXT, "'15' (any 15.x), or comparisons such as '>= 15, < 17'")},
    observes=Observes(Presence, lambda fact: [{"version": fact.version.split()[0]}] if fact.version else []),
    needs=_presence,
)
def version(claim: Claim, evidence: Evidence) -> Judgement:
    """The server's own account, from each server of the role."""
    wanted = specifier(claim["version"])
    seen = evidence.attempts(Presence, "system")
    found = {name: _version_of(fact) for name, fact in seen.items() if isinstance(fact, Presence)}
    told = {name: number for name, number in found.items() if number is not None}
    wrong = {name: number for name, number in told.items() if number not in wanted}
    listed = ", ".join(f"{name} {number}" for name, number in (wrong or told).items())
    if wrong:
        refute(listed, f"claimed {claim['version']}", remedy="correct the document, or upgrade the server")
    for name, fact in _all_seen(seen).items():
        if name not in told and not fact.authenticated:
            unverifiable(Reason.FORBIDDEN, "no version", f"{name} tells its version only to whom it lets in")
        if name not in told:
            unverifiable(Reason.NO_OBSERVABLE, "no version", f"{name} does not tell its version")
    return verified(listed)


def _version_of(fact: Presence) -> Version | None:
    """The first number of what the server says; "16rc1" is not yet 16."""
    number = re.search(r"\d+(?:\.\d+)*", fact.version)
    if number is None:
        return None
    with suppress(InvalidVersion):
        whole = Version(fact.version[number.start() :].split()[0])
        if whole.is_prerelease:
            return whole
    return Version(number.group())
