"""``--distaudit-comment``: the text of a pull request's comment. It begins with a marker that no reader sees, so that
the next run finds the comment and replaces it."""

from __future__ import annotations

import re

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.brief import brief

#: bytes; GitHub refuses comments of more than 65,536 characters
ROOM = 59_000
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+|-{2,}")


def document(audit: Audit) -> str:
    """The comment's text, less than 60 kB of UTF-8."""
    return brief(audit, ROOM, before=[marker(audit.target)])


def marker(target: str | None) -> str:
    """The comment's first line: one for each target, so that the comments of several stand side by side."""
    return f"<!-- distaudit-comment: {_UNSAFE.sub('-', target or 'files')[:80]} -->"
