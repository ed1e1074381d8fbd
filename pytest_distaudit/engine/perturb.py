"""Recorded evidence made a little untrue: one field of one fact at a time, by the types of its capability alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, get_args, get_type_hints

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.codec import from_json, to_json

Looks = Sequence[Sequence[Observation]]
_OTHER = "distaudit-other"
_HOUR = 3600.0
_NUMBER = re.compile(r"[0-9]{1,9}")
#: members of a list or a table that are changed one by one
_MEMBERS = 6
#: how deep lists in facts in lists are followed
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One thing made untrue. ``words`` says which; ``looks`` is the evidence with it, ``claim`` the claim."""

    words: str
    claim: Claim
    looks: Looks


def perturbations(claim: Claim, looks: Looks) -> Iterator[Perturbation]:
    """What is seen made untrue, then what is claimed. Bigger lies first: those that no reader would call a quibble."""
    groups = _groups(looks)
    for (system, ask), seen in groups.items():
        for words, lies in _of_group(seen, groups):
            yield Perturbation(f"{system or 'target'} {ask}: {words}", claim, _with(looks, lies))
    for name, value in claim.params.items():
        for words, other in _parameter(value):
            changed = replace(claim, params={**claim.params, name: other})
            yield Perturbation(f"claimed {name}: {words}", changed, looks)


_Group = tuple[str, Ask]
_Lies = Mapping[int, Observation]


def _groups(looks: Looks) -> dict[_Group, list[Observation]]:
    """Every observation once, by who was asked what."""
    found: dict[_Group, list[Observation]] = {}
    for seen in {id(one): one for look in looks for one in look}.values():
        found.setdefault((seen.system, seen.ask), []).append(seen)
    return found


def _of_group(
    seen: Sequence[Observation], groups: Mapping[_Group, Sequence[Observation]]
) -> Iterator[tuple[str, _Lies]]:
    """(what is untrue, id of an observation -> what stands in its place)."""
    told = [one for one in seen if one.reason is None]
    if not told:
        return
    if len(told) > 1:
        yield "nothing changed since the first look", {id(one): replace(one, value=told[0].value) for one in told}
    for (system, ask), others in groups.items():
        if ask == told[0].ask and system != told[0].system and others[-1].reason is None:
            value, identity = others[-1].value, others[-1].identity
            yield f"answers as {system} does", {id(one): replace(one, value=value, identity=identity) for one in told}
    yield from _of_facts(told)
    yield "cannot be observed", {id(one): _dead(one) for one in told}
    yield "looked at an hour earlier", {id(one): replace(one, at=one.at - _HOUR) for one in told}
    yield "another process answers", {id(told[-1]): replace(told[-1], identity=_OTHER)}


def _dead(seen: Observation) -> Observation:
    return replace(seen, value=None, reason=Reason.NOT_REACHABLE, detail="perturbed")


def _of_facts(told: Sequence[Observation]) -> Iterator[tuple[str, _Lies]]:
    """One field changed in all looks, then in the last alone."""
    capability = _capabilities().get(told[0].ask.capability)
    if capability is None:
        return
    facts = [from_json(capability, one.value) for one in told]
    for words, change in _changes(facts[-1], capability):
        pairs = ((one, _applied(change, fact)) for one, fact in zip(told, facts, strict=True))
        lies = {id(one): replace(one, value=value) for one, value in pairs if value is not None}
        yield words, lies
        if len(told) > 1 and id(told[-1]) in lies:
            yield f"{words}, at last", {id(told[-1]): lies[id(told[-1])]}


def _applied(change: Callable[[Any], Any], fact: Any) -> Any:
    """The changed fact as JSON; None where this look has no such member."""
    try:
        return to_json(change(fact))
    except (LookupError, AttributeError, TypeError):
        return None


def _capabilities() -> dict[str, type[Capability]]:
    """Every capability that is known in this process, also those of extensions."""
    found: dict[str, type[Capability]] = {}
    open_ = list(Capability.__subclasses__())
    while open_:
        one = open_.pop()
        if "capability" in vars(one):
            found.setdefault(one.capability, one)
        open_ += one.__subclasses__()
    return found


