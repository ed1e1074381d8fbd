"""Documented HTTP endpoints: a method and a path in a row or an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.vocabulary import slug

_ENDPOINT = re.compile(
    r"(?<![\w/])(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b[`:*\s|]{1,6}(?:https?://[^\s/`]{1,80})?(/[\w{}<>/.:*?=&$-]{0,120}|[\w{}]{1,40}[-/][\w{}<>/.:*?=&$-]{1,80})"
)
_PATH_FIRST = re.compile(r"(/[\w{}<>/.:*-]{1,120})`?\s*\|\s*`?(?:GET|POST|PUT|PATCH|DELETE)\b")
_SERVICE = re.compile(r"\W{0,4}(?:micro-?)?services?\b", re.IGNORECASE)
_EVENT = re.compile(r"\b(?:subscri|publish|event from|message from|consume|queue|topic)", re.IGNORECASE)


def find_endpoints(statement: Statement, rules: Rules) -> Iterator[Find]:
    """A find of the section's service; an endpoint that takes events is messaging."""
    if statement.shape not in (Shape.ROW, Shape.ITEM):
        return
    match = _ENDPOINT.search(statement.text) or _PATH_FIRST.search(statement.text)
    if match is None:
        return
    component = _owner(statement) or statement.subject or statement.project
    pattern = "messaging" if _EVENT.search(statement.text) else "rest"
    if component:
        yield Find(pattern, component, statement.start + match.start(), "endpoint")


def _owner(statement: Statement) -> str:
    """The service that a row names in a column of services."""
    passage = statement.passage
    if statement.shape is not Shape.ROW or not passage.head or not _SERVICE.match(passage.head[0]):
        return ""
    own = [mention for mention in statement.mentions if mention.own and mention.start < passage.cells[0][1]]
    return own[0].name if own else slug(passage.cell(0))
