"""process.distinct and system.count: so many names, and how many servers behind them."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.fixture(scope="module")
def room(street: object, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """``boot-*`` tell themselves apart by a header, ``plain-*`` do not."""
    s = street
    boot = [s.start(BOOT="own", MORE_PORTS=more) for more in (s.free(), "")]
    plain = [s.start() for _ in range(2)]
    s.named("boot-1", boot[0], identity="X-Boot")
    s.named("boot-2", boot[1], identity="X-Boot")
    s.named("boot-3", s.start(BOOT="own", ASKS=f"127.0.0.1:{boot[1]}"), identity="X-Boot")
    s.named("plain-1", plain[0])
    s.named("plain-2", plain[1])
    s.named("asks-plain-1", s.start(ASKS=f"127.0.0.1:{plain[0]}"))
    # two names
    s.named("boot-1-again", boot[0], identity="X-Boot")
    s.named("boot-1-localhost", boot[0], identity="X-Boot", host="localhost")
    s.named("plain-1-again", plain[0], host="localhost")
    ports = [s.free(), s.free(), s.free()]
    two = {
        way: (s.start(BOOT=way, MORE_PORTS=port), port)
        for way, port in zip(("own", "fickle", "per-port"), ports, strict=True)
    }
    for way, pair in two.items():
        for number, port in enumerate(pair, 1):
            s.named(f"{way}-{number}", port, identity="X-Boot")
            s.named(f"unasked-{way}-{number}", port)
    # constant, absent, changing
    for number in (1, 2):
        s.named(f"constant-{number}", s.start(BOOT="same"), identity="X-Boot")
    s.named("without-header", plain[0], identity="X-Boot")
    s.named("fickle-alone", s.start(BOOT="fickle"), identity="X-Boot")
    # relays
    s.named("relay-to-boot-1", s.start(RELAY=f"127.0.0.1:{boot[0]}"), identity="X-Boot")
    s.named("renaming-relay-to-boot-1", s.start(BOOT="own", PROXY=f"127.0.0.1:{boot[0]}"), identity="X-Boot")
    s.named("relay-to-plain-1", s.start(RELAY=f"127.0.0.1:{plain[0]}"))
    s.named("proxy-to-plain-1", s.start(PROXY=f"127.0.0.1:{plain[0]}"))
    s.named("pooling-proxy-to-plain-1", s.start(POOL=f"127.0.0.1:{plain[0]}"))
    hidden = s.start()
    s.named("relay-to-hidden-1", s.start(RELAY=f"127.0.0.1:{hidden}"))
    s.named("relay-to-hidden-2", s.start(RELAY=f"127.0.0.1:{hidden}"))
    unix = str(tmp_path_factory.mktemp("unix") / "socket")
    s.start(UNIX=unix)
    for number in (1, 2):
        s.named(f"relay-to-unix-{number}", s.start(RELAY=unix))
    s.named("relay-to-both", s.start(RELAY=f"127.0.0.1:{plain[0]} 127.0.0.1:{plain[1]}"))
    s.named("traceless-relay-to-plain-1", s.start(RELAY=f"127.0.0.1:{plain[0]}", RESET=1))
    child = s.free()
    s.named("parent", s.start(PARENT=child))
    s.named("child", child)
    everywhere = s.start(HOST="0.0.0.0")
    s.named("everywhere", everywhere)
    s.named("relay-to-everywhere", s.start(RELAY=f"127.0.0.1:{everywhere}"))
    for number in (1, 2):
        renaming = s.start(BOOT="own", PROXY=f"127.0.0.1:{hidden}")
        s.named(f"renaming-relay-to-hidden-{number}", renaming, identity="X-Boot")
    # genuine, with company
    store = s.start(STORE=1)
    for number in (1, 2):
        s.named(f"with-store-{number}", s.start(ASKS_ALWAYS=f"127.0.0.1:{store}"))
        apart = s.start(BOOT="own")
        s.named(f"sidecar-{number}", s.start(RELAY=f"127.0.0.1:{apart}"), identity="X-Boot")
    s.named("dead", s.free())
    return s.room(tmp_path_factory.mktemp("street"))


def distinct(room: Room, servers: str, **params: str) -> ClaimResult:
    return room.judge("process.distinct", roles={"servers": servers}, **params)


def count(room: Room, servers: str, number: object) -> ClaimResult:
    return room.judge("system.count", roles={"servers": servers}, count=number)


def words(result: ClaimResult) -> tuple[str, str | None, str, str]:
    return result.verdict.value, result.reason and result.reason.value, result.actual, result.because


@pytest.mark.parametrize(
    "servers",
    [
        "boot-1,boot-2",
        "boot-1,boot-2,boot-3",
        "plain-1,plain-2",
        "asks-plain-1,plain-1",
        "boot-1,plain-1",
        "with-store-1,with-store-2",
        "sidecar-1,sidecar-2",
    ],
)
def test_processes_of_their_own(room: Room, servers: str) -> None:
    result = distinct(room, servers)
    assert result.verdict is Verdict.VERIFIED, words(result)
    assert count(room, servers, servers.count(",") + 1).verdict is Verdict.VERIFIED


LIES = {
    "two names of one address": "boot-1,boot-1-again",
    "two names of one host": "boot-1,boot-1-localhost",
    "two names of one address, told by pid": "plain-1,plain-1-again",
    "one process on two ports": "own-1,own-2",
    "one process on two ports, told by pid": "unasked-own-1,unasked-own-2",
    "one process that names itself after the port": "per-port-1,per-port-2",
    "a relay before a named server": "boot-1,relay-to-boot-1",
    "a relay with a name of its own": "boot-1,renaming-relay-to-boot-1",
    "a relay, told by pid": "plain-1,relay-to-plain-1",
    "a proxy, told by pid": "plain-1,proxy-to-plain-1",
    "a proxy that keeps its connection": "plain-1,pooling-proxy-to-plain-1",
    "a relay to one that listens everywhere": "everywhere,relay-to-everywhere",
    "a relay that started its server itself": "parent,child",
    "one of two dead": "boot-1,dead",
}


@pytest.mark.parametrize("lie", LIES)
def test_fewer_processes_than_names(room: Room, lie: str) -> None:
    result = distinct(room, LIES[lie])
    assert result.verdict is Verdict.REFUTED, words(result)
    counted = count(room, LIES[lie], 1)
    assert (counted.verdict, counted.actual) == (Verdict.VERIFIED, "1 server"), words(counted)


def test_names_are_not_counted_for_servers(room: Room) -> None:
    lie = "boot-1,boot-1-again,relay-to-boot-1,dead"
    counted = count(room, lie, ">= 2")
    assert (counted.verdict, counted.actual) == (Verdict.REFUTED, "1 server"), words(counted)


def test_a_relay_that_leaves_no_trace_is_no_server_either(room: Room) -> None:
    servers = "plain-1,traceless-relay-to-plain-1"
    assert distinct(room, servers).verdict is not Verdict.VERIFIED
    assert count(room, servers, 2).verdict is not Verdict.VERIFIED


def test_a_balancer_is_none_of_the_servers_behind_it(room: Room) -> None:
    servers = "plain-1,plain-2,relay-to-both"
    assert distinct(room, servers).verdict is Verdict.REFUTED
    counted = count(room, servers, 2)
    assert (counted.verdict, counted.actual) == (Verdict.VERIFIED, "2 servers"), words(counted)


def test_servers_that_share_their_identity_are_not_told_apart(room: Room) -> None:
    assert distinct(room, "constant-1,constant-2").verdict is Verdict.REFUTED


def test_fewer_servers_than_claimed(room: Room) -> None:
    assert distinct(room, "boot-1,boot-2", count=">= 3").verdict is Verdict.REFUTED
    assert count(room, "boot-1,boot-2,dead", ">= 3").verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("servers", "reason"),
    [
        ("boot-1", Reason.TOPOLOGY_TOO_SMALL),
        ("boot-1,without-header", Reason.NO_OBSERVABLE),
        ("boot-1,fickle-alone", Reason.NO_OBSERVABLE),
        ("fickle-1,fickle-2", Reason.NO_OBSERVABLE),
        ("relay-to-hidden-1,relay-to-hidden-2", Reason.NO_OBSERVABLE),
        ("plain-1,relay-to-hidden-1", Reason.NO_OBSERVABLE),
        ("relay-to-unix-1,relay-to-unix-2", Reason.NO_OBSERVABLE),
        ("renaming-relay-to-hidden-1,renaming-relay-to-hidden-2", Reason.NO_OBSERVABLE),
    ],
)
def test_distinctness_cannot_be_told(room: Room, servers: str, reason: Reason) -> None:
    result = distinct(room, servers)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), words(result)


@pytest.mark.parametrize("servers", ["relay-to-hidden-1,relay-to-hidden-2", "fickle-1,fickle-2"])
def test_a_number_that_is_open_decides_only_what_it_can(room: Room, servers: str) -> None:
    result = count(room, servers, 2)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), words(result)
    assert count(room, servers, ">= 1").verdict is Verdict.VERIFIED
