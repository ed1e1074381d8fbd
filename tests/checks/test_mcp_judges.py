"""The judge of servers of tools, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.tools import Conversation, Tool, Tools, ToolServer, ToolServers

from .evidence import claim, evidence, fact, failure, judged

ROLES = {"system": ("tools",)}
TALK = Conversation((Tool("find", True), Tool("keep", True)), unknown="refused")
GOOD = Tools("notes", "1", "2025-11-25", ("tools",), (TALK, TALK))


def server(name="notes", tools=GOOD, **more):
    return ToolServer(name, tools, **more)


DEAD = server("dead", None, reason=Reason.WRONG_PRODUCT, detail="it does not speak")
HIDDEN = server("hidden", None, reason=Reason.FORBIDDEN, detail="not yours")


def told(*servers, **params):
    return judged(claim("mcp.alive", **params), evidence(ROLES, fact("tools", ToolServers(servers))))


def word(*servers, **params):
    judgement = told(*servers, **params)
    return judgement.verdict, judgement.reason or judgement.actual


def talks(*conversations):
    return server(tools=replace(GOOD, conversations=conversations))


def test_a_server_that_converses_twice():
    assert word(server()) == (Verdict.VERIFIED, "1 server, 2 tools")
    assert word(server(), tools="find,keep") == (Verdict.VERIFIED, "1 server, 2 tools")
    assert "started" not in told(server()).shows_not
    assert "started" in told(server(tools=replace(GOOD, started=True))).shows_not


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (replace(TALK, unknown="answered"), "answers a method that cannot exist"),
        (replace(TALK, fault="a circle"), "a circle"),
        (replace(TALK, tools=()), "lists no tools"),
        (replace(TALK, tools=(Tool("find", False),)), "tools without a schema of an object: find"),
    ],
)
def test_each_conversation_counts(which, broken, why):
    pair = [TALK, TALK]
    pair[which] = broken
    judgement = told(talks(*pair))
    assert (judgement.verdict, judgement.because) == (Verdict.REFUTED, f"notes: {why}")


def test_tools_that_are_claimed_and_not_listed():
    assert told(server(), tools="find, burn").because == "notes: lists no burn"


@pytest.mark.parametrize(
    ("open_", "reason"),
    [
        (talks(TALK, replace(TALK, tools=None, refusal="error -1")), Reason.NO_OBSERVABLE),
        (talks(TALK, replace(TALK, unknown="error -1")), Reason.NO_OBSERVABLE),
        (talks(TALK), Reason.VACUOUS),
        (HIDDEN, Reason.FORBIDDEN),
    ],
)
def test_what_cannot_be_told(open_, reason):
    assert word(open_) == (Verdict.UNVERIFIABLE, reason)
    assert word(open_, server()) == (Verdict.UNVERIFIABLE, reason)


def test_all_must_without_a_count():
    assert word(server("a"), server("b")) == (Verdict.VERIFIED, "2 servers, 4 tools")
    assert word(server("a"), DEAD) == (Verdict.REFUTED, "1 server of 2 no server")
    assert word(HIDDEN, DEAD)[0] is Verdict.REFUTED
    assert word() == (Verdict.REFUTED, "no server")
    assert word(server("a"), server("b"), match="a") == (Verdict.VERIFIED, "1 server, 2 tools")
    assert word(server("a"), match="b") == (Verdict.REFUTED, "no server")


def test_with_a_count_so_many_must():
    assert word(server("a"), DEAD, count=1) == (Verdict.VERIFIED, "1 server, 2 tools")
    assert "dead: it does not speak" in told(server("a"), DEAD, count=1).because
    assert word(server("a"), DEAD, count=2) == (Verdict.REFUTED, "1 server of 2 converse")
    assert word(server("a"), HIDDEN, count=2) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)
    assert word(server("a"), HIDDEN, count=">= 1")[0] is Verdict.VERIFIED
    assert word(server("a"), HIDDEN, count=3)[0] is Verdict.REFUTED


@pytest.mark.parametrize("reason", [Reason.BLOCKED, Reason.TIMED_OUT, Reason.NOT_REACHABLE])
def test_could_not_look_is_never_absent(reason):
    judgement = judged(claim("mcp.alive"), evidence(ROLES, failure("tools", ToolServers, reason)))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNVERIFIABLE, reason)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (19, (Verdict.UNVERIFIABLE, Reason.TIMED_OUT)),
        (">= 19", (Verdict.UNVERIFIABLE, Reason.TIMED_OUT)),
        ("== 0", (Verdict.REFUTED, None)),
        (">= 1", (Verdict.VERIFIED, None)),
    ],
)
def test_an_engine_that_could_not_be_looked_into_may_hold_any_number(count, told):
    seen = evidence(
        {"system": ("near", "engine")},
        fact("near", ToolServers((server(),))),
        failure("engine", ToolServers, Reason.TIMED_OUT),
    )
    judgement = judged(claim("mcp.alive", count=count), seen)
    assert (judgement.verdict, judgement.reason) == told


def test_silence_is_not_waited_out():
    silent = replace(DEAD, detail="it stays silent for 15 s after initialize")
    assert told(silent).conclusive
    assert not told(silent, DEAD).conclusive
    assert not told().conclusive


def test_another_product_at_its_address_is_no_server():
    seen = evidence(ROLES, failure("tools", ToolServers, Reason.WRONG_PRODUCT, "a page"))
    judgement = judged(claim("mcp.alive"), seen)
    assert (judgement.verdict, judgement.because) == (Verdict.REFUTED, "tools: a page")
