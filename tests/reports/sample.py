"""One audit with everything in it, some of it hostile."""

from __future__ import annotations

from typing import Any

from pytest_distaudit.domain.audit import (
    Audit,
    ClaimResult,
    Coverage,
    EvidenceLine,
    InputError,
    NotJudged,
    Page,
    Sentence,
    SystemResult,
)
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e\"'&"


def claim(name: str, verdict: Verdict, **more: Any) -> ClaimResult:
    told: dict[str, Any] = {
        "id": name,
        "nodeid": f"claims/messaging.yaml::{name}",
        "case": "",
        "quote": "RabbitMQ hands every task to a worker",
        "document": "docs/messaging.md",
        "line": 12,
        "area": "messaging",
        "severity": "major",
        "check": "queue.consumed",
        "check_version": 1,
        "roles": {"system": "rabbitmq"},
        "systems": ("rabbitmq",),
        "verdict": verdict,
        "reason": None,
        "claimed": "queue tasks",
        "actual": "5 of 5 messages consumed",
        "because": "published 5, taken 5",
        "remedy": "",
        "shows_not": "that the work was done (queue.delivers)",
        "rung_claimed": Rung.USED,
        "rung_proven": Rung.USED if verdict is Verdict.VERIFIED else None,
        "blocked_by": None,
        "waiver": None,
        "duration_s": 0.25,
        "evidence": (
            EvidenceLine("rabbitmq", "queue(name=tasks): GET /api/queues", {"ready": 0}, 1767225600.5, "ab" * 32),
        ),
    }
    return ClaimResult(**{**told, **more})


def audit(**more: Any) -> Audit:
    claims = (
        claim("task-queue-consumed", Verdict.VERIFIED),
        claim(
            "two-consumers",
            Verdict.REFUTED,
            severity="critical",
            claimed="queue tasks, consumers >= 2",
            actual="0 consumers",
            because=f"connections: none {HOSTILE}",
            remedy="start the consumer of this queue",
            quote=f"Two workers consume {HOSTILE}",
        ),
        claim(
            "primary-running",
            Verdict.REFUTED,
            check="system.running",
            roles={"system": "postgres"},
            systems=("postgres",),
            rung_claimed=Rung.RUNNING,
            claimed="the system runs",
            actual="postgres down",
            because="its process exited with status 1",
        ),
        claim(
            "replicated",
            Verdict.UNVERIFIABLE,
            reason=Reason.BLOCKED,
            blocked_by="primary-running",
            systems=("postgres",),
            actual="postgres down",
        ),
        claim(
            "slow",
            Verdict.UNVERIFIABLE,
            reason=Reason.TIMED_OUT,
            actual="timed-out",
            case="eu",
            evidence=(EvidenceLine("rabbitmq", "queue", {"unobservable": "timed-out"}, 1767225600.0, "cd" * 32),),
        ),
        claim(
            "old-broker",
            Verdict.WAIVED,
            actual="3.9",
            waiver={"until": "2027-01-31", "owner": "platform", "reason": "broker upgrade"},
        ),
    )
    told: dict[str, Any] = {
        "tool": "0.1.0",
        "target": "staging",
        "provision": "attach",
        "scope": "activity",
        "started": "2026-01-01T00:00:00+00:00",
        "duration_s": 3.5,
        "commit": "c0ffee",
        "dirty": False,
        "verdict": "partial",
        "selected": 7,
        "total": 9,
        "claims": claims,
        "systems": (
            SystemResult("rabbitmq", "rabbitmq", "attach", "3.10.8", Rung.USED, ("task-queue-consumed",)),
            SystemResult("postgres", "postgres", "attach", "", Rung.DECLARED, ("primary-running",)),
        ),
        "not_judged": (NotJudged("experiment", "needs --distaudit-scope=experiment"), NotJudged("bad", "unknown key")),
        "errors": (InputError("claims/x.yaml", 3, 5, "unknown key 'colour'"),),
        "coverage": Coverage(
            11,
            6,
            (
                Sentence("docs/x.md", 9, "Kong \x1b[31mbalances"),
                Sentence("docs/x.md", 12, "Two"),
                Sentence("docs/x.md", 14, "Three"),
            ),
        ),
        "findings": (
            Finding(
                FindingKind.WRONG_PORT,
                "kong",
                Spot("docs/x.md", 9),
                "port 8000 is documented for kong, which has 8001: correct the one that is wrong",
                Confidence.HIGH,
                Spot("compose.yaml", 4),
                "8000",
                "8001",
            ),
        ),
    }
    return Audit(**{**told, **more})


def shown_audit() -> Audit:
    """The same with what a report shows beside the claims: documents, and who works through whom."""
    blocks = (
        (1, 1, "Messaging"),
        (12, 0, "RabbitMQ hands every task to a worker. The rest is prose."),
        (14, 0, f"Two workers consume {HOSTILE}"),
    )
    return audit(
        pages=(Page("docs/messaging.md", blocks), Page("docs/x.md", ((9, 0, "Kong balances"), (12, 0, "Two")))),
        links=(("front", "rabbitmq"), ("front", "postgres")),
    )
