"""system.running, port.open and system.version: what answers there, and what only seems to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import address
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


def words(result: ClaimResult) -> tuple[str, str | None, str, str]:
    return result.verdict.value, result.reason and result.reason.value, result.actual, result.because


def port_of(town: Room, service: str) -> int:
    return address(town.located[service].endpoints["url"])[1]


# --- system.running


@pytest.mark.parametrize("service", ["well", "sick", "locked", "well,sick,orders"])
def test_a_service_that_answers_runs_however_it_feels(town: Room, service: str) -> None:
    result = town.judge("system.running", system=service)
    assert result.verdict is Verdict.VERIFIED, words(result)


@pytest.mark.parametrize("lie", ["shop-cache", "well,shop-cache", "hangs-up,shop-cache"])
def test_nobody_listens_while_the_neighbours_answer(town: Room, lie: str) -> None:
    result = town.judge("system.running", system=lie)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "shop-cache down"), words(result)


BLIND = {
    "postgres-is-http": Reason.WRONG_PRODUCT,
    "broker-is-http": Reason.WRONG_PRODUCT,
    "broker-says-amqp": Reason.WRONG_PRODUCT,
    "postgres-says-n": Reason.PROTOCOL_ERROR,
    "postgres-is-silent": Reason.TIMED_OUT,
    "silent": Reason.TIMED_OUT,
    "hangs-up": Reason.PROTOCOL_ERROR,
    "resets": Reason.PROTOCOL_ERROR,
    "babbles": Reason.PROTOCOL_ERROR,
    "gateway-before-nothing": Reason.NOT_REACHABLE,
    "elsewhere-and-closed": Reason.NOT_REACHABLE,
}


def test_what_answers_is_not_known_to_be_the_system(town: Room) -> None:
    """All at once: some of them never answer."""
    with ThreadPoolExecutor(len(BLIND)) as pool:
        results = list(pool.map(lambda name: town.judge("system.running", system=name), BLIND))
    for name, result in zip(BLIND, results, strict=True):
        assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, BLIND[name]), (name, words(result))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Programs that the audit starts, and two that it is told of by their process numbers."""
    root = tmp_path_factory.mktemp("started")
    (root / "gone.pid").write_text("999999999\n", "utf-8")
    with subprocess.Popen(["true"]) as zombie, subprocess.Popen(["sleep", "60"]) as sleeper:
        while Path(f"/proc/{zombie.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            pass
        commands = {
            "alive": ("process", ["sleep", "60"]),
            "exits-1": ("http", ["sh", "-c", "echo no database >&2; exit 1"]),
            "exits-0": ("http", ["true"]),
            "crashes": ("http", ["sh", "-c", "kill -SEGV $$"]),
            "never-listens": ("http", ["sleep", "60"]),
            "process-exits": ("process", ["true"]),
            "not-there": ("http", ["/no/such/program"]),
            "listens": ("http", ["{python}", "-m", "http.server", "--bind", "127.0.0.1", "{port}"]),
        }
        text = "".join(
            f'[targets.proof.systems.{name}]\nkind = "{kind}"\nnative = {{argv = {argv}, start_limit = 1.5}}\n'
            for name, (kind, argv) in commands.items()
        )
        pids = {"zombie": f"pid:{zombie.pid}", "told-by-pid": f"pid:{sleeper.pid}", "stale": "pidfile:gone.pid"}
        text += "".join(
            f'[targets.proof.systems.{name}]\nkind = "process"\nurl = "{pid}"\n' for name, pid in pids.items()
        )
        try:
            with Room(root, text) as room:
                yield room
        finally:
            sleeper.kill()


@pytest.mark.parametrize("name", ["alive", "told-by-pid", "listens"])
def test_a_program_that_is_alive_runs(started: Room, name: str) -> None:
    result = started.judge("system.running", system=name)
    assert result.verdict is Verdict.VERIFIED, words(result)


@pytest.mark.parametrize(
    ("lie", "because"),
    [
        ("exits-1", "no database"),
        ("exits-0", "exited"),
        ("crashes", "exited"),
        ("never-listens", "connection refused"),
        ("process-exits", "exited"),
        ("not-there", "not running"),
        ("zombie", "not running"),
        ("stale", "not running"),
    ],
)
def test_a_program_that_ended_or_never_served(started: Room, lie: str, because: str) -> None:
    result = started.judge("system.running", system=lie)
    assert result.verdict is Verdict.REFUTED, words(result)
    assert because in result.because


# --- port.open


def test_a_port_serves_its_protocol(town: Room) -> None:
    for claimed in ({}, {"endpoint": "url"}, {"port": port_of(town, "well")}):
        result = town.judge("port.open", system="well", **claimed)
        assert result.verdict is Verdict.VERIFIED, words(result)


def test_a_program_listens_on_the_port_that_the_document_names(started: Room) -> None:
    result = started.judge("port.open", system="listens")
    assert result.verdict is Verdict.VERIFIED, words(result)


def test_a_closed_port_and_one_of_somebody_else(town: Room, started: Room) -> None:
    closed = town.judge("port.open", system="well", port=port_of(town, "shop-cache"))
    assert (closed.verdict, closed.actual.endswith("closed")) == (Verdict.REFUTED, True), words(closed)
    for name in ("told-by-pid", "listens"):
        taken = started.judge("port.open", system=name, port=port_of(town, "well"))
        assert (taken.verdict, taken.actual.endswith("another process's")) == (Verdict.REFUTED, True), words(taken)


def test_a_port_cannot_be_told(town: Room) -> None:
    claims = {
        "elsewhere-and-closed": ({}, Reason.NOT_REACHABLE),
        "well": ({"port": 0}, Reason.AMBIGUOUS_CLAIM),
        "orders": ({"port": 70000}, Reason.AMBIGUOUS_CLAIM),
        "sick": ({"endpoint": "nowhere"}, Reason.NO_OBSERVABLE),
    }
    with ThreadPoolExecutor(len(claims)) as pool:
        results = list(pool.map(lambda item: town.judge("port.open", system=item[0], **item[1][0]), claims.items()))
    for (name, (_, reason)), result in zip(claims.items(), results, strict=True):
        assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (name, words(result))


# --- system.version


@pytest.mark.parametrize(
    ("service", "version"),
    [
        ("shop-2.4.1", "2"),
        ("shop-2.4.1", "2.4"),
        ("shop-2.4.1", "v2.4.1"),
        ("shop-2.4.1", ">= 2.4, < 3"),
        ("shop-2.10.0", "> 2.9"),
        ("shop-2.4.1,shop-2.10.0", "2.x"),
    ],
)
def test_a_server_tells_the_documented_version(town: Room, service: str, version: str) -> None:
    result = town.judge("system.version", system=service, version=version)
    assert result.verdict is Verdict.VERIFIED, words(result)


@pytest.mark.parametrize(
    ("lie", "version"),
    [
        ("shop-2.4.1", "2.5"),
        ("shop-2.4.1", ">= 2.10"),
        ("shop-2.10.0", "2.1"),
        ("shop-20.4.0", "2"),
        ("shop-2.4.1,shop-20.4.0", "2"),
        ("shop-without-version,shop-20.4.0", "2"),
        ("shop-3.0.0rc1", ">= 3.0"),
    ],
)
def test_a_server_tells_another_version(town: Room, lie: str, version: str) -> None:
    result = town.judge("system.version", system=lie, version=version)
    assert result.verdict is Verdict.REFUTED, words(result)


@pytest.mark.parametrize(
    ("service", "version", "reason"),
    [
        ("shop-without-version", "2", Reason.NO_OBSERVABLE),
        ("well", "2", Reason.NO_OBSERVABLE),
        ("shop-2.4.1", "the newest", Reason.AMBIGUOUS_CLAIM),
        ("shop-2.4.1", ",", Reason.AMBIGUOUS_CLAIM),
    ],
)
def test_a_version_cannot_be_told(town: Room, service: str, version: str, reason: Reason) -> None:
    result = town.judge("system.version", system=service, version=version)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), words(result)
