"""Text of an audited system or of a pull request that would like to do something, and an audit that is full of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from pytest_distaudit.domain.audit import Audit, ClaimResult, EvidenceLine, InputError, NotJudged, Sentence, SystemResult
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict
from tests.reports.sample import audit, claim

SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    f"{SCRIPT}\n::error file=a.py::pwned\r\n::stop-commands::x\n##[error]pwned\n<!-- distaudit-comment: staging -->\n"
    "[click](javascript:alert(1)) ![i](http://evil.test/x.png) <a href='javascript:alert(1)'>x</a> http://evil.test\n"
    "| a | b |\n|---|---|\n# heading\n```\nfence `tick` @octocat @org/team #12 GH-3 www.evil.test a@evil.test\n"
    '"quote" \'single\' ]]> \x1b[31mred\x1b[0m \x00\x07\x9b \u202eright to left\u202c \ud800 {0} $x$ :warning: \u2028x'
)
BIG = 10_000_000


def claim_of(text: str, verdict: Verdict = Verdict.REFUTED, name: str = "") -> ClaimResult:
    """A claim that says ``text`` wherever a claim may say anything."""
    told = {one.name: text for one in fields(ClaimResult) if one.type == "str" and one.name != "severity"}
    told |= {"nodeid": f"docs/{text}.md::x", "id": text + name}
    more: dict[str, Any] = {
        **told,
        "severity": "critical",
        "roles": {text: text},
        "systems": (text,),
        "reason": Reason.TIMED_OUT if verdict is Verdict.UNVERIFIABLE else None,
        "blocked_by": text if name else None,
        "waiver": {"until": "2027-01-31", "owner": text, "reason": text},
        "connects": ((text, f"{text}2"),),
        "evidence": (EvidenceLine(text, text, {text: [text]}, 0.0, "ab" * 32),),
    }
    return claim("x", verdict, **{name: value for name, value in more.items() if name != "verdict"})


def audit_of(text: str) -> Audit:
    """An audit that says it everywhere."""
    verdicts = (Verdict.REFUTED, Verdict.UNVERIFIABLE, Verdict.WAIVED, Verdict.VERIFIED)
    claims = [claim_of(text, verdict, name) for name, verdict in zip(("", "b", "c", "d"), verdicts, strict=True)]
    return replace(
        audit(),
        target=text,
        claims=tuple(claims),
        systems=(SystemResult(text, text, text, text, Rung.USED, (text,)),),
        not_judged=(NotJudged(text, text),),
        errors=(InputError(text, 3, 5, text),),
        coverage=replace(audit().coverage, unclaimed=(Sentence(text, 1, text),), not_read=(text,)),
        findings=(Finding(FindingKind.WRONG_PORT, text, Spot(text, 1), text, Confidence.HIGH, Spot(text), text, text),),
        links=((text, text),),
        folder="",
    )
