"""Of every kind an older version, a newer one and a managed variant is tested by name, or it is said why not."""

from __future__ import annotations

import pytest

from docs.generate.variants import NONE, WHICH, named, row
from pytest_distaudit.wiring import load_kinds

PAIRS = [(kind, which) for kind in load_kinds() for which in WHICH]


@pytest.mark.parametrize(("kind", "which"), PAIRS)
def test_each_is_tested_or_said_why_not(kind: str, which: str) -> None:
    assert ((kind, which) in named()) != ((kind, which) in NONE)


def test_marks_name_what_is_there() -> None:
    assert set(named()) | set(NONE) == set(PAIRS)
    assert len(list(row("redis"))) == len(WHICH)
