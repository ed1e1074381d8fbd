"""Versions and counts: "Java 17", "PostgreSQL 15", "three core services", "4 MongoDB instances"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.proposal import Figure
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.vocabulary import Mention

#: Behind a name: "15", "v1.2.3", "10.x", but no "3 instances" and no "15 ms".
_VERSION = re.compile(
    r"(?:[\s`*\])(]|\bversion\b|\bSDK\b|--version|=|:|>=|\bv){0,6}\s?v?"
    r"(\d{1,4}(?:\.(?:\d{1,6}|x)){0,3}(?:[-.][A-Za-z][\w.]{0,20})?)"
    r"(?![\w%]|\.\d| ?(?:ms|s|sec|seconds|minutes|hours|years|MB|GB)\b| (?:instance|node|replica|broker|service)s?\b)",
    re.IGNORECASE,
)
_TO_TWELVE = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: str(number) for number, word in enumerate(_TO_TWELVE, start=2)}
_COUNTED = (
    "micro-?services|services|instances|replicas|nodes|brokers|partitions|shards|workers|servers|databases|containers|"
    "applications|exchanges|endpoints|queues|topics|consumers|components|modules|pods|clusters"
)
_COUNTABLE = re.compile(rf"\b(?:{_COUNTED})\b", re.IGNORECASE)
#: Of these, one thing has several.
_MEANS = frozenset({"tool", "runtime", "orchestrator", "composition"})
_COPIES = ("instance", "replica", "node", "broker", "partition", "shard", "pod")
_DEFINITE = r"(?<!the )(?<!The )(?<!these )(?<!those )"
_COUNT = re.compile(
    rf"{_DEFINITE}(?<![\w.:/-])(\d{{1,4}}\+?|{'|'.join(_WORDS)}) ((?:[\w./-]{{1,30}} ){{0,3}}?)({_COUNTED})\b",
    re.IGNORECASE,
)


def find_versions(statement: Statement, rules: Rules) -> Iterator[Find]:
    """A product or a runtime with a version number behind it."""
    for mention in statement.mentions:
        if mention.own or rules.kind(mention.kind).never:
            continue
        match = _VERSION.match(statement.passage.text, mention.end, statement.end)
        if (
            match
            and not _is_port(statement, mention, match)
            and (match.start(1) > mention.end or not mention.spelled[-1].isdigit())
        ):
            yield Find(
                "version", mention.name, mention.start, "version", mention.spelled, (Figure(match[1], of="version"),)
            )


def _is_port(statement: Statement, mention: Mention, match: re.Match[str]) -> bool:
    """Whether the number follows a colon as ports do: ``kafka:9092``; ``postgres:15`` is a version."""
    return statement.passage.text[mention.end : match.start(1)] == ":" and match[1].isdigit() and len(match[1]) > 3


def find_counts(statement: Statement, rules: Rules) -> Iterator[Find]:
    """So many of something: of a product that is named in between, else of the project."""
    if not _COUNTABLE.search(statement.text):
        return
    for match in _COUNT.finditer(statement.text):
        start, end = statement.start + match.start(), statement.start + match.end()
        inside = [mention for mention in statement.mentions if start <= mention.start < end and not mention.own]
        inside = [mention for mention in inside if mention.kind not in _MEANS]
        figure = Figure(_WORDS.get(match[1].lower(), match[1].rstrip("+")), of=match[3].lower())
        if not inside and figure.of.startswith(_COPIES):
            inside = [mention for mention in statement.mentions if mention.kind not in _MEANS]
        component = inside[0].name if inside else statement.subject or statement.project
        if component and match[1] != "0":
            spelled = inside[0].spelled if inside else ""
            yield Find("count", component, start, "count", spelled, (figure,))
