"""``--distaudit-checks``: what can be claimed."""

from __future__ import annotations

import pytest

from pytest_distaudit.reports.check_list import check_list
from pytest_distaudit.wiring import load_checks


def list_checks() -> int:
    """Print every check; stdout is the list alone."""
    checks = load_checks()
    print(check_list([checks[name] for name in checks]), end="")  # noqa: T201
    return pytest.ExitCode.OK
