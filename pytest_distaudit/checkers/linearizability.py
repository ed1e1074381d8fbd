"""Whether each operation can have taken effect at one moment between its call and its return."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_distaudit.checkers._compiled import Compiled
from pytest_distaudit.checkers._search import Search
from pytest_distaudit.checkers._shrink import broken_prefix, shrunk
from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.models import Model
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome

#: the first turn of each object's search, and by how much longer each further turn is
_TURN: Final = 2_000
_LONGER: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """When to give up. Counted, not timed, so that the same history gets the same verdict on every machine.

    ``places``: what all searches together remember, some 100 bytes each. ``work``: places and tries, about a million
    a second. ``shrinking``: the same, for making a refutation small.
    """

    places: int = 2_000_000
    work: int = 20_000_000
    shrinking: int = 500_000


@dataclass(frozen=True, slots=True)
class Linearizability:
    """``verdict`` with the ``reason`` of an unverifiable one: budget (a limit was met) or vacuous (nothing answered).

    ``checked``: operations that answered. Of a refutation: ``part`` is the object, ``witness`` a small history of it
    that no order explains either, in the order of calls; what was under way at its end stands there as open.
    ``stuck`` is the operation before whose return some order explained everything, and after it none; of zones, the
    last one of the witness to return.
    """

    verdict: Verdict
    reason: Reason | None = None
    checked: int = 0
    part: Hashable = None
    witness: tuple[Operation, ...] = ()
    stuck: Operation | None = None


def check(operations: Iterable[Operation], model: Model, limits: Limits | None = None) -> Linearizability:
    """Judge a history by a sequential specification.

    Sources: Herlihy & Wing 1990 (what is linearizable); Wing & Gong 1993 and Lowe 2017 (search and memory); Horn &
    Kroening 2015 (each object by itself). Open operations may take effect at any time after their call or never, failed
    ones never did. Objects take turns, the longer the later, and the first that is refuted ends it. Raises ValueError
    for an operation that the model does not have.
    """
    limits = limits or Limits()
    if (taken := bounded(operations)) is None:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.BUDGET)
    parts = _parts(taken, model)
    checked = sum(each.outcome is Outcome.OK for some in parts.values() for each in some)
    searches = {part: Search(Compiled(some, model)) for part, some in parts.items()}
    if not checked:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.VACUOUS)
    refuted, undecided = _in_turns(searches, limits)
    if refuted is not None:
        return _refutation(parts[refuted[0]], model, limits, checked, refuted)
    if undecided:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.BUDGET, checked)
    return Linearizability(Verdict.VERIFIED, checked=checked)


def _parts(operations: Iterable[Operation], model: Model) -> dict[Hashable, list[Operation]]:
    parts: dict[Hashable, list[Operation]] = {}
    for each in operations:
        parts.setdefault(model.part(each), []).append(each)
    return parts


def _in_turns(searches: dict[Hashable, Search], limits: Limits) -> tuple[tuple[Hashable, int] | None, bool]:
    """The refuted object with how far some order led, and whether any was left undecided."""
    left, turn, work, given_up = dict(searches), _TURN, limits.work, False
    while left and work > 0:
        for part, search in list(left.items()):
            before, others = search.work, sum(each.places for each in left.values()) - search.places
            found = search.run(min(turn, work), limits.places - others)
            work -= search.work - before
            if found is False:
                return (part, search.deepest), False
            if found or work <= 0:
                # what is decided is forgotten
                del left[part]
                given_up = given_up or not found
            elif search.places + others >= limits.places:
                # the largest gives its memory to the others
                del left[max(left, key=lambda one: left[one].places)]
                given_up = True
            if work <= 0:
                break
        turn *= _LONGER
    return None, given_up or bool(left)


def _refutation(
    operations: Sequence[Operation], model: Model, limits: Limits, checked: int, refuted: tuple[Hashable, int]
) -> Linearizability:
    part, deepest = refuted
    stuck, prefix = broken_prefix(operations, model, deepest)
    witness = shrunk(prefix, model, limits.shrinking)
    return Linearizability(Verdict.REFUTED, None, checked, part, tuple(witness), stuck)
