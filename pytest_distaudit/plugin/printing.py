"""For options that print and stop: stdout is the product alone, what is wrong goes to stderr."""

from __future__ import annotations

import sys

import pytest


def refuse(message: str) -> int:
    """Say why nothing is printed; returns pytest's exit code for it."""
    from pytest_distaudit.reports.wording import tame

    print(f"ERROR: {tame(message)}", file=sys.stderr)  # noqa: T201
    return int(pytest.ExitCode.USAGE_ERROR)
