"""All options, from the plugin's own declaration of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from docs.generate.markdown import code, page, plain, sentence
from pytest_distaudit.plugin.options import add_options


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it was declared."""

    name: str
    told: dict[str, Any]

    @property
    def spelt(self) -> str:
        """The option with its value, as one types it."""
        value = "|".join(self.told.get("choices", ())) or self.told.get("metavar", "")
        if not value:
            return self.name
        if self.told.get("nargs") == "?":
            return f"{self.name}[={value}]"
        more = " ..." if self.told.get("nargs") in ("+", "*") else ""
        return f"{self.name}={value}{more}"

    @property
    def help(self) -> str:
        """The words that ``--help`` prints."""
        return str(self.told["help"]).replace("%%", "%")


@dataclass(slots=True)
class _Listener:
    """Stands where pytest's parser does, and writes down what is declared."""

    options: list[Option] = field(default_factory=list)

    def getgroup(self, name: str, description: str = "") -> _Listener:
        return self

    def addoption(self, *names: str, **told: Any) -> None:
        if told.get("help") is not argparse.SUPPRESS:
            self.options.extend(Option(name, told) for name in names if name.startswith("--"))


def all_options() -> list[Option]:
    """Every option that ``--help`` lists, in its order."""
    listener = _Listener()
    add_options(cast(pytest.Parser, listener))
    return listener.options


def options_page() -> str:
    """The reference page."""
    parts = [
        "What `pytest --help` says of them. pytest's own options work as ever: `-k`, `-m`, `--lf`, `-x`, `-n`, "
        "`--junitxml`, `--html`, `--collect-only`.",
        *(part for option in all_options() for part in _entry(option)),
    ]
    return page("Options", *parts)


def _entry(option: Option) -> Iterator[str]:
    yield f"({option.name.strip('-')})=\n## {option.name}"
    yield code(option.spelt)
    default = option.told.get("default")
    yield _words(sentence(option.help)) + (
        f" Default: {code(str(default))}." if default and "default" not in option.help else ""
    )


def _words(text: str) -> str:
    """The words of ``--help``, where backticks mean code."""
    return "".join(code(part) if at % 2 else plain(part) for at, part in enumerate(text.split("`")))
