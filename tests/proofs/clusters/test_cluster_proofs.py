"""Two-sided proofs of ``cluster.members`` and ``cluster.agrees``, on etcd, Redis Cluster and Redis Sentinel."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
import redis

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = next(filter(None, (builtin_recipes()[kind].missing() for kind in ("redis", "etcd", "consul"))), None)
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

SYSTEM = '[targets.miniature.systems.{}]\nkind = "{}"\nprobes = "write"\nnative = {{{}}}\n'
#: the longest that a facade is looked at again
SOON = "0.5s"


def several(kind: str, names: str, options: str = "") -> str:
    """Systems of one cluster."""
    words = names.split()
    cluster = f"cluster = [{', '.join(map(repr, words))}]".replace("'", '"')
    return "".join(SYSTEM.format(name, kind, ", ".join(filter(None, (cluster, options)))) for name in words)


def alone(kind: str, names: str, options: str = "") -> str:
    """Systems that know of one another nothing."""
    return "".join(SYSTEM.format(name, kind, options) for name in names.split())


MINIATURE = (
    several("etcd", "etcd-1 etcd-2 etcd-3")
    + several("etcd", "half-1 half-2 half-3")
    + several("etcd", "pair-1 pair-2")
    + alone("etcd", "single-1 single-2 single-3")
    + several("consul", "agent-1 agent-2 agent-3")
    + alone("consul", "solo-1 solo-2 solo-3")
    + several("redis", "shard-1 shard-2 shard-3 shard-4 shard-5 shard-6", "replicas = 1")
    + several("redis", "bare-1 bare-2 bare-3")
    + alone("redis", "master other another former")
    + alone("redis", "usurper", 'replicate_from = "former"')
    + alone("redis", "copy", 'replicate_from = "master"')
    + several("redis-sentinel", "watch-1 watch-2 watch-3", 'watch = "master", after = ["copy"]')
    + alone("redis-sentinel", "lone", 'watch = "other"')
    + alone("redis-sentinel", "stray", 'watch = "another"')
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("clusters"), MINIATURE) as room:
        yield room


def judged(room: Room, check: str, systems: str, within: str = SOON, **params: object) -> ClaimResult:
    return room.judge(check, roles={"members": systems}, within=within, **params)


def told(result: ClaimResult) -> str:
    return f"{result.actual} {result.because}"


def client(room: Room, name: str) -> redis.Redis:
    url = urlsplit(room.located[name].endpoints["url"])
    return redis.Redis(port=url.port or 0, password=unquote(url.password or "") or None, decode_responses=True)


# --- genuine


@pytest.mark.parametrize("members", ["etcd-*", "shard-*", "watch-*", "agent-*"])
def test_clusters_are_verified(room: Room, members: str) -> None:
    seen = judged(room, "cluster.members", members, within="15s")
    assert seen.verdict is Verdict.VERIFIED, told(seen)
    assert "1 may fail" in seen.actual
    seen = judged(room, "cluster.agrees", members, within="15s")
    assert seen.verdict is Verdict.VERIFIED, told(seen)


def test_words_are_written_through_every_member_that_takes_them(room: Room) -> None:
    for members, through in (
        ("etcd-*", "etcd-1, etcd-2, etcd-3"),
        ("agent-*", "agent-1, agent-2, agent-3"),
        ("shard-*", "shard-1, shard-2, shard-3"),
    ):
        assert f"written through {through}" in told(judged(room, "cluster.agrees", members, within="15s"))
    assert not client(room, "shard-1").dbsize(), "nothing is left"


# --- facades


@pytest.mark.parametrize("members", ["single-*", "solo-*", "agent-1,solo-1", "master,other", "lone,watch-1"])
@pytest.mark.parametrize("check", ["cluster.members", "cluster.agrees"])
def test_singletons_that_do_not_know_each_other(room: Room, check: str, members: str) -> None:
    seen = judged(room, check, members)
    assert seen.verdict is Verdict.REFUTED, told(seen)
    assert "clusters" in seen.actual or "does not know" in seen.actual


@contextmanager
def relabelled(room: Room, **names: str) -> Iterator[None]:
    """Systems that lead elsewhere for a while: a second name in front of one server."""
    before = dict(room.located)
    room.located = {**before, **{name: replace(before[to], system=name) for name, to in names.items()}}
    try:
        yield
    finally:
        room.located = before


@pytest.mark.parametrize("check", ["cluster.members", "cluster.agrees"])
def test_three_names_of_one_node(room: Room, check: str) -> None:
    with relabelled(room, **{"etcd-2": "etcd-1", "etcd-3": "etcd-1"}):
        seen = judged(room, check, "etcd-*")
    assert seen.verdict is Verdict.REFUTED
    assert "both lead to the member" in seen.because


def test_a_sentinel_alone(room: Room) -> None:
    seen = judged(room, "cluster.members", "lone", members=3)
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "1 member")
    seen = judged(room, "cluster.members", "lone")
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "0 may fail")


def test_masters_without_replicas(room: Room) -> None:
    seen = judged(room, "cluster.members", "bare-*")
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "0 may fail")
    seen = judged(room, "cluster.members", "bare-*", tolerates=0)
    assert seen.verdict is Verdict.VERIFIED, "it is a cluster all the same"


def test_two_of_two_votes_are_needed(room: Room) -> None:
    seen = judged(room, "cluster.members", "pair-*")
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "0 may fail")


def test_fewer_than_claimed(room: Room) -> None:
    assert judged(room, "cluster.members", "etcd-*", members=5).verdict is Verdict.REFUTED


def test_two_sentinels_that_name_two_masters(room: Room) -> None:
    seen = judged(room, "cluster.agrees", "watch-1,stray")
    assert seen.verdict is Verdict.REFUTED, told(seen)


@pytest.mark.parametrize("check", ["cluster.members", "cluster.agrees"])
def test_a_replica_that_was_promoted_beside_its_master(room: Room, check: str) -> None:
    """Split brain: both take writes, each for itself."""
    client(room, "usurper").replicaof("NO", "ONE")
    seen = judged(room, check, "former,usurper")
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "2 clusters"), told(seen)


def test_a_member_that_is_configured_and_dead(room: Room) -> None:
    """The others list it as before."""
    inventory = room.located["half-3"].inventory
    assert inventory is not None
    with suppress(ProcessLookupError):
        os.kill(inventory().pid or 0, signal.SIGKILL)
    seen = judged(room, "cluster.members", "half-*")
    assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "2 of 3 members running"), told(seen)


# --- where it cannot tell


def test_one_member_of_three_is_asked(room: Room) -> None:
    seen = judged(room, "cluster.members", "etcd-1", members=3)
    assert (seen.verdict, seen.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    seen = judged(room, "cluster.agrees", "etcd-1")
    assert (seen.verdict, seen.reason) == (Verdict.UNVERIFIABLE, Reason.TOPOLOGY_TOO_SMALL)


def test_who_takes_over_is_not_known_of_a_replica_by_itself(room: Room) -> None:
    seen = judged(room, "cluster.members", "master,copy")
    assert (seen.verdict, seen.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize("check", ["cluster.members", "cluster.agrees"])
@pytest.mark.parametrize(
    ("place", "reason"),
    [("redis://:wrong@127.0.0.1:{port}/0", Reason.FORBIDDEN), ("redis://nowhere.invalid:6379/0", Reason.NOT_REACHABLE)],
)
def test_a_member_that_the_audit_cannot_ask(room: Room, check: str, place: str, reason: Reason) -> None:
    """The others' word for it is not enough."""
    url = place.format(port=urlsplit(room.located["shard-6"].endpoints["url"]).port)
    before = room.located
    unknown = replace(before["shard-6"], endpoints={"url": url}, inventory=None, neighbours=())
    room.located = {**before, "shard-6": unknown}
    try:
        seen = judged(room, check, "shard-*")
    finally:
        room.located = before
    assert (seen.verdict, seen.reason) == (Verdict.UNVERIFIABLE, reason), told(seen)
