"""Two-sided proofs of ``throughput.observed`` on real stores, fronts and a broker, each used in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = next(filter(None, (builtin_recipes()[kind].missing() for kind in ("redis", "nginx", "rabbitmq"))), None)
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
#: the traffic makes up to a hundred a second, on a busy machine fewer
CLAIMED = {"rate": ">= 10/s", "over": "3 s"}

#: way -> what is claimed of it besides
HONEST: dict[str, dict[str, str]] = {
    "works": {},
    "serves": {},
    "hands_on": {"work": "published"},
}
LIES: dict[str, dict[str, str]] = {
    "is_watched": {},
    "pings": {},
    "works_seldom": {},
    "worked_once": {},
    "serves_nobody": {},
    "works": {"rate": ">= 10000/s"},
    "hands_on": {"rate": ">= 10000/s"},
}
CANNOT_TELL = {
    "hides": ({}, Reason.FORBIDDEN),
    "serves_nobody": ({"rate": "<= 1000/s"}, Reason.VACUOUS),
}
STORES = ("works", "is_watched", "pings", "works_seldom", "worked_once", "works_for_the_audit")

STORE = """
[targets.miniature.systems.{way}]
kind = "redis"
native = {{}}
"""
FRONT = """
[targets.miniature.systems.{way}]
kind = "nginx"
native.config = "server {{ listen 127.0.0.1:{{port}}; location / {{ return 200 page; }} }}"
"""
REST = f"""
[targets.miniature.systems.replica]
kind = "redis"
native.replicate_from = "is_watched"
[targets.miniature.systems.hands_on]
kind = "rabbitmq"
native = {{}}
[targets.miniature.systems.traffic]
kind = "http"
native.argv = ["{{python}}", "{HERE}/traffic.py"]
native.after = [{", ".join(f'"{one}"' for one in (*STORES, "serves", "hands_on"))}]
native.env.PORT = "{{port}}"
native.env.STORES = "{" ".join(f"{way}={{{way}.url}}" for way in STORES)}"
native.env.FRONTS = "{{serves.url}}"
native.env.BROKER = "{{hands_on.amqp}}"
[targets.miniature.activities.perform]
request = "GET http://traffic/performed/{{nonce}}"
"""
HIDES = """
[targets.hidden.systems.hides]
kind = "redis"
url = "{url}"
"""

Judged = Callable[..., ClaimResult]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All ways at once: they share nothing but the processor."""
    target = "".join(STORE.format(way=way) for way in STORES) + "".join(
        FRONT.format(way=way) for way in ("serves", "serves_nobody")
    )
    with (
        Room(tmp_path_factory.mktemp("throughput"), target + REST) as room,
        Room(tmp_path_factory.mktemp("hidden"), HIDES.format(url=hidden(room))) as behind,
        ThreadPoolExecutor(12) as pool,
    ):
        claims = [*HONEST.items(), *LIES.items(), *((way, more) for way, (more, _) in CANNOT_TELL.items())]

        def judge(way: str, more: dict[str, str]) -> ClaimResult:
            where = behind if way == "hides" else room
            return where.judge("throughput.observed", system=way, **{**CLAIMED, **more})

        results = {(way, str(more)): pool.submit(judge, way, more) for way, more in claims}
        results["works_for_the_audit", ""] = pool.submit(performed, room)
        yield lambda way, more: results[way, str(more)].result()


def hidden(room: Room) -> str:
    """A store at work, for somebody who may not see what it counts."""
    url = room.located["works"].endpoints["url"]
    redis.Redis.from_url(url).execute_command("ACL", "SETUSER", "blind", "on", ">secret", "+@all", "-info")
    return f"redis://blind:secret@{url.rpartition('@')[2]}"


def performed(room: Room) -> ClaimResult:
    """After an activity of the audit's, all of whose traces the counters hold."""
    used: tuple[str, dict[str, Any]] = "wiring.used", {"system": "works_for_the_audit", "activity": "perform"}
    observed = "throughput.observed", {"system": "works_for_the_audit", **CLAIMED}
    first, second = room.judge_together(used, observed)
    assert first.verdict is Verdict.VERIFIED, (first.actual, first.because)
    return second


@pytest.mark.parametrize(("way", "more"), HONEST.items())
def test_throughput_verifies(judged: Judged, way: str, more: dict[str, str]) -> None:
    result = judged(way, more)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("way", "more"), LIES.items())
def test_throughput_refutes(judged: Judged, way: str, more: dict[str, str]) -> None:
    result = judged(way, more)
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)


@pytest.mark.parametrize("way", ["is_watched", "pings", "worked_once", "serves_nobody"])
def test_what_is_no_work_is_nothing(judged: Judged, way: str) -> None:
    assert judged(way, {}).actual == "0/s"


def test_what_the_audit_performs_is_no_throughput(judged: Judged) -> None:
    result = judged("works_for_the_audit", "")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "0/s"), result.because


@pytest.mark.parametrize(("way", "more", "reason"), [(way, *told) for way, told in CANNOT_TELL.items()])
def test_throughput_cannot_tell(judged: Judged, way: str, more: dict[str, str], reason: Reason) -> None:
    result = judged(way, more)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
