"""Running one claim: bind fixtures to evidence, judge, and turn the verdict into an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.target import Target
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.plugin.fixtures import Systems, fixture_name
from pytest_distaudit.plugin.state import BENCH, RESULT, claim_of
from pytest_distaudit.ports.located import Located
from pytest_distaudit.reports.wording import one_line, verdict_words
from pytest_distaudit.wiring import Bench


class NotVerified(pytest.fail.Exception):  # type: ignore[name-defined,misc] # public, but without a type
    """Ends a claim's item; its report gets the verdict's words, and pytest spends nothing on a traceback of ours."""

    def __init__(self, result: ClaimResult) -> None:
        super().__init__(result.actual, pytrace=False)


class ClaimRefuted(NotVerified):
    """The claim does not hold."""


def run_claim(request: pytest.FixtureRequest, **fixtures: Any) -> None:
    """Judge the claim of ``request.node`` on the systems that its fixtures name; raise unless it holds."""
    __tracebackhide__ = True
    bench = request.config.stash[BENCH]
    claim = claim_of(request.node)
    assert claim is not None
    planned = bench.planned(claim)
    result = bench.judge(planned, lambda: bind(bench, fixtures), request.node.nodeid)
    request.node.stash[RESULT] = result
    conclude(result, skip=request.config.option.distaudit_unverifiable == "skip")


def conclude(result: ClaimResult, *, skip: bool) -> None:
    """Verified passes; anything else raises what pytest reports it by."""
    __tracebackhide__ = True
    if result.tolerated:
        pytest.xfail(one_line(result.tolerated))  # does nothing under --runxfail
    if result.pending_spent:
        raise NotVerified(result)
    if result.verdict in (Verdict.REFUTED, Verdict.WAIVED):
        raise ClaimRefuted(result)
    if result.verdict is Verdict.UNVERIFIABLE:
        if skip:
            pytest.skip(one_line(f"{verdict_words(result)}: {result.because}"))
        raise NotVerified(result)


def bind(bench: Bench, fixtures: Mapping[str, Any]) -> Mapping[str, Located]:
    """Every system of the target by name, with what overriding fixtures replaced."""
    if all(isinstance(value, Systems) for value in fixtures.values()):
        return bench.located
    bound = dict(bench.located)
    by_fixture = {fixture_name(kind): kind for kind in bench.kinds}
    for name, value in fixtures.items():
        if name in by_fixture and not isinstance(value, Systems):
            bound.update(_overridden(bench, by_fixture[name], value))
    return bound


def _overridden(bench: Bench, kind: str, value: object) -> dict[str, Located]:
    """What an overriding fixture means: one URL, endpoint -> URL, or system -> one of these."""
    names = names_of_kind(bench.target, kind)
    if isinstance(value, Mapping) and value and set(value) <= set(names):
        given = dict(value)
    elif len(names) == 1:
        given = {names[0]: value}
    else:
        raise TypeError(
            f"fixture {fixture_name(kind)!r} must return a mapping from system names ({', '.join(names)}) "
            f"to addresses, not {type(value).__name__}"
        )
    return {name: _located(bench, kind, name, address) for name, address in given.items()}


def _located(bench: Bench, kind: str, name: str, address: object) -> Located:
    if isinstance(address, Located):
        return address
    endpoints = {next(iter(bench.kinds[kind].endpoints)): address} if isinstance(address, str) else address
    if not isinstance(endpoints, Mapping) or not all(isinstance(url, str) for url in endpoints.values()):
        raise TypeError(
            f"fixture {fixture_name(kind)!r}: the address of {name} must be a URL or a mapping from "
            f"{', '.join(bench.kinds[kind].endpoints)} to URLs, not {type(address).__name__}"
        )
    spec = bench.target.systems[name]
    identity = spec.instances.identity if spec.instances else None
    return Located(
        name,
        kind,
        dict(endpoints),
        source="fixture",
        probes=spec.probes,
        disposable=spec.disposable,
        health=spec.health,
        identity=identity,
    )


def names_of_kind(target: Target, kind: str) -> list[str]:
    """The target's systems of that kind."""
    return [name for name, spec in target.systems.items() if spec.kind == kind]
