"""The options of ``native`` tables: their shapes, and what is wrong with a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Problem, did_you_mean
from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.recipe import Option, Recipe


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_command(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(word, str) for word in value)


def _is_names(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, (list, tuple)) and all(_is_text(name) for name in value))


def _is_commands(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_command(one) for one in value)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_environment(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)


def _is_settings(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _is_settings(inner) if isinstance(inner, Mapping) else isinstance(inner, (str, int, float))
        for inner in value.values()
    )


TEXT = Option("a word", _is_text)
COMMAND = Option("a list of words", _is_command, required=True)
SYSTEMS = Option("a system's name or a list of them", _is_names)
MEMBERS = Option("a list of systems, this one among them", lambda value: _is_command(value) and all(value))
COMMANDS = Option("a list of commands, each a list of words", _is_commands)
COUNT = Option("a whole number", _is_count)
SECONDS = Option("a positive number of seconds", _is_seconds)
ENVIRONMENT = Option("a table of texts", _is_environment)
SETTINGS = Option("a table of texts, numbers and booleans", _is_settings)

#: What every recipe takes.
COMMON: Mapping[str, Option] = {"after": SYSTEMS, "then": COMMANDS, "start_limit": SECONDS}


def problems(spec: SystemSpec, recipe: Recipe) -> Iterator[Problem]:
    """Everything wrong with the system's ``native`` table; values are not repeated, they may be secret."""
    given = spec.native or {}
    for name, value in given.items():
        option = recipe.options.get(name)
        if option is None:
            words = f"unknown option native.{name} of system {spec.name!r} (kind {spec.kind})"
            yield Problem(spec.place, f"{words}; {did_you_mean(name, recipe.options)}")
        elif not option.fits(value):
            yield Problem(spec.place, f"native.{name} of system {spec.name!r} must be {option.wants}")
    for name, option in recipe.options.items():
        if option.required and name not in given:
            words = f"system {spec.name!r} (kind {spec.kind}) cannot be started without native.{name}"
            yield Problem(spec.place, f"{words}: add {option.wants}")


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Server settings as (dotted name, text); TOML reads ``log.file.level`` as nested tables."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else str(value)
