"""Attaching to what is declared: nothing is started, nothing secret is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Instances, NestedSystems, Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.targets.neighbours import neighbours
from tests.targets.conftest import PLACE, Provide, python, system, target


def test_endpoints_are_filled_from_the_environment(provide: Provide) -> None:
    lab = target(system("mq", "rabbitmq", endpoints={"amqp": "amqp://audit:${MQ_PW}@${MQ_HOST}:5672/%2F"}))
    with provide(lab, environ={"MQ_PW": "s3cret", "MQ_HOST": "mq"}) as had:
        assert had.located["mq"].endpoints == {"amqp": "amqp://audit:s3cret@mq:5672/%2F"}
        assert had.modes == {"mq": "attach"}


def test_a_missing_variable_costs_its_own_system_alone(provide: Provide) -> None:
    lab = target(
        system("mq", "rabbitmq", endpoints={"amqp": "amqp://a:${MQ_PW}@h", "management": "http://${MQ_HOST}"}),
        system("db", "postgres", endpoints={"url": "postgresql://u:${SET}@${DB_HOST}/x"}),
        system("web", endpoints={"url": "http://h:1"}),
    )
    with provide(lab, environ={"SET": "s3cret"}) as had:
        reasons = {name: one.unavailable for name, one in had.located.items()}
    assert reasons["web"] is None
    (mq_reason, mq), (db_reason, db) = reasons["mq"] or (None, ""), reasons["db"] or (None, "")
    assert (mq_reason, db_reason) == (Reason.NOT_REACHABLE, Reason.NOT_REACHABLE)
    assert db.startswith(f"{PLACE}: the endpoints of system 'db' need the environment variable DB_HOST, which is not")
    assert "MQ_HOST" in mq
    assert "export MQ_PW" in mq
    assert "s3cret" not in mq + db
    assert had.located["db"].endpoints == {}


def test_a_located_system_carries_what_the_target_says_of_it(provide: Provide) -> None:
    spec = system(
        "front", endpoints={"url": "http://h:1"}, probes=Probes.WRITE, disposable=True, health="/health",
        instances=Instances("header:X-Boot"),
    )  # fmt: skip
    with provide(target(spec)) as had:
        front = had.located["front"]
    assert (front.kind, front.source, front.probes, front.disposable) == ("http", "attach", Probes.WRITE, True)
    assert (front.health, front.identity, front.inventory) == ("/health", "header:X-Boot", None)


def test_auto_attaches_where_endpoints_are_declared(provide: Provide) -> None:
    spec = system("front", endpoints={"url": "http://h:1"}, native=python("raise SystemExit"))
    with provide(target(spec)) as had:
        assert had.modes == {"front": "attach"}


def test_attach_starts_nothing(provide: Provide, progress: list[str]) -> None:
    with provide(target(system("front", native=python(""))), mode="attach") as had:
        assert had.located["front"].unavailable == (
            Reason.NOT_REACHABLE,
            "front has no endpoints to attach to; declare them, or use --distaudit-provision=auto",
        )
    assert progress == []


def test_a_system_without_any_way_says_what_to_add(provide: Provide) -> None:
    with provide(target(system("front"))) as had:
        unavailable = had.located["front"].unavailable
    assert unavailable is not None
    assert unavailable[0] is Reason.NOT_INSTALLED
    assert "native" in unavailable[1]


def test_neighbours_are_all_other_addresses() -> None:
    found = neighbours(
        {
            "mq": {"amqp": "amqp://u:p@h:5672/%2F", "management": "http://h:15672"},
            "db": {"url": "postgresql://h/x"},
            "worker": {"pid": "pidfile:/run/worker.pid"},
            "broken": {"url": "http://h:port"},
        }
    )
    assert found["db"] == (("h", 5672), ("h", 15672))
    assert found["mq"] == (("h", 5432), ("h", 5672), ("h", 15672))
    assert found["worker"] == found["broken"] == (("h", 5432), ("h", 5672), ("h", 15672))


def test_systems_that_nobody_wanted_vouch_too_if_their_address_is_known(provide: Provide) -> None:
    lab = target(
        system("front", endpoints={"url": "http://h:1"}),
        system("db", "postgres", endpoints={"url": "postgresql://h:2/x"}),
        system("mq", "rabbitmq", endpoints={"amqp": "amqp://a:${UNSET}@h:3"}),
    )
    with provide(lab, "front", environ={}) as had:
        assert list(had.located) == ["front"]
        assert had.located["front"].neighbours == (("h", 2),)


def test_a_process_named_by_pid_has_a_live_inventory(provide: Provide) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child, provide(target(system("worker", "process", endpoints={"pid": f"pid:{child.pid}"}))) as had:
        look = had.located["worker"].inventory
        assert look is not None
        assert (look().running, look().pid) == (True, child.pid)
        child.kill()
        child.wait()
        assert not look().running


def test_a_process_named_by_its_pid_file(provide: Provide, tmp_path: Path) -> None:
    file = tmp_path / "worker.pid"
    with provide(target(system("worker", "process", endpoints={"pid": "pidfile:worker.pid"}))) as had:
        look = had.located["worker"].inventory
        assert look is not None
        assert not look().running
        assert "does not exist" in look().log_tail
        file.write_text(f"{os.getpid()}\n")
        assert look().running
        # Older than the process: the number has been given to another one since.
        os.utime(file, (0, 0))
        assert not look().running
        assert "stale" in look().log_tail
        file.write_text("nonsense")
        with pytest.raises(Unobservable, match="does not begin with a process number"):
            look()


def test_a_pid_file_in_no_folder_is_not_an_absent_process(provide: Provide) -> None:
    with provide(target(system("worker", "process", endpoints={"pid": "pidfile:/no/such/folder/x.pid"}))) as had:
        look = had.located["worker"].inventory
        assert look is not None
        with pytest.raises(Unobservable) as unseen:
            look()
        assert unseen.value.reason is Reason.NO_OBSERVABLE


def test_what_is_inside_an_engine_brings_it_and_needs_no_address(provide: Provide) -> None:
    lab = target(
        system("engine", "docker", endpoints={"url": "unix:///run/docker.sock"}),
        system("tools", "docker", inside="engine", service="nest", systems=NestedSystems("mcp-*", "mcp", "stdio")),
        system("git", "mcp", inside="tools"),
    )
    with provide(lab, "git") as had:
        git, tools = had.located["git"], had.located["tools"]
    assert (git.container, git.inside, git.unavailable, git.endpoints) == ("git", tools, None, {})
    assert (tools.container, tools.inside, tools.nested) == (
        "nest",
        had.located["engine"],
        NestedSystems("mcp-*", "mcp", "stdio"),
    )
    assert had.modes == {"engine": "attach", "tools": "attach", "git": "attach"}


def test_what_is_inside_an_engine_that_cannot_be_had_cannot_either(provide: Provide) -> None:
    lab = target(system("engine", "docker", endpoints={"url": "${NOT_SET}"}), system("git", "mcp", inside="engine"))
    with provide(lab) as had:
        reason, why = had.located["git"].unavailable or (None, "")
    assert (reason, why.startswith("git is inside engine: ")) == (Reason.NOT_REACHABLE, True)
