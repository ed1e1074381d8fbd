"""Claims that a system consists of services: each a process and a program of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pytest_distaudit.checks._programs import likeness
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import Presence, ServerProcess
from pytest_distaudit.ports.programs import Program, Surface

_REPLICAS = 'systems that are one service several times: "front=front+front-green"'
_SERVES = 'a path that each service alone answers: "orders=/orders, users=/users"'
_SAY_SO = f"say so if they are replicas: {_REPLICAS}"
_PAIR = re.compile(r"([^=,\s]+)\s*=\s*([^=,\s]+)")
#: words of a command that say where and under which name, not what
_WHERE = re.compile(r"-*[\w.-]*[=:]?(?:\d+|[\w.\[\]-]*:\d+|\w+://\S+)")


ROLES = {"services": Role("the services, by name or glob; what only passes requests on is none", many=True)}
PARAMS = {
    "count": Parameter(ParameterType.NUMBER, "how many services there are; default: at least two", ">= 2"),
    "replicas": Parameter(ParameterType.TEXT, _REPLICAS, None),
    "serves": Parameter(ParameterType.TEXT, f"{_SERVES}; default: by their OpenAPI documents", None),
}


@dataclass(frozen=True, slots=True)
class _Service:
    """A system by what was seen of it; what could not be seen is the reason why."""

    name: str
    process: ServerProcess | Unobservable
    program: Program | Unobservable
    surface: Surface | Unobservable

    @property
    def runs(self) -> str:
        """The run of its process; "" if that is not known."""
        return "" if isinstance(self.program, Unobservable) else self.program.process


def looks(claim: Claim) -> tuple[Need, ...]:
    """At each service: its process, its program, and what it serves."""
    paths = (path for _, path in _PAIR.findall(claim["serves"] or ""))
    asks = (Presence.ask(), ServerProcess.ask(), Program.ask(), _surface(paths))
    return tuple(Look("services", ask) for ask in asks)


@check(
    "architecture.services",
    claims="the system consists of services, each a process and a program of its own that serves what no other does",
    says="{count} services",
    rung=Rung.RUNNING,
    roles=ROLES,
    params=PARAMS,
    needs=looks,
    judges_presence=("services",),
    settles_s=5.0,
    shows_not="that each is needed for a part of the work (architecture.microservices), that the code that it has "
    "alone is what answers, and that they have no database in common (data.per-service)",
)
def services(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """One process, or one program, under two names is one service; other texts, numbers or environment make no other.

    Two are services only where each has code of its own and serves something that the other does not. Where the code
    cannot be read, that cannot be shown.
    """
    return standing(claim, evidence)


def standing(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """What the services are as they stand, nothing done to them."""
    names = evidence.systems("services")
    replicas = service_of(claim["replicas"], names)
    _all_up(evidence)
    found = _found(evidence, names)
    for one, other in combinations(found, 2):
        _one_process(one, other)
    _relays(found)
    apart = [pair for pair in combinations(found, 2) if replicas[pair[0].name] != replicas[pair[1].name]]
    told = _told(claim["serves"], found, replicas)
    if (more := _not_asked(told, evidence)) is not None:
        return more
    for one, other in apart:
        _one_program(one, other, told)
    number = len(set(replicas.values()))
    if not claim["count"].holds(number):
        refute(counted(number, "service"), f"claimed {claim['count']}: {listed(sorted(set(replicas.values())))}")
    if not apart:
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, "one service", f"only {listed(names)} matches")
    for one in found:
        _keeps_its_word(one, told)
    _all_seen(found)
    for one, other in apart:
        _own_code(one, other)
        _serve_apart(one, other, told)
    because = "; ".join(f"{one.name}: {_file(one)}" for one in found)
    return verified(f"{counted(number, 'service')}, each of its own", because)


def service_of(text: str | None, names: Sequence[str]) -> Mapping[str, str]:
    """System -> service. Raises unverifiable if the text cannot be read."""
    service = {name: name for name in names}
    for part in (text or "").split(","):
        match = _PAIR.fullmatch(part.strip())
        if part.strip() and not match:
            unverifiable(Reason.AMBIGUOUS_CLAIM, "replicas cannot be read", f"it says {text!r}", remedy=_REPLICAS)
        for name in match[2].split("+") if match else ():
            if name not in service:
                unverifiable(Reason.AMBIGUOUS_CLAIM, f"{name} is none of the services", f"they are {listed(names)}")
            service[name] = match[1] if match else name
    return service


def _all_up(evidence: Evidence) -> None:
    for name, presence in evidence.attempts(Presence, "services").items():
        if isinstance(presence, Presence) and not presence.up:
            refute(f"{name} does not run", presence.witness, remedy="start it and see why it ended")


def _found(evidence: Evidence, names: Sequence[str]) -> list[_Service]:
    process, program = evidence.attempts(ServerProcess, "services"), evidence.attempts(Program, "services")
    surface = evidence.attempts(Surface, "services")
    return [_Service(name, process[name], program[name], surface[name]) for name in names]


def _one_process(one: _Service, other: _Service) -> None:
    mine, theirs = one.process, other.process
    same = one.runs and one.runs == other.runs
    if isinstance(mine, ServerProcess) and isinstance(theirs, ServerProcess):
        same = same or mine.identity == theirs.identity
        if mine.forwards_to and mine.forwards_to == theirs.forwards_to:
            refute(f"{one.name} and {other.name} lead to one", f"both pass on to {listed(mine.forwards_to)}")
    if same:
        refute(f"{one.name} and {other.name} are one process", "the same process listens for both names")


def _relays(found: Sequence[_Service]) -> None:
    for one in found:
        for other in found:
            if one is other or isinstance(one.process, Unobservable) or isinstance(other.process, Unobservable):
                continue
            if set(one.process.forwards_to) & set(other.process.listens_on):
                because = f"what {one.name} is asked is passed on to {listed(one.process.forwards_to)}"
                refute(f"{one.name} only leads to {other.name}", because, remedy="leave it out: it is no service")


#: system -> paths that a document or its own OpenAPI gives to it; None where nothing is known
_Told = Mapping[str, frozenset[str] | None]


def _told(text: str | None, found: Sequence[_Service], replicas: Mapping[str, str]) -> _Told:
    if text is None:
        return {one.name: _published(one) for one in found}
    paths: dict[str, set[str]] = {}
    known = {*replicas, *replicas.values()}
    for part in text.split(","):
        match = _PAIR.fullmatch(part.strip())
        if not match or match[1] not in known:
            unverifiable(Reason.AMBIGUOUS_CLAIM, "serves cannot be read", f"it says {text!r}", remedy=_SERVES)
        paths.setdefault(match[1], set()).add(match[2])
    own = {one.name: paths.get(one.name) or paths.get(replicas[one.name]) for one in found}
    return {name: frozenset(told) if told else None for name, told in own.items()}


def _published(one: _Service) -> frozenset[str] | None:
    seen = None if isinstance(one.surface, Unobservable) else one.surface.published
    return None if seen is None else frozenset(seen)


def _not_asked(told: _Told, evidence: Evidence) -> NeedMore | None:
    """What every service is still to be asked: its own document is not believed, and the others' paths matter."""
    ask = _surface(path for paths in told.values() for path in paths or ())
    latest = {one.system: one.ask for one in evidence.observations if one.ask.capability == Surface.capability}
    return None if set(latest.values()) <= {ask} else NeedMore((Look("services", ask),))


