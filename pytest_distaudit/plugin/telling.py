"""What is said while nothing is judged yet: one line that is written over, and notices that stay."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_distaudit.plugin.state import in_ci, worker_id
from pytest_distaudit.reports.wording import defused, one_line

_ERASED = "\r\x1b[K"


class Telling:
    """Says it on pytest's terminal; nothing in quiet runs and in workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._verbose = config.option.verbose > 0
        self._quiet = bool(worker_id(config)) or config.option.verbose < 0
        self._drawn = False

    def progress(self, line: str) -> None:
        """One line on a terminal, "" takes it away; with -v lines that stay; without a terminal, as in CI, nothing."""
        if self._verbose and line:
            self.notice(line)
        elif not self._verbose and (line or self._drawn):
            self._draw(line)

    def _draw(self, line: str) -> None:
        with self._reporter() as reporter:
            if reporter is None or not reporter.isatty or in_ci():
                return
            if not self._drawn:
                reporter.ensure_newline()
            width = shutil.get_terminal_size().columns - 1
            reporter.write(_ERASED + (one_line(f"distaudit: {line}", width) if line else ""), flush=True)
            self._drawn = bool(line)

    def notice(self, line: str) -> None:
        """A line that stays; on standard error as long as pytest has not begun to report."""
        if self._drawn:
            self._draw("")
        with self._reporter() as reporter:
            if reporter is not None:
                reporter.ensure_newline()
                reporter.write_line(defused(f"distaudit: {one_line(line, 300)}"))
            elif not self._quiet and not self._config.pluginmanager.is_blocked("terminal"):
                print(f"distaudit: {line}", file=sys.stderr, flush=True)  # noqa: T201

    @contextmanager
    def _reporter(self) -> Iterator[Any]:
        """pytest's reporter with nothing captured; None where there is none, or nothing is to be said."""
        manager = self._config.pluginmanager
        if self._quiet or manager.is_blocked("terminal"):
            yield None
            return
        with manager.getplugin("capturemanager").global_and_fixture_disabled():
            yield manager.getplugin("terminalreporter")
