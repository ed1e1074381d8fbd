"""Every output format against a golden file; DISTAUDIT_REWRITE_GOLDEN=1 rewrites them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import CheckNote
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports import comment, github, markdown, page, sarif
from pytest_distaudit.reports.check_list import check_list
from pytest_distaudit.reports.html_row import evidence_html, row_cells
from pytest_distaudit.reports.json import audit_json
from pytest_distaudit.reports.junit import junit_properties
from pytest_distaudit.reports.terminal import summary
from pytest_distaudit.reports.wording import failure_text
from pytest_distaudit.wiring import load_checks
from tests.reports.hostile import HOSTILE, audit_of
from tests.reports.sample import audit, claim, shown_audit

GOLDEN = Path(__file__).parent / "golden"


def _json() -> str:
    return json.dumps(audit_json(audit()), indent=1, ensure_ascii=True) + "\n"


def _terminal() -> str:
    return "\n".join(text for text, _ in summary(audit(), written=[Path("audit.json")])) + "\n"


def _html() -> str:
    return "\n".join("".join(row_cells(one)) + "\n" + evidence_html(one) for one in audit().claims) + "\n"


def _failures() -> str:
    spent = claim("spent", Verdict.VERIFIED, waiver_spent=True, remedy="delete the waiver: the claim is true again")
    return "\n\n".join(failure_text(one) for one in (*audit().claims[1:], spent)) + "\n"


def _checks() -> str:
    checks = load_checks()
    return check_list([checks[name] for name in checks])


def _page() -> str:
    """Its style and script stand in files of their own."""
    whole = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page.document(shown_audit()), flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/]+=", "sha256-…", whole)


def _sarif() -> str:
    notes = (CheckNote("queue.consumed", "messages are taken from the queue", "that the work was done"),)
    known = audit(checks=notes, folder="shop/", repository="https://git.test/acme/shop")
    return json.dumps(json.loads(sarif.document(known)), indent=1) + "\n"


def _junit() -> str:
    told = [junit_properties(one) for one in (*audit().claims, *audit_of(HOSTILE).claims)]
    return json.dumps(told, indent=1) + "\n"


FORMATS: dict[str, Callable[[], str]] = {
    "audit.json": _json,
    "terminal.txt": _terminal,
    "row.html": _html,
    "page.html": _page,
    "failures.txt": _failures,
    "checks.txt": _checks,
    "audit.md": lambda: markdown.document(audit()),
    "comment.md": lambda: comment.document(audit()),
    "step-summary.md": lambda: github.summary(audit()),
    "annotations.txt": lambda: "\n".join(github.workflow_commands(audit())) + "\n",
    "audit.sarif": _sarif,
    "junit.txt": _junit,
    "hostile.md": lambda: markdown.document(audit_of(HOSTILE)),
    "hostile-comment.md": lambda: comment.document(audit_of(HOSTILE)),
    "hostile-annotations.txt": lambda: "\n".join(github.workflow_commands(audit_of(HOSTILE))) + "\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_output_is_the_golden_one(name: str) -> None:
    path, text = GOLDEN / name, FORMATS[name]()
    if os.environ.get("DISTAUDIT_REWRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_nothing_hostile_survives() -> None:
    for text in (_terminal(), _failures(), _html(), _page()):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<img" not in _html() + _page()