_Way = Callable[[Any], Any]
_Change = tuple[str, _Way]


def _changes(value: Any, hint: Any, depth: int = 0) -> Iterator[_Change]:
    """(words, the change) for every way in which ``value``, declared as ``hint``, could be different."""
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        for one in fields(value):
            for words, change in _changes(getattr(value, one.name), hints[one.name], depth):
                yield f"{one.name} {words}", _of_field(one.name, change)
    elif isinstance(value, (tuple, list)):
        yield from _in_list(value, depth)
    elif isinstance(value, dict):
        yield from _in_table(value, depth)
    else:
        yield from _of_scalar(value, hint)


def _of_scalar(value: Any, hint: Any) -> Iterator[_Change]:
    for other in _others(value, hint):
        yield f"{_short(value)} -> {_short(other)}", _to(other)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        for step in (1, -1, -_HOUR if isinstance(value, float) else -1000):
            yield f"{step:+g}", _plus(step)


def _in_list(values: Sequence[Any], depth: int) -> Iterator[_Change]:
    if not values:
        return
    yield "emptied", _to(())
    if len(values) > 1:
        yield "without the last", lambda old: old[:-1]
    if depth >= _DEEPEST:
        return
    for at, value in enumerate(values[:_MEMBERS]):
        for words, change in _changes(value, None, depth + 1):
            yield f"{at + 1}. {words}", _of_member(at, change)
    if len(values) > 1:
        for words, change in _changes(values[0], None, depth + 1):
            yield f"each {words}", _of_each(change)


def _in_table(values: Mapping[str, Any], depth: int) -> Iterator[_Change]:
    if not values:
        return
    yield "emptied", _to({})
    for key, value in islice(values.items(), _MEMBERS if depth < _DEEPEST else 0):
        yield f"without {_short(key)}", _without(key)
        for words, change in _changes(value, None, depth + 1):
            yield f"{_short(key)} {words}", _of_entry(key, change)


def _to(other: Any) -> _Way:
    return lambda old: other


def _plus(step: float) -> _Way:
    return lambda old: type(old)(old + step)


def _of_field(name: str, change: _Way) -> _Way:
    return lambda old: replace(old, **{name: change(getattr(old, name))})


def _of_member(at: int, change: _Way) -> _Way:
    return lambda old: (*old[:at], change(old[at]), *old[at + 1 :])


def _of_each(change: _Way) -> _Way:
    return lambda old: tuple(change(one) for one in old)


def _of_entry(key: str, change: _Way) -> _Way:
    return lambda old: {**old, key: change(old[key])}


def _without(key: str) -> _Way:
    return lambda old: {name: one for name, one in old.items() if name != key}


def _others(value: Any, hint: Any) -> Iterator[Any]:
    """Other values of the same type; for None those that the field could have held."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield type(value)(0)
    elif isinstance(value, str):
        later = _NUMBER.sub(lambda found: str(int(found[0]) + 1), value, count=1)
        none = _NUMBER.sub("0", value, count=1)
        yield from (other for other in dict.fromkeys(("", _OTHER, later, none)) if other != value)
    elif value is None:
        kinds = get_args(hint)
        yield from (True, False) if bool in kinds else (0,) if int in kinds else ()


def _parameter(value: Any) -> Iterator[tuple[str, Any]]:
    """Other values of one parameter of the claim."""
    if isinstance(value, bool):
        yield f"{value} -> {not value}".lower(), not value
    elif isinstance(value, Comparison):
        measured = value.quantity.value
        for other in (measured + 1, measured - 1, measured * 1_000_000 + 1, Decimal(0)):
            quantity = replace(value.quantity, value=other, text=f"{other:f}")
            yield f"{value} -> {value.operator} {quantity}", Comparison(value.operator, quantity)
    elif isinstance(value, str):
        yield f"{_short(value)} -> {_OTHER}", _OTHER


def _with(looks: Looks, lies: _Lies) -> Looks:
    return [[lies.get(id(one), one) for one in look] for look in looks]


def _short(value: Any) -> str:
    text = str(value) if value != "" else "''"
    return text if len(text) <= 40 else f"{text[:39]}…"
