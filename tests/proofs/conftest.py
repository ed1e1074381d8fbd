"""Proofs on real servers: each once, or DISTAUDIT_PROOF_RUNS times, every run in a house of its own."""

from __future__ import annotations

import os

import pytest

RUNS = int(os.environ.get("DISTAUDIT_PROOF_RUNS", "1"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Module scope keeps one run together: a module-scoped fixture that takes ``run`` starts once a run."""
    if RUNS > 1 and "run" in metafunc.fixturenames:
        metafunc.parametrize("run", range(1, RUNS + 1), scope="module", ids=lambda number: f"run{number}")


@pytest.fixture(scope="module")
def run() -> int:
    """Which repetition this is, from 1."""
    return 1