def _surface(paths: Iterable[str]) -> Ask:
    return Surface.ask(paths=" ".join(sorted(set(paths))))


def _serves(one: _Service, what: frozenset[str]) -> frozenset[str]:
    """Those of these paths that it serves."""
    return frozenset() if isinstance(one.surface, Unobservable) else what & set(one.surface.served)


def _one_program(one: _Service, other: _Service, told: _Told) -> None:
    mine, theirs = one.program, other.program
    if isinstance(mine, Unobservable) or isinstance(theirs, Unobservable):
        return
    alike = likeness(mine, theirs)
    ours, its = told[one.name] or frozenset(), told[other.name] or frozenset()
    same_work = bool(ours and its) and _serves(other, ours) == ours and _serves(one, its) == its
    same_words = _plain(mine.words, one.name) == _plain(theirs.words, other.name)
    if isinstance(alike, str):
        if mine.digest and mine.digest == theirs.digest and same_words and same_work:
            because = f"{mine.file} runs for both, and each serves what the other does: {listed(sorted(ours | its))}"
            refute(f"{one.name} and {other.name} are one program", because, remedy=_SAY_SO)
        return
    same_file = mine.digest and mine.digest == theirs.digest
    if alike.one or (same_file and not alike.most and not alike.unseen):
        if not same_words and not same_work:
            return  # a command may make one of it that the other is not: that is not told here
        because = f"{_file(one)}, {_file(other)}: all code is common but for {counted(alike.most, 'statement')}"
        because += "; names, texts, numbers and environment make no program"
        refute(f"{one.name} and {other.name} are one program", because, remedy=_SAY_SO)


