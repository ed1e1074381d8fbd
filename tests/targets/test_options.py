"""Native tables: every mistake of a table is named before anything is started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.target import Compose, Provision
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.targets import planning
from pytest_distaudit.targets.options import flat
from pytest_distaudit.targets.recipes import builtin_recipes, postgres
from tests.targets.conftest import SERVE, Provide, python, system, target


def problems_of(provide: Provide, *systems: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused, provide(target(*systems)):
        pass
    return [problem.message for problem in refused.value.problems]


def test_every_recipe_says_its_kind_and_takes_the_common_options() -> None:
    for kind, recipe in builtin_recipes().items():
        assert recipe.kind == kind
        assert {"after", "then", "start_limit"} <= set(recipe.options)


def test_an_unknown_option_is_named_with_the_nearest(provide: Provide) -> None:
    assert problems_of(provide, system("front", native=python("", redy="port"))) == [
        "unknown option native.redy of system 'front' (kind http); did you mean 'ready'?"
    ]


def test_a_program_without_a_command(provide: Provide) -> None:
    assert problems_of(provide, system("front", native={})) == [
        "system 'front' (kind http) cannot be started without native.argv: add a list of words"
    ]


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("argv", "run me", "a list of words"),
        ("env", {"A": 1}, "a table of texts"),
        ("ready", "get /", "'GET /path', 'port' or 'alive'"),
        ("then", [["a"], "b"], "a list of commands, each a list of words"),
        ("start_limit", 0, "a positive number of seconds"),
        ("start_limit", True, "a positive number of seconds"),
        ("after", [1], "a system's name or a list of them"),
    ],
)
def test_wrong_values_are_described_not_repeated(provide: Provide, option: str, value: object, wanted: str) -> None:
    front = system("front", native={"argv": ["x"], option: value})
    assert problems_of(provide, front) == [f"native.{option} of system 'front' must be {wanted}"]


def test_mistakes_of_all_systems_come_together(provide: Provide) -> None:
    found = problems_of(
        provide,
        system("front", native=python("", redy="port")),
        system("db", "postgres", {"databse": "x"}),
        system("mq", "rabbitmq", {"setings": {}}),
    )
    assert len(found) == 3


def test_an_unknown_placeholder_is_named_with_the_nearest(provide: Provide) -> None:
    front = system("front", native=python("", env={"DB": "{back.ulr}", "P": "{prt}"}))
    assert problems_of(provide, front, system("back", native=python(""))) == [
        "unknown placeholder {back.ulr} in native.env.DB of system 'front'; did you mean 'back.url'?",
        "unknown placeholder {prt} in native.env.P of system 'front'; did you mean 'port'?",
    ]


def test_a_kind_without_recipe_cannot_be_had_and_the_nearest_kind_is_named(provide: Provide) -> None:
    with provide(target(system("db", "postgress", {}))) as had:
        assert had.located["db"].unavailable is not None
        reason, words = had.located["db"].unavailable
    assert reason is Reason.NOT_INSTALLED
    assert words.startswith("no recipe starts kind 'postgress' of db; did you mean 'postgres'?")


def test_a_double_is_started_by_its_own_program(provide: Provide) -> None:
    """Whether or not anything starts its product; what is no double needs its kind's recipe."""
    with provide(target(system("models", "ollama", SERVE, stand_in=True))) as had:
        assert had.located["models"].unavailable is None
        assert had.located["models"].endpoints["url"].startswith("http://127.0.0.1:")
    with provide(target(system("mesh", "kong", SERVE, stand_in=True))) as had:
        assert set(had.located["mesh"].endpoints) == {"url", "admin"}, "where Kong tells of itself"
    assert problems_of(provide, system("traces", "jaeger", SERVE)) == [
        "unknown option native.argv of system 'traces' (kind jaeger); allowed: after, start_limit, then"
    ]


def test_what_needs_an_uninstalled_server_cannot_be_had_either(
    provide: Provide, monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    monkeypatch.setattr(postgres, "_binaries", lambda: None)
    lab = target(
        system("db", "postgres", {}),
        system("standby", "postgres", {"replicate_from": "db"}),
        system("front", native=python("", env={"DB": "{standby.url}"})),
    )
    with provide(lab) as had:
        for located in had.located.values():
            assert located.unavailable is not None
            assert located.unavailable[0] is Reason.NOT_INSTALLED
            assert "install the package postgresql" in located.unavailable[1]
            assert located.endpoints == {}
    assert progress == []


URL = {"url": "http://h"}
PROJECT = Compose(("compose.yaml",))


@pytest.mark.parametrize(
    ("mode", "endpoints", "native", "compose", "way"),
    [
        ("auto", URL, {}, PROJECT, "attach"),
        ("auto", {}, {}, PROJECT, "native"),
        ("auto", {}, {}, None, "native"),
        ("auto", {}, None, PROJECT, "compose"),
        ("auto", {}, None, None, "attach"),
        ("attach", {}, {}, PROJECT, "attach"),
        ("native", URL, {}, PROJECT, "native"),
        ("native", URL, None, PROJECT, "attach"),
        ("compose", URL, {}, PROJECT, "compose"),
        ("compose", URL, {}, None, "native"),
        ("containers", {}, {}, PROJECT, "containers"),
        ("containers", {}, None, None, "attach"),
    ],
)
def test_how_a_system_is_had(
    mode: Provision, endpoints: dict[str, str], native: Any, compose: Compose | None, way: str
) -> None:
    spec = system("x", native=native, endpoints=endpoints)
    assert planning.way_of(spec, mode, replace(target(spec), compose=compose)) == way


def test_settings_are_flattened_to_the_words_of_servers() -> None:
    settings = {"a": True, "log": {"file": {"level": "debug"}}, "n": 1.5}
    assert dict(flat(settings)) == {"a": "true", "log.file.level": "debug", "n": "1.5"}
