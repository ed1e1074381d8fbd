"""Claims about an engine in a container of another one: so many of its own containers run and do something."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_distaudit.checks.chosen import ENGINE, commands, does, is_named, is_up, names, state
from pytest_distaudit.checks.idleness import Doing
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.containers import Container, Containers
from pytest_distaudit.ports.nesting import Nesting

_SHOWN = 5


@check(
    "engine.nested",
    claims="so many containers run inside the nested engine, and do something",
    says="{count} containers inside the nested engine",
    rung=Rung.CONFIGURED,
    roles=ENGINE,
    params={
        "count": Parameter(ParameterType.NUMBER, "how many, such as '>= 19'"),
        "match": Parameter(ParameterType.TEXT, "only those whose name or Compose service is like this glob", "*"),
        "distinct": Parameter(
            ParameterType.FLAG, "whether copies (same image, command, environment, mounts) count as one", False
        ),
    },
    needs=lambda claim: (Look("system", Containers.ask()), Look("system", Nesting.ask())),
    settles_s=15.0,
    shows_not="that anything uses them, or that what they do is right (mcp.alive)",
)
def nested(claim: Claim, evidence: Evidence) -> Judgement:
    """The outer engine's containers are not counted; loops of nc or sleep run, and are nothing."""
    nesting, seen = evidence.one(Nesting), evidence.one(Containers)
    _is_nested(nesting)
    found = [one for one in seen.containers if is_named(one, claim["match"])]
    up = [one for one in found if is_up(one)]
    idle = [one for one in up if does(one) is Doing.IDLES]
    open_ = [one for one in up if does(one) is Doing.UNKNOWN]
    copies = nesting.alike if claim["distinct"] else ()
    least = _many([one for one in up if one not in idle and one not in open_], copies)
    most = _many([one for one in up if one not in idle], copies)
    told = counted(least, "container") if least == most else f"{least} to {most} containers"
    because = _because(found, up, idle, copies)
    holds = {claim["count"].holds(number) for number in range(least, most + 1)}
    if holds == {True}:
        return verified(told, f"{because}; inside {nesting.container}")
    if holds == {False}:
        refute(told, because, remedy="start what is missing, or correct the number in the document")
    return unverifiable(Reason.NO_OBSERVABLE, told, f"{because}; what {names(open_)} does is hidden")


def _is_nested(nesting: Nesting) -> None:
    if nesting.engine == nesting.outer:
        because = f"the engine in {nesting.container} is the one outside: both have the id {nesting.engine}"
        refute("no nested engine", because, remedy="run an engine there, or correct the document", conclusive=True)
    if nesting.lives_there is None:
        unverifiable(Reason.NO_OBSERVABLE, "where the engine lives is hidden", "neither engine names its host")
    if not nesting.lives_there:
        because = f"an engine answers from {nesting.container}, and its host has another name: it may live elsewhere"
        unverifiable(Reason.NO_OBSERVABLE, "where the engine lives cannot be told", because)


def _many(containers: Sequence[Container], copies: Collection[Collection[str]]) -> int:
    """How many, of each group of copies one."""
    mine = {one.name for one in containers}
    return len(mine) - sum(max(0, len(mine & set(group)) - 1) for group in copies)


def _because(
    found: Sequence[Container],
    up: Sequence[Container],
    idle: Sequence[Container],
    copies: Collection[Collection[str]],
) -> str:
    told = f"{len(found)} fit the claim, {len(up)} are up"
    if idle:
        told += f"; {len(idle)} of them do nothing ({names(idle)}: {commands(idle[0])})"
    mine = {one.name for one in up}
    alike = [listed(sorted(mine & set(group))) for group in copies if len(mine & set(group)) > 1]
    if alike:
        told += f"; copies of one another: {'; '.join(alike[:_SHOWN])}"
    down = [one for one in found if not is_up(one)]
    return told + (f"; not up: {'; '.join(state(one) for one in down[:_SHOWN])}" if down else "")
