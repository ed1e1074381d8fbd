"""Experiments on paper."""

from __future__ import annotations

import pytest

from pytest_distaudit.engine import calmer


@pytest.fixture(autouse=True)
def never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is that the tests run on: what they count is of one experiment."""
    monkeypatch.setattr(calmer, "calms", lambda within_s: False)
