"""Histories made by hand, by a simulated store that tells the truth, and by one that was tampered with."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from hypothesis import strategies as st

from pytest_distaudit.checkers.models import ILLEGAL, Model
from pytest_distaudit.ports.history import Operation, Outcome, Value

OPEN = None
#: what chance does in a simulation
DRAWS = st.integers(0, 2**32 - 1).map(random.Random)


def op(text: str, call: int, returns: int | None, *arguments: Value, gives: Value = None) -> Operation:
    """``returns=OPEN``: indeterminate."""
    outcome = Outcome.INDETERMINATE if returns is None else Outcome.OK
    return Operation(0, text, arguments, gives, call, returns, "", outcome)


def read(call: int, returns: int | None, gives: Value) -> Operation:
    return op("read", call, returns, gives=gives)


def write(call: int, returns: int | None, value: Value) -> Operation:
    return op("write", call, returns, value)


def cas(call: int, returns: int | None, old: Value, new: Value, swapped: bool = True) -> Operation:
    return op("cas", call, returns, old, new, gives=swapped)


def failed(operation: Operation) -> Operation:
    return replace(operation, outcome=Outcome.FAIL)


@dataclass(frozen=True)
class Load:
    """What clients do to a simulated store. Times are small whole numbers, so that many are equal."""

    operations: int
    clients: int = 3
    keys: int = 0
    values: int = 0
    kinds: tuple[str, ...] = ("read", "write")
    open_share: float = 0.0
    longest: int = 10


@dataclass(order=True)
class _Planned:
    point: float
    number: int
    call: int
    returns: int
    process: int
    open: bool


def simulated(load: Load, draw: random.Random) -> list[Operation]:
    """A history of a store in which every operation took effect at one moment; ``values`` 0: all written differ."""
    state: dict[Value, Value] = {}
    told = [_performed(one, load, state, draw) for one in sorted(_planned(load, draw))]
    return sorted(told, key=lambda each: each.call_ns)


def _planned(load: Load, draw: random.Random) -> Iterator[_Planned]:
    clients = [(draw.randrange(load.longest), process) for process in range(load.clients)]
    heapq.heapify(clients)
    for number in range(load.operations):
        call, process = heapq.heappop(clients)
        returns = call + draw.randrange(load.longest)
        is_open = draw.random() < load.open_share
        point = draw.uniform(call, returns)
        if is_open:
            point = draw.choice([point, call + draw.random() * load.longest * 10, float("inf")])
        yield _Planned(point, number, call, returns, process, is_open)
        heapq.heappush(clients, (returns + draw.randrange(3), process))


def _performed(one: _Planned, load: Load, state: dict[Value, Value], draw: random.Random) -> Operation:
    key: Value = f"key-{draw.randrange(load.keys)}" if load.keys else None
    found, kind = state.get(key), draw.choice(load.kinds)
    new = draw.randrange(load.values) if load.values else one.number
    arguments: tuple[Value, ...] = ()
    gives: Value = None
    outcome = Outcome.OK
    if kind == "read":
        gives = found
    elif kind == "write":
        arguments = (new,)
        changes = True
    else:
        old = draw.choice([found, new, None])
        arguments, changes = (old, new), found == old
        gives = changes
        if not changes and draw.random() < 0.5:
            outcome = Outcome.FAIL
    if kind != "read" and changes and one.point != float("inf"):
        state[key] = new
    if one.open:
        outcome, gives = Outcome.INDETERMINATE, None
    if load.keys:
        arguments = (key, *arguments)
    returns = None if one.open else one.returns
    return Operation(one.process, kind, arguments, gives, one.call, returns, f"n{one.process}", outcome)


def tampered(operations: Sequence[Operation], draw: random.Random) -> list[Operation]:
    """Two reads of them swapped, one read stale or invented, or a write and a return moved."""
    changed = list(operations)
    reads = [number for number, each in enumerate(changed) if each.operation == "read" and each.outcome is Outcome.OK]
    if len(reads) < 2:
        return changed
    one, other = draw.sample(reads, 2)
    match draw.randrange(4):
        case 0:
            first, second = changed[one].result, changed[other].result
            changed[one], changed[other] = _reads(changed[one], second), _reads(changed[other], first)
        case 1:
            changed[one] = _reads(changed[one], changed[other].result)
        case 2:
            written = [each.arguments[-1] for each in changed if each.operation != "read"]
            changed[one] = _reads(changed[one], draw.choice([*written, None]))
        case _:
            late = draw.randrange(1, 20)
            changed[one] = replace(
                changed[one], call_ns=changed[one].call_ns + late, return_ns=(changed[one].return_ns or 0) + late
            )
    return changed


def _reads(operation: Operation, result: Value) -> Operation:
    return replace(operation, result=result)


def linearizable(operations: Sequence[Operation], model: Model) -> bool:
    """By trying every order of every choice of open operations: what the definition says, for few operations."""
    closed = [each for each in operations if each.outcome is Outcome.OK]
    unsure = [each for each in operations if each.outcome is Outcome.INDETERMINATE]
    for choice in range(1 << len(unsure)):
        chosen = closed + [each for bit, each in enumerate(unsure) if choice >> bit & 1]
        if any(_legal(order, model) for order in permutations(chosen)):
            return True
    return False


def explained(operations: Sequence[Operation], model: Model) -> bool:
    """The same without permutations and without any of the search's short cuts, for some more operations."""
    kept = [each for each in operations if each.outcome is not Outcome.FAIL]
    needed = frozenset(number for number, each in enumerate(kept) if each.outcome is Outcome.OK)
    places = [(frozenset[int](), model.initial)]
    been = set(places)
    while places:
        done, state = places.pop()
        if needed <= done:
            return True
        until = min(kept[number].return_ns or 0 for number in needed - done)
        for number, each in enumerate(kept):
            if number in done or each.call_ns > until:
                continue
            after = model.step(state, each)
            place = (done | {number}, after)
            if after is not ILLEGAL and place not in been:
                been.add(place)
                places.append(place)
    return False


def _legal(order: Sequence[Operation], model: Model) -> bool:
    state, latest_call = model.initial, float("-inf")
    for each in order:
        ends = float("inf") if each.outcome is Outcome.INDETERMINATE or each.return_ns is None else each.return_ns
        latest_call = max(latest_call, each.call_ns)
        if ends < latest_call:
            return False
        state = model.step(state, each)
        if state is ILLEGAL:
            return False
    return True
