"""Claims about HTTP services: they answer what the document says, and their health tells the truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.capabilities import Answer, Health, Presence


@check(
    "http.responds",
    claims="the service answers on that path as documented",
    says="GET {path} answers {status}",
    rung=Rung.CONFIGURED,
    roles={"system": Role("the HTTP service")},
    params={
        "path": Parameter(ParameterType.TEXT, "the path, such as /health"),
        "status": Parameter(ParameterType.NUMBER, "the status of the answer", 200),
        "contains": Parameter(ParameterType.TEXT, "text that the body must hold", None),
    },
    needs=lambda claim: (Look("system", Answer.ask(path=claim["path"])),),
    shows_not="that the service does anything behind it",
)
def responds(claim: Claim, evidence: Evidence) -> Judgement:
    """A service that answers every path alike has not answered this one."""
    answer = evidence.one(Answer)
    if not claim["status"].holds(answer.status):
        if 300 <= answer.status < 400:
            unverifiable(Reason.REDIRECTED, f"status {answer.status}", f"redirected to {answer.location}")
        if answer.status == _TOO_OFTEN:
            unverifiable(Reason.FORBIDDEN, f"status {answer.status}", "the audit asked more often than it may")
        refute(f"status {answer.status}", f"GET {answer.path}: {answer.body[:120]}")
    if claim["contains"] is not None and claim["contains"] not in answer.body:
        if len(answer.body) >= _BODY_KEPT:
            unverifiable(Reason.TOO_LARGE, "text not found", f"only {_BODY_KEPT} characters of the body were kept")
        refute("another body", f"GET {answer.path} does not hold {claim['contains']!r}: {answer.body[:120]}")
    if answer.same_as_nonsense and not _about_nothing(claim) and not _about_the_root(claim, answer):
        because = f"a path that cannot exist is answered like {answer.path}"
        unverifiable(Reason.VACUOUS, "answers everything alike", because)
    return verified(f"status {answer.status}", f"GET {answer.path}")


#: what Answer.body keeps of a body
_BODY_KEPT = 4000
_TOO_OFTEN = 429


def _about_nothing(claim: Claim) -> bool:
    """Whether the document says that nothing is answered there: then nonsense fares alike."""
    status = claim["status"]
    return bool(status.operator == "==" and status.quantity.value >= 400)


def _about_the_root(claim: Claim, answer: Answer) -> bool:
    """Whether a text on the first page is meant, which a single-page application serves everywhere."""
    return not answer.path.strip("/") and claim["contains"] is not None


@check(
    "http.health-is-honest",
    claims="the service's health turns red when one of its dependencies is dead",
    rung=Rung.HEALTHY,
    roles={
        "system": Role("the HTTP service"),
        "dependencies": Role("what it cannot work without, as a name or glob", many=True),
    },
    needs=lambda claim: (Look("system", Health.ask()), Look("dependencies", Presence.ask())),
    judges_presence=("dependencies",),
    shows_not="that it turns green again (health.flips)",
)
def health_is_honest(claim: Claim, evidence: Evidence) -> Judgement:
    """Only a dead dependency puts the health to the test; a healthy system shows nothing."""
    found = evidence.attempts(Presence, "dependencies")
    dead = [name for name, fact in found.items() if isinstance(fact, Presence) and not fact.up]
    if not dead:
        for fact in found.values():
            if isinstance(fact, Unobservable):
                raise fact
        because = f"{', '.join(found)} run, so that a constant answer and an honest one look alike"
        unverifiable(Reason.NO_CONTROL, "nothing is dead", because, remedy="let the audit stop one (health.flips)")
    health = evidence.one(Health)
    alive = [name for name, fact in found.items() if isinstance(fact, Presence) and fact.up]
    names = _telling_names((*found, *evidence.systems("system")))
    _refute_lies(health, dead, alive, names)
    if health.discerning is False:
        because = f"a path that cannot exist is answered like {health.way}: it may say so always"
        unverifiable(Reason.VACUOUS, "answers everything alike", because)
    said = _complaint(health, names)
    unnamed = [name for name in dead if name not in said]
    if unnamed:
        because = f"it is unhealthy while {', '.join(unnamed)} is dead, but does not say why: {health.detail[:120]}"
        unverifiable(Reason.NO_CONTROL, "unhealthy, cause unnamed", because)
    if accused := [name for name in alive if name in said]:
        because = f"it speaks of {', '.join(accused)} too, which runs: {health.detail[:120]}"
        unverifiable(Reason.NO_CONTROL, "unhealthy, cause unclear", because)
    return verified(f"unhealthy, naming {', '.join(dead)}", health.detail[:120])


_Names = Mapping[str, re.Pattern[str]]

#: a health answer's detail begins with its status
_GREEN = re.compile(r"2\d\d\b")


def _refute_lies(health: Health, dead: Sequence[str], alive: Sequence[str], names: _Names) -> None:
    """Green while something is dead, a dead part called healthy, or a running one called dead."""
    gone = ", ".join(dead)
    if health.healthy:
        because = f"{health.way or 'its health'} says so while {gone} is dead"
        refute("healthy", because, remedy="let the health check ask the dependencies")
    if _GREEN.match(health.detail):
        because = f"the status says healthy, which is what balancers read, while {gone} is dead: {health.detail[:120]}"
        refute("healthy by its status", because, remedy="answer with 503 when a dependency is dead")
    for part in health.parts:
        for name in dead if part.healthy else alive:
            if _meant(part.name, names) == {name}:
                state, truth = ("healthy", "is dead") if part.healthy else ("unhealthy", "runs")
                refute(f"calls {part.name} {state}", f"{name} {truth}", remedy="let the health check ask it")


def _complaint(health: Health, names: _Names) -> set[str]:
    """The systems that the answer complains of. Where it lists parts, only the failing ones speak."""
    if health.parts:
        texts = [f"{part.name} {part.detail}" for part in health.parts if not part.healthy]
    else:
        texts = [health.detail]
    return set().union(*(_meant(text, names) for text in texts))


def _meant(text: str, names: _Names) -> set[str]:
    """The systems that a text speaks of; a longer name is not also the shorter one within it."""
    rest, meant = text.lower(), set[str]()
    for name in sorted(names, key=len, reverse=True):
        rest, found = names[name].subn(" ", rest)
        if found:
            meant.add(name)
    return meant


def _telling_names(systems: Sequence[str]) -> _Names:
    """System -> how a text names it: in full, or by a part of its name that it shares with no other."""
    parts = {name: [part for part in re.split(r"[^a-z0-9]+", name.lower()) if part] for name in systems}
    uses = Counter(part for name in parts for part in set(parts[name]))
    patterns = {}
    for name, own in parts.items():
        numbered = any(part.isdigit() for part in own)
        telling = [part for part in own if len(part) > 3 and uses[part] == 1 and not numbered]
        full = r"[^a-z0-9]?".join(map(re.escape, own))
        patterns[name] = re.compile(rf"(?<![a-z0-9])(?:{'|'.join([full, *telling])})(?:ql|mq|db)?(?![a-z0-9])")
    return patterns
