"""Whether no identifier was given out twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome, Value


@dataclass(frozen=True, slots=True)
class Identifiers:
    """``given``: answers; ``duplicated``: each identifier that came twice or oftener, with how often."""

    verdict: Verdict
    reason: Reason | None
    given: int
    duplicated: tuple[tuple[Value, int], ...] = ()


def check(operations: Iterable[Operation]) -> Identifiers:
    """Judge the results of all that answered, whatever the operations are called; None is an identifier, too.

    Source: Jepsen's ``unique-ids``: any duplicate refutes. With fewer than two answers there is nothing to tell apart.
    """
    values: dict[Hashable, Value] = {}
    counts: Counter[Hashable] = Counter()
    if (taken := bounded(operations)) is None:
        return Identifiers(Verdict.UNVERIFIABLE, Reason.BUDGET, 0)
    for each in taken:
        if each.outcome is Outcome.OK:
            counts[distinct(each.result)] += 1
            values.setdefault(distinct(each.result), each.result)
    given = counts.total()
    duplicated = tuple((values[value], count) for value, count in counts.items() if count > 1)
    if duplicated:
        return Identifiers(Verdict.REFUTED, None, given, duplicated)
    if given < 2:
        return Identifiers(Verdict.UNVERIFIABLE, Reason.VACUOUS, given)
    return Identifiers(Verdict.VERIFIED, None, given)
