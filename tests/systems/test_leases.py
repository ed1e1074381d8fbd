"""Leases in real servers: one run at a time, whoever has died loses it, whoever lost it learns that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import redis

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.lease import NAME, Lease
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import consul, etcd
from pytest_distaudit.systems import redis as redis_kind
from pytest_distaudit.systems._etcd_session import key
from pytest_distaudit.systems.http_fetch import HttpFetch
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import SECRET, Handler, free_port, garbage, never_answers, wait_until

KINDS: dict[str, Kind] = {"consul": consul.KIND, "etcd": etcd.KIND, "redis": redis_kind.KIND}
#: the shortest that each server has, in seconds, and how much later it may notice (Consul: as long again)
LASTS = {"consul": (10.0, 12.0), "etcd": (3.0, 4.0), "redis": (2.0, 1.0)}

Make = Callable[[str], Lease]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Located]]:
    kinds = [kind for kind in KINDS if not builtin_recipes()[kind].missing()]
    text = "".join(f'[targets.it.systems.{kind}]\nkind = "{kind}"\nnative = {{}}\n' for kind in kinds)
    with Room(tmp_path_factory.mktemp("leases"), text) as room:
        yield dict(room.located)


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, servers: dict[str, Located]) -> Iterator[tuple[str, Located, Make]]:
    """(kind, where it is, what makes a lease for a holder): all are given back at the end."""
    kind = request.param
    if kind not in servers:
        pytest.skip(builtin_recipes()[kind].missing())
    leases: list[Lease] = []

    def make(holder: str) -> Lease:
        leases.append(_lease(kind, servers[kind], holder))
        return leases[-1]

    yield kind, servers[kind], make
    for lease in leases:
        lease.give_back()


def _lease(kind: str, located: Located, holder: str, limits: Limits | None = None) -> Lease:
    offered = KINDS[kind].lease
    assert offered is not None
    return offered(located, limits or Limits(), holder, LASTS[kind][0])


@pytest.mark.live
class TestOnServers:
    def test_one_has_it_and_the_others_learn_who(self, made: tuple[str, Located, Make]) -> None:
        _, _, make = made
        first, second = make("run 1 on left"), make("run 2 on right")
        assert first.take() == ""
        assert second.take() == "run 1 on left"
        assert first.prolong()

    def test_whoever_gives_it_back_leaves_nothing(self, made: tuple[str, Located, Make]) -> None:
        _, _, make = made
        first, second = make("first"), make("second")
        for one in (first, second, make("third")):
            assert one.take() == ""
            one.give_back()

    def test_giving_back_what_another_has_takes_nothing_away(self, made: tuple[str, Located, Make]) -> None:
        _, _, make = made
        first, second, third = make("first"), make("second"), make("third")
        assert first.take() == ""
        assert second.take() == "first"
        second.give_back()
        assert third.take() == "first"
        assert first.prolong()

    def test_it_lasts_as_long_as_it_is_prolonged(self, made: tuple[str, Located, Make]) -> None:
        kind, _, make = made
        first, second = make("first"), make("second")
        assert first.take() == ""
        until = time.monotonic() + 1.5 * LASTS[kind][0]
        while time.monotonic() < until:
            assert first.prolong()
            assert second.take() == "first"
            time.sleep(0.2)

    def test_who_does_not_prolong_it_loses_it(self, made: tuple[str, Located, Make]) -> None:
        kind, _, make = made
        first, second = make("first"), make("second")
        assert first.take() == ""
        wait_until(lambda: second.take() == "", sum(LASTS[kind]) + 2.0)
        assert not first.prolong()
        first.give_back()
        assert second.prolong()

    def test_who_has_it_taken_away_learns_that(self, made: tuple[str, Located, Make]) -> None:
        kind, located, make = made
        first = make("first")
        assert first.take() == ""
        _taken_away(kind, located.endpoints["url"])
        assert not first.prolong()


def _taken_away(kind: str, url: str) -> None:
    """By somebody who tidies up."""
    if kind == "redis":
        with redis.Redis.from_url(url) as client:
            assert client.delete(NAME) == 1
    elif kind == "consul":
        assert HttpFetch()(Request("DELETE", f"{url}/v1/kv/{NAME}")).status == 200
    else:
        told = HttpFetch()(Request("POST", f"{url}/v3/kv/deleterange", json={"key": key(NAME)})).decoded("it")
        assert told["deleted"] == "1"


@pytest.mark.parametrize("kind", KINDS)
class TestWithoutServer:
    def test_nobody_is_there(self, kind: str) -> None:
        assert _refusal(kind, free_port()) is Reason.NOT_REACHABLE

    def test_nobody_answers(self, kind: str, serve: Callable[[Handler], int]) -> None:
        assert _refusal(kind, serve(never_answers)) is Reason.TIMED_OUT

    def test_another_product_answers(self, kind: str, serve: Callable[[Handler], int]) -> None:
        found = _refusal(kind, serve(garbage))
        assert found in (Reason.PROTOCOL_ERROR, Reason.WRONG_PRODUCT)


def _refusal(kind: str, port: int) -> Reason:
    url = f"{'redis' if kind == 'redis' else 'http'}://:{SECRET}@127.0.0.1:{port}"
    lease = _lease(kind, Located("it", kind, {"url": url}), "me", Limits(connect_s=0.3, ask_s=0.3))
    with pytest.raises(Unobservable) as raised:
        lease.take()
    assert SECRET not in raised.value.detail
    lease.give_back()
    return raised.value.reason


@pytest.mark.live
def test_consul_turns_strangers_away(consul: object) -> None:
    url = consul.locked.replace(f":{SECRET}@", "")  # type: ignore[attr-defined]
    lease = _lease("consul", Located("it", "consul", {"url": url}), "me")
    with pytest.raises(Unobservable) as raised:
        lease.take()
    assert raised.value.reason is Reason.FORBIDDEN
