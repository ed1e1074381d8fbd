"""Systems that form one cluster: who is started, whom they meet, and what is said of those that cannot."""

from __future__ import annotations

import re
import socket

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.recipe import StartFailed
from pytest_distaudit.targets.recipes import _redis_cluster, builtin_recipes
from pytest_distaudit.targets.recipes._company import Company
from tests.targets.conftest import Provide, system, target
from tests.targets.test_programs import inventory
from tests.targets.test_servers import needs

TRIO = ["one", "two", "three"]


def several(kind: str, *names: str, cluster: list[str], **native: object) -> list:
    return [system(name, kind, {"cluster": cluster, **native}) for name in names]


@pytest.mark.parametrize("kind", ["etcd", "redis", "consul", "rabbitmq"])
@pytest.mark.parametrize("cluster", ["one", [], [1]])
def test_a_cluster_is_a_list_of_systems(provide: Provide, kind: str, cluster: object) -> None:
    if builtin_recipes()[kind].missing():
        pytest.skip("not installed")
    with pytest.raises(InvalidInput) as refused, provide(target(system("one", kind, {"cluster": cluster}))):
        pass
    assert "native.cluster of system 'one' must be a list of systems, this one among them" in str(refused.value)


@needs("etcd")
def test_a_member_that_does_not_exist(provide: Provide) -> None:
    with pytest.raises(InvalidInput) as refused, provide(target(*several("etcd", "one", cluster=["one", "ono"]))):
        pass
    assert "unknown system 'ono'; did you mean 'one'?" in str(refused.value)


@needs("redis-sentinel")
def test_a_sentinel_that_watches_nobody(provide: Provide) -> None:
    with pytest.raises(InvalidInput) as refused, provide(target(system("watch", "redis-sentinel", {}))):
        pass
    assert "cannot be started without native.watch: add a system's name" in str(refused.value)


def test_a_company_knows_its_own_only() -> None:
    fellows = Company(("a", "b"), ports={"a": 7})
    assert fellows.port("a") == 7
    assert fellows.secret not in repr(fellows)
    with pytest.raises(StartFailed, match="names b, which is not started here"):
        fellows.port("b")


def test_a_port_leaves_one_for_the_bus() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        offered = iter([60_000, busy - 10_000, 20_001])
        assert _redis_cluster.port_with_bus(lambda: next(offered)) == 20_001
    with pytest.raises(StartFailed, match="no port"):
        _redis_cluster.port_with_bus(lambda: 60_000)


@pytest.mark.live
@pytest.mark.usefixtures("nothing_left")
class TestReal:
    @needs("etcd")
    def test_one_wanted_member_brings_the_others(self, provide: Provide) -> None:
        with provide(target(*several("etcd", *TRIO, cluster=TRIO)), "two") as had:
            assert sorted(had.located) == sorted(TRIO)
            assert all(inventory(had, name).running for name in TRIO)

    @needs("etcd")
    def test_a_cluster_that_leaves_its_own_system_out(self, provide: Provide) -> None:
        with provide(target(*several("etcd", "one", cluster=["two"]), system("two", "etcd", {}))) as had:
            assert not inventory(had, "one").running
            assert "native.cluster names other systems" in inventory(had, "one").log_tail

    @needs("redis")
    def test_a_cluster_of_stores_has_one_password(self, provide: Provide) -> None:
        import redis

        with provide(target(*several("redis", *TRIO, cluster=TRIO))) as had:
            client = redis.Redis.from_url(had.located["one"].endpoints["url"], decode_responses=True)
            told = client.execute_command("CLUSTER", "NODES")
            assert len(re.findall(r" (?:myself,)?master ", str(told))) == 3
            assert all(address(one.endpoints["url"])[1] <= 55_535 for one in had.located.values())
            assert len({one.endpoints["url"].split("@")[0] for one in had.located.values()}) == 1

    @needs("redis-sentinel")
    def test_a_sentinel_of_a_master_that_died(self, provide: Provide) -> None:
        master = system("master", "redis", {"settings": {"no-such-setting": 1}})
        with provide(target(master, system("watch", "redis-sentinel", {"watch": "master"}))) as had:
            assert "not started: its primary master is not running" in inventory(had, "watch").log_tail

    @needs("consul")
    def test_servers_that_elect_one(self, provide: Provide) -> None:
        with provide(target(*several("consul", *TRIO, cluster=TRIO))) as had:
            assert all(inventory(had, name).running for name in TRIO)
