"""``distaudit.toml``, or ``[tool.distaudit]`` of ``pyproject.toml``: targets and where documents and claims are."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem, did_you_mean
from pytest_distaudit.domain.target import (
    Action,
    Activity,
    Compose,
    Instances,
    Link,
    NestedSystems,
    Operation,
    Probes,
    Project,
    SystemSpec,
    Target,
)
from pytest_distaudit.sources.based_on import KEY, bases, spelled_out
from pytest_distaudit.sources.claim_against_target import check_against_target, unknown_targets
from pytest_distaudit.sources.shape_errors import Path as KeyPath
from pytest_distaudit.sources.shape_errors import shape_problems
from pytest_distaudit.sources.source_text import read_text
from pytest_distaudit.sources.target_rules import Kinds, TargetRules
from pytest_distaudit.sources.target_shape import (
    ComposeEntry,
    ContainerEntry,
    InjectEntry,
    OperationEntry,
    ProjectEntry,
    SystemEntry,
    TargetEntry,
)
from pytest_distaudit.sources.toml_places import TomlPlaces, parse_toml

__all__ = ["check_against_target", "read_project", "unknown_targets"]

FILE = "distaudit.toml"

_PROJECT: TypeAdapter[ProjectEntry] = TypeAdapter(ProjectEntry)


def read_project(root: Path, kinds: Kinds) -> Project | None:
    """Read the project's targets; None if it describes none.

    ``kinds`` maps each known kind to its endpoints and their URL schemes. ``${VARIABLES}`` stay as
    they are written. Raises InvalidInput with every problem of the file.
    """
    found = _source(root)
    if found is None:
        return None
    file, text, table = found
    places = TomlPlaces(text, file, table)
    data: Any = parse_toml(text, file)
    for key in table:
        data = data[key]
    problems: list[Problem] = []
    data = _spelled_out(data, places, problems)
    entry = _validated(data, places, problems)
    if entry is not None:
        _judge(entry, data, kinds, places, problems)
    if problems or entry is None:
        raise InvalidInput(sorted(set(problems)))
    return _project(entry, kinds, places, file)


def _source(root: Path) -> tuple[str, str, tuple[str, ...]] | None:
    """The file's name, its text, and the table to read."""
    own, shared = root / FILE, root / "pyproject.toml"
    table = ("tool", "distaudit")
    text = read_text(shared, shared.name) if shared.is_file() else ""
    # A pyproject.toml that does not speak of us is none of our business, not even when it is broken.
    speaks = "tool.distaudit" in text and "distaudit" in parse_toml(text, shared.name).get("tool", {})
    if own.is_file() and speaks:
        place = TomlPlaces(text, shared.name, table).place(())
        raise InvalidInput([Problem(place, f"[tool.distaudit] and {FILE} both describe targets; keep one of them")])
    if own.is_file():
        return FILE, read_text(own, FILE), ()
    return (shared.name, text, table) if speaks else None


def _spelled_out(data: dict[str, Any], places: TomlPlaces, problems: list[Problem]) -> dict[str, Any]:
    """Each target with what it takes over; of that, the place is where it is written."""

    def complain(name: str, message: str) -> None:
        problems.append(Problem(places.place(("targets", name, KEY)), message))

    targets = data.get("targets")
    found = bases(targets, complain)
    for name, base in found.items():
        places.also(("targets", name), ("targets", base))
    return {**data, "targets": spelled_out(targets, found)} if found else data


def _validated(data: Any, places: TomlPlaces, problems: list[Problem]) -> ProjectEntry | None:
    """The file's shape; parts that do not fit are reported and left out, so that the rest is still judged."""
    kept = deepcopy(data)
    # Each round takes parts out; that one leaves a hole in what holds it is the first round's fault, not the file's.
    for first in (True, *[False] * 10):
        try:
            return _PROJECT.validate_python(kept)
        except ValidationError as error:
            if first:
                problems.extend(shape_problems(error, ProjectEntry, places))
            for found in error.errors(include_url=False):
                path = found["loc"][:-1] if found["type"] == "missing" else found["loc"]
                _take_out(kept, tuple(takewhile(lambda part: isinstance(part, str) and part != "[key]", path)))
    return None


