"""Claims about containers: they run, so many of them, they are well, they do not fall over."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pytest_distaudit.checks.chosen import (
    CONTAINER,
    ENGINE,
    PROJECT,
    chosen,
    commands,
    does,
    ended_well,
    is_named,
    is_up,
    names,
    state,
)
from pytest_distaudit.checks.health_command import cannot_fail
from pytest_distaudit.checks.idleness import Doing
from pytest_distaudit.domain.check import Observes, Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.containers import Container, Containers, HealthTest

_NAMED = {"container": CONTAINER, "project": PROJECT}
_IDLE = Parameter(ParameterType.FLAG, "whether it is meant to do nothing by itself (a toolbox)", False)
_HALF_HIDDEN = "a script's own work between its pauses, or a process that may not be seen"
#: so long after its last start a container that was restarted once counts as up, one restarted often later
_CALM_S, _MOST_CALM_S = 10.0, 60.0
#: tests failed in a row that no longer fit the word "healthy"
_MOST_FAILING = 3


def _needs(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", Containers.ask()),)


@check(
    "container.running",
    claims="the container runs and does something",
    says="container {container} runs",
    rung=Rung.RUNNING,
    roles=ENGINE,
    params={**_NAMED, "idle": _IDLE},
    observes=Observes(Containers, lambda fact: ({"container": one.name} for one in fact.containers)),
    needs=_needs,
    settles_s=15.0,
    shows_not="that anything depends on it, or that what it does is right",
)
def running(claim: Claim, evidence: Evidence) -> Judgement:
    """Each one that is named. A loop of nc or sleep runs, and is nothing."""
    seen = evidence.one(Containers)
    found = chosen(claim, seen)
    up = _all_up(found)
    if not claim["idle"]:
        _refute_idle(up)
    _doubt_restarted(up, seen.now)
    if not claim["idle"]:
        _doubt_hidden(up)
    return verified(f"{counted(len(up), 'container')} up", "; ".join(f"{one.name}: {commands(one)}" for one in up[:5]))


def _all_up(found: Sequence[Container]) -> Sequence[Container]:
    """Those that are to run, all of which do."""
    down = [one for one in found if not is_up(one) and not ended_well(one)]
    if down:
        because = f"{len(down)} of {counted(len(found), 'container')} not up"
        refute("; ".join(state(one) for one in down[:5]), because, remedy="see its last words and why it ended")
    up = [one for one in found if is_up(one)]
    if not up:
        because = f"{names(found)} ended as {', '.join(found[0].completes_for)} waited for; it is not meant to run"
        unverifiable(Reason.AMBIGUOUS_CLAIM, "ended well", because, remedy="claim what it was for")
    return up


def _refute_idle(up: Sequence[Container]) -> None:
    idle = [one for one in up if does(one) is Doing.IDLES]
    if idle:
        because = "; ".join(f"{one.name}: {commands(one)}" for one in idle[:3])
        refute(f"{names(idle)} does nothing", because, remedy="run the real program", conclusive=True)


def _doubt_restarted(up: Sequence[Container], now: float) -> None:
    """Between two crashes a container that crashes over and over is up, too."""
    for one in up:
        calm = min(_CALM_S * one.restarts, _MOST_CALM_S)
        age = _up_for(one, now)
        if one.restarts and age < calm:
            because = f"restarted {counted(one.restarts, 'time')}, the last one {age:.0f} s ago"
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{one.name} may be crashing", because)


def _up_for(container: Container, now: float) -> float:
    """Seconds since its last start; one that is not told counts as just now."""
    return now - container.started_at if container.started_at is not None else 0.0


def _doubt_hidden(up: Sequence[Container]) -> None:
    for one in up:
        if one.processes is None:
            unverifiable(Reason.NO_OBSERVABLE, f"{one.name} is up", "the engine does not tell what runs in it")
        if does(one) is Doing.UNKNOWN:
            because = f"nothing but {commands(one)} can be seen: it may be a job between two runs, or nothing"
            unverifiable(Reason.NO_OBSERVABLE, f"what {one.name} does is hidden", because)


@check(
    "container.count",
    claims="so many containers run and do something",
    says="{count} containers",
    rung=Rung.RUNNING,
    roles=ENGINE,
    params={
        "count": Parameter(ParameterType.NUMBER, "how many, such as '>= 19'"),
        "match": Parameter(ParameterType.TEXT, "only those whose name or Compose service is like this glob", "*"),
        "image": Parameter(ParameterType.TEXT, "only those of images like this glob", None),
        "project": PROJECT,
        "idle": Parameter(ParameterType.FLAG, "whether those that do nothing count as well", False),
    },
    needs=_needs,
    settles_s=15.0,
    shows_not="that anything depends on them",
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Up, and not a loop of nc or sleep. What cannot be told leaves the number open, the verdict only if it matters."""
    seen = evidence.one(Containers)
    found = [
        one
        for one in seen.containers
        if is_named(one, claim["match"], claim["project"]) and fnmatchcase(one.image, claim["image"] or "*")
    ]
    up = [one for one in found if is_up(one)]
    idle = [one for one in up if does(one) is Doing.IDLES and not claim["idle"]]
    open_ = [one for one in up if does(one) is Doing.UNKNOWN and not claim["idle"]]
    least, most = len(up) - len(idle) - len(open_), len(up) - len(idle)
    told = counted(least, "container") if least == most else f"{least} to {most} containers"
    because = f"{len(found)} fit the claim, {len(up)} are up"
    if idle:
        because += f"; {len(idle)} of them do nothing ({names(idle)}: {commands(idle[0])})"
    down = [one for one in found if not is_up(one)]
    if down:
        because += f"; not up: {'; '.join(state(one) for one in down[:5])}"
    holds = {claim["count"].holds(number) for number in range(least, most + 1)}
    if holds == {True}:
        return verified(told, because)
    if holds == {False}:
        refute(told, because, remedy="start what is missing, or correct the number in the document")
    return unverifiable(Reason.NO_OBSERVABLE, told, f"{because}; what {names(open_)} does is hidden: {_HALF_HIDDEN}")


