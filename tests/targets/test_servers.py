"""Real PostgreSQL and RabbitMQ servers: private, reachable with the addresses given, gone afterwards."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.looks import http_ok, http_text
from pytest_distaudit.targets.recipes import builtin_recipes
from tests.targets.conftest import SERVE, Provide, living, system, target, told
from tests.targets.test_programs import inventory

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("nothing_left")]


def needs(kind: str) -> pytest.MarkDecorator:
    missing = builtin_recipes()[kind].missing()
    return pytest.mark.skipif(missing is not None, reason=str(missing))


@needs("postgres")
def test_a_primary_streams_to_its_standby(provide: Provide) -> None:
    import psycopg

    lab = target(
        system("pg", "postgres", {"database": "shop", "settings": {"max_connections": 33}}),
        system("pg-standby", "postgres", {"replicate_from": "pg"}),
    )
    began = time.monotonic()
    with provide(lab, "pg-standby") as had:
        told("primary and standby", began)
        with psycopg.connect(had.located["pg"].endpoints["url"]) as primary:
            assert primary.execute("show max_connections").fetchone() == ("33",)
            assert primary.execute("select current_database()").fetchone() == ("shop",)
            assert primary.execute("select application_name, state from pg_stat_replication").fetchall() == [
                ("pg-standby", "streaming")
            ]
        with psycopg.connect(had.located["pg-standby"].endpoints["url"]) as standby:
            assert standby.execute("select pg_is_in_recovery(), current_database()").fetchone() == (True, "shop")
        assert inventory(had, "pg").running
        assert had.located["pg"].neighbours == (address(had.located["pg-standby"].endpoints["url"]),)
        began = time.monotonic()
    told("ended", began)
    assert inventory(had, "pg").exit_code is not None


@needs("postgres")
def test_nobody_enters_without_the_password(provide: Provide) -> None:
    import psycopg

    with provide(target(system("pg", "postgres", {"user": "o brien@x", "password": "p@ss/w:rd' \\"}))) as had:
        url = had.located["pg"].endpoints["url"]
        with psycopg.connect(url) as session:
            assert session.execute("select current_user").fetchone() == ("o brien@x",)
        _, port = address(url)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=port, user="o brien@x", password="guess", dbname="postgres")


@needs("postgres")
def test_a_primary_with_bad_settings_dies_with_its_words_and_its_standby_is_not_started(provide: Provide) -> None:
    lab = target(
        system("pg", "postgres", {"settings": {"shared_buffers": "lots"}}),
        system("pg-standby", "postgres", {"replicate_from": "pg"}),
        system("web", native={**SERVE, "after": ["pg", "pg-standby"]}),
    )
    with provide(lab) as had:
        primary = inventory(had, "pg")
        assert (primary.running, primary.exit_code) == (False, 1)
        assert 'invalid value for parameter "shared_buffers": "lots"' in primary.log_tail
        standby = inventory(had, "pg-standby")
        assert (standby.running, standby.pid, standby.exit_code) == (False, None, None)
        assert standby.log_tail == "not started: its primary pg is not running"
        assert had.located["pg-standby"].endpoints
        assert inventory(had, "web").running


@needs("postgres")
def test_a_killed_server_s_frozen_children_end_too(provide: Provide) -> None:
    with provide(target(system("pg", "postgres", {}))) as had:
        server = psutil.Process(inventory(had, "pg").pid)
        children = server.children()
        for each in children:
            with suppress(psutil.NoSuchProcess):  # not all stay once the server is up
                each.suspend()
        server.kill()
        while inventory(had, "pg").running:
            pass
        assert inventory(had, "pg").exit_code == -signal.SIGKILL
    assert not [each for each in children if living(each)]


@needs("rabbitmq")
@needs("postgres")
def test_a_whole_target_comes_up_in_parallel(provide: Provide, progress: list[str]) -> None:
    lab = target(
        system("mq", "rabbitmq", {}),
        system("pg", "postgres", {}),
        system("pg-standby", "postgres", {"replicate_from": "pg"}),
        *(system(f"web-{n}", native={**SERVE, "ready": "GET /"}) for n in range(4)),
    )
    began = time.monotonic()
    with provide(lab) as had:
        told("; ".join(progress), began)
        assert all(inventory(had, name).running for name in had.located)
        began = time.monotonic()
    told("ended", began)


@needs("rabbitmq")
def test_a_broker_is_private_and_takes_its_epmd_along(provide: Provide) -> None:
    import pika

    began = time.monotonic()
    with provide(target(system("mq", "rabbitmq", {"settings": {"collect_statistics_interval": 1000}}))) as had:
        told("rabbitmq", began)
        endpoints = had.located["mq"].endpoints
        connection = pika.BlockingConnection(pika.URLParameters(endpoints["amqp"]))
        connection.channel().queue_declare("tasks", exclusive=True)
        connection.close()
        _, management = address(endpoints["management"])
        assert not http_ok(management, "/api/overview")
        assert not http_ok(management, "/api/overview", ("guest", "guest"))
        pid = inventory(had, "mq").pid
        assert pid is not None
        broker = psutil.Process(pid)
        assert broker.name().startswith("beam")
        assert {each.laddr.ip for each in broker.net_connections("tcp") if each.status == psutil.CONN_LISTEN} == {
            "127.0.0.1"
        }
        port = broker.environ()["ERL_EPMD_PORT"]
        assert [each for each in psutil.process_iter() if _is_epmd(each, port)]
        began = time.monotonic()
    told("ended", began)
    assert not [each for each in psutil.process_iter() if _is_epmd(each, port)]


@needs("consul")
def test_an_agent_holds_what_it_is_told_to(provide: Provide) -> None:
    worker = {"name": "worker", "address": "127.0.0.1", "port": "{web-1.port}", "tags": ["{web-1.url}"]}
    more = [{"name": f"service-{number}", "port": number} for number in range(1, 31)]
    lab = target(
        system("web-1", native=SERVE),
        system("registry", "consul", {"services": [worker, *more], "settings": {"datacenter": "east"}, "dns": True}),
        system("other", "consul", {"services": [{"name": "worker"}]}),
    )
    began = time.monotonic()
    with provide(lab) as had:
        told("two agents", began)
        endpoints = had.located["registry"].endpoints
        assert sorted(endpoints) == ["dns", "url"]
        _, port = address(endpoints["url"])
        services = json.loads(http_text(port, "/v1/agent/services"))
        assert len(services) == 31
        assert services["worker"]["Port"] == address(had.located["web-1"].endpoints["url"])[1]
        assert services["worker"]["Tags"] == [had.located["web-1"].endpoints["url"]]
        assert json.loads(http_text(port, "/v1/agent/self"))["Config"]["Datacenter"] == "east"
        pid = inventory(had, "registry").pid
        assert pid is not None
        listening = [each for each in psutil.Process(pid).net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        assert {each.laddr.ip for each in listening} == {"127.0.0.1"}
        assert len(listening) == 4


@needs("consul")
def test_nobody_reads_a_locked_agent_without_its_token(provide: Provide) -> None:
    with provide(target(system("registry", "consul", {"token": "t@ken/1", "services": [{"name": "worker"}]}))) as had:
        url = had.located["registry"].endpoints["url"]
        assert url.startswith("http://:t%40ken%2F1@127.0.0.1:")
        _, port = address(url)
        assert json.loads(http_text(port, "/v1/catalog/services")) == {}
        assert "worker" in json.loads(http_text(port, "/v1/catalog/services", {"X-Consul-Token": "t@ken/1"}))


@needs("consul")
def test_an_agent_with_a_bad_setting_dies_with_its_words(provide: Provide) -> None:
    with provide(target(system("registry", "consul", {"settings": {"no_such_setting": 1}}))) as had:
        seen = inventory(had, "registry")
        assert not seen.running
        assert "no_such_setting" in seen.log_tail


def test_the_declared_binary_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONSUL_BIN", str(tmp_path / "none"))
    assert "CONSUL_BIN" in str(builtin_recipes()["consul"].missing())
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    monkeypatch.setenv("CONSUL_BIN", str(tmp_path / "mine"))
    assert builtin_recipes()["consul"].missing() is None


def _is_epmd(process: psutil.Process, port: str) -> bool:
    try:
        return (
            process.name() == "epmd"
            and process.status() != psutil.STATUS_ZOMBIE
            and process.environ().get("ERL_EPMD_PORT") == port
        )
    except psutil.Error:
        return False


@needs("rabbitmq")
def test_a_broker_with_a_bad_setting_dies_with_its_words(provide: Provide) -> None:
    with provide(target(system("mq", "rabbitmq", {"settings": {"no.such.setting": 1}}))) as had:
        seen = inventory(had, "mq")
        assert not seen.running
        assert "failed_to_prepare_configuration" in seen.log_tail


@needs("redis")
def test_a_store_follows_another_and_nobody_enters_without_the_password(provide: Provide) -> None:
    import redis

    lab = target(
        system("cache", "redis", {"password": "p@ss/w:rd' \\\"", "settings": {"maxmemory": "10mb"}}),
        system("copy", "redis", {"replicate_from": "cache"}),
    )
    began = time.monotonic()
    with provide(lab) as had:
        told("redis and replica", began)
        primary, copy = (redis.Redis.from_url(had.located[name].endpoints["url"]) for name in ("cache", "copy"))
        primary.set("answer", "42")
        assert primary.wait(1, 2000) == 1
        assert copy.get("answer") == b"42"
        _, port = address(had.located["cache"].endpoints["url"])
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        primary.close()
        copy.close()
    told("ended", began)
