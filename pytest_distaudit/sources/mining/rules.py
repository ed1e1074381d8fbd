"""The rules and the vocabulary, read from their data files once and compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pytest_distaudit.sources.mining.vocabulary import Entry, Vocabulary, key_of

_Data = dict[str, Any]
_Expression = str | list[Any] | _Data
#: matches nothing
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Kind:
    """What products of one kind are for: the pattern of a bare mention, whether a list entry counts."""

    pattern: str
    listed: bool = True
    never: bool = False
    stores: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """An architecture pattern and how its component is found (see the data file's head)."""

    name: str
    words: tuple[str, ...]
    phrases: re.Pattern[str]
    suits: frozenset[str] = frozenset()
    only: bool = False
    sink: bool = False
    target: bool = False
    everyone: bool = False
    owned: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Veto:
    """What is no statement of how the system is, and the patterns that are meant all the same.

    ``unless`` are headings under which items are statements in spite of it.
    """

    name: str
    heading: re.Pattern[str] = _NEVER
    lead: re.Pattern[str] = _NEVER
    opens: re.Pattern[str] = _NEVER
    holds: re.Pattern[str] = _NEVER
    unless: re.Pattern[str] = _NEVER
    spares: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Label:
    """A setting written "label: value"."""

    pattern: str
    label: re.Pattern[str]
    value: re.Pattern[str]
    component: str = "subject"


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment variable, by its name."""

    pattern: str
    name: re.Pattern[str]
    value: re.Pattern[str]
    component: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A part of a system named by what it does, to be resolved to the product that does it."""

    name: str
    kinds: tuple[str, ...]
    keeps_name: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Everything that the data file says, compiled. ``words`` are (word, index of its pattern)."""

    patterns: tuple[Pattern, ...]
    words: tuple[tuple[str, int], ...]
    labels: tuple[Label, ...]
    settings: tuple[Setting, ...]
    vetoes: tuple[Veto, ...]
    use: re.Pattern[str]
    manifests: re.Pattern[str]
    works: re.Pattern[str]
    presence: re.Pattern[str]
    concepts: re.Pattern[str]
    libraries: re.Pattern[str]
    asides: re.Pattern[str]
    withdrawn: re.Pattern[str]
    stacks: re.Pattern[str]
    stacked: re.Pattern[str]
    parts: re.Pattern[str]
    generic: re.Pattern[str]
    everyone: re.Pattern[str]
    itself: re.Pattern[str]
    project: re.Pattern[str]
    negated_use: re.Pattern[str]
    negating: re.Pattern[str]
    denials: re.Pattern[str]
    qualified: re.Pattern[str]
    textbook: re.Pattern[str]
    avoidances: re.Pattern[str]
    roles: Mapping[str, Role]
    kinds: Mapping[str, Kind]

    def kind(self, name: str) -> Kind:
        """The kind of that name; services of the project are of none that is listed."""
        return self.kinds.get(name, _OWN)


_OWN = Kind("running", listed=False)


def data_of(name: str) -> _Data:
    """A data file of this package as plain data."""
    import yaml

    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    data: _Data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
    return data


@cache
def rules() -> Rules:
    """The rules of ``rules.yaml`` and the kinds of ``vocabulary.yaml``."""
    data = data_of("rules.yaml")
    patterns = tuple(_pattern(entry) for entry in data["patterns"])
    negations = [_text(entry) for entry in data["negations"]]
    return Rules(
        patterns=patterns,
        words=tuple((word, index) for index, pattern in enumerate(patterns) for word in pattern.words),
        labels=tuple(_label(entry) for entry in data["labels"]),
        settings=tuple(_setting(entry) for entry in data["settings"]),
        vetoes=tuple(_veto(entry) for entry in data["vetoes"]),
        use=_any(data["use"]),
        manifests=_one(data["manifests"]),
        works=_one(data["works"]),
        presence=_one(data["presence"]),
        concepts=_one(data["concepts"]),
        libraries=_one(data["libraries"]),
        asides=_one(data["asides"]),
        withdrawn=_one(data["withdrawn"]),
        stacks=_one(data["stacks"]),
        stacked=_one(data["stacked"]),
        parts=_one(data["parts"]),
        generic=_any(data["generic"]),
        everyone=_one(data["everyone"]),
        itself=_one(data["itself"]),
        project=_one(data["project"]),
        negated_use=_any(text for text in negations if not text.endswith("$")),
        negating=_any(text for text in negations if text.endswith("$")),
        denials=_any(data["denials"]),
        qualified=_one(data["qualified"]),
        textbook=_any(data["textbook"]),
        avoidances=_any(data["avoidances"]),
        roles={name: _role(name, entry) for name, entry in data["roles"].items()},
        kinds={name: _kind(entry) for name, entry in data_of("vocabulary.yaml").items() if isinstance(entry, dict)},
    )


@cache
def products() -> Vocabulary:
    """The products of ``vocabulary.yaml`` and the roles of ``rules.yaml``."""
    data = data_of("vocabulary.yaml")
    shy = {key_of(name) for name in data.pop("shy")}
    entries = []
    for name, role in data_of("rules.yaml")["roles"].items():
        entries.append(Entry(name, role["kind"], (name, *role["spellings"])))
    for kind, entry in data.items():
        for name, spellings in entry["products"].items():
            bold = tuple(word for word in (name, *spellings) if key_of(word) not in shy)
            timid = tuple(word for word in (name, *spellings) if key_of(word) in shy)
            entries += [
                Entry(name, kind, words, shy=is_shy) for words, is_shy in ((bold, False), (timid, True)) if words
            ]
    return Vocabulary(entries, _any(data_of("rules.yaml")["others"]))


def _one(entry: _Expression) -> re.Pattern[str]:
    return re.compile(_text(entry), re.IGNORECASE)


def _any(entries: Iterable[_Expression]) -> re.Pattern[str]:
    return _one("|".join(f"(?:{_text(entry)})" for entry in entries))


def _text(entry: _Expression) -> str:
    """An expression as one text: it is written as such, as a list of alternatives, or as words between two parts."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, list):
        return "|".join(_text(part) for part in entry)
    return f"{entry.get('before', '')}(?:{'|'.join(entry['words'])}){entry.get('behind', '')}"


def _kind(entry: _Data) -> Kind:
    return Kind(entry["pattern"], entry.get("listed", True), entry.get("never", False), entry.get("stores", False))


def _pattern(entry: _Data) -> Pattern:
    flags = {flag: bool(entry.get(flag)) for flag in ("only", "sink", "target", "everyone", "owned", "whole")}
    suits = frozenset(entry.get("suits", ()))
    return Pattern(entry["name"], tuple(entry["words"]), _any(entry["phrases"]), suits, **flags)


def _label(entry: _Data) -> Label:
    value = _one(entry.get("value", ""))
    return Label(entry["pattern"], _one(entry["label"]), value, entry.get("component", "subject"))


def _setting(entry: _Data) -> Setting:
    name = re.compile(entry["name"])
    return Setting(entry["pattern"], name, _one(entry.get("value", "")), entry.get("component", ""))


def _veto(entry: _Data) -> Veto:
    parts = {part: _one(entry[part]) for part in ("heading", "lead", "opens", "holds", "unless") if part in entry}
    if "words" in entry:
        parts["holds"] = _one({"before": r"\b", "words": entry["words"], "behind": r"\b"})
    return Veto(entry["name"], **parts, spares=frozenset(entry.get("spares", ())))


def _role(name: str, entry: _Data) -> Role:
    kinds = tuple(kind for kind in (entry["kind"], entry.get("also")) if kind)
    return Role(name, kinds, entry.get("keeps_name", False))
