"""Ports and addresses: "X - http://localhost:8080", "listens on port 8080", tables with a column of ports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.proposal import Figure
from pytest_distaudit.sources.mining.passage import Passage, Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.settings import owner_of
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.vocabulary import Mention, Vocabulary, slug

#: A host by name, by number or by a placeholder: ${HOST}, {host}, [Node-IP], <host>.
_HOST = r"[\w.-]{1,80}|\$?\{[^}\s]{1,40}\}|\[[\w-]{1,40}\]|<[\w -]{1,40}>"
_URL = re.compile(rf"\b(?:https?|wss?|grpc|amqp|tcp)://({_HOST})(?::(\d{{2,5}}))?(?=[/\s\"'`)\]>|,.]|$)", re.IGNORECASE)
_HOST_PORT = re.compile(r"(?<![\w/.:])(localhost|127\.0\.0\.1|[a-z][\w-]{1,40}):(\d{3,5})\b(?![:/.]\d)")
_WORD = re.compile(
    r"\bports? ?(?:number)?[`:=\s(]{0,4}(\d{2,5})\b"
    r"|(?<![\w.])(\d{2,5})`? is (?:the )?port\b"
    r"|\bport\b[^.|]{0,40}?\bdefault(?:s|ing)?(?: is| to|:)? `?(\d{2,5})\b"
    r"|_PORT\b[^.|\d]{1,20}(\d{2,5})\b",
    re.IGNORECASE,
)
#: Without one of these no address can stand there.
_LIKELY = re.compile(r"\d\d|://")
_HEAD = re.compile(r"\bports?\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d.:])(\d{2,5})(?![\d.]*\d)")
#: Hosts of a deployment: one word, a placeholder, or a name that only resolves inside.
_LOCAL = re.compile(
    r"localhost$|127\.0\.0\.1$|0\.0\.0\.0$|[\w-]+$|[$\[{<].*|"
    r"[\w.-]+\.(?:local|internal|test|localhost|svc|cluster\.local)$",
    re.IGNORECASE,
)
_NAME = r"[A-Za-z][\w./ &'-]{1,40}"
_NAME_BEFORE = re.compile(
    rf"({_NAME}?)[`*\])]{{0,3}}(?: \([^()]{{0,60}}\))?\s*(?:[-–—:|]|is (?:at|on)|at|on|=>?|->|→)\s*[`*(\[<|]{{0,4}}$"
)
_NAME_AFTER = re.compile(rf"[`*)\]>]{{0,3}}\s*(?:[-–—:|]|for(?: the)?|is(?: the)?|\()\s*[*`\[]{{0,3}}({_NAME})")
#: A command that is typed, or an instruction to change something, is no address of the system.
_SPOILT = re.compile(r"\b(?:curl|wget|change|replace|e\.g\.)\b|-p \d", re.IGNORECASE)
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){0,6}_(?:PORT|ENDPOINT|ADDR|ADDRESS|URL|HOST)\b")
_MEANS = frozenset({"tool", "runtime", "instrumentation", "interface", "composition"})
_NOT_NAMES = frozenset(
    {
        *("url", "port", "address", "host", "link", "open", "here", "available", "access", "see", "at", "go", "or"),
        *("and", "web", "http", "https"),
    }
)


def find_ports(statement: Statement, rules: Rules, vocabulary: Vocabulary) -> Iterator[Find]:
    """A find for each port that the sentence gives somebody, and for each local address without one."""
    likely = _LIKELY.search(statement.text) or statement.passage.marked("link")
    if not likely or _SPOILT.search(statement.text):
        return
    taken: set[tuple[str, str]] = set()
    for at, end, host, port in _places(statement):
        name = _component(statement, vocabulary, at, end, port)
        if name is None or (name[0], port) in taken:
            continue
        taken.add((name[0], port))
        if port:
            yield Find("port", name[0], at, "port.address", name[1], (Figure(port, of="port"),))
        elif host[0].isalpha() and host != "localhost":
            yield Find("running", name[0], at, "port.host", name[1])


def _variable(statement: Statement, vocabulary: Vocabulary) -> tuple[str, str] | None:
    """The service whose variable the sentence names."""
    for match in _VARIABLE.finditer(statement.text):
        if owner := owner_of(match[0], vocabulary):
            return owner, match[0]
    return None


_Place = tuple[int, int, str, str]


def _places(statement: Statement) -> list[_Place]:
    """(start, end, host, port) of what looks like an address or a port, from left to right."""
    found = [*_addresses(statement)]
    for place in (*_targets(statement), *_words(statement)):
        if not any(place[0] < end and start < place[1] for start, end, _, _ in found):
            found.append(place)
    if not found:
        found = list(_columns(statement))
    return sorted(place for place in found if not place[3] or 0 < int(place[3]) < 65_536)


def _addresses(statement: Statement) -> Iterator[_Place]:
    for match in _URL.finditer(statement.text):
        if _LOCAL.match(match[1]) and (match[2] or "." not in match[1]):
            yield statement.start + match.start(), statement.start + match.end(), match[1].lower(), match[2] or ""


def _targets(statement: Statement) -> Iterator[_Place]:
    for mark in statement.passage.marked("link"):
        url = _URL.match(mark.target) if statement.start <= mark.start < statement.end else None
        if url and url[2] and _LOCAL.match(url[1]):
            yield mark.start, mark.end, url[1].lower(), url[2]


def _words(statement: Statement) -> Iterator[_Place]:
    start = statement.start
    for match in _HOST_PORT.finditer(statement.text):
        yield start + match.start(), start + match.end(), match[1], match[2]
    for match in _WORD.finditer(statement.text):
        yield start + match.start(), start + match.end(), "", next(group for group in match.groups() if group)


def _columns(statement: Statement) -> Iterator[_Place]:
    """The number in the column that is headed "port"."""
    passage = statement.passage
    for (start, end), head in zip(passage.cells, passage.head, strict=False):
        if _HEAD.search(head) and (number := _NUMBER.search(passage.text, start, end)):
            yield number.start(1), number.end(1), "", number[1]
            return


def _component(statement: Statement, vocabulary: Vocabulary, at: int, end: int, port: str) -> tuple[str, str] | None:
    """Whose port it is: by a variable, by the name in the address or its link, by the nearest name or the words
    beside it, by what the section is about, by the manifest that publishes it."""
    if named := _variable(statement, vocabulary):
        return named
    usable = [m for m in statement.mentions if m.kind not in _MEANS]
    inside = [mention for mention in usable if at <= mention.start < end]
    if inside:
        return inside[0].name, inside[0].spelled
    if named := _near(statement, usable, at, end):
        return named
    if statement.subject:
        return statement.subject, ""
    if serving := vocabulary.serving(port):
        return serving, ""
    return (statement.project, "") if statement.project and statement.shape is Shape.PARAGRAPH else None


def _near(statement: Statement, usable: list[Mention], at: int, end: int) -> tuple[str, str] | None:
    label = _label(statement.passage, statement.start, at, end)
    if label is None:
        return _closest(usable, at, end)
    inside = [mention for mention in usable if label[0] <= mention.start < label[1]]
    chosen = next((mention for mention in inside if not mention.own), inside[0] if inside else None)
    if chosen is not None:
        return chosen.name, chosen.spelled
    if statement.is_led:
        return statement.subject, ""
    word = statement.passage.text[slice(*label)].strip(" *`:-–—|>=→[(")
    return (slug(word), word) if word.lower() not in _NOT_NAMES else _closest(usable, at, end)


def _closest(usable: list[Mention], at: int, end: int) -> tuple[str, str] | None:
    outside = [m for m in usable if m.end <= at or m.start >= end]
    before = [m for m in outside if m.end <= at]
    chosen = before[-1] if before else (outside[0] if outside else None)
    return (chosen.name, chosen.spelled) if chosen else None


def _label(passage: Passage, start: int, at: int, end: int) -> tuple[int, int] | None:
    """The words that an entry of a list or a row gives the address."""
    if passage.shape is Shape.ROW and passage.cells and not passage.cells[0][0] <= at < passage.cells[0][1]:
        return passage.cells[0]
    if passage.shape is not Shape.ITEM:
        return None
    before = _NAME_BEFORE.search(passage.text, start, at)
    if before and passage.text[start : before.start(1)].strip(" *`[") == "":
        return start, at
    after = _NAME_AFTER.match(passage.text, end)
    if after and passage.text[start:at].strip(" *`[<(") == "":
        return after.span(1)
    return None
