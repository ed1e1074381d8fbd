"""What a service of the project is there for: entries of service lists and opening sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.stacks import is_part
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.vocabulary import slug

#: Behind the service's name: a verb of the third person and its object.
_DUTY = re.compile(
    r"[\s\"'“*`]{0,4}(?:(?:micro)?service|server|app|application|component|module|api|gateway)?[\s\"'“*]{0,4}"
    r"(?:(?:then|also|only|simply|just|mainly) )?"
    r"(?:is (?:the|an?) (?:\w+ )?(?:service|application|component|module|server) (?:that|to|for|which|responsible)|"
    r"is responsible for|does|has|acts as|[a-z]{2,20}(?:[^s\W]s|es|sses|ies)[\"”']?) [\"“]?[\w$]",
    re.IGNORECASE,
)
#: The same without a name: "Manages carts."
_BARE = re.compile(r"[A-Z][a-z]{2,20}(?:[^s\W]s|es|ies)\b \w")
#: Behind the name that begins an entry: a separator and two words.
_SEPARATED = re.compile(r"[`*\]):]{0,4}(?:\s?\([^)]{0,60}\))?[`*:]{0,3}\s?[:–—|-][*\s]{0,4}\S{1,200}\s\S")
#: Says so anywhere, not only where a section opens.
_RESPONSIBLE = re.compile(r"\b(?:is responsible for|handles|manages|takes care of|owns)\b")
_SERVICES = re.compile(r"\W{0,4}(?:(?:micro-?)?services?|modules?|components?)(?: name)?\W{0,4}$", re.IGNORECASE)
_ARTICLES = frozenset({"", "the", "our", "service", "the service"})


def find_duties(statement: Statement, rules: Rules) -> Iterator[Find]:
    """A find "bounded_context" of a service of the project with what it does."""
    if statement.shape in (Shape.ITEM, Shape.ROW):
        yield from _entry(statement, rules)
    elif statement.shape is Shape.PARAGRAPH and (statement.first or _RESPONSIBLE.search(statement.text)):
        yield from _opening(statement, rules)


def _entry(statement: Statement, rules: Rules) -> Iterator[Find]:
    text = statement.passage.text
    first = next((mention for mention in statement.mentions if mention.own), None)
    if first is None and is_part(statement, rules):
        yield from _unknown(statement)
    if first is None or any(letter.isalnum() for letter in text[statement.start : first.start]):
        return
    if statement.shape is Shape.ROW:
        described = any(text[slice(*cell)].count(" ") >= 2 for cell in statement.passage.cells[1:])
    else:
        described = bool(_SEPARATED.match(text, first.end) or _DUTY.match(text, first.end))
    if described:
        yield _find(first.name, first.start, first.spelled)


def _unknown(statement: Statement) -> Iterator[Find]:
    """A row of a table of services that names one no manifest knows."""
    passage = statement.passage
    name = passage.cell(0).strip("`*_ ")
    described = any(passage.cell(index).count(" ") >= 2 for index in range(1, len(passage.cells)))
    named = any(mention.start < passage.cells[0][1] for mention in statement.mentions)
    if _SERVICES.match(passage.head[0]) and described and not named and 0 < len(name.split()) <= 4:
        yield _find(slug(name), passage.cells[0][0], name)


def _opening(statement: Statement, rules: Rules) -> Iterator[Find]:
    text = statement.text.lstrip("*_ ")
    whole = statement.passage.text
    own = next((mention for mention in statement.mentions if mention.own), None)
    if own is not None and whole[statement.start : own.start].strip(" *`[").lower() in _ARTICLES:
        if _DUTY.match(whole, own.end, statement.end):
            yield _find(own.name, own.start, own.spelled)
        return
    if not statement.subject:
        return
    itself = rules.itself.match(text)
    if itself and _DUTY.match(text, itself.end()):
        yield _find(statement.subject, statement.start, itself[0])
    elif _BARE.match(text):
        yield _find(statement.subject, statement.start, "")


def _find(name: str, at: int, spelled: str) -> Find:
    return Find("bounded_context", name, at, "duty", spelled, specific=False)
