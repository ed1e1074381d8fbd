"""``--distaudit-checks``: what can be claimed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_distaudit.reports.check_list import check_list
from pytest_distaudit.wiring import load_checks


def list_checks() -> int:
    """Print every check; stdout is the list alone."""
    checks = load_checks()
    print(check_list([checks[name] for name in checks]), end="")  # noqa: T201
    return pytest.ExitCode.OK


def list_proposals(tree: Path, form: str) -> int:
    """Print every checkable sentence of the tree's documents as soon as it is read; stdout is the list alone."""
    from pytest_distaudit.reports.proposals import as_jsonl, as_yaml
    from pytest_distaudit.sources.mining.remembered import mine_remembered

    def refused(problem: object) -> None:
        print(f"left out: {problem}", file=sys.stderr)  # noqa: T201

    write = as_jsonl if form == "jsonl" else as_yaml
    for text in write(mine_remembered(tree, refused=refused)):
        print(text, end="")  # noqa: T201
    return pytest.ExitCode.OK
