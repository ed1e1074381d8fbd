from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems.redis import KIND as REDIS
from pytest_distaudit.systems.redis_sentinel import KIND

from .bad_days import SECRET, closes, free_port, garbage, look, never_answers, refusal, resets, speaks_http
from .saying import over_redis

ASKS = ("presence", "process", "health", "membership")
RUN = "0123456789abcdef0123456789abcdef01234567"
INFO = f"redis_version:7.0.15\nredis_mode:sentinel\nrun_id:{RUN}\nuptime_in_seconds:60\nsentinel_masters:1\n"


def table(**row: object) -> list[str]:
    return [
        str(part).replace("_", "-") if n % 2 == 0 else str(part) for pair in row.items() for n, part in enumerate(pair)
    ]


def group(name: str = "orders", flags: str = "master", quorum: int = 2) -> list[str]:
    return table(name=name, ip="10.0.0.1", port=6379, flags=flags, config_epoch=5, quorum=quorum)


OTHER = table(name="s2", ip="10.0.0.5", port=26379, runid="id-2", flags="sentinel")
LOST = table(name="s3", ip="10.0.0.6", port=26379, runid="id-3", flags="s_down,sentinel,disconnected")
COPY = table(name="r1", ip="10.0.0.2", port=6379, flags="slave", master_link_status="ok")
SENTINEL = {
    "INFO": INFO,
    "SENTINEL MASTERS": [group()],
    "SENTINEL MYID": "id-1",
    "SENTINEL SENTINELS": [OTHER, LOST],
    "SENTINEL SLAVES": [COPY],
    "SENTINEL CKQUORUM": "OK 3 usable Sentinels",
}


def sentinel(serve, path: str = "", **changes) -> str:
    told = {**SENTINEL, **{name.replace("_", " "): answer for name, answer in changes.items()}}
    return f"redis://127.0.0.1:{serve(over_redis(told))}{path}"


def test_bad_days(serve, limits):
    limits = replace(limits, ask_s=0.3)
    for bad_day in (never_answers, garbage, closes, resets, speaks_http):
        where = f"redis://:{SECRET}@127.0.0.1:{serve(bad_day)}"
        for ask in ASKS[1:]:
            reason = Reason.TIMED_OUT if bad_day in (never_answers, speaks_http) else Reason.PROTOCOL_ERROR
            assert refusal(KIND, ask, limits, url=where).reason is reason
    for ask in ASKS:
        assert isinstance(refusal(KIND, ask, limits, url=f"redis://127.0.0.1:{free_port()}"), Refusal)


def test_a_store_is_no_sentinel_and_a_sentinel_no_store(serve, limits):
    store = sentinel(serve, INFO=INFO.replace("sentinel\n", "standalone\n"))
    for ask in ASKS:
        assert refusal(KIND, ask, limits, url=store).reason is Reason.WRONG_PRODUCT
    told = refusal(REDIS, "presence", limits, url=sentinel(serve))
    assert told.reason is Reason.WRONG_PRODUCT
    assert "kind redis-sentinel" in told.detail


@pytest.mark.variant("redis-sentinel", "managed", "without INFO")
def test_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=sentinel(serve))
    assert (seen.product, seen.version) == ("Redis Sentinel", "7.0.15")
    denied = b"-NOAUTH Authentication required."
    locked = sentinel(serve, INFO=denied)
    assert look(KIND, "presence", limits, url=locked).authenticated is False
    assert refusal(KIND, "membership", limits, url=locked).reason is Reason.FORBIDDEN


def test_health(serve, limits):
    assert look(KIND, "health", limits, url=sentinel(serve)).healthy
    few = sentinel(serve, SENTINEL_CKQUORUM=b"-NOQUORUM 1 usable Sentinels. Not enough available Sentinels")
    seen = look(KIND, "health", limits, url=few)
    assert not seen.healthy
    assert "NOQUORUM" in seen.detail
    down = sentinel(serve, SENTINEL_MASTERS=[group(flags="master,s_down,o_down")])
    assert look(KIND, "health", limits, url=down).detail == "master: o_down, s_down"
    odd = sentinel(serve, SENTINEL_CKQUORUM=b"-ERR no such thing")
    assert refusal(KIND, "health", limits, url=odd).reason is Reason.PROTOCOL_ERROR


def test_membership(serve, limits):
    seen = look(KIND, "membership", limits, url=sentinel(serve))
    assert (seen.cluster, seen.own, seen.leaders, seen.term, seen.quorum) == (
        "orders",
        "id-1",
        ("10.0.0.1:6379",),
        5,
        2,
    )
    assert seen.works
    assert seen.members == (
        Member("id-1", role="watcher", healthy=True),
        Member("id-2", "", "10.0.0.5:26379", "watcher", healthy=True),
        Member("id-3", "", "10.0.0.6:26379", "watcher", healthy=False),
        Member("10.0.0.1:6379", "", "10.0.0.1:6379", "leader", votes=False, healthy=True),
        Member("10.0.0.2:6379", "", "10.0.0.2:6379", "replica", False, "10.0.0.1:6379", True),
    )


def test_a_quorum_of_one_does_not_spare_the_majority(serve, limits):
    seen = look(KIND, "membership", limits, url=sentinel(serve, SENTINEL_MASTERS=[group(quorum=1)]))
    assert seen.quorum == 2, "two of three must let one act"


def test_which_group_is_meant(serve, limits):
    two = [group(), group("carts")]
    assert look(KIND, "membership", limits, url=sentinel(serve, "/carts", SENTINEL_MASTERS=two)).cluster == "carts"
    for path in ("", "/0", "/nonsense"):
        told = refusal(KIND, "membership", limits, url=sentinel(serve, path, SENTINEL_MASTERS=two))
        assert told.reason is Reason.AMBIGUOUS_CLAIM
        assert "carts, orders" in told.detail
    assert look(KIND, "membership", limits, url=sentinel(serve, "/0")).cluster == "orders"
    assert refusal(KIND, "membership", limits, url=sentinel(serve, "/carts")).reason is Reason.AMBIGUOUS_CLAIM
    assert refusal(KIND, "membership", limits, url=sentinel(serve, SENTINEL_MASTERS=[])).reason is Reason.VACUOUS


@pytest.mark.parametrize("told", ["hello", [["odd"]], 7])
def test_no_tables(serve, limits, told):
    where = sentinel(serve, SENTINEL_MASTERS=told)
    assert refusal(KIND, "membership", limits, url=where).reason is Reason.PROTOCOL_ERROR
