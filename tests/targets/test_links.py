"""Where relays are put: addresses in plans and in projects, and links that name none."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.target import Link, SystemSpec, Target
from pytest_distaudit.targets.containers.description import Described
from pytest_distaudit.targets.planning import Plans
from pytest_distaudit.targets.relays import contained, native
from pytest_distaudit.targets.relays.placing import Placing
from tests.targets.conftest import PLACE

BROKER = {"amqp": "amqp://me:word@127.0.0.1:5672/%2F", "management": "http://me:word@127.0.0.1:15672"}


def system(name: str, kind: str = "http", *, disposable: bool = True, **env: str) -> SystemSpec:
    return SystemSpec(name, kind, PLACE, native={"argv": ["x"], "env": env}, disposable=disposable)


def target(*systems: SystemSpec, to: str = "broker", **inject: str) -> Target:
    links = {"front-it": Link("front-it", "front", to, inject or {"env": "BROKER_URL"})}
    return Target("t", PLACE, {one.name: one for one in systems}, links)


def planned(of: Target, *, wanted: bool = True) -> tuple[dict[str, str], Placing]:
    """What the front's placeholders mean, and the relays."""
    values = {f"broker.{name}": url for name, url in BROKER.items()} | {"broker.port": "5672", "port": "1"}
    plans = Plans({"front": None}, {}, {"broker": BROKER}, {"front": values})  # type: ignore[dict-item]
    with ExitStack() as stack:
        placing = Placing(of, stack, wanted)
        return dict(native.relayed(plans, of.systems.values(), placing).values["front"]), placing


@pytest.mark.parametrize(
    ("text", "endpoint", "port"),
    [
        ("{broker.amqp}", "amqp", None),
        ("{broker.management}/api", "management", "5672"),
        (":{broker.port}", "amqp", None),
    ],
)
def test_the_caller_gets_the_relays_address_with_the_same_login(text: str, endpoint: str, port: str | None) -> None:
    of = target(system("front", BROKER_URL=text), system("broker", "rabbitmq"))
    values, placing = planned(of)
    place = f"127.0.0.1:{placing.placed('broker')['front'].address[1]}"
    assert values[f"broker.{endpoint}"] == re.sub(r"127.0.0.1:\d+", place, BROKER[endpoint])
    assert values["broker.port"] == (port or place.rpartition(":")[2])
    assert placing.placed("broker")["front"].speaks_http is (endpoint == "management")
    other = next(name for name in BROKER if name != endpoint)
    assert values[f"broker.{other}"] == BROKER[other]


def test_without_experiments_or_a_disposable_caller_nothing_is_in_the_way() -> None:
    broker = system("broker", "rabbitmq")
    for caller, wanted in [
        (system("front", BROKER_URL="{broker.amqp}"), False),
        (system("front", disposable=False, BROKER_URL="{broker.amqp}"), True),
    ]:
        values, placing = planned(target(caller, broker), wanted=wanted)
        assert values["broker.amqp"] == BROKER["amqp"]
        assert not placing.placed("broker")


@pytest.mark.parametrize("env", [{"BROKER_URL": "amqp://elsewhere"}, {"OTHER": "{broker.amqp}"}])
def test_a_variable_that_names_no_address_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        planned(target(system("front", **env), system("broker", "rabbitmq")))
    assert str(refused.value.problems[0]) == (
        f"{PLACE}: link 'front-it': native.env.BROKER_URL of system 'front' names no address of 'broker'; "
        "write {broker.amqp} or {broker.management} there"
    )


class Engine:
    """Tells where this machine is, and no more: nothing is started here."""

    def __init__(self, gateway: str | None = "127.0.0.1") -> None:
        self._gateway = gateway

    def gateway(self) -> str | None:
        return self._gateway


