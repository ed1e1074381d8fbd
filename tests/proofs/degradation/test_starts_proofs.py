"""Two-sided proofs of ``degradation.starts``: services that are started while their Redis is away."""

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
    pytest.mark.proof, pytest.mark.live, pytest.mark.patient, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
SERVICE = str(Path(__file__).parent / "starting.py")
SUPERVISOR = str(Path(__file__).parents[1] / "recovery/supervisor.py")
#: how each starts without its store
WAYS = (
    "well", "supervised", "exits", "loops", "waits", "slowly", "holds", "canned", "never", "again", "replaces",
    "survives", "needless", "mute", "kept",
)  # fmt: skip
#: who has somebody who starts them again
LOOKED_AFTER = ("supervised", "loops", "slowly", "canned", "never", "again", "replaces", "needless")
STORE = """
[targets.miniature.systems.store]
kind = "redis"
native = {}
disposable = true
"""


def _tables(name: str) -> str:
    words = [sys.executable, SUPERVISOR, "999", "0.2"] if name in LOOKED_AFTER else []
    words += [sys.executable, SERVICE]
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
instances.identity = "header:X-Boot"
disposable = {str(name != "kept").lower()}
native.after = ["store"]
native.argv = {json.dumps(words)}
native.ready = "GET /live"
native.start_limit = 5
native.env = {{PORT = "{{port}}", STORE = "{{store.url}}", WAY = "{name}"}}
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
[targets.miniature.operations.echo-{name}]
request = "GET http://{name}/{"live" if name == "mute" else "echo"}?word={{nonce}}"
"""


def _claimed(name: str) -> tuple[str, Mapping[str, object]]:
    return "degradation.starts", {
        "roles": {"system": "store", "caller": name},
        "operation": f"say-{name}, echo-{name}",
        "unaffected": f"echo-{name}",
        "starts": "<= 3 s",
        "within": "2s",
    }


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ClaimResult]]:
    """Each claim kills another service, and so needs an outage of its own."""
    with Room(tmp_path_factory.mktemp("starts"), STORE + "".join(map(_tables, WAYS))) as room:
        told = room.judge_together(*map(_claimed, WAYS))
        yield dict(zip(WAYS, told, strict=True))


@pytest.mark.parametrize("name", ["well", "supervised"])
def test_who_starts_without_it_and_finds_it_later_is_verified(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("started without store within"), told


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("exits", "exits does not start: echo-exits is not answered"),
        ("loops", "loops does not start: echo-loops is not answered"),
        ("waits", "waits does not start: echo-waits is not answered"),
        ("slowly", ("echo-slowly suffers", "slowly ended again")),
        ("holds", "echo-holds suffers"),
        ("canned", "echo-canned answers something else"),
        ("never", "say-never does not recover"),
        ("again", "again was started a second time"),
        ("replaces", "replaces was started a second time"),
    ],
)
def test_who_needs_it_or_another_start_is_refuted(
    verdicts: Mapping[str, ClaimResult], name: str, actual: str | tuple[str, ...]
) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual.startswith(actual), told


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("survives", Reason.FAULT_NOT_EFFECTIVE),
        ("needless", Reason.VACUOUS),
        ("mute", Reason.VACUOUS),
        ("kept", Reason.NOT_SAFE),
    ],
)
def test_what_shows_nothing_is_not_called_started(
    verdicts: Mapping[str, ClaimResult], name: str, reason: Reason
) -> None:
    told = verdicts[name]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), told
