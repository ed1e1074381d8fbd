"""A name has one owner: checks and kinds are registered once and looked up by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from pytest_distaudit.domain.errors import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to definitions. A second owner of a name is refused, the same one again is not."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._entries: dict[str, T] = {}
        self._owners: dict[str, str] = {}

    def add(self, name: str, entry: T, owner: str) -> None:
        """Register ``entry``. Raises ValueError naming both owners."""
        previous = self._owners.setdefault(name, owner)
        if previous != owner:
            raise ValueError(f"{self._what} {name!r} of {owner} is already owned by {previous}; choose another name")
        self._entries[name] = entry

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __getitem__(self, name: str) -> T:
        """The entry. Raises KeyError with the nearest name."""
        try:
            return self._entries[name]
        except KeyError:
            raise KeyError(f"unknown {self._what} {name!r}; {did_you_mean(name, self._entries)}") from None
