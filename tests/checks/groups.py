"""A hand-made group of two members, ``alpha`` and ``beta``, each killed once while ten entries a second come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.effects import Effect, Effects
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.streams import STREAM, InHand, Member, StreamGroup
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import fact

#: seconds after the begin of each experiment; LOOKED, LAST: when the group, and effects, were looked at last
KILLED, DEAD, STARTED, BACK, ENDED, LOOKED, LAST = 6.0, 6.1, 20.0, 20.5, 26.0, 30.0, 45.0
#: when the second one begins
SECOND = 60.0
RATE = 10
STREAM_ARGS = {"name": "events", "group": "workers"}


@dataclass
class Held:
    """One entry: who has it in hand, from when to when; ``done``: when its effect is there."""

    hands: list[tuple[str, float, float]]
    done: float | None


@dataclass
class Group:
    """What the members do. Every consumer asks all the time while its member lives.

    ``work_s`` that an entry takes; ``stale_s`` after the crash the other claims what the dead one has (None: nobody
    does), and ``again``: whether the dead one does it itself once it is back. ``consumers``: member -> its names;
    ``reads``: those of the living that entries are handed to; ``claims``: who claims, if it is none of these.
    """

    work_s: float = 1.0
    stale_s: float | None = 3.0
    again: bool = False
    consumers: dict[str, Sequence[str]] = field(default_factory=lambda: {"alpha": ("a",), "beta": ("b",)})
    reads: Sequence[str] = ("a", "b")
    claims: str = ""
    nonces: bool = True
    back: float = BACK
    started: float | None = STARTED
    done_at_once: bool = False
    every: float = 0.5

    def observations(self) -> list[Observation]:
        """Both experiments, all that was looked at in them."""
        return [
            one for at, member in ((0.0, "alpha"), (SECOND, "beta")) for one in self.experiment(at, member)
        ]  # fmt: skip

    def experiment(self, began: float, victim: str) -> list[Observation]:
        """One of them."""
        rounds = (
            Round(began + KILLED, began + DEAD, "seen", self.started and began + self.started, began + self.back),
        )
        told = Experiment("crash", victim, began, began + ENDED, True, 14.0, 30.0, rounds)
        sent = [self.sent(began, at) for at in range(int(ENDED * RATE))]
        held = [self.held(one, at, began, victim) for at, one in enumerate(sent)]
        more = {"operation": "ask", "fault": "crash", "system": victim}
        effects = tuple(self.effect(one, each.done, began) for one, each in zip(sent, held, strict=True))
        looks = [self.look(began, began + at * self.every, victim, held) for at in range(int(LOOKED / self.every))]
        return [
            fact(victim, told, fault="crash"),
            fact("", Traffic("ask", RATE, tuple(sent)), **more),
            fact("", Effects("ask", effects, False), **more),
            *looks,
        ]

    def sent(self, began: float, number: int) -> Sent:
        """The request of that number."""
        at = began + number / RATE
        return Sent(f"n{at:.1f}", at, at, 0.01, Outcome.OK, 202)

    def held(self, one: Sent, number: int, began: float, victim: str) -> Held:
        """What became of its entry."""
        gone = began + KILLED <= one.sent < began + self.back
        names = [name for name in self.reads if not (gone and name in self.consumers[victim])]
        if not names:
            return Held([], None)
        name, done = names[number % len(names)], one.sent + self.work_s
        if name not in self.consumers[victim] or not one.sent < began + KILLED < done:
            return Held([(name, one.sent, done)], one.sent if self.done_at_once else done)
        return self.stranded(one, name, began)

    def stranded(self, one: Sent, name: str, began: float) -> Held:
        """What was in the hands of the dead one."""
        at_once = one.sent if self.done_at_once else None
        other = [self.claims] if self.claims else [each for each in self.reads if each != name]
        if self.stale_s is not None and other:
            claimed = began + KILLED + self.stale_s
            done = claimed + self.work_s
            return Held([(name, one.sent, claimed), (other[0], claimed, done)], at_once or done)
        if self.again:
            done = began + self.back + self.work_s
            return Held([(name, one.sent, done)], at_once or done)
        return Held([(name, one.sent, 1e9)], at_once)

    def effect(self, one: Sent, done: float | None, began: float) -> Effect:
        """Read every half second."""
        if done is None:
            return Effect(one.nonce, None, began + LAST)
        return Effect(one.nonce, done + 0.3, done - 0.2 if done - 0.2 > one.sent else None)

    def look(self, began: float, at: float, victim: str, held: Sequence[Held]) -> Observation:
        """The group at that time."""
        came = sum(1 for number in range(len(held)) if began + number / RATE <= at)
        first = int(began * RATE) + 1
        in_hand = tuple(
            InHand(f"{first + number}-0", name, at - since, (f"n{began + number / RATE:.1f}",) if self.nonces else ())
            for number, one in enumerate(held)
            for name, since, until in one.hands
            if since <= at < until
        )
        dead = began + KILLED <= at < began + self.back
        members = tuple(
            Member(name, at - began - KILLED if dead and member == victim else 0.1)
            for member, names in self.consumers.items()
            for name in names
        )
        end = f"{first + came - 1}-0"
        reached = end if self.reads else "0-0"
        told = StreamGroup("events", STREAM, "workers", True, first + came - 1, end, reached, members, in_hand)
        return fact("log", told, at=at, **STREAM_ARGS)
