"""Claims as text of a claim file: what `--distaudit-mine` prints and `--distaudit-init` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.proposal import Proposal

#: what YAML does not hold as it is (5.1), or takes for the end of a line; what was decoded wrongly is full of it
_UNSAFE = re.compile("[^\t -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def head_text(document: str, area: str = "") -> str:
    """The head of a claim file."""
    return f"document: {scalar(document)}\n" + (f"area: {scalar(area)}\n" if area else "")


def claim_text(proposal: Proposal, name: str = "", **changes: Any) -> str:
    """One entry of ``claims:``; commented out where no check decides the sentence yet.

    ``changes`` replace the proposal's ``check``, ``roles`` and ``params``.
    """
    check = changes.get("check", proposal.check)
    roles: Mapping[str, str] = changes.get("roles", proposal.roles)
    params: Mapping[str, Any] = changes.get("params", proposal.params)
    lines = [f"- id: {name or 'unnamed'}", f"  quote: {scalar(proposal.quote)}", f"  line: {proposal.line}"]
    if check:
        lines.append(f"  check: {check}")
    lines += [f"  {line}" for line in _roles(roles)]
    if params:
        inside = ", ".join(f"{key}: {scalar(value)}" for key, value in params.items())
        lines.append(f"  with: {{{inside}}}")
    if proposal.expect is Expect.ABSENT:
        lines.append("  expect: absent")
    if not check:
        said = f"# {proposal.pattern} of {proposal.component or 'the system'}: no check decides it yet"
        return "".join(f"  {line}\n" for line in (said, *(f"# {line}" for line in lines)))
    return "".join(f"  {line}\n" for line in lines)


def _roles(roles: Mapping[str, str]) -> list[str]:
    if set(roles) == {"system"}:
        return [f"system: {scalar(roles['system'])}"]
    return [f"roles: {{{', '.join(f'{role}: {scalar(name)}' for role, name in roles.items())}}}"] if roles else []


def scalar(value: Any) -> str:
    """A value as YAML that reads back as the same: bare where that is safe, else as JSON, which YAML holds."""
    if isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and not value[:1].isdigit():
        reserved = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
        if value.lower() not in reserved and value.isascii() and not value.startswith("-"):
            return value
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
