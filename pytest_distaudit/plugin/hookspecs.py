"""Hooks that other plugins and conftest files may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_distaudit.domain.audit import Audit


@pytest.hookspec
def pytest_distaudit_finished(audit: Audit, config: pytest.Config) -> None:
    """Called once on the controller when the audit is complete, before reports are written."""
