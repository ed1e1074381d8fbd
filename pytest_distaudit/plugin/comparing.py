"""``--distaudit-since``: the earlier audit, read before this one begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.drift import Earlier
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.wiring import Bench


def earlier_audit(bench: Bench, path: Path | None) -> Earlier | None:
    """What the file holds; None without one: the first of many runs has none yet. Another target is a usage error."""
    if path is None or not path.exists():
        return None
    from pytest_distaudit.sources.earlier_audit import read_earlier

    try:
        earlier = read_earlier(path, str(path))
    except InvalidInput as error:
        raise pytest.UsageError(*(str(problem) for problem in error.problems)) from None
    if earlier.target != bench.target.name:
        said, wanted = earlier.target or "no target", bench.target.name or "no target"
        words = f"--distaudit-since={path} is an audit of {said!r}, this one is of {wanted!r}"
        raise pytest.UsageError(f"{words}; compare audits of one target")
    return earlier
