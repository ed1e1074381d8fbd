"""Two-sided proofs of ``degradation.graceful``: services before a Redis that is taken away and frozen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["redis"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
FRONT = str(Path(__file__).parent / "front.py")
SUPERVISOR = str(Path(__file__).parents[1] / "recovery/supervisor.py")
#: what each does without its store; for some, an operation that needs no store is asked, too
WAYS = (
    "well", "marked", "canned", "fabricated", "exits", "hangs", "shared", "raw", "traced", "never",
    "needless",
)  # fmt: skip
WITH_LIVE = ("well", "shared")
STORE = """
[targets.miniature.systems.store]
kind = "redis"
native = {}
disposable = true
"""


def _tables(name: str) -> str:
    words = [sys.executable, SUPERVISOR, "99", "0.2"] if name == "exits" else []
    words += [sys.executable, FRONT]
    reduced = "degraded = [200]\nmarker = 'header:X-Reduced'" if name == "marked" else "degraded = [503]"
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
instances.identity = "header:X-Boot"
native.argv = {json.dumps(words)}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", STORE = "{{store.url}}", WAY = "{name}"}}
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
{reduced}
[targets.miniature.operations.live-{name}]
request = "GET http://{name}/live?{{nonce}}"
"""


def _claimed(name: str) -> tuple[str, Mapping[str, object]]:
    live = f"live-{name}" if name in WITH_LIVE else None
    return "degradation.graceful", {
        "roles": {"system": "store", "caller": name},
        "operation": f"say-{name}, {live}" if live else f"say-{name}",
        "unaffected": live,
        "answers": "<= 1.5 s",
        "within": "1s",
    }


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ClaimResult]]:
    """All claims together: they share one outage and one freeze of the store."""
    with Room(tmp_path_factory.mktemp("degradation"), STORE + "".join(map(_tables, WAYS))) as room:
        told = room.judge_together(*map(_claimed, WAYS))
        yield dict(zip(WAYS, told, strict=True))


@pytest.mark.parametrize("name", ["well", "marked"])
def test_declared_answers_and_full_ones_afterwards_are_verified(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("went on in the declared way without store"), told


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("canned", "say-canned answers something else"),
        ("fabricated", "say-fabricated answers as if store were there"),
        ("exits", "say-exits does not answer"),
        ("hangs", "say-hangs hangs"),
        ("shared", "live-shared suffers"),
        ("raw", "say-raw answers 500"),
        ("traced", "say-traced answers with a stack trace"),
        ("never", "say-never does not recover"),
    ],
)
def test_what_does_not_degrade_as_declared_is_refuted(
    verdicts: Mapping[str, ClaimResult], name: str, actual: str
) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert actual in told.actual, told


def test_one_that_needs_no_store_shows_nothing(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["needless"]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), told
