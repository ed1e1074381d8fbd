"""Every format that is one text: name -> what writes it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports import attestation, comment, github, json, markdown, oscal, page, sarif
from pytest_distaudit.reports.terminal import summary
from pytest_distaudit.reports.wording import defused, failure_text, tame


def _terminal(audit: Audit) -> str:
    return "\n".join(defused(tame(text)) for text, _ in summary(audit)) + "\n"


def _failures(audit: Audit) -> str:
    return "\n\n".join(defused(tame(failure_text(one))) for one in audit.claims) + "\n"


def _annotations(audit: Audit) -> str:
    return "\n".join(github.workflow_commands(audit)) + "\n"


MARKUP: dict[str, Callable[[Audit], str]] = {
    "audit.md": markdown.document,
    "comment.md": comment.document,
    "step-summary.md": github.summary,
}
ALL: dict[str, Callable[[Audit], str]] = {
    **MARKUP,
    "audit.sarif": sarif.document,
    "audit.html": page.document,
    "attestation.json": attestation.document,
    "oscal.json": oscal.document,
    "annotations.txt": _annotations,
    "audit.json": json.document,
    "terminal.txt": _terminal,
    "failures.txt": _failures,
}
