"""Whether calls follow a registry: an instance of the audit's own is registered, and calls come to it or do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.traffic import Sent

#: fewer calls than this tell nothing, and how rarely chance may pass the audit's instance by
_CALLS, _CHANCE = 60, 1e-4
#: answers that the audit's instance spoilt, at least, and of the calls that came to it which share
_SPOILT, _SHARE = 3, 0.25


@dataclass(frozen=True, slots=True)
class Came:
    """One request to the audit's instance. ``nonce`` "": it bears none of the audit's."""

    at: float
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Diversion(Capability):
    """Calls while the audit's own instances were registered beside the others. Args: ``service``, ``operation``.

    Seconds since the epoch, by a clock never set back: ``entered``, when the first was about to be registered (None:
    nothing was done, ``trouble`` says why), ``registered``, when the registry told that they pass (None:
    it never did, ``trouble`` says why), ``withdrawn``, when they were gone. ``alone``: from when to when the
    registry told of no others, and the callers had been started anew (None: that was not done, ``trouble`` says why);
    ``without``: from when to when, then, the service itself was taken away (None: it was not).
    ``others``: how many instances passed before. ``restored``: whether in the end the registry told what it did first.
    What came to them had an answer of theirs, which never holds the nonce, or an error.
    """

    capability = "diversion"
    service: str
    began: float
    ended: float
    others: int
    entered: float | None = None
    registered: float | None = None
    withdrawn: float | None = None
    alone: tuple[float, float] | None = None
    without: tuple[float, float] | None = None
    came: tuple[Came, ...] = ()
    restored: bool = True
    trouble: str = ""

    @property
    def nonces(self) -> frozenset[str]:
        """Of the audit's requests that came to its instance."""
        return frozenset(one.nonce for one in self.came if one.nonce)

    def nameless(self, began: float, ended: float) -> int:
        """Requests that came in this time and bear no nonce: a health check's, a user's, or a call that lost it."""
        return sum(not one.nonce and began <= one.at < ended for one in self.came)


def enough(others: int) -> int:
    """Calls of which one comes to the audit's instance as good as certainly if they are spread over all.

    Of ``others`` + 1 each is passed by with others/(others + 1); more of the audit's make that rarer.
    """
    return max(_CALLS, math.ceil(math.log(_CHANCE) / math.log(others / (others + 1)))) if others else _CALLS


def spoilt(sent: Sequence[Sent], nonces: frozenset[str], echoes: bool) -> int:
    """How many of the requests that came to the audit's instance were answered otherwise than they would have been;
    0 if too few. ``echoes``: whether good answers hold the nonce.
    """
    met = [one for one in sent if one.nonce in nonces]
    bad = sum(not one.ok or (echoes and not one.echoed) for one in met)
    return bad if bad >= max(_SPOILT, _SHARE * len(met)) else 0
