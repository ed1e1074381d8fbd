"""The evidence behind one verdict, as a check sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason


class _Named(Protocol):
    """A capability class, as far as the evidence needs to know."""

    capability: ClassVar[str]


C = TypeVar("C", bound=_Named)


@dataclass(frozen=True, slots=True)
class Seen(Generic[C]):
    """One capability with when (seconds since the epoch) and from which process it was read: ``at`` it was asked for,
    after ``took`` seconds it was there. In between anything may have happened.
    """

    fact: C
    at: float
    identity: str
    took: float = 0.0

    @property
    def ended(self) -> float:
        """When it was there."""
        return self.at + self.took


class Evidence:
    """What was seen for one claim: read by capability, never by product.

    Built by the engine from ``observations`` in the order of their time. ``roles`` maps each role
    to the systems that play it. Reading what could not be observed raises Unobservable, which
    makes the claim unverifiable with that reason: a check never has to handle it.
    """

    def __init__(
        self,
        roles: Mapping[str, tuple[str, ...]],
        observations: Sequence[Observation],
        decode: Callable[[type[Any], Observation], Any],
    ) -> None:
        self._roles = roles
        self._observations = observations
        self._decode = decode

    @property
    def observations(self) -> Sequence[Observation]:
        """Every observation, oldest first."""
        return self._observations

    def systems(self, role: str = "system") -> tuple[str, ...]:
        """The names of the systems in ``role``."""
        return self._roles[role]

    def one(self, capability: type[C], role: str = "system", ask: Ask | None = None) -> C:
        """The latest fact about the role's only system. Raises Unobservable."""
        return self.history(capability, role, ask)[-1].fact

    def each(self, capability: type[C], role: str, ask: Ask | None = None) -> Mapping[str, C]:
        """System name -> latest fact, for every system in ``role``. Raises Unobservable for any."""
        return {name: self._history(capability, name, ask)[-1].fact for name in self.systems(role)}

    def attempts(self, capability: type[C], role: str) -> Mapping[str, C | Unobservable]:
        """Like :meth:`each`, but hands out what could not be observed instead of raising it."""
        found: dict[str, C | Unobservable] = {}
        for name in self.systems(role):
            try:
                found[name] = self._history(capability, name, None)[-1].fact
            except Unobservable as error:
                found[name] = error
        return found

    def history(self, capability: type[C], role: str = "system", ask: Ask | None = None) -> Sequence[Seen[C]]:
        """All looks at the role's only system, oldest first. Raises Unobservable if the last one failed."""
        names = self.systems(role)
        if len(names) != 1:
            raise Unobservable(
                Reason.AMBIGUOUS_CLAIM, f"role {role!r} is played by {len(names)} systems, one is wanted"
            )
        return self._history(capability, names[0], ask)

    def histories(self, capability: type[C], role: str) -> Mapping[str, Sequence[Seen[C]] | Unobservable]:
        """Like :meth:`attempts`, but all looks at each system, oldest first."""
        found: dict[str, Sequence[Seen[C]] | Unobservable] = {}
        for name in self.systems(role):
            try:
                found[name] = self._history(capability, name, None)
            except Unobservable as error:
                found[name] = error
        return found

    def shared(self, capability: type[C], ask: Ask | None = None) -> C:
        """The fact of an activity, a probe or the files, which belongs to no single system. Raises Unobservable."""
        return self._history(capability, "", ask)[-1].fact

    def _history(self, capability: type[C], system: str, ask: Ask | None) -> Sequence[Seen[C]]:
        looks = [
            seen
            for seen in self._observations
            if seen.system == system
            and seen.ask.capability == capability.capability
            and (ask is None or seen.ask == ask)
        ]
        if not looks:
            raise Unobservable(
                Reason.NOT_RECORDED, f"{capability.capability} of {system or 'the target'} was not gathered"
            )
        last = looks[-1]
        if last.reason is not None:
            raise Unobservable(last.reason, last.detail)
        return [
            Seen(self._decode(capability, seen), seen.at, seen.identity, seen.latency)
            for seen in looks
            if seen.reason is None
        ]
