"""Hand-made effects, and looks at the queue that should have carried the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.effects import Effect, Effects, Repeated
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import fact

#: who plays the roles of a claim about a queue
ROLES = {"system": ("broker",), "consumer": ("worker",)}
#: when the last look was, in seconds after the first
LAST_S = 100.0

When = Callable[[Sent], float | None]


def at_once(one: Sent) -> float:
    """When it was done by somebody who did not wait."""
    return one.sent + 0.05


def effects(
    flow: Observation, first: When, *, invented: bool | None = False, absent: float | None = LAST_S, trouble: str = ""
) -> Observation:
    """``first``: when the effect of a request was seen; ``absent``: when all others were last read."""
    asked: Traffic = from_json(Traffic, flow.value)
    found = [Effect(one.nonce, at := first(one), None if at else absent) for one in asked.sent]
    told = Effects(asked.operation, tuple(found), invented, trouble)
    return fact("", told, **dict(flow.ask.args))


def how_often(
    seen: Observation,
    count: Callable[[str], int | None] = lambda nonce: 1,
    counted: float | None = LAST_S,
    repeated: Repeated | None = Repeated(2, 2, 2),  # noqa: B008
) -> Observation:
    """The same effects, of each nonce as many; when all were counted, and what came of two requests with one nonce."""
    told: Effects = from_json(Effects, seen.value)
    found = tuple(
        one if one.first is None else replace(one, count=count(one.nonce), counted=counted) for one in told.effects
    )
    return replace(seen, value=to_json(replace(told, effects=found, repeated=repeated)))


def looks(of: Callable[[float], Queue], *, every: float = 0.5, last: float = LAST_S) -> list[Observation]:
    """The queue as it was at every such time."""
    return [look(of, at * every) for at in range(int(last / every) + 1)]


def look(of: Callable[[float], Queue], at: float, took: float = 0.0) -> Observation:
    """The queue as it was when the look at it ended."""
    return replace(fact("broker", of(at + took), at=at, name="tasks"), latency=took)


def carrying(flow: Observation, taken: Callable[[Sent], float | None], **more: object) -> Callable[[float], Queue]:
    """A queue into which each request came as a message when it was sent; ``taken``: when that was acknowledged."""
    asked: Traffic = from_json(Traffic, flow.value)
    gone = [(one.sent, taken(one)) for one in asked.sent if one.ok]

    def at(now: float) -> Queue:
        came = sum(1 for sent, _ in gone if sent <= now)
        left = sum(1 for _, when in gone if when is not None and when <= now)
        told = Queue(
            "tasks", True, durable=True, ready=came - left, unacked=0, published=came, delivered=came,
            delivered_auto=0, acked=left, redelivered=0,
        )  # fmt: skip
        return replace(told, **more)  # type: ignore[arg-type]

    return at
