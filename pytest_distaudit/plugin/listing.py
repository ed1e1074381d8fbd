"""``--distaudit-checks``: what can be claimed."""

from __future__ import annotations

import pytest

from pytest_distaudit.reports.check_list import check_list
from pytest_distaudit.wiring import Bench


class CheckListing:
    """Prints every check and stops before anything is collected."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        """stdout is the list alone."""
        print(check_list([self._bench.checks[name] for name in self._bench.checks]), end="")  # noqa: T201
        return pytest.ExitCode.OK
