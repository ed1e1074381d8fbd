"""Projects in containers as descriptions: what is changed for a run, where things are reached. No engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.target import Compose
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.targets.containers.description import RUN_LABEL, Described, filled_in, isolated, written
from pytest_distaudit.targets.containers.endpoints import endpoints
from pytest_distaudit.targets.containers.tables import of_tables
from pytest_distaudit.targets.containers.with_testcontainers import (
    _conditions,
    _healthcheck,
    _nanoseconds,
    _restart,
    _words,
)
from pytest_distaudit.targets.planning import way_of
from pytest_distaudit.targets.recipe import StartFailed
from tests.targets.conftest import Provide, system, target

PROJECT = {
    "name": "shop",
    "services": {
        "db": {
            "image": "postgres:17",
            "container_name": "the-db",
            "ports": [
                {"target": 5432, "published": "5432", "protocol": "tcp", "host_ip": "0.0.0.0"},
                {"target": 5432, "published": "5432", "protocol": "tcp", "host_ip": "::"},
            ],
            "labels": {"team": "shop"},
            "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
        },
        "worker": {"image": "acme/worker"},
    },
    "networks": {"default": {"name": "shop_default"}, "proxy": {"external": True, "name": "proxy"}},
    "volumes": {"data": {"name": "shop_data"}},
}


@pytest.fixture
def ports() -> Iterator[int]:
    return iter(range(20000, 20100))


def test_nothing_of_a_run_meets_another_run_or_the_users_own(ports: Iterator[int]) -> None:
    own = isolated(Described(PROJECT), "run-1", lambda: next(ports))
    db = own.whole["services"]["db"]
    assert own.whole["name"] == "run-1"
    assert "container_name" not in db
    assert db["ports"] == [{"target": 5432, "published": "20000", "protocol": "tcp", "host_ip": "127.0.0.1"}]
    assert db["labels"] == {"team": "shop", RUN_LABEL: "run-1"}
    assert "ports" not in own.services["worker"]
    assert own.whole["networks"] == {
        "default": {"labels": {RUN_LABEL: "run-1"}},
        "proxy": {"external": True, "name": "proxy"},
    }
    assert own.whole["volumes"] == {"data": {"labels": {RUN_LABEL: "run-1"}}}
    # the description that was read is as it was
    assert PROJECT["services"]["db"]["container_name"] == "the-db"  # type: ignore[index]


def test_what_is_written_is_for_its_owners_eyes(tmp_path: Path) -> None:
    path = written(Described(PROJECT), tmp_path)
    assert json.loads(path.read_text()) == PROJECT
    assert path.stat().st_mode & 0o077 == 0


def test_secrets_are_made_up_anew_for_each_run() -> None:
    compose = Compose(("c.yaml",), {"DB_PW": "{secret}", "USER": "shop", "URL": "a:{secret}@b"})
    first, second = filled_in(compose, {"HOME": "/root"}), filled_in(compose, {})
    assert (first["USER"], first["HOME"]) == ("shop", "/root")
    assert len(first["DB_PW"]) == 24
    assert first["DB_PW"] != second["DB_PW"]
    assert first["URL"].startswith("a:")
    assert "secret" not in first["URL"]


def reach(*known: int):
    return lambda port: ("127.0.0.1", 10000 + port) if port in known else None


@pytest.mark.parametrize(
    ("kind", "service", "found"),
    [
        (
            "postgres",
            {"environment": {"POSTGRES_USER": "o brien", "POSTGRES_PASSWORD": "p@ss", "POSTGRES_DB": "shop"}},
            {"url": "postgresql://o%20brien:p%40ss@127.0.0.1:15432/shop"},
        ),
        ("postgres", {}, {"url": "postgresql://postgres@127.0.0.1:15432/postgres"}),
        (
            "rabbitmq",
            {
                "image": "rabbitmq:4-management",
                "environment": {
                    "RABBITMQ_DEFAULT_USER": "u",
                    "RABBITMQ_DEFAULT_PASS": "p",
                    "RABBITMQ_DEFAULT_VHOST": "v/1",
                },
            },
            {"amqp": "amqp://u:p@127.0.0.1:15672/v%2F1", "management": "http://u:p@127.0.0.1:25672"},
        ),
        ("rabbitmq", {"image": "rabbitmq:4"}, {"amqp": "amqp://guest:guest@127.0.0.1:15672/%2F"}),
        ("redis", {"command": ["redis-server", "--requirepass", "s3"]}, {"url": "redis://:s3@127.0.0.1:16379/0"}),
        ("redis", {"command": "redis-server --requirepass 's 3'"}, {"url": "redis://:s%203@127.0.0.1:16379/0"}),
        ("redis", {}, {"url": "redis://127.0.0.1:16379/0"}),
        ("consul", {}, {"url": "http://127.0.0.1:18500"}),
        ("kafka", {}, {"url": "kafka://127.0.0.1:19092"}),
        ("neo4j", {}, {"url": "http://127.0.0.1:17474"}),
        ("neo4j", {"environment": {"NEO4J_AUTH": "none"}}, {"url": "http://127.0.0.1:17474"}),
        ("neo4j", {"environment": {"NEO4J_AUTH": "neo4j/a/b"}}, {"url": "http://neo4j:a%2Fb@127.0.0.1:17474"}),
        ("nginx", {"ports": [{"target": 80}]}, {"url": "http://127.0.0.1:10080"}),
        (
            "nginx",
            {"ports": [{"target": 8080}, {"target": 80}]},
            {"url": "http://127.0.0.1:10080", "status": "http://127.0.0.1:18080/stub_status"},
        ),
        (
            "haproxy",
            {"ports": [{"target": 8000}, {"target": 8404}]},
            {"url": "http://127.0.0.1:18000", "stats": "http://127.0.0.1:18404/stats"},
        ),
        ("haproxy", {"expose": ["8404"]}, {"stats": "http://127.0.0.1:18404/stats"}),
        (
            "kong",
            {"ports": [{"target": 8000}, {"target": 8001}]},
            {"url": "http://127.0.0.1:18000", "admin": "http://127.0.0.1:18001"},
        ),
        ("http", {"ports": [{"target": 80}]}, {"url": "http://127.0.0.1:10080"}),
        ("http", {"expose": ["80/tcp"], "environment": {"PORT": "8000"}}, {"url": "http://127.0.0.1:10080"}),
        ("http", {"environment": {"PORT": 8000}}, {"url": "http://127.0.0.1:18000"}),
        ("http", {"environment": {"PORT": "none"}}, {}),
        ("http", {}, {}),
    ],
)
def test_where_a_service_is_reached(kind: str, service: dict[str, object], found: dict[str, str]) -> None:
    known = reach(80, 8000, 8001, 8080, 8404, 5432, 5672, 15672, 6379, 8500, 9092, 7474)
    assert endpoints(kind, service, known) == found
    assert endpoints(kind, service, reach()) == {}


def test_health_checks_as_the_engine_wants_them() -> None:
    check = {"test": ["CMD", "echo", "$$HOME"], "interval": "1m30s", "timeout": "500ms", "retries": 3}
    assert _healthcheck(check) == {
        "healthcheck": {
            "test": ["CMD", "echo", "$HOME"],
            "interval": 90_000_000_000,
            "timeout": 500_000_000,
            "retries": 3,
        }
    }
    assert _healthcheck({"disable": True, "test": ["CMD", "x"]}) == {"healthcheck": {"test": ["NONE"]}}
    assert _healthcheck(None) == {}
    assert _nanoseconds("1h0m1.5s") == 3_601_500_000_000
    assert _words("a $$b") == "a $b"


@pytest.mark.parametrize(
    ("service", "policy"),
    [
        ({}, None),
        ({"restart": "no"}, None),
        ({"restart": "always"}, {"Name": "always"}),
        ({"restart": "on-failure:3"}, {"Name": "on-failure", "MaximumRetryCount": 3}),
        ({"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}}, None),
        ({"deploy": {"restart_policy": {"max_attempts": 2}}}, {"Name": "always", "MaximumRetryCount": 2}),
    ],
)
def test_restart_policies_as_the_engine_wants_them(service: dict[str, object], policy: dict[str, object]) -> None:
    assert _restart(service) == policy


def test_optional_dependencies_are_not_waited_for() -> None:
    needed = {"db": {"condition": "service_healthy", "required": True}, "trace": {"required": False}, "mq": {}}
    assert _conditions({"depends_on": needed}) == {"db": "service_healthy", "mq": "service_started"}
    assert _conditions({}) == {}


COMPOSE = Compose(("compose.yaml",))


def project(*names: str):
    return type(target())("lab", target().place, {name: system(name, "redis") for name in names}, compose=COMPOSE)


@pytest.mark.parametrize("mode", ["compose", "containers", "auto"])
def test_without_an_engine_the_systems_cannot_be_had_and_say_so(provide: Provide, mode: str) -> None:
    environ = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    with provide(project("cache"), mode=mode, environ=environ) as had:
        reason, why = had.located["cache"].unavailable or (None, "")
        assert reason is Reason.NOT_INSTALLED
        assert "no Docker engine answers at unix:///nowhere/docker.sock" in why
        assert had.located["cache"].endpoints == {}


# --- without compose files


def told(spec, root=Path("/project"), secret="word"):
    described, _ = of_tables([spec]).read(root, {}, secret)
    return described.services[spec.name]


def test_official_images_are_what_a_kind_runs_on() -> None:
    database = told(system("db", "postgres"))
    assert database["image"] == "postgres:17"
    assert database["environment"]["POSTGRES_PASSWORD"] == "word"
    assert endpoints("postgres", database, reach(5432)) == {
        "url": "postgresql://distaudit:word@127.0.0.1:15432/distaudit"
    }
    assert endpoints("redis", told(system("cache", "redis")), reach(6379)) == {"url": "redis://:word@127.0.0.1:16379/0"}
    assert set(endpoints("rabbitmq", told(system("mq", "rabbitmq")), reach(5672, 15672))) == {"amqp", "management"}
    assert endpoints("consul", told(system("c", "consul")), reach(8500)) == {"url": "http://127.0.0.1:18500"}


def test_a_table_says_what_differs() -> None:
    table = {
        "image": "acme/db:1",
        "env": {"POSTGRES_DB": "shop", "TOKEN": "a{secret}"},
        "volumes": ["sql:/init:ro", "data:/data"],
        "after": ["mq"],
    }
    found = told(system("db", "postgres", container=table))
    assert found["image"] == "acme/db:1"
    assert found["environment"] == {
        "POSTGRES_USER": "distaudit", "POSTGRES_PASSWORD": "word", "POSTGRES_DB": "shop", "TOKEN": "aword"
    }  # fmt: skip
    assert [(one["source"], one["target"], one["read_only"]) for one in found["volumes"]] == [
        ("/project/sql", "/init", True),
        ("/project/data", "/data", False),
    ]
    assert _conditions(found) == {"mq": "service_started"}


def test_a_kind_without_an_official_image_needs_one() -> None:
    with pytest.raises(StartFailed, match="web: kind http has no official image; name one in its container table"):
        told(system("web", "http"))


@pytest.mark.parametrize(
    ("mode", "kind", "container", "native", "way"),
    [
        ("containers", "redis", None, None, "containers"),
        ("containers", "http", None, None, "attach"),
        ("containers", "http", {"image": "acme/web"}, None, "containers"),
        ("auto", "http", {"image": "acme/web"}, None, "containers"),
        ("auto", "http", {"image": "acme/web"}, {}, "native"),
        ("auto", "redis", None, None, "attach"),
        ("compose", "redis", {"image": "redis"}, None, "attach"),
    ],
)
def test_who_is_run_in_a_container_without_compose_files(mode, kind, container, native, way) -> None:
    spec = system("x", kind, native, container=container)
    assert way_of(spec, mode, target(spec)) == way
