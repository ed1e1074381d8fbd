"""Statements that something is not there, or not so."""

from __future__ import annotations

from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find, Statement

#: A negation reaches as far as its clause.
_CLAUSE_ENDS = (",", ";", ".", " but ", " instead", " however ", " although ", " because ")


def negated(statement: Statement, find: Find, rules: Rules) -> bool:
    """Whether the clause in which the find stands says "not"."""
    text, at = statement.passage.text, _place(statement, find)
    clause = _clause_before(text, statement.start, at)
    if rules.negated_use.search(clause) or rules.negating.search(clause.rstrip("`*\"' ") + " "):
        return True
    after = text[at : statement.end]
    stop = min((place for end in _CLAUSE_ENDS if (place := after.find(end)) >= 0), default=len(after))
    return bool(rules.negated_use.search(after[:stop]) or rules.denials.search(text[statement.start : find.at]))


def avoided(statement: Statement, find: Find, rules: Rules) -> bool:
    """Whether it is only said that something does not go there, which leaves open whether it is there."""
    clause = _clause_before(statement.passage.text, statement.start, _place(statement, find))
    return bool(rules.avoidances.search(clause.rstrip("`*\"' ") + " "))


def _place(statement: Statement, find: Find) -> int:
    """Where the find's component stands, else the find itself."""
    spelled = statement.passage.text.find(find.spelled, statement.start, statement.end) if find.spelled else -1
    return spelled if spelled >= 0 else find.at


def _clause_before(text: str, start: int, at: int) -> str:
    before = text[start:at]
    return before[max((before.rfind(end) for end in _CLAUSE_ENDS), default=-1) + 1 :]