def changed(text: str, gateway: str | None = "127.0.0.1", **called: Any) -> tuple[str, Placing]:
    """The caller's variable in the copy of the project that would be started."""
    of = target(SystemSpec("front", "http", PLACE, disposable=True), SystemSpec("model", "http", PLACE), to="model")
    services = {"front": {"environment": {"BROKER_URL": text}}, "model": {"image": "x", **called}}
    with ExitStack() as stack:
        placing = Placing(of, stack, wanted=True)
        project = Described({"services": services})
        done = contained.relayed(of.systems.values(), placing, project, Engine(gateway), "run")  # type: ignore[arg-type]
        assert services["front"] == {"environment": {"BROKER_URL": text}}, "the project itself is left alone"
        return done.services["front"]["environment"]["BROKER_URL"], placing


@pytest.mark.parametrize(
    ("text", "speaks_http"),
    [
        ("http://model:8000/v1?of=model-1", True),
        ("http://me:word@model/v1", True),
        ("redis://model", False),
        ("model:8000", True),
        ("http://brain:8000", True),
    ],
)
def test_a_services_name_becomes_an_address_of_the_host(text: str, speaks_http: bool) -> None:
    aliases = {"default": {"aliases": ["brain"]}}
    told, placing = changed(text, networks=aliases)
    relay = placing.placed("model")["front"]
    assert told == re.sub(r"(?<!-)\b(model|brain)(:8000)?(?![-\w])", f"127.0.0.1:{relay.address[1]}", text, count=1)
    assert relay.speaks_http is speaks_http


@pytest.mark.parametrize(
    "text", ["", "model", "http://remodel:8000", "http://model.example:8000", "http://a/b", "$$HOST:1"]
)
def test_a_variable_that_names_no_service_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        changed(text)
    assert "environment.BROKER_URL of service 'front' names no address of 'model'; write model:PORT" in str(
        refused.value
    )


def known(text: str, *more: Link, **caller: Any) -> tuple[dict[str, Any], Placing]:
    """The caller's description in the copy of the project, where it has always known the address."""
    systems = {one: SystemSpec(one, "http", PLACE, disposable=True) for one in ("front", "worker", "model")}
    links = {one.name: one for one in (Link("front-model", "front", "model", {"address": text}), *more)}
    services = {"front": {"image": "x", **caller}, "worker": {"image": "x"}, "model": {"image": "x"}}
    with ExitStack() as stack:
        placing = Placing(Target("t", PLACE, systems, links), stack, wanted=True)
        done = contained.relayed(systems.values(), placing, Described({"services": services}), Engine(), "run")  # type: ignore[arg-type]
        return dict(done.services["front"]), placing


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def test_a_name_that_is_known_leads_to_the_relay_at_the_same_port() -> None:
    port = free_port()
    told, placing = known(f"http://model:{port}/v1", extra_hosts=["model=10.0.0.1", "other:10.0.0.2"])
    assert told == {"image": "x", "extra_hosts": ["other:10.0.0.2", "model:127.0.0.1"]}
    relay = placing.placed("model")["front"]
    assert (relay.address, relay.speaks_http) == (("127.0.0.1", port), True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("database:1", "inject.address names no address of 'model'; write model:PORT or a URL there"),
        ("model", "inject.address names no address of 'model'"),
    ],
)
def test_a_known_address_has_to_be_the_others(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(words)):
        known(text)


def test_a_port_that_is_taken_is_refused() -> None:
    words = r"no relay can listen at 127\.0\.0\.1:\d+ of this machine .*; let the caller take the address"
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InvalidInput, match=words):
        known(f"model:{taken.getsockname()[1]}")
    text = f"model:{free_port()}"
    with pytest.raises(InvalidInput, match="link 'worker-model': " + words):
        known(text, Link("worker-model", "worker", "model", {"address": text}))


def test_where_containers_cannot_reach_this_machine_nothing_is_in_the_way() -> None:
    assert changed("http://model:8000", gateway=None)[0] == "http://model:8000"
