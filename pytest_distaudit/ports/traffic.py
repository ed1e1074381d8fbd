"""Requests that the audit sent at a fixed rate while something was done to a system."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.history import Outcome

#: what fails of a steady operation, at most
_FAILS = 0.01
#: where work takes so many times its processor time, whatever is slow or fails may be the machine's doing
SLOWED = 4.0
#: and of what is calm at most
CALM = SLOWED / 2


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. ``due`` and ``sent`` in seconds since the epoch: when it was meant to go, and when it went;
    ``took`` in seconds until the last byte of its answer or until it was given up.

    ``status`` is None without an answer; ``node`` names who answered, "" if it does not say; ``echoed``: whether the
    answer holds the request's ``nonce``; ``detail``: the first words of what is no success; ``reduced``: whether it is
    an answer that the operation declares for when something is away; ``client``: the address that it came from, if it
    had one of its own.
    """

    nonce: str
    due: float
    sent: float
    took: float
    outcome: Outcome
    status: int | None = None
    node: str = ""
    echoed: bool = False
    detail: str = ""
    reduced: bool = False
    client: str = ""

    @property
    def ok(self) -> bool:
        """Whether it succeeded as the operation says."""
        return self.outcome is Outcome.OK

    @property
    def ended(self) -> float:
        """When its answer was complete, or it was given up."""
        return self.sent + self.took


@dataclass(frozen=True, slots=True)
class Traffic(Capability):
    """An operation asked ``rate`` times a second during one experiment, whatever became of earlier requests.

    Args: ``operation``, ``fault``, ``system``, of a link ``caller``. ``sent`` in the order in which they were due.
    Every request had a connection of its own, and nothing was tried twice. ``reducible``: whether it declares reduced
    answers. ``slowed``: how many times its processor time a piece of the audit's own work took meanwhile, on average.
    """

    capability = "traffic"
    operation: str
    rate: float
    sent: tuple[Sent, ...]
    reducible: bool = False
    slowed: float = 1.0

    @property
    def busy(self) -> bool:
        """Whether what is slow or fails may be the machine's doing."""
        return self.slowed > SLOWED

    @property
    def calm(self) -> bool:
        """Whether a single failure cannot be the machine's doing."""
        return self.slowed <= CALM

    @property
    def failed(self) -> tuple[Sent, ...]:
        """Those that did not succeed."""
        return tuple(one for one in self.sent if not one.ok)

    @property
    def steady(self) -> bool:
        """Whether as good as all succeeded."""
        return bool(self.sent) and len(self.failed) <= _FAILS * len(self.sent)

    @property
    def told(self) -> str:
        """How it went, in words."""
        first = f": {self.failed[0].status or ''} {self.failed[0].detail}".rstrip() if self.failed else ""
        return f"{self.operation} failed {len(self.failed)} of {len(self.sent)} times{first}"

    def part(self, began: float, ended: float) -> Traffic:
        """The same, as far as it was sent in this time."""
        return replace(self, sent=self.between(began, ended))

    def between(self, began: float, ended: float) -> tuple[Sent, ...]:
        """Those that were sent in this time."""
        return tuple(one for one in self.sent if began <= one.sent < ended)
