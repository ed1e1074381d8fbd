"""From the target file to plans: who is attached, who is started, who cannot be had. Starts nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

from pytest_distaudit.domain.errors import InvalidInput, Problem, did_you_mean
from pytest_distaudit.domain.target import Provision, SystemSpec, Target
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets import log, options, placeholders, variables
from pytest_distaudit.targets.closure import waits_for
from pytest_distaudit.targets.containers.tables import can_be_contained
from pytest_distaudit.targets.recipe import Blueprint, Recipe, Site

Way = Literal["attach", "compose", "containers", "native"]
Unavailable = tuple[Reason, str]


def way_of(spec: SystemSpec, mode: Provision, target: Target) -> Way:
    """How ``mode`` has the system. "auto": what is declared, else what needs no engine, else the compose project."""
    if spec.inside is not None:
        return "attach"
    if mode in ("compose", "containers") and target.compose is not None:
        return mode
    if target.compose is None and (mode == "containers" or _only_contained(spec, mode)) and can_be_contained(spec):
        return "containers"
    if mode == "auto" and not spec.endpoints and spec.native is None and target.compose is not None:
        return "compose"
    if mode == "attach" or spec.native is None:
        return "attach"
    return "native" if mode != "auto" or not spec.endpoints else "attach"


def _only_contained(spec: SystemSpec, mode: Provision) -> bool:
    """Whether nothing but its container table says where the system comes from."""
    return mode == "auto" and spec.container is not None and not spec.endpoints and spec.native is None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The systems by how they are had: ``attached`` with their endpoints, ``started`` as processes, ``contained``
    in containers, ``unavailable``."""

    attached: Mapping[str, Mapping[str, str]]
    started: tuple[SystemSpec, ...]
    unavailable: Mapping[str, Unavailable]
    contained: tuple[SystemSpec, ...] = ()


def sort(
    target: Target, mode: Provision, names: Collection[str], recipes: Mapping[str, Recipe], environ: Mapping[str, str]
) -> Sorted:
    """Decide for each system. Raises InvalidInput with every wrong option."""
    attached: dict[str, Mapping[str, str]] = {}
    started: list[SystemSpec] = []
    contained: list[SystemSpec] = []
    unavailable: dict[str, Unavailable] = {}
    problems: list[Problem] = []
    for spec in (target.systems[name] for name in names):
        way = way_of(spec, mode, target)
        if way in ("compose", "containers"):
            contained.append(spec)
        elif way == "attach":
            endpoints, unset = variables.expanded(spec, environ)
            if unset or not (spec.endpoints or spec.inside):
                # Claims about the other systems go on.
                unavailable[spec.name] = _unset(unset) if unset else _no_way(spec, mode)
            else:
                attached[spec.name] = endpoints
        elif trouble := _cannot_start(spec, _recipe(spec, recipes), recipes):
            unavailable[spec.name] = (Reason.NOT_INSTALLED, trouble)
        else:
            started.append(spec)
        if way == "native" and (recipe := _recipe(spec, recipes)):
            problems += options.problems(spec, recipe)
    if problems:
        raise InvalidInput(sorted(problems))
    return Sorted(attached, tuple(started), unavailable, tuple(contained))


def _unset(problems: Collection[Problem]) -> Unavailable:
    return Reason.NOT_REACHABLE, "; ".join(str(problem) for problem in problems)


def _no_way(spec: SystemSpec, mode: Provision) -> Unavailable:
    if mode == "attach":
        words = f"{spec.name} has no endpoints to attach to"
        return Reason.NOT_REACHABLE, f"{words}; declare them, or use --distaudit-provision=auto"
    words = f"{spec.name} has neither endpoints nor a native or container table, and the target no compose files"
    return Reason.NOT_INSTALLED, f"{words}; add [targets.*.systems.{spec.name}.native] or its endpoints"


def _recipe(spec: SystemSpec, recipes: Mapping[str, Recipe]) -> Recipe | None:
    """Its kind's; of a double that brings a program of its own, the one for any program that answers HTTP."""
    return recipes.get("http" if spec.stand_in and "argv" in (spec.native or {}) else spec.kind)


