"""The judge of nested engines, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.containers import Container, ContainerProcess, Containers
from pytest_distaudit.ports.nesting import Nesting

from .evidence import claim, evidence, fact, failure, judged

ROLES = {"system": ("tools",)}
NEST = Nesting("inner", "outer", "engine", True)


def container(name, *commands, state="running", **more):
    rows = tuple(ContainerProcess(i, 0, c.split()[0], c) for i, c in enumerate(commands, 1)) or None
    return Container(name, name, "image", state, processes=rows, **more)


WORKS = [container(f"mcp-{n}", "node server.js") for n in range(3)]
LOOP = container("mcp-loop", "sh -c while true; do nc -l -p 80; done", "nc -l -p 80")
HIDDEN = container("mcp-hidden")
ENDED = container("mcp-ended", state="exited", exit_code=1)


def told(*containers, nest=NEST, **params):
    seen = evidence(ROLES, fact("tools", Containers(containers, 0.0)), fact("tools", nest))
    return judged(claim("engine.nested", **params), seen)


def word(*containers, **params):
    judgement = told(*containers, **params)
    return judgement.verdict, judgement.reason or judgement.actual


def test_so_many_work():
    assert word(*WORKS, count=3) == (Verdict.VERIFIED, "3 containers")
    assert word(*WORKS, count=">= 2")[0] is Verdict.VERIFIED
    assert word(*WORKS, count=1, match="mcp-1") == (Verdict.VERIFIED, "1 container")
    assert word(*WORKS, count=4) == (Verdict.REFUTED, "3 containers")


def test_loops_and_those_that_ended_do_not_count():
    assert word(*WORKS, LOOP, ENDED, count=5) == (Verdict.REFUTED, "3 containers")
    because = told(*WORKS, LOOP, ENDED, count=5).because
    assert "5 fit the claim, 4 are up; 1 of them do nothing (mcp-loop" in because
    assert because.endswith("not up: mcp-ended exited (1)")
    assert word(LOOP, count=1) == (Verdict.REFUTED, "0 containers")
    assert word(count=1) == (Verdict.REFUTED, "0 containers")


def test_what_is_hidden_leaves_it_open_where_it_matters():
    assert word(*WORKS, HIDDEN, count=4) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert word(*WORKS, HIDDEN, count=">= 3") == (Verdict.VERIFIED, "3 to 4 containers")
    assert word(*WORKS, HIDDEN, count=5)[0] is Verdict.REFUTED


def test_copies_count_once_where_different_ones_are_claimed():
    nest = replace(NEST, alike=(("mcp-0", "mcp-1", "other"),))
    assert word(*WORKS, nest=nest, count=3)[0] is Verdict.VERIFIED
    assert word(*WORKS, nest=nest, count=3, distinct=True) == (Verdict.REFUTED, "2 containers")
    assert "copies of one another: mcp-0, mcp-1" in told(*WORKS, nest=nest, count=3, distinct=True).because
    assert word(*WORKS, nest=nest, count=2, distinct=True)[0] is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("nest", "verdict", "reason"),
    [
        (replace(NEST, engine="outer"), Verdict.REFUTED, None),
        (replace(NEST, engine="outer", lives_there=False), Verdict.REFUTED, None),
        (replace(NEST, lives_there=None), Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE),
        (replace(NEST, lives_there=False), Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE),
    ],
)
def test_the_outer_engine_is_no_nested_one(nest, verdict, reason):
    judgement = told(*WORKS, nest=nest, count=3)
    assert (judgement.verdict, judgement.reason) == (verdict, reason)


@pytest.mark.parametrize("missing", [Nesting, Containers])
def test_could_not_look(missing):
    seen = {Nesting: fact("tools", NEST), Containers: fact("tools", Containers(tuple(WORKS), 0.0))}
    seen[missing] = failure("tools", missing, Reason.FORBIDDEN)
    judgement = judged(claim("engine.nested", count=3), evidence(ROLES, *seen.values()))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)
