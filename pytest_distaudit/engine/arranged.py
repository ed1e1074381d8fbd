"""Experiments of more sorts than a fault: what each is given, and how the gatherer knows two that are the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.ports.fetch import Fetch
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.load import Generator
from pytest_distaudit.ports.located import Located

#: (sort of undo, what it needs): for a block whose inside undoes it; the guard does where the run cannot any more
Promised = Callable[..., AbstractContextManager[None]]
#: gives that for as long as a block runs
Promising = Callable[[], AbstractContextManager[Promised]]


#: has the target's systems alone for a block that experiments on them; raises Unobservable where other runs do so
Alone = Callable[[Mapping[str, Located]], AbstractContextManager[None]]

#: gives what sends a load for as long as a block runs
Generating = Callable[[], AbstractContextManager[Generator]]


def nobody_else(bound: Mapping[str, Located]) -> AbstractContextManager[None]:
    """For a world without other runs."""
    return nullcontext()


def nobody_generates() -> AbstractContextManager[Generator]:
    """For a world without a generator."""
    raise Unobservable(Reason.NO_CONTROL, "nobody here can send a load")


def _unguarded(undo: str, **what: Any) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def nobody_promises() -> Iterator[Promised]:
    """For a world without a guard."""
    yield _unguarded


@dataclass(frozen=True, slots=True)
class Tools:
    """What an arrangement works with. ``base_url`` gives the address of a system by name; ``tell`` gets a sentence
    about every step; what may be done is done in a block of ``alone``, which raises Unobservable.
    """

    kinds: Mapping[str, Kind]
    hub: Hub
    fetch: Fetch
    base_url: Callable[[str], str | None]
    tell: Callable[[str], None]
    promising: Promising
    generating: Generating
    alone: Callable[[], AbstractContextManager[None]]


class Arrangement(Protocol):
    """One experiment, told in full by plain values: it travels to the process that gathers."""

    def key(self, bound: Mapping[str, Located]) -> Hashable:
        """Equal for what need be done only once on these addresses."""
        ...

    def run(self, bound: Mapping[str, Located], tools: Tools) -> tuple[Observation, ...]:
        """Do it, and leave nothing behind."""
        ...
