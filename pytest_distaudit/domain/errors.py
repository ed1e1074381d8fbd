"""Errors of the audit's own input, and the one way of saying "could not look"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pytest_distaudit.domain.verdict import Reason


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a text file; ``line`` and ``column`` count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the audit's input: where, and a message with rule and next step."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class InvalidInput(Exception):
    """Claims or targets that cannot be used; carries every problem found, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Unobservable(Exception):
    """The audit could not look. Never to be read as "there is nothing"."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The tail of an error about an unknown ``word``: nearest spelling, or all that is allowed."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"allowed: {', '.join(names)}" if names else "none is known here"
