"""Checks and kinds of systems: the built-in ones and those of extensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.ports.edges import Edges
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.runs import Runs

#: Built-in checks, one module a family.
CHECK_MODULES = (
    "pytest_distaudit.checks.system",
    "pytest_distaudit.checks.port",
    "pytest_distaudit.checks.queue",
    "pytest_distaudit.checks.cache",
    "pytest_distaudit.checks.container",
    "pytest_distaudit.checks.image",
    "pytest_distaudit.checks.published",
    "pytest_distaudit.checks.database",
    "pytest_distaudit.checks.http",
    "pytest_distaudit.checks.registry",
    "pytest_distaudit.checks.lookup",
    "pytest_distaudit.checks.agreement",
    "pytest_distaudit.checks.gateway",
    "pytest_distaudit.checks.gateway_forwards",
    "pytest_distaudit.checks.collection",
    "pytest_distaudit.checks.model",
    "pytest_distaudit.checks.stream",
    "pytest_distaudit.checks.graph",
    "pytest_distaudit.checks.cluster",
    "pytest_distaudit.checks.mcp",
    "pytest_distaudit.checks.nested",
    "pytest_distaudit.checks.rpc",
    "pytest_distaudit.checks.trace",
    "pytest_distaudit.checks.metrics",
    "pytest_distaudit.checks.wiring",
    "pytest_distaudit.checks.rest",
    "pytest_distaudit.checks.contract",
    "pytest_distaudit.checks.path",
    "pytest_distaudit.checks.tenancy",
    "pytest_distaudit.checks.contexts",
    "pytest_distaudit.checks.timing",
    "pytest_distaudit.checks.recovery",
    "pytest_distaudit.checks.availability",
    "pytest_distaudit.checks.breaker",
    "pytest_distaudit.checks.integration",
    "pytest_distaudit.checks.bulkhead",
    "pytest_distaudit.checks.timeout",
    "pytest_distaudit.checks.retry",
    "pytest_distaudit.checks.delivery",
    "pytest_distaudit.checks.durability",
    "pytest_distaudit.checks.redelivery",
    "pytest_distaudit.checks.degradation",
    "pytest_distaudit.checks.flips",
    "pytest_distaudit.checks.deploy",
    "pytest_distaudit.checks.discovery",
    "pytest_distaudit.checks.throughput",
    "pytest_distaudit.checks.diagram",
    "pytest_distaudit.checks.network",
    "pytest_distaudit.checks.services",
    "pytest_distaudit.checks.microservices",
    "pytest_distaudit.checks.discovery_used",
    "pytest_distaudit.checks.performance",
    "pytest_distaudit.checks.by_way_of",
    "pytest_distaudit.checks.stream_ordered",
    "pytest_distaudit.checks.balance",
    "pytest_distaudit.checks.stream_shared",
)


def load_checks() -> Registry[Check]:
    """Built-in checks and those of the entry points ``pytest_distaudit.checks`` (a Check or a module of them)."""
    checks: Registry[Check] = Registry("check")
    for name in CHECK_MODULES:
        _add_checks(checks, import_module(name), name)
    for entry in _entries("pytest_distaudit.checks"):
        _add_checks(checks, entry.load(), entry.value)
    return checks


def _add_checks(checks: Registry[Check], source: object, owner: str) -> None:
    found = [source] if isinstance(source, Check) else _checks_of(source)
    if not found:
        raise TypeError(f"entry point {owner} is neither a check nor a module that holds checks")
    for check in found:
        checks.add(check.name, check, owner)


def _checks_of(source: object) -> list[Check]:
    return (
        [value for value in vars(source).values() if isinstance(value, Check)] if isinstance(source, ModuleType) else []
    )


def load_kinds() -> Registry[Kind]:
    """Built-in kinds and those of the entry points ``pytest_distaudit.systems`` (a Kind each)."""
    from pytest_distaudit.systems import BUILTIN

    kinds: Registry[Kind] = Registry("kind")
    for path in BUILTIN:
        module, _, name = path.partition(":")
        kind = getattr(import_module(module), name)
        kinds.add(kind.name, _with_edges(kind), path)
    for entry in _entries("pytest_distaudit.systems"):
        kind = entry.load()
        if not isinstance(kind, Kind):
            raise TypeError(f"entry point {entry.value} is no Kind but a {type(kind).__name__}")
        kinds.add(kind.name, _with_edges(kind), entry.value)
    return kinds


def _with_edges(kind: Kind) -> Kind:
    """The kind, which also answers what this host alone knows of any system."""
    from pytest_distaudit.systems._edges import edges_of
    from pytest_distaudit.systems._runs import runs

    own = {Edges.capability: edges_of(kind.only_answers), Runs.capability: runs}
    return replace(kind, answers={**own, **kind.answers})


def _entries(group: str) -> Iterable[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda entry: entry.value)