def _take_out(data: Any, path: KeyPath) -> None:
    """Remove what stands there; where a short form stands for a table, all of it."""
    for part, following in zip(path, (*path[1:], None), strict=True):
        inner = data.get(part)
        if following is None or not isinstance(inner, dict):
            data.pop(part, None)
            return
        data = inner


def _judge(entry: ProjectEntry, data: Any, kinds: Kinds, places: TomlPlaces, problems: list[Problem]) -> None:
    def report(place: Place, message: str) -> None:
        problems.append(Problem(place, message))

    if entry.default is not None and entry.default not in data.get("targets", {}):
        known = did_you_mean(entry.default, data.get("targets", {}))
        report(places.place(("default",)), f"there is no target {entry.default!r}; {known}")
    for name, target in entry.targets.items():
        systems = data["targets"][name].get("systems", {})
        names = systems if isinstance(systems, dict) else {}
        TargetRules(kinds, names, ("targets", name), places, report).check(target)


def _project(entry: ProjectEntry, kinds: Kinds, places: TomlPlaces, file: str) -> Project:
    given: dict[str, Any] = {"default": entry.default}
    if entry.documents is not None:
        given["documents"] = tuple(entry.documents)
    if entry.claims is not None:
        given["claims"] = entry.claims
    targets = {name: _target(name, target, kinds, places) for name, target in entry.targets.items()}
    return Project(place=Place(file), targets=targets, **given)


def _target(name: str, entry: TargetEntry, kinds: Kinds, places: TomlPlaces) -> Target:
    path = ("targets", name)
    return Target(
        name=name,
        place=places.place(path),
        systems={
            key: _system(key, system, kinds[system.kind], places.place((*path, "systems", key)))
            for key, system in entry.systems.items()
        },
        links={key: Link(key, link.from_, link.to, _inject(link.inject)) for key, link in entry.links.items()},
        operations={key: _operation(key, one) for key, one in entry.operations.items()},
        activities={
            key: Activity(key, one.request, one.json, one.headers, one.cleanup, tuple(one.ok))
            for key, one in entry.activities.items()
        },
        actions={key: Action(key, tuple(one.argv), tuple(one.undo)) for key, one in entry.actions.items()},
        compose=_compose(entry.compose),
        audit_host=entry.audit_host,
        lease=entry.lease,
    )


def _inject(entry: InjectEntry | None) -> dict[str, str]:
    ways = {"env": entry.env, "address": entry.address} if entry else {}
    return {way: told for way, told in ways.items() if told is not None}


def _operation(name: str, entry: OperationEntry) -> Operation:
    return Operation(
        name, entry.request, tuple(entry.ok), tuple(entry.fail), entry.json, entry.headers,
        entry.effect or "", tuple(entry.effect_ok), tuple(entry.degraded), entry.marker or "",
        entry.clients == "many", entry.effect_count,
    )  # fmt: skip


def _compose(entry: ComposeEntry | None) -> Compose | None:
    if entry is None:
        return None
    return Compose(tuple(entry.files), entry.env, tuple(entry.profiles), float(entry.start_limit))


def _told(entry: ContainerEntry | None) -> dict[str, Any] | None:
    """What the table says, and nothing that it does not."""
    if entry is None:
        return None
    return {name: value for name, value in vars(entry).items() if value is not None}


def _system(name: str, entry: SystemEntry, known: Iterable[str], place: Place) -> SystemSpec:
    nested = entry.systems
    shorthand = {} if entry.url is None else {next(iter(known)): entry.url}
    return SystemSpec(
        name=name,
        kind=entry.kind,
        place=place,
        endpoints={**shorthand, **entry.endpoints},
        native=entry.native,
        probes=Probes(entry.probes),
        disposable=entry.disposable,
        health=entry.health,
        service=entry.service,
        container=_told(entry.container),
        instances=Instances(entry.instances.identity) if entry.instances else None,
        inside=entry.inside,
        systems=NestedSystems(nested.match, nested.kind, nested.transport) if nested else None,
        stand_in=entry.stand_in,
    )
