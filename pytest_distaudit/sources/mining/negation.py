"""Statements that something is not there."""

from __future__ import annotations

from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find, Statement

#: A negation reaches as far as its clause.
_CLAUSE_ENDS = (",", ";", ".", " but ", " instead", " however ", " although ", " because ")


def negated(statement: Statement, find: Find, rules: Rules) -> bool:
    """Whether the clause in which the find stands says "not"."""
    text = statement.passage.text
    at = find.at
    spelled = text.find(find.spelled, statement.start, statement.end) if find.spelled else -1
    if spelled >= 0:
        at = spelled
    before = text[statement.start : at]
    clause = before[max((before.rfind(end) for end in _CLAUSE_ENDS), default=-1) + 1 :]
    if rules.negated_use.search(clause) or rules.negating.search(clause.rstrip("`*\"' ") + " "):
        return True
    after = text[at : statement.end]
    stop = min((place for end in _CLAUSE_ENDS if (place := after.find(end)) >= 0), default=len(after))
    return bool(rules.negated_use.search(after[:stop]))
