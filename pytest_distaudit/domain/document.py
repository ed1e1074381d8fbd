"""Documents as facts: their words, and the addresses, paths, services and sums that they name."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.domain.finding import Spot


@dataclass(frozen=True, slots=True)
class Address:
    """``host:port`` in a document, with its line's text; ``fenced`` inside a code block."""

    host: str
    port: int
    spot: Spot
    line: str
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class PathMention:
    """A path of the tree that a document names. ``how``: "link", "code" or "command"."""

    path: str
    spot: Spot
    how: str


@dataclass(frozen=True, slots=True)
class Call:
    """A service that a documented ``compose up`` starts by name, with the files that the command gives."""

    service: str
    spot: Spot
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingMention:
    """A variable's default as a table of a document gives it."""

    name: str
    value: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Sum:
    """A total that a document breaks into parts: ``41 containers: 19 + 19 + 8``."""

    total: int
    of: str
    parts: tuple[int, ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Naming:
    """A sentence that names a product of which the manifests hold a commented-out declaration."""

    product: str
    spot: Spot
    line: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as words: ``words`` is its text in lower case, every run of anything else one space."""

    file: str
    words: str
    squeezed: str
    vocabulary: frozenset[str] = frozenset()
    addresses: tuple[Address, ...] = ()
    paths: tuple[PathMention, ...] = ()
    calls: tuple[Call, ...] = ()
    settings: tuple[SettingMention, ...] = ()
    sums: tuple[Sum, ...] = ()
    namings: tuple[Naming, ...] = ()

    def mentions(self, parts: tuple[str, ...]) -> bool:
        """Whether these words stand there in this order, joined, apart or in the plural."""
        joined = "".join(parts)
        if not joined:
            return False
        if joined in self.vocabulary or f"{joined}s" in self.vocabulary:
            return True
        if len(joined) > 7 and joined in self.squeezed:
            return True
        if len(parts) == 1 or not set(parts[:-1]) <= self.vocabulary:
            return False
        phrase = f" {' '.join(parts)}"
        return f"{phrase} " in self.words or f"{phrase}s " in self.words
