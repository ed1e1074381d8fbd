"""What a passage is about: the service of its headings, its document and its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.vocabulary import Mention, Vocabulary

#: Names of these kinds in a heading say with what something is done, not what it is about.
_MEANS = frozenset(
    {"runtime", "tool", "instrumentation", "delivery", "interface", "load", "orchestrator", "composition"}
)
_HOMES = frozenset({"docs", "doc", "src", "documentation"})


@dataclass
class Subjects:
    """Finds the subject of a section. ``folder`` are the document's folders, outermost first."""

    vocabulary: Vocabulary
    folders: tuple[str, ...]
    known: dict[tuple[str, ...], str] = field(default_factory=dict)
    opening: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def of(self, headings: tuple[str, ...]) -> str:
        """The service or product that this section is about, "" if none."""
        if headings not in self.known:
            self.known[headings] = self._find(headings)
        return self.known[headings]

    def opens(self, headings: tuple[str, ...]) -> bool:
        """Whether the innermost heading itself names what its section is about."""
        if headings not in self.opening:
            title = len(headings) == 1
            self.opening[headings] = bool(headings) and any(
                self._named(headings[-1], title, own) for own in (True, False)
            )
        return self.opening[headings]

    def _find(self, headings: tuple[str, ...]) -> str:
        for own in (True, False):
            for depth in range(len(headings) - 1, -1, -1):
                if found := self._named(headings[depth], title=depth == 0, own=own):
                    return found
        for folder in reversed(self.folders):
            entry = self.vocabulary.of(folder)
            if entry is not None and folder not in _HOMES and (entry.own or entry.kind not in _MEANS):
                return entry.name
        return ""

    def _named(self, heading: str, title: bool, own: bool) -> str:
        """The service, or without ``own`` the product, that a heading names; a title must be its name alone."""
        mentions = [m for m in self.vocabulary.mentions(heading) if m.kind not in _MEANS and m.own == own]
        if not mentions:
            entry = self.vocabulary.of(re.split(r" \(|:", heading)[0])
            return entry.name if own and entry is not None and entry.own else ""
        first = mentions[0]
        alone = first.end - first.start >= 0.7 * len(heading.strip())
        return first.name if own or alone or not title else ""


@dataclass
class Resolver:
    """Which product plays a role: the one that the document names, else the one that runs."""

    rules: Rules
    running: dict[str, set[str]] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=dict)

    def runs(self, kind: str, name: str) -> None:
        """A manifest runs this product."""
        if name not in self.rules.roles:
            self.running.setdefault(kind, set()).add(name)

    def saw(self, mentions: Iterable[Mention]) -> None:
        """The document names these."""
        for mention in mentions:
            if not mention.own and mention.name not in self.rules.roles:
                self.named.setdefault(mention.kind, set()).add(mention.name)

    def resolve(self, name: str) -> str:
        """The product for a role's name; any other name as it is."""
        role = self.rules.roles.get(name)
        if role is None or role.keeps_name:
            return name
        for kind in role.kinds:
            for source in (self.named, self.running):
                if len(source.get(kind, ())) == 1:
                    return next(iter(source[kind]))
        return name
