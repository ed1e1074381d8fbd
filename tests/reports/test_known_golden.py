"""What is known, new, weaker and proved, in the terminal and in the JSON, against golden files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import Audit, Change, Proof
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim, Span, Timing
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Rung, Verdict
from pytest_distaudit.domain.weakening import Weakening
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.reports import comment, markdown, page
from pytest_distaudit.reports.baseline import baseline_text, known_of
from pytest_distaudit.reports.explain import Explained, explanation
from pytest_distaudit.reports.json import audit_json
from pytest_distaudit.reports.terminal import summary
from pytest_distaudit.reports.wording import failure_text
from tests.reports.sample import HOSTILE, audit, claim

GOLDEN = Path(__file__).parent / "golden"


def known_audit() -> Audit:
    claims = (
        claim("known", Verdict.REFUTED, actual=f"0 {HOSTILE}", baselined=True, tolerated="in the baseline since 2025"),
        claim("later", Verdict.REFUTED, pending=f"being built {HOSTILE}", tolerated=f"pending: being built {HOSTILE}"),
        claim("small", Verdict.REFUTED, severity="minor", tolerated="minor, below --distaudit-fail-on=major"),
        claim("now", Verdict.VERIFIED, pending="being built", pending_spent=True, since="2026-01-01T00:00:00+00:00"),
        claim("broken", Verdict.REFUTED, statement="0123456789abcdef"),
    )  # fmt: skip
    changes = (
        Change("known", "verdict", "verified", "refuted", "5 consumers", f"0 {HOSTILE}"),
        Change(f"gone{HOSTILE}", "gone", "verified", "", "x", ""),
        Change("later", "new", "", "refuted", "", "0"),
        Change("small", "actual", "refuted", "refuted", "1", "0"),
        Change("broken", "statement", "verified", "refuted", "", "0"),
    )
    weaker = (
        Weakening("broken", f"quote a -> {HOSTILE}", Place(f"claims/{HOSTILE}.yaml", 3, 5)),
        Weakening("small", "severity major -> minor", Place("claims/x.yaml", 9, 5), allowed=True),
    )
    proofs = (
        Proof("known", True, "queue: ready 0 -> 1", "", 3),
        Proof(f"never{HOSTILE}", False, "", f"queue: {HOSTILE}", 77),
        Proof("also never", False, "", "", 5),
    )
    return audit(
        claims=claims, changes=changes, compared_with="2025-12-31T00:00:00+00:00", weaker=weaker, base="c0ffee" * 6,
        proofs=proofs, not_judged=(), errors=(),
    )  # fmt: skip


def explained() -> Explained:
    rule = check(
        "queue.consumed",
        claims="the queue is consumed",
        rung=Rung.USED,
        needs=lambda claim: (),
        roles={"system": Role("the broker")},
        params={
            "queue": Parameter(ParameterType.TEXT, "its name"),
            "consumers": Parameter(ParameterType.NUMBER, "how many", ">= 1"),
        },
        shows_not="that the work was done",
    )(lambda claim, evidence: Judgement(Verdict.VERIFIED, "so"))
    told = Claim(
        "consumed",
        rule.name,
        {"system": "mq"},
        Place("claims/x.yaml", 3, 5),
        quote=f"It is {HOSTILE}",
        document="docs/x.md",
        line=12,
        params={"queue": "tasks", "consumers": Comparison.parse(">= 2")},
        activity="submit",
        pending=f"later {HOSTILE}",
        targets=("staging",),
    )
    look = Look("system", Queue.ask(name="tasks"))
    seen = Observation("mq", look.ask, 1.0, 0.0, value={"text": HOSTILE})
    judgement = Judgement(Verdict.REFUTED, f"0 {HOSTILE}", f"nobody {HOSTILE}", "start the consumer")
    timing = Timing(Span.WITHIN, 10)
    needs = (look, Perform((look,)))
    return Explained(
        told, rule, {"system": ("mq",)}, needs, timing, "queue tasks", judgement, (seen,), "2026-01-01", "evidence"
    )


def _terminal() -> str:
    return "\n".join(text for text, _ in summary(known_audit())) + "\n"


def _json() -> str:
    told = audit_json(known_audit())
    claims = [{name: one[name] for name in _OURS} for one in told["claims"]]
    kept = {name: told[name] for name in ("base", "weaker", "compared_with", "changed", "proved")}
    return json.dumps({**kept, "claims": claims}, indent=1, ensure_ascii=True) + "\n"


_OURS = ("id", "verdict", "baselined", "pending", "tolerated", "since", "statement")
FORMATS: dict[str, Callable[[], str]] = {
    "known.txt": _terminal,
    "known.json": _json,
    "baseline.json": lambda: baseline_text(known_of(audit())),
    "explain.txt": lambda: explanation(explained()) + explanation(replace(explained(), judgement=None)),
    "known-comment.md": lambda: comment.document(known_audit()),
    "failures.known.txt": lambda: failure_text(known_audit().claims[3]) + "\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_output_is_the_golden_one(name: str) -> None:
    path, text = GOLDEN / name, FORMATS[name]()
    if os.environ.get("DISTAUDIT_REWRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "known.json"])
def test_nothing_hostile_survives(name: str) -> None:
    assert not {"\x1b", "\u202e"} & set(FORMATS[name]())


def test_the_page_and_the_forensic_report_have_the_run_s_notes() -> None:
    told = known_audit()
    for text in (page.document(told), markdown.document(told)):
        assert "WEAKER" in text
        assert "of your green claims can go red" in text


def test_what_is_shown_is_bounded() -> None:
    many = tuple(Weakening(f"c{at}", "x" * 10_000, Place("f")) for at in range(500))
    changes = tuple(Change(f"c{at}", "verdict", "y" * 10_000, "z", "", "") for at in range(500))
    proofs = tuple(Proof(f"c{at}", False) for at in range(500))
    lines = list(summary(audit(weaker=many, base="x", changes=changes, compared_with="x", proofs=proofs)))
    assert len(lines) < 160
    assert max(len(text) for text, _ in lines) < 700
    assert any("and 450 more that are removed or weaker" in text for text, _ in lines)


def test_the_next_step_of_a_gate_that_is_red_for_a_weaker_claim_alone() -> None:
    weaker = (Weakening("small", "severity major -> minor", Place("claims/x.yaml", 9)),)
    told = audit(claims=(), errors=(), weaker=weaker, base="c0ffee")
    *_, (last, _) = summary(told)
    assert last == "next: take back what was done to small, or have the gate allow it"
