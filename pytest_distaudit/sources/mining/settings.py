"""Settings: rows of environment variables, and entries "label: value"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.proposal import Figure
from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Label, Rules, Setting
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.vocabulary import Vocabulary

_VARIABLE = re.compile(r"[`*$({\s]{0,4}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b")
_LABEL = re.compile(
    r"([@A-Za-z][\w @/-]{1,40}?)[`*]{0,3}(?: ?:[`*]{0,3}\s*(\S.{0,300})?|\s[–—-]\s(\S.{0,300}))$", re.DOTALL
)
_HOST_PORT = re.compile(r"\b([a-z][\w-]{1,40}):(\d{3,5})\b")
_NUMBER = re.compile(r"(?<![\d.\w])(\d{2,5})(?![\d.]*\d)")
_EXPORTER = "OTEL_EXPORTER"
_NOWHERE = frozenset({"0.0.0.0", "unset", "", "-", "none"})  # noqa: S104  # compared, not bound
_MEANS = frozenset({"tool", "runtime", "interface", "instrumentation"})
_LOCAL = frozenset({"localhost", "http", "https"})


def find_settings(statement: Statement, rules: Rules, vocabulary: Vocabulary) -> Iterator[Find]:
    """What a variable of a row configures, or what a labelled entry says."""
    if statement.shape is Shape.ROW and (variable := _VARIABLE.match(statement.passage.cell(0))):
        yield from _variable(statement, rules, vocabulary, variable[1])
    elif statement.shape is Shape.ITEM and (listed := _listed_variable(statement)):
        yield from _variable(statement, rules, vocabulary, listed)
    elif statement.shape is Shape.ITEM:
        yield from _labelled(statement, rules)


def _listed_variable(statement: Statement) -> str:
    """The variable of an entry "BASKET_URL: where the basket is", or of the entry that this one explains."""
    if inside := _VARIABLE.match(statement.text):
        return inside[1] if statement.text[inside.end() :].strip("`*:|- ") else ""
    above = _VARIABLE.match(statement.passage.lead)
    return above[1] if above and above.end() >= len(statement.passage.lead.rstrip("`*:) ")) else ""


def is_setting(statement: Statement) -> bool:
    """Whether the row is about an environment variable."""
    return statement.shape is Shape.ROW and bool(_VARIABLE.match(statement.passage.cell(0)))


def _variable(statement: Statement, rules: Rules, vocabulary: Vocabulary, name: str) -> Iterator[Find]:
    setting = next((one for one in rules.settings if one.name.search(name) and one.value.search(statement.text)), None)
    if setting is None:
        return
    for match in _HOST_PORT.finditer(statement.text):
        entry = vocabulary.of(match[1])
        if match[1] not in _LOCAL and entry is not None:
            yield Find("port", entry.name, statement.start, "setting.port", match[1], (Figure(match[2], of="port"),))
            return
    owner = _owner(statement, setting, vocabulary, name)
    number = _NUMBER.search(statement.text) if setting.pattern == "port" else None
    if owner and (number or setting.pattern != "port"):
        figures = (Figure(number[1], of="port"),) if number else ()
        yield Find(setting.pattern, owner, statement.start, f"setting.{setting.pattern}", name, figures)


def _owner(statement: Statement, setting: Setting, vocabulary: Vocabulary, name: str) -> str:
    """Whose setting it is: by the variable's name, else by what the description names, else the section's."""
    past = statement.passage.cells[0][1] if statement.passage.cells else statement.start
    named = [mention.name for mention in statement.mentions if mention.start >= past]
    if setting.component:
        return next((one for one in named if setting.component in one), statement.subject)
    if setting.pattern == "tracing":
        return statement.subject
    owner = owner_of(name, vocabulary) or next(iter(named), "")
    if setting.pattern == "other":
        nowhere = statement.shape is Shape.ROW and statement.passage.cell(1).strip("` ") in _NOWHERE
        return "" if nowhere else owner
    return owner or statement.subject


def owner_of(variable: str, vocabulary: Vocabulary) -> str:
    """The service whose name begins the variable's: BASKET_PORT is basket's."""
    words = variable.split("_")
    if variable.startswith(_EXPORTER):
        return "otel-collector"
    for count in range(len(words) - 1, 0, -1):
        entry = vocabulary.of("-".join(words[:count]).lower())
        if entry is not None and entry.kind not in _MEANS:
            return entry.name
    return ""


def _labelled(statement: Statement, rules: Rules) -> Iterator[Find]:
    match = _LABEL.match(statement.text.lstrip("*` "))
    if match and (match[2] or match[3]):
        yield from _of_label(statement, rules, match[1], match[2] or match[3])
    elif statement.passage.lead.rstrip().endswith(":"):
        label = _label_of(statement.passage.lead, rules)
        if label is not None and label.component == "value":
            yield from _value(statement, label)


def _label_of(text: str, rules: Rules) -> Label | None:
    word = text.strip("*`: ")
    return next((label for label in rules.labels if label.label.fullmatch(word)), None)


def _of_label(statement: Statement, rules: Rules, word: str, value: str) -> Iterator[Find]:
    label = _label_of(word, rules)
    if label is None or not label.value.search(value):
        return
    if label.component != "subject":
        found = list(_value(statement, label))
        if found or label.component == "value":
            yield from found
            return
    if statement.subject:
        number = _NUMBER.search(value) if label.pattern == "port" else None
        figures = (Figure(number[1], of="port"),) if number else ()
        yield Find(label.pattern, statement.subject, statement.start, f"label.{label.pattern}", "", figures)


def _value(statement: Statement, label: Label) -> Iterator[Find]:
    for mention in statement.mentions:
        if mention.kind not in _MEANS:
            yield Find(label.pattern, mention.name, mention.start, f"label.{label.pattern}", mention.spelled)
