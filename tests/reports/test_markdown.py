"""The forensic report: ten sections whatever there is to say, and nothing that contradicts the verdict."""

from __future__ import annotations

import re

from pytest_distaudit.domain.audit import Coverage
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.markdown import document
from tests.reports.sample import audit, claim

TITLES = (
    "Verdict",
    "Scope and coverage",
    "Systems",
    "Who works through whom",
    "Root causes",
    "Claimed and actual",
    "Findings in files",
    "Not judged",
    "Not claimed",
    "Next steps",
)
NOTHING = {"claims": (), "systems": (), "not_judged": (), "errors": (), "findings": (), "coverage": Coverage()}


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## \d+\. (.*)\n\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_ten_sections_and_none_is_empty() -> None:
    for one in (audit(), audit(**NOTHING, verdict="undetermined"), audit(verdict=None)):
        found = sections(document(one))
        assert tuple(found) == TITLES
        assert all(text.strip() for text in found.values())


def test_nothing_judged_is_no_good_news() -> None:
    found = sections(document(audit(**NOTHING, verdict="undetermined")))
    assert "no good news" in found["Verdict"]
    assert "🟢" not in found["Verdict"]
    assert "No claim was judged" in found["Claimed and actual"]
    assert "not searched" in found["Not claimed"]


def test_who_is_blocked_stands_under_its_cause() -> None:
    causes = sections(document(audit()))["Root causes"]
    assert "(`primary-running`)" in causes
    assert "`replicated`" in causes


def test_connections_say_what_was_seen() -> None:
    seen = claim("a", Verdict.VERIFIED, connects=(("web", "queue"),))
    refuted = claim("b", Verdict.REFUTED, connects=(("queue", "worker"),))
    found = sections(document(audit(claims=(seen, refuted), links=(("web", "db"),))))["Who works through whom"]
    rows = [line for line in found.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `queue` | `worker` | `b` | 🔴 no: `b` is refuted |",
        "| `web` | `db` | the target's links | 🟠 not claimed |",
        "| `web` | `queue` | `a` | 🟢 yes |",
    ]


def test_it_stays_bounded() -> None:
    claims = tuple(claim(f"claim-{n}", Verdict.VERIFIED) for n in range(3_200))
    text = document(audit(claims=claims))
    assert len(text.encode()) < 2_000_000
    assert "and 200 more claims" in text
