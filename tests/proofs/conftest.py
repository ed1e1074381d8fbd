"""Proofs on real servers. `./run proofs` runs each module of them again and again (tests/rounds.py)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.testing import Room
from tests.rounds import MEASURING, TESTS

JUDGED = pytest.StashKey[list[ClaimResult]]()
#: families that wait more than they work, and measure nothing that a neighbour makes longer
PATIENT = {
    "agents", "architecture", "availability", "broker", "caches", "clusters", "collections", "containers", "databases",
    "degradation", "deploy", "discovery", "files", "flips", "gateways", "graphs", "links", "messages", "models",
    "recovery", "registry", "rest", "services", "streams", "telemetry", "tenancy", "wiring",
}  # fmt: skip


def pytest_itemcollected(item: pytest.Item) -> None:
    """Proofs of patient families may run beside each other (./run test)."""
    if item.path.relative_to(Path(__file__).parent).parts[0] in PATIENT and item.path != TESTS / MEASURING:
        item.add_marker("patient")


@pytest.fixture(scope="module", autouse=True)
def elsewhere(
    request: pytest.FixtureRequest, record_testsuite_property: Callable[[str, object], None]
) -> Iterator[None]:
    """Whatever a proof judges is judged once more by its evidence alone, in another place: to the same words.

    How much was judged in which way stands in the JUnit report.
    """
    judged = Room.judge_together
    told = request.node.stash.setdefault(JUDGED, [])

    def judge_together(self: Room, *claims: tuple[str, Mapping[str, Any]]) -> list[ClaimResult]:
        with tempfile.TemporaryDirectory(prefix="distaudit-proof-") as place:
            here, there = Path(place, "here"), Path(place, "there")
            live = judged(self, *claims, evidence=here)
            told.extend(live)
            here.rename(there)
            assert [_said(one) for one in self.judge_again(there, *claims)] == [_said(one) for one in live]
        return live

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Room, "judge_together", judge_together)
        yield
    for verdict in Verdict:
        record_testsuite_property(str(verdict), sum(one.verdict is verdict for one in told))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A proof that failed tells how everything of its module was judged."""
    report = yield
    module = item.getparent(pytest.Module)
    if report.failed and module is not None and (told := module.stash.get(JUDGED, None)):
        report.sections.append(("judged in this module", "\n".join(map(_line, told))))
    return report


def _line(result: ClaimResult) -> str:
    reason = f"({result.reason})" if result.reason else ""
    return f"{result.id} {result.check} {result.verdict}{reason}: {result.actual}: {result.because}"


def _said(result: ClaimResult) -> tuple[object, ...]:
    return result.verdict, result.reason, result.actual, result.because, result.remedy