@check(
    "container.healthy",
    claims="the container calls itself healthy by a test that can say otherwise",
    says="container {container} is healthy",
    rung=Rung.HEALTHY,
    roles=ENGINE,
    params=_NAMED,
    observes=Observes(Containers, lambda fact: ({"container": one.name} for one in fact.containers if one.health)),
    needs=_needs,
    settles_s=30.0,
    shows_not="that its test turns red when what it needs is gone (http.health-is-honest)",
)
def healthy(claim: Claim, evidence: Evidence) -> Judgement:
    """A test that cannot fail says nothing, and so does one that a loop of nc passes."""
    up = _all_up(chosen(claim, evidence.one(Containers)))
    for one in up:
        if one.health is not None:
            _refute_ill(one.name, one.health)
    _refute_idle(up)
    for one in up:
        if one.health is None:
            because = f"{one.name} has no health check, so that nothing says whether it is well"
            unverifiable(Reason.NO_OBSERVABLE, f"{one.name}: no health check", because, remedy="give it one")
    # a loop of nc passes a test that looks for nc
    _doubt_hidden(up)
    tests = "; ".join(f"{one.name}: {' '.join(one.health.test)}" for one in up[:5] if one.health)
    return verified(f"{counted(len(up), 'container')} healthy", tests)


def _refute_ill(name: str, health: HealthTest) -> None:
    said = f"{' '.join(health.test)}: {' | '.join(health.outputs[-1:]) or 'no output'}"
    if cannot_fail(health.test):
        refute(f"{name}: its health test cannot fail", said, remedy="test what the container is for", conclusive=True)
    if health.status != "healthy":
        refute(f"{name} {health.status}", said, remedy="see what its health test complains of")
    if health.failing >= _MOST_FAILING:
        refute(f"{name}: its last {health.failing} tests failed", f"it is called healthy all the same; {said}")


@check(
    "container.restarts",
    claims="the engine did not have to start the container again, or that often",
    says="container {container}: {restarts} restarts",
    rung=Rung.RUNNING,
    roles=ENGINE,
    params={
        **_NAMED,
        "restarts": Parameter(ParameterType.NUMBER, "how often", "== 0"),
        "policy": Parameter(ParameterType.TEXT, "its restart policy, such as unless-stopped", None),
        "age": Parameter(ParameterType.TIME, "how long it must have been up to tell", ">= 1 min"),
    },
    needs=_needs,
    settles_s=60.0,
    shows_not="what happened before it was last started by hand",
)
def restarts(claim: Claim, evidence: Evidence) -> Judgement:
    """Only of one that is up for some time: what was just made anew counts from nothing."""
    looks = evidence.history(Containers)
    seen = looks[-1].fact
    up = _all_up(chosen(claim, seen))
    _refute_replaced(looks, up)
    for one in up:
        if claim["policy"] is not None and one.restart_policy != claim["policy"]:
            refute(f"{one.name}: policy {one.restart_policy}", f"claimed {claim['policy']}", conclusive=True)
        if not claim["restarts"].holds(one.restarts):
            refute(f"{one.name}: {counted(one.restarts, 'restart')}", f"claimed {claim['restarts']}")
    for one in up:
        if not claim["age"].holds(_up_for(one, seen.now)):
            because = f"{one.name} is up for {_up_for(one, seen.now):.0f} s; {claim['age']} is wanted to tell"
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{one.name} is too young", because)
    told = ", ".join(f"{one.name} {one.restarts}" for one in up[:5])
    return verified(
        f"{told} restarts", "; ".join(f"{one.name} up for {_up_for(one, seen.now):.0f} s" for one in up[:5])
    )


def _refute_replaced(looks: Sequence[Seen[Containers]], up: Sequence[Container]) -> None:
    """Somebody who makes it anew, or starts it by hand, hides what the engine counts."""
    for one in up:
        runs = {
            (other.id, other.started_at)
            for look in looks
            for other in look.fact.containers
            if other.name == one.name and is_up(other)
        }
        if len(runs) > 1 and not one.restarts:
            refute(f"{one.name} was started anew", f"{len(runs)} runs of it were seen in one audit", conclusive=True)
