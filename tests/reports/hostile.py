"""Text of an audited system or of a pull request that would like to do something, and an audit that is full of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from pytest_distaudit.domain.audit import (
    Audit,
    ClaimResult,
    EvidenceLine,
    InputError,
    NotJudged,
    Sentence,
    SystemResult,
)
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict
from tests.reports.sample import audit, claim

SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    f"{SCRIPT}\n::error file=a.py::pwned\r\n::stop-commands::x\n##[error]pwned\n<!-- distaudit-comment: staging -->\n"
    "[click](javascript:alert(1)) ![i](http://evil.test/x.png) <a href='javascript:alert(1)'>x</a> http://evil.test\n"
    "| a | b |\n|---|---|\n# heading\n```\nfence `tick` @octocat @org/team #12 GH-3 www.evil.test a@evil.test\n"
    "\"quote\" 'single' ]]> \x1b[31mred\x1b[0m \x00\x07\x9b \u202eright to left\u202c \ud800 {0} $x$ :warning: \u2028x"
)
BIG = 10_000_000
#: what is no text of others, or would keep the claim from failing
_SILENT = ("severity", "tolerated", "pending")


def claim_of(text: str, name: str, verdict: Verdict, tail: str) -> ClaimResult:
    """A claim that says ``text`` wherever a claim may say anything, and is called ``name``."""
    told = {one.name: text for one in fields(ClaimResult) if one.type == "str" and one.name not in _SILENT}
    told |= {"nodeid": f"docs/{name}.md::x", "id": name + tail, "case": name, "document": name, "check": name}
    more: dict[str, Any] = {
        **told,
        "severity": "critical",
        "pending": text,
        "tolerated": text if verdict is Verdict.UNVERIFIABLE else "",
        "roles": {name: name},
        "systems": (name,),
        "reason": Reason.TIMED_OUT if verdict is Verdict.UNVERIFIABLE else None,
        "blocked_by": f"{name}[{name}]" if tail else None,
        "waiver": {"until": "2027-01-31", "owner": text, "reason": text},
        "connects": ((name, f"{name}2"),),
        "evidence": (EvidenceLine(name, text, {text: [text]}, 0.0, "ab" * 32),),
    }
    return claim("x", verdict, **{name: value for name, value in more.items() if name != "verdict"})


def audit_of(text: str, named: str | None = None) -> Audit:
    """An audit that says it everywhere; names of files, claims and systems are ``named`` if that is given."""
    name = text if named is None else named
    verdicts = {"": Verdict.REFUTED, "b": Verdict.UNVERIFIABLE, "c": Verdict.WAIVED, "d": Verdict.VERIFIED}
    return replace(
        audit(),
        target=name,
        claims=tuple(claim_of(text, name, verdict, tail) for tail, verdict in verdicts.items()),
        systems=(SystemResult(name, name, name, text, Rung.USED, (name,)),),
        not_judged=(NotJudged(name, text),),
        errors=(InputError(name, 3, 5, text),),
        coverage=replace(audit().coverage, unclaimed=(Sentence(name, 1, text),), not_read=(text,)),
        findings=(Finding(FindingKind.WRONG_PORT, name, Spot(name, 1), text, Confidence.HIGH, Spot(name), text, text),),
        links=((name, name),),
    )
