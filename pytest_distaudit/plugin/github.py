"""In GitHub Actions: annotations, the step's summary, and no workflow command of an audited tree.

What the plugin itself prints is defused wherever it is printed (``wording.defused``). What pytest prints of its own,
such as names of files, is pytest's; where the tree is data, commands are stopped for as long as it prints.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.plugin.recorder import AuditRecorder


def wanted(config: pytest.Config, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this run reports to GitHub Actions."""
    return config.option.distaudit_github == "auto" and environ.get("GITHUB_ACTIONS") == "true"


class GitHub:
    """Tells GitHub Actions of the audit when all else is printed."""

    def __init__(self, recorder: AuditRecorder, config: pytest.Config) -> None:
        self._recorder, self._config = recorder, config
        self._summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
        #: ends a stretch without commands; nobody who is printed there can know it
        self._token = secrets.token_hex(16) if config.option.distaudit_tree else ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Names in a tree that is data may look like commands: none is obeyed from here on."""
        if self._token:
            self._print(f"::stop-commands::{self._token}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """After everything that pytest and other plugins print."""
        try:
            return (yield)
        finally:
            if self._token:
                self._print(f"::{self._token}::")
            if self._recorder.audit is not None:
                self._tell(self._recorder.audit)

    def _tell(self, audit: Audit) -> None:
        from pytest_distaudit.reports.github import workflow_commands

        for command in workflow_commands(audit):
            self._print(command)
        if self._summary:
            try:
                _append(audit, Path(self._summary))
            except OSError as error:
                self._print(f"distaudit: the step's summary was not written: {error.strerror or error}")

    def _print(self, line: str) -> None:
        """A line of its own, even where the output is captured or a line is open."""
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(line)


def _append(audit: Audit, path: Path) -> None:
    """Earlier commands of the step may have written there, too."""
    from pytest_distaudit.reports.github import summary

    with path.open("ab") as file:
        file.write(summary(audit, taken=file.tell()).encode("utf-8", "replace"))
