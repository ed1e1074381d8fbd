"""Observations: one fact read from a system, with everything needed to doubt it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_distaudit.domain.verdict import Reason

#: What JSON can hold; observations hold nothing else, so that they replay exactly.
Json = Any


@dataclass(frozen=True, slots=True, order=True)
class Ask:
    """One question that a kind of system answers: a capability's name and its arguments."""

    capability: str
    args: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, capability: str, /, **args: object) -> Ask:
        """``Ask.of("queue", name="tasks")``; arguments are kept as text, sorted."""
        return cls(capability, tuple(sorted((name, str(value)) for name, value in args.items())))

    def arg(self, name: str, default: str = "") -> str:
        """The argument of that name."""
        return dict(self.args).get(name, default)

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.args)
        return f"{self.capability}({inside})" if inside else self.capability


@dataclass(frozen=True)
class Observation:
    """What one ask of one system brought back at one moment, or why it brought nothing.

    ``at`` is seconds since the epoch, ``latency`` seconds; ``way`` names how it was asked
    ("GET /api/queues"), without secrets. ``identity`` names the answering process, so that two
    looks can be known to concern the same one. Exactly one of ``value`` and ``reason`` counts.
    """

    system: str
    ask: Ask
    at: float
    latency: float
    way: str = ""
    identity: str = ""
    value: Json = None
    reason: Reason | None = None
    detail: str = ""

    @cached_property
    def sha256(self) -> str:
        """Digest over what was seen; two equal observations differ only in their time."""
        seen = [self.system, str(self.ask), self.value, self.reason and self.reason.value, self.detail]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def observation_to_json(seen: Observation) -> dict[str, Json]:
    """The observation as it stands in the evidence folder."""
    return {
        "system": seen.system,
        "capability": seen.ask.capability,
        "args": dict(seen.ask.args),
        "at": seen.at,
        "latency_s": seen.latency,
        "way": seen.way,
        "identity": seen.identity,
        "value": seen.value,
        "reason": seen.reason.value if seen.reason else None,
        "detail": seen.detail,
        "sha256": seen.sha256,
    }


def observation_from_json(record: Mapping[str, Json]) -> Observation:
    """The inverse of :func:`observation_to_json`. Raises ValueError if the digest does not fit."""
    seen = Observation(
        system=record["system"],
        ask=Ask.of(record["capability"], **record["args"]),
        at=record["at"],
        latency=record["latency_s"],
        way=record["way"],
        identity=record["identity"],
        value=record["value"],
        reason=Reason(record["reason"]) if record["reason"] else None,
        detail=record["detail"],
    )
    if seen.sha256 != record["sha256"]:
        raise ValueError(f"the evidence of {seen.system} {seen.ask} was changed after it was recorded")
    return seen
