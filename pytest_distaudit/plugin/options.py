"""The options. Their names are an interface: other tools pass them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.verdict import Scope

#: scopes that have checks so far
SCOPES = (Scope.SNAPSHOT, Scope.ACTIVITY)


def add_options(parser: pytest.Parser) -> None:
    """Declare every ``--distaudit...`` option."""
    group = parser.getgroup("distaudit", "audit the claims of the documentation against running systems")
    add = group.addoption
    add("--distaudit", action="store_true", help="judge the project's claims: claims/*.yaml and inline ones")
    add("--distaudit-target", metavar="NAME", help="which target of distaudit.toml; default: its `default`")
    add(
        "--distaudit-provision",
        choices=("auto", "attach", "native"),
        default="auto",
        help="where systems come from: declared addresses, native processes, or (auto) whichever a system declares",
    )
    add(
        "--distaudit-scope",
        choices=[scope.word for scope in SCOPES],
        default=Scope.ACTIVITY.word,
        help="the most that the audit may do; claims that need more are listed as not judged",
    )
    add("--distaudit-checks", action="store_true", help="list every check and stop")
    add("--distaudit-json", metavar="PATH", type=Path, help="write the verdict as JSON")
    add("--distaudit-evidence", metavar="DIR", type=Path, help="keep the evidence, for --distaudit-replay")
    add("--distaudit-replay", metavar="DIR", type=Path, help="judge recorded evidence again; no server is needed")
    add(
        "--distaudit-unverifiable",
        choices=("fail", "skip"),
        default="fail",
        help="what an unverifiable claim does to the run; default: fail",
    )
