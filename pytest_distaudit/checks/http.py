"""Claims about HTTP services: they answer what the document says, and their health tells the truth."""

from __future__ import annotations

import re

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
        refute(f"status {answer.status}", f"GET {answer.path}: {answer.body[:120]}")
    if claim["contains"] is not None and claim["contains"] not in answer.body:
        refute("another body", f"GET {answer.path} does not hold {claim['contains']!r}: {answer.body[:120]}")
    if answer.same_as_nonsense and answer.status < 400 and answer.path.strip("/"):
        because = f"a path that cannot exist is answered like {answer.path}"
        unverifiable(Reason.VACUOUS, "answers everything alike", because)
    return verified(f"status {answer.status}", f"GET {answer.path}")


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
    if health.healthy:
        refute(
            "healthy",
            f"{health.way or 'its health'} says so while {', '.join(dead)} is dead",
            remedy="let the health check ask the dependencies",
        )
    said = " ".join([health.detail, *(f"{p.name} {p.detail}" for p in health.parts if not p.healthy)]).lower()
    unnamed = [name for name in dead if not any(word in said for word in _words_of(name))]
    if unnamed:
        because = f"it is unhealthy while {', '.join(unnamed)} is dead, but does not say why: {health.detail[:120]}"
        unverifiable(Reason.NO_CONTROL, "unhealthy, cause unnamed", because)
    return verified(f"unhealthy, naming {', '.join(dead)}", health.detail[:120])


def _words_of(name: str) -> tuple[str, ...]:
    """A system's name and its telling parts, in lower case."""
    parts = [part for part in re.split(r"[^a-z0-9]+", name.lower()) if len(part) > 3]
    return (name.lower(), *parts)