def _cannot_start(spec: SystemSpec, recipe: Recipe | None, recipes: Mapping[str, Recipe]) -> str | None:
    if recipe is None:
        words = f"no recipe starts kind {spec.kind!r} of {spec.name}; {did_you_mean(spec.kind, recipes)}"
        return f"{words} Otherwise declare its endpoints"
    missing = recipe.missing()
    return f"{spec.name} cannot be started: {missing}" if missing else None


@dataclass(frozen=True, slots=True)
class Plans:
    """What will be started and where everything will be.

    ``endpoints`` holds those of attached systems too; ``values``: system -> placeholder -> text; ``groups``: system ->
    one more group of its processes.
    """

    blueprints: Mapping[str, Blueprint]
    unavailable: Mapping[str, Unavailable]
    endpoints: Mapping[str, Mapping[str, str]] = field(repr=False)
    values: Mapping[str, Mapping[str, str]] = field(repr=False)
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def secrets(self) -> frozenset[str]:
        """Every password in any address."""
        return frozenset().union(*(log.secrets_in(urls) for urls in self.endpoints.values()))


def plan(
    sorted_: Sorted,
    recipes: Mapping[str, Recipe],
    *,
    ground: Path,
    root: Path,
    environ: Mapping[str, str],
    free_port: Callable[[], int],
) -> Plans:
    """Plan every system to be started. Raises InvalidInput with every unknown placeholder."""
    unavailable = _spread(sorted_)
    specs = {spec.name: spec for spec in sorted_.started if spec.name not in unavailable}
    endpoints = dict(sorted_.attached)
    blueprints: dict[str, Blueprint] = {}
    # Those waited for first: a standby's address has the credentials of its primary.
    for name in TopologicalSorter({name: waits_for(spec) for name, spec in specs.items()}).static_order():
        if name not in specs:
            continue
        # Numbered, not named: a path for a socket has some hundred bytes, a system's name any letters.
        workdir = ground / str(len(blueprints))
        workdir.mkdir(mode=0o700)
        site = Site(workdir, root, environ, free_port, endpoints)
        recipe = _recipe(specs[name], recipes)
        assert recipe is not None, "sorted out before"
        blueprints[name] = recipe.plan(specs[name], site)
        endpoints[name] = blueprints[name].endpoints
    shared = {"python": sys.executable, "root": str(root)}
    shared |= {f"{name}.port": str(address(next(iter(urls.values())))[1]) for name, urls in endpoints.items() if urls}
    shared |= {f"{name}.port": str(blueprint.port) for name, blueprint in blueprints.items()}
    shared |= {f"{name}.{each}": url for name, urls in endpoints.items() for each, url in urls.items()}
    values = {name: {**shared, "port": str(blueprint.port)} for name, blueprint in blueprints.items()}
    problems = [problem for name in specs for problem in _unknown(specs[name], values[name])]
    if problems:
        raise InvalidInput(problems)
    return Plans(blueprints, unavailable, endpoints, values)


def _unknown(spec: SystemSpec, values: Mapping[str, str]) -> Iterator[Problem]:
    for where, text in placeholders.texts(spec.native or {}):
        for hole in placeholders.mentioned(text):
            if hole not in values:
                words = f"unknown placeholder {{{hole}}} in {where} of system {spec.name!r}"
                yield Problem(spec.place, f"{words}; {did_you_mean(hole, values)}")


def _spread(sorted_: Sorted) -> dict[str, Unavailable]:
    """What needs the address of an unavailable system cannot be had either."""
    unavailable = dict(sorted_.unavailable)
    waiting = list(sorted_.started)
    while hit := next(((spec, need) for spec in waiting if (need := _lacks(spec, unavailable))), None):
        spec, need = hit
        reason, why = unavailable[need]
        unavailable[spec.name] = (reason, f"{spec.name} needs {need}: {why}")
        waiting.remove(spec)
    return unavailable


def _lacks(spec: SystemSpec, unavailable: Collection[str]) -> str | None:
    native = spec.native or {}
    holes = (hole for _, text in placeholders.texts(native) for hole in placeholders.mentioned(text))
    named = [native.get("replicate_from"), native.get("watch"), *native.get("cluster", ())]
    needs = [*named, *(placeholders.system_of(hole) for hole in holes)]
    return next((need for need in needs if need in unavailable), None)
