"""Targets that say only in what they differ from another one: ``based_on = "NAME"``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_distaudit.domain.errors import did_you_mean

KEY = "based_on"

#: (name of the target, what is wrong with its base)
Complain = Callable[[str, str], None]


def bases(targets: Any, complain: Complain) -> dict[str, str]:
    """Target -> the one that it is based on, each base before those that build on it; faulty ones are left out."""
    told = {name: one[KEY] for name, one in _tables(targets).items() if isinstance(one.get(KEY), str)}
    found: dict[str, str] = {}
    waiting = dict(told)
    while ready := {name: base for name, base in waiting.items() if base not in waiting}:
        for name, base in ready.items():
            if base in targets:
                found[name] = base
            else:
                complain(name, f"there is no target {base!r}; {did_you_mean(base, targets)}")
            del waiting[name]
    for name in waiting:
        complain(name, "it is based on itself" if told[name] == name else "it is based on one that is based on it")
    return found


def spelled_out(targets: Any, found: Mapping[str, str]) -> Any:
    """The targets with everything that they take over from their bases: tables are laid over each other, key by key;
    lists and everything else are replaced. Whatever has another shape stays as it is, for others to refuse."""
    whole = dict(targets) if isinstance(targets, dict) else targets
    for name, base in found.items():
        inherited = whole[base]
        if isinstance(inherited, dict):
            given = {key: value for key, value in inherited.items() if key != KEY}
            whole[name] = _laid_over(given, whole[name])
    return whole


def _tables(targets: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(targets, dict):
        return {}
    return {name: one for name, one in targets.items() if isinstance(one, dict)}


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: _laid_over(below[key], one) if key in below else one for key, one in above.items()}}