def _own_code(one: _Service, other: _Service) -> None:
    """Raise unless each is seen to have code of its own."""
    if isinstance(one.program, Unobservable) or isinstance(other.program, Unobservable):
        return
    alike = likeness(one.program, other.program)
    because = alike if isinstance(alike, str) else "" if alike.two else alike.told
    if because:
        unverifiable(Reason.NO_OBSERVABLE, f"{one.name} and {other.name} may be one program", because)


def _plain(words: Sequence[str], name: str) -> tuple[str, ...]:
    """Without the service's own name, ports and addresses, and the options that they are given to."""
    kept: list[str] = []
    for word in words:
        if word != name and not _WHERE.fullmatch(word):
            kept.append(word)
        elif kept and kept[-1].startswith("-"):
            kept.pop()
    return tuple(kept)


def _file(one: _Service) -> str:
    return "a program that is not seen" if isinstance(one.program, Unobservable) else one.program.file


def _all_seen(found: Sequence[_Service]) -> None:
    """Raise unless it is known of each which process answers for it, and which program that is."""
    for one in found:
        for fact in (one.program, one.process):
            if isinstance(fact, Unobservable):
                raise Unobservable(fact.reason, f"{one.name}: {fact.detail}")
        process = one.process
        if isinstance(process, ServerProcess) and (process.doubt or process.forwards_to):
            because = process.doubt or f"it passes requests on to {listed(process.forwards_to)}"
            unverifiable(Reason.NO_OBSERVABLE, f"another may answer for {one.name}", because)


def _keeps_its_word(one: _Service, told: _Told) -> None:
    if isinstance(one.surface, Unobservable):
        return
    own = told[one.name] or frozenset()
    if missing := own - _serves(one, own) - set(one.surface.hidden):
        refute(f"{one.name} does not serve {listed(sorted(missing))}", "it is answered like what cannot exist")


def _serve_apart(one: _Service, other: _Service, told: _Told) -> None:
    for mine, theirs in ((one, other), (other, one)):
        own = told[mine.name]
        if isinstance(mine.surface, Unobservable) or isinstance(theirs.surface, Unobservable) or not own:
            because = f"nothing says what {mine.name} serves" if not own else "what is served cannot be asked for"
            unverifiable(Reason.NO_OBSERVABLE, f"{mine.name} may be {theirs.name} once more", because, remedy=_SERVES)
        if not _serves(mine, own) - _serves(theirs, own) - set(theirs.surface.hidden):
            because = f"{theirs.name} answers {listed(sorted(own))} too, or it is not seen whether it does"
            unverifiable(Reason.NO_OBSERVABLE, f"{mine.name} serves nothing that is its own", because, remedy=_SERVES)
