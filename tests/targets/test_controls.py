"""A hand on real systems, whoever runs them: what each control promises, held against it. Live."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_distaudit.domain.target import Compose, SystemSpec, Target
from pytest_distaudit.ports.control import Control, Uncontrolled
from pytest_distaudit.ports.located import Located
from tests.lab import Lab, named, variables
from tests.targets.conftest import PLACE, Provide, system, target

pytestmark = pytest.mark.live
LIMIT_S = 20.0
KEPT = Path(__file__).parents[1] / "proofs/recovery"


def _until(holds: Callable[[], bool], within_s: float = LIMIT_S) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _answers(located: Located, timeout: float = 1.0) -> bool:
    import redis

    with suppress(redis.RedisError), redis.Redis.from_url(located.endpoints["url"], socket_timeout=timeout) as client:
        return bool(client.ping())
    return False


@pytest.fixture(params=["native", "compose", "containers"])
def cache(
    request: pytest.FixtureRequest, provide: Provide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Located]:
    """One Redis server, that nobody looks after."""
    if request.param == "native":
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        spec = SystemSpec("cache", "redis", PLACE, native={}, disposable=True)
        with provide(target(spec)) as had:
            yield had.located["cache"]
        return
    with Lab.reached("redis:7.0"):
        for name, value in variables().items():
            monkeypatch.setenv(name, value)
        if request.param == "compose" and "DOCKER_CONFIG" not in variables():
            pytest.skip("no Docker Compose: ./run lab up")
        with provide(_composed(tmp_path, {"image": named("redis:7.0"), "ports": ["6379"]}), mode=request.param) as had:
            yield had.located["cache"]


def _composed(tmp_path: Path, service: dict[str, object]) -> Target:
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": {"cache": service}}), "utf-8")
    spec = SystemSpec("cache", "redis", PLACE, disposable=True)
    return Target("lab", PLACE, {"cache": spec}, compose=Compose(("compose.yaml",), start_limit_s=30.0))


def _hand(located: Located) -> Control:
    assert located.control is not None
    return located.control


def test_a_crash_ends_it_and_only_the_audit_brings_it_back(cache: Located) -> None:
    hand = _hand(cache)
    before = hand.serving()
    assert before
    assert hand.serving() == before
    hand.crash()
    assert _until(lambda: hand.serving() == "")
    assert not _answers(cache)
    hand.bring_back()
    assert _until(lambda: _answers(cache))
    assert hand.serving() not in ("", before)


def test_what_is_taken_away_stays_away(cache: Located) -> None:
    hand = _hand(cache)
    hand.take_away()
    assert hand.serving() == ""
    assert not _answers(cache)
    with pytest.raises(Uncontrolled):
        hand.crash()
    hand.bring_back()
    hand.bring_back()
    assert _until(lambda: _answers(cache))


def test_what_is_frozen_accepts_and_does_not_answer(cache: Located) -> None:
    hand = _hand(cache)
    before = hand.serving()
    hand.freeze()
    assert hand.frozen()
    assert not _answers(cache, 0.5)
    hand.thaw()
    hand.thaw()
    assert not hand.frozen()
    assert _until(lambda: _answers(cache))
    assert hand.serving() == before


def test_bringing_back_thaws(cache: Located) -> None:
    hand = _hand(cache)
    hand.freeze()
    hand.bring_back()
    assert _until(lambda: _answers(cache))


def test_a_restart_policy_counts_after_a_crash_and_not_when_taken_away(
    provide: Provide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lab.reached("redis:7.0"):
        for name, value in variables().items():
            monkeypatch.setenv(name, value)
        service = {"image": named("redis:7.0"), "ports": ["6379"], "restart": "always"}
        with provide(_composed(tmp_path, service), mode="containers") as had:
            located = had.located["cache"]
            hand = _hand(located)
            before = hand.serving()
            hand.crash()
            assert _until(lambda: hand.serving() not in ("", before))
            assert _until(lambda: _answers(located))
            hand.take_away()
            time.sleep(1.5)
            assert hand.serving() == ""
            hand.bring_back()
            assert _until(lambda: _answers(located))


def test_who_looks_after_a_server_is_left_alone(provide: Provide, tmp_path: Path) -> None:
    native = {
        "argv": [sys.executable, str(KEPT / "supervisor.py"), "9", "0.1", sys.executable, str(KEPT / "service.py")],
        "env": {"PORT": "{port}", "STARTS": str(tmp_path / "starts")},
        "ready": "GET /live",
    }
    with provide(target(SystemSpec("kept", "http", PLACE, native=native, disposable=True))) as had:
        located = had.located["kept"]
        hand = _hand(located)
        keeper = located.inventory().pid if located.inventory else None
        before = hand.serving()
        hand.crash()
        assert _until(lambda: hand.serving() not in ("", before))
        hand.freeze()
        assert hand.frozen()
        hand.thaw()
        assert located.inventory is not None
        assert located.inventory().pid == keeper


def test_nobody_has_a_hand_on_what_is_not_disposable(provide: Provide) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with provide(target(system("cache", "redis", {}))) as had:
        assert had.located["cache"].control is None
