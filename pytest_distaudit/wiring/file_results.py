"""What an audit without systems asks of a project's files, and a memory of it outside the tree."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_distaudit.domain.document import PathMention
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.sources.memory import Memory, cache_folder, code_digest

#: trees kept, each as it was at one time; the oldest go first
_MOST_KEPT = 2_000


@dataclass(frozen=True)
class FileResults:
    """``decided``: what files say of each of the ``proposals``; ``places``: paths that documents name and that
    are there; ``not_read``: files that could not be, and why; ``configs``: files for validators, with their names."""

    proposals: tuple[Proposal, ...]
    findings: Mapping[str, Finding]
    decided: tuple[Judgement | None, ...]
    places: tuple[tuple[PathMention, str], ...]
    not_read: tuple[str, ...]
    configs: tuple[tuple[str, str], ...]

    def decision(self, proposal: Proposal) -> Judgement | None:
        """What files say of one of the proposals; None where they cannot tell."""
        return self._decisions.get(_subject(proposal))

    def place(self, document: str, path: str) -> str | None:
        """Where in the tree a document's path lies; None if it is not known to be there."""
        return self._places.get((document, path))

    @cached_property
    def _decisions(self) -> Mapping[Hashable, Judgement | None]:
        return dict(zip(map(_subject, self.proposals), self.decided, strict=True))

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], str]:
        return {(mention.spot.file, mention.path): place for mention, place in self.places}


def _subject(one: Proposal) -> Hashable:
    """All of a proposal that its decision follows from."""
    return one.document, one.line, one.component, one.pattern, one.quote, one.figures, one.expect


@dataclass(frozen=True)
class Remembered:
    """Results of a tree as it is now, of these documents (None: all), as this version of the tool finds them."""

    root: Path
    documents: Sequence[Path] | None
    memory: Memory = field(default_factory=lambda: Memory(cache_folder("files"), _MOST_KEPT))

    def told(self) -> FileResults | None:
        """The results; None if they are not remembered."""
        told = self.memory.told(self._key)
        try:
            return None if told is None else from_json(FileResults, told)
        except ValueError:
            return None

    def keep(self, results: FileResults) -> None:
        """Remember them, unless the tree has changed meanwhile."""
        if self._now() == self._key:
            self.memory.keep(self._key, to_json(results))

    @cached_property
    def _key(self) -> str:
        return self._now()

    def _now(self) -> str:
        from pytest_distaudit.sources.facts.fingerprint import fingerprint

        chosen = None if self.documents is None else [path.as_posix() for path in self.documents]
        seen = repr((code_digest("pytest_distaudit"), chosen, fingerprint(self.root)))
        return hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()
