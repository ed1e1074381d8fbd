"""Fixtures: one per kind, overridable like any other, and the systems behind them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.plugin.state import written
from pytest_distaudit.ports.located import Located
from pytest_distaudit.wiring import Bench


class Systems(dict[str, Located]):
    """System name -> where it is. What a kind's fixture returns unless it is overridden."""


class UnusableInput(Exception):
    """Raised in the setup of a claim that cannot be used, or whose target cannot; says everything that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def fixture_name(kind: str) -> str:
    """The fixture of a kind: its name, with what Python does not allow in names replaced."""
    return kind.replace("-", "_")


def fixtures_plugin(bench: Bench) -> types.ModuleType:
    """A plugin module with the fixtures of this run's kinds."""
    module = types.ModuleType("distaudit_fixtures")
    vars(module).update(
        distaudit_systems=_systems_fixture(bench),
        distaudit_case=distaudit_case,
        distaudit_malformed=distaudit_malformed,
    )
    for kind in bench.kinds:
        vars(module)[fixture_name(kind)] = _kind_fixture(kind)
    return module


def _systems_fixture(bench: Bench) -> Callable[..., Any]:
    @pytest.fixture(scope="session")
    def distaudit_systems() -> Iterator[Systems]:
        """Every system that the audit needs, attached to or started; stopped at the end of the session."""
        try:
            with bench.provisioned() as located:
                yield Systems(located)
        except InvalidInput as error:
            raise UnusableInput(error.problems) from None

    return distaudit_systems


def _kind_fixture(kind: str) -> Callable[..., Any]:
    def of_kind(distaudit_systems: Mapping[str, Located]) -> Systems:
        return Systems({name: one for name, one in distaudit_systems.items() if one.kind == kind})

    of_kind.__doc__ = f"The target's systems of kind {kind}. Override it to point claims of a folder elsewhere."
    return pytest.fixture(scope="session", name=fixture_name(kind))(of_kind)


@pytest.fixture
def distaudit_case(request: pytest.FixtureRequest) -> Claim:
    """The case of a claim with cases."""
    claim: Claim = request.param
    return claim


@pytest.fixture
def distaudit_malformed(request: pytest.FixtureRequest) -> None:
    """Errors with everything that is wrong with the claim."""
    entry = written(request.node)
    assert entry is not None
    raise UnusableInput(entry.problems)
