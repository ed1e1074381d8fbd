"""A bar while a long tree of documents is read."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from pytest_distaudit.plugin.state import worker_id

#: shorter reading needs no bar
_PATIENCE_S, _EVERY_S, _WIDTH = 1.0, 0.1, 30


def reading_bar(config: pytest.Config) -> Callable[[int, int], None]:
    """Draws on a terminal, on standard error; elsewhere, and in quiet runs and workers, it does nothing."""
    began = drawn = time.monotonic()

    def draw(done: int, of: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - began < _PATIENCE_S or (now - drawn < _EVERY_S and done < of):
            return
        drawn = now
        filled = _WIDTH * done // of
        end = "\n" if done == of else ""
        sys.stderr.write(f"\rdistaudit: reading [{'#' * filled}{'.' * (_WIDTH - filled)}] {done} of {of}{end}")
        sys.stderr.flush()

    quiet = worker_id(config) or config.option.verbose < 0 or not sys.stderr.isatty()
    return (lambda done, of: None) if quiet else draw
