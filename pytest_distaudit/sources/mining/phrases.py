"""Patterns by their phrases: what the phrase says, of which component."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Pattern, Rules
from pytest_distaudit.sources.mining.stacks import in_stack, is_described
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.telemetry import is_about_metrics
from pytest_distaudit.sources.mining.vocabulary import Mention

_TO = re.compile(r"\b(?:to|into|towards|by|points? to)(?: [\w-]+){0,2} ?[`\[]?$", re.IGNORECASE)
_CLAUSE = re.compile(r"[;]|, (?:and|but|while|whereas|so|then) |\. ")
_MEANS = frozenset({"runtime", "tool", "delivery", "interface"})
#: A paragraph of fewer words without a full stop is a title.
_FEWEST_WORDS = 5
#: How far in front of the phrase "we" may stand.
_SPOKEN = 60
_LIBRARY = "instrumentation"
#: Product kinds that do things by themselves and so may be what a sentence is about.
_ACTORS = frozenset({"gateway", "mesh", "balancer", "breaker", "stream", "broker", "composition"})


def find_phrases(statement: Statement, rules: Rules) -> Iterator[Find]:
    """One find for each pattern whose phrase stands in the sentence and whose component is known."""
    if is_described(statement, rules):
        return
    if _is_title(statement) or not _could_have_component(statement, rules):
        return
    lower = statement.text.lower()
    for index in sorted({index for word, index in rules.words if word in lower}):
        pattern = rules.patterns[index]
        phrase = pattern.phrases.search(statement.text)
        if phrase is None or (pattern.name == "tracing" and is_about_metrics(statement)):
            continue
        start, end = statement.start + phrase.start(), statement.start + phrase.end()
        yield from _found(statement, rules, pattern, start, end)


def _could_have_component(statement: Statement, rules: Rules) -> bool:
    """Whether anything is named of which a phrase could be said; most sentences of most documents name nothing."""
    if statement.mentions or statement.subject or statement.earlier:
        return True
    text, lower = statement.text, statement.text.lower()
    if any(rules.patterns[index].whole and word in lower for word, index in rules.words):
        return True
    return bool(rules.project.search(text) or rules.everyone.search(text)) or in_stack(statement, rules)


def _is_title(statement: Statement) -> bool:
    few = len(statement.text.split()) < _FEWEST_WORDS
    return statement.shape is Shape.PARAGRAPH and few and not statement.text.rstrip().endswith((".", ":", "!"))


def _found(statement: Statement, rules: Rules, pattern: Pattern, start: int, end: int) -> Iterator[Find]:
    rule = f"phrase.{pattern.name}"
    within = next((m for m in statement.mentions if m.start <= start and end <= m.end and m.kind not in _MEANS), None)
    if within is not None and within.kind not in pattern.suits and within.kind != _LIBRARY and not within.own:
        return
    usable = [m for m in _clause(statement, start, end) if m.kind not in _MEANS]
    if within is not None:
        others = [m for m in usable if m is not within and m.end <= start and (m.own or m.kind in _ACTORS)]
        if within.name not in rules.roles or not others:
            yield Find(pattern.name, within.name, within.start, rule, within.spelled, specific=False)
            return
        usable = others
    named = _component(statement, rules, pattern, usable, start, end)
    if named is not None:
        yield Find(pattern.name, named[0], start, rule, named[1])


def _clause(statement: Statement, start: int, end: int) -> Sequence[Mention]:
    """The mentions of the clause in which the phrase stands; of the sentence if that names nothing."""
    text = statement.passage.text
    left, right = statement.start, statement.end
    for match in _CLAUSE.finditer(text, statement.start, statement.end):
        if match.end() <= start:
            left = match.end()
        elif match.start() >= end:
            right = match.start()
            break
    inside = [m for m in statement.mentions if left <= m.start < right and m.kind not in _MEANS]
    return inside or statement.mentions


_Named = tuple[str, str]


def _component(
    statement: Statement, rules: Rules, pattern: Pattern, usable: Sequence[Mention], start: int, end: int
) -> _Named | None:
    if pattern.sink and (sink := _sink(statement, usable, end)):
        return _named(sink)
    suited = [mention for mention in usable if mention.kind in pattern.suits]
    if suited:
        return _named(min(suited, key=lambda mention: _distance(mention, start, end)))
    if pattern.only:
        return None
    return _service(statement, rules, pattern, usable, start)


def _service(
    statement: Statement, rules: Rules, pattern: Pattern, usable: Sequence[Mention], start: int
) -> _Named | None:
    """The service that the phrase is said of."""
    if pattern.everyone and rules.everyone.search(statement.text):
        return "all-services", ""
    own = [mention for mention in usable if mention.own]
    before = [mention for mention in usable if mention.end <= start and (mention.own or mention.kind in _ACTORS)]
    callees = [mention for mention in own if mention.end > start]
    if pattern.target and (callees or len(own) > 1):
        return _named(callees[0] if callees else own[-1])
    if not before and (told := _told(statement, pattern)):
        return told
    if before or callees:
        return _named((before or callees)[0])
    return _around(statement, rules, pattern, usable, start)


def _told(statement: Statement, pattern: Pattern) -> _Named | None:
    """A product that the pattern suits, of the sentences before or of the heading."""
    suited = [mention for mention in statement.earlier if mention.kind in pattern.suits]
    if suited:
        return _named(suited[-1])
    return (statement.subject, "") if statement.subject_kind in pattern.suits else None


def _around(
    statement: Statement, rules: Rules, pattern: Pattern, usable: Sequence[Mention], start: int
) -> _Named | None:
    """What the section is about, another product of the sentence, all services, or the project."""
    if pattern.owned and statement.subject_kind != "service":
        return None
    usable = [mention for mention in usable if mention.name not in rules.roles]
    others = [mention for mention in usable if mention.kind != _LIBRARY]
    speaks = rules.itself.search(statement.text) or statement.shape in (Shape.ITEM, Shape.ROW)
    speaks = speaks or (not others and statement.subject_kind == "service")
    if statement.subject and speaks:
        return statement.subject, ""
    if usable:
        return _named((others or usable)[0])
    if rules.everyone.search(statement.text):
        return "all-services", ""
    spoken = statement.passage.text[max(statement.start, start - _SPOKEN) : start]
    featured = statement.shape is Shape.ITEM and in_stack(statement, rules)
    unnamed = pattern.whole and not statement.mentions and statement.shape is not Shape.ROW
    unnamed = unnamed and not rules.textbook.search(statement.text)
    if statement.project and (featured or unnamed or rules.project.search(spoken)):
        return statement.project, ""
    return None


def _sink(statement: Statement, usable: Sequence[Mention], end: int) -> Mention | None:
    """The product that data goes to: the name after "to"."""
    for mention in usable:
        if mention.start >= end and _TO.search(statement.passage.text[max(end, mention.start - 60) : mention.start]):
            return mention
    return None


def _distance(mention: Mention, start: int, end: int) -> int:
    return max(mention.start - end, start - mention.end, 0)


def _named(mention: Mention) -> _Named:
    return mention.name, mention.spelled
