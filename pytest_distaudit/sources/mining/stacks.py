"""Lists of technologies and features."""

from __future__ import annotations

import re

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Statement

_LABEL = re.compile(r"\W{0,6}([A-Za-z][\w /-]{2,30})\W{0,4}:")


def in_stack(statement: Statement, rules: Rules) -> bool:
    """Whether the section lists what the project is made of."""
    passage = statement.passage
    if passage.shape is Shape.ITEM and rules.stacked.search(passage.lead):
        return True
    if has_stack_label(statement, rules):
        return True
    return any(rules.stacks.search(heading) for heading in passage.headings[-1:])


def has_stack_label(statement: Statement, rules: Rules) -> bool:
    """Whether the statement itself is such a list: "Tech stack: ..."."""
    label = _LABEL.match(statement.text)
    return label is not None and statement.shape is not Shape.ROW and bool(rules.stacks.search(label[1]))


def is_part(statement: Statement, rules: Rules) -> bool:
    """Whether the statement is a row of a table of parts of the system."""
    head = statement.passage.head[:1]
    return statement.shape is Shape.ROW and bool(head) and bool(rules.parts.search(head[0]))


def is_described(statement: Statement, rules: Rules) -> bool:
    """Whether an entry of such a list tells what its product is for anybody: "a library that ..."."""
    return statement.shape is Shape.ITEM and in_stack(statement, rules) and bool(rules.libraries.search(statement.text))
