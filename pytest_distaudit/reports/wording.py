"""Sentences that several reports share, and the taming of foreign text."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from pytest_distaudit.domain.audit import Audit, ClaimResult, Coverage
from pytest_distaudit.domain.verdict import Rung, Verdict

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
#: of a text that is cut to a line, so many times the line's length is read: megabytes need not be tamed
_LOOKED_AT = 20
#: "::error::" where a line begins; "##[error]", "##vso[", "##teamcity[" anywhere
_COMMAND = re.compile(r"((?:^|(?<=\r))\s*:(?=:)|##(?=\w*\[))", re.MULTILINE)


def tame(text: str) -> str:
    """Foreign text without terminal commands, control and direction characters; line breaks stay."""
    if text.isprintable():
        return text
    plain = _ANSI.sub("", text)
    return "".join(char for char in plain if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def one_line(text: str, limit: int = 160) -> str:
    """Tamed text folded to one line of at most ``limit`` characters."""
    looked_at = text[: _LOOKED_AT * limit]
    folded = " ".join(tame(looked_at).split())
    if len(folded) <= limit and len(looked_at) == len(text):
        return folded
    return f"{folded[: limit - 1]}…"


def defused(text: str) -> str:
    """Text of which no line is a command to what runs the tests: CI systems read what is printed."""
    return _COMMAND.sub(r"\1 ", text) if "::" in text or "##" in text else text


def shown(value: Any, limit: int = 600) -> str:
    """A JSON value as reports print it."""
    parts, length = [], 0
    for part in json.JSONEncoder(ensure_ascii=False, sort_keys=True).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > _LOOKED_AT * limit:
            break
    return one_line("".join(parts), limit)


def place(result: ClaimResult) -> str:
    """``docs/messaging.md:12``."""
    return f"{result.document}:{result.line}" if result.line else result.document


def verdict_words(result: ClaimResult) -> str:
    """``refuted``, ``unverifiable(timed-out)``."""
    return result.verdict_words


def tolerated_word(result: ClaimResult) -> str:
    """In one word why it does not fail the run."""
    if result.baselined:
        return "BASELINED"
    return "PENDING" if result.tolerated.startswith("pending") else result.verdict.value.upper()


def failure_text(result: ClaimResult) -> str:
    """What a failed claim's report says; its first line is the short summary's."""
    if result.waiver_spent:
        first = f"waived, but true again: {result.actual}"
    elif result.pending_spent:
        first = f"pending, but true now: {result.actual}"
    elif result.verdict is Verdict.UNVERIFIABLE:
        first = f"{verdict_words(result)}: claimed {result.claimed}"
    else:
        first = f"claimed {result.claimed}, found {result.actual}"
    lines = [one_line(first), f"  claim     {result.key} ({place(result)})", f"  quote     {one_line(result.quote)}"]
    lines += [f"  check     {result.check}: {roles_words(result)}"]
    told = (("because", result.because), ("blocked by", result.blocked_by), ("remedy", result.remedy))
    lines += [f"  {name:9} {one_line(text, 600)}" for name, text in told if text]
    if result.waiver and result.verdict is Verdict.REFUTED:
        lines.append(f"  waiver    expired on {result.waiver['until']} ({one_line(result.waiver['owner'])})")
    lines += [
        f"  evidence  {one_line(e.system)} {one_line(e.asked, 80)} -> {shown(e.value, 200)}"
        for e in result.evidence[-4:]
    ]
    lines.append(f"  again     {again(result)}")
    return "\n".join(lines)


def again(result: ClaimResult, target: str = "") -> str:
    """The command that judges this claim alone."""
    if result.check.startswith("files.") and result.nodeid.startswith(f"{result.document}::"):
        return f"pytest --distaudit-static -k '{result.key}'"
    return f"pytest --distaudit{target} '{result.nodeid}'"


def roles_words(result: ClaimResult) -> str:
    """``primary=postgres standby=postgres-standby``."""
    return " ".join(f"{role}={system}" for role, system in result.roles.items())


def headline(audit: Audit) -> str:
    """The verdict with its scope and coverage: one sentence that never says more than was judged."""
    judged = len(audit.claims)
    scope = f"{judged} of {audit.total} claims judged"
    if audit.verdict is None:
        return f"no verdict on the whole target, a part was selected: {scope}"
    mode = f" ({audit.provision})" if audit.provision else ""
    return f"{audit.verdict} within {audit.scope}{mode}: {scope}, {coverage_words(audit.coverage)}"


def coverage_words(coverage: Coverage) -> str:
    """``73 of 268 checkable sentences claimed``."""
    if coverage.sentences is None:
        return f"{coverage.claimed} sentences claimed"
    return f"{coverage.claimed} of {coverage.sentences} checkable sentences claimed"


def ladder(rung: Rung) -> str:
    """The rungs from declared to resilient, those that are proven filled."""
    return "".join("■" if rung >= one else "·" for one in Rung if one > Rung.ABSENT)
