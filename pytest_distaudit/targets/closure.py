"""Which systems must be had for the wanted ones, and who waits for whom at the start. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem, did_you_mean
from pytest_distaudit.domain.target import SystemSpec, Target
from pytest_distaudit.targets import placeholders

#: options of ``native`` tables that name systems to wait for
_WAITING = ("replicate_from", "watch", "after", "to")
IsNative = Callable[[SystemSpec], bool]


def waits_for(spec: SystemSpec) -> tuple[str, ...]:
    """The systems that must be up before this one is started: ``replicate_from``, ``watch``, ``after`` and ``to``."""
    native = spec.native or {}
    return tuple(dict.fromkeys(name for key in _WAITING for name in _names(native.get(key))))


def closed(target: Target, wanted: Collection[str], is_native: IsNative) -> tuple[str, ...]:
    """``wanted`` and everything it needs, in the target's order.

    A system needs what its links lead to, the engine that it is inside of and, when it is to be
    started natively, what its ``native`` table names. Raises InvalidInput for unknown names and for
    systems that wait for one another.
    """
    problems: list[Problem] = []
    found: set[str] = set()
    open_ends = [(name, target.place, f"target {target.name!r}") for name in wanted]
    while open_ends:
        name, place, asker = open_ends.pop()
        spec = target.systems.get(name)
        if spec is None:
            problems.append(Problem(place, f"{asker}: unknown system {name!r}; {did_you_mean(name, target.systems)}"))
        elif name not in found:
            found.add(name)
            open_ends += [(need, place, asker) for need, place, asker in _needs(target, spec, is_native(spec))]
    problems += _cycle(target, found, is_native)
    if problems:
        raise InvalidInput(sorted(set(problems)))
    return tuple(name for name in target.systems if name in found)


def _needs(target: Target, spec: SystemSpec, native: bool) -> Iterator[tuple[str, Place, str]]:
    """(name, place to complain at, who asks for it)."""
    for link in target.links.values():
        if link.source == spec.name:
            yield link.to, target.place, f"link {link.name!r}"
    if spec.inside:
        yield spec.inside, spec.place, f"system {spec.name!r}"
    if native:
        yield from _native_needs(spec)


def _native_needs(spec: SystemSpec) -> Iterator[tuple[str, Place, str]]:
    for name in (*waits_for(spec), *_names((spec.native or {}).get("cluster"))):
        yield name, spec.place, f"system {spec.name!r}"
    for where, text in placeholders.texts(spec.native or {}):
        for hole in placeholders.mentioned(text):
            if system := placeholders.system_of(hole):
                yield system, spec.place, f"{where} of system {spec.name!r}"


def _cycle(target: Target, found: Collection[str], is_native: IsNative) -> Iterator[Problem]:
    """Only waiting makes a cycle harmful: addresses are known before anything starts."""
    edges: Mapping[str, Collection[str]] = {
        name: waits_for(target.systems[name]) for name in sorted(found) if is_native(target.systems[name])
    }
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        path = list(reversed(error.args[1]))
        words = " waits for ".join(repr(name) for name in path)
        yield Problem(target.systems[path[0]].place, f"no start order: {words}; remove one native.after on the way")


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, (list, tuple)) else ()
