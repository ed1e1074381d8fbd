"""What arrived at a system by its own counters: for each request of a time, and by itself while nothing is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from pytest_distaudit.checks._watched import busy
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.ports.traffic import Sent
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

Looks = Sequence[Seen[Work]]


class Arrived:
    """The looks from ``began`` to ``ended``, two of them at least: ``each`` is a sort of work -> how often it came for
    a request. ``sent`` in order; ``lag`` in seconds, how far the counters may be behind.
    """

    def __init__(self, looks: Looks, sent: Iterable[Sent], began: float, ended: float, lag: float) -> None:
        self._looks = _whole([look for look in looks if began <= look.at and look.ended <= ended], "in time")
        first, last = self._looks[0], self._looks[-1]
        self.began, self.ended = first.at, last.at
        self.asked = sum(first.at - lag <= each.sent < last.at - lag for each in sent)
        self.each = {name: gain / max(1, self.asked) for name, gain in _gained(self._looks).items()}

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.asked / max(self.ended - self.began, 0.001)

    def stood_still(self, name: str) -> float:
        """For how long at most, in seconds, nothing of this sort was seen to come."""
        longest, since = 0.0, self._looks[0]
        for look in self._looks:
            if look.fact.counts.get(name, 0) != since.fact.counts.get(name, 0):
                since = look
            longest = max(longest, look.at - since.at)
        return longest

    def late(self, name: str) -> int:
        """How many came at once, and were all that came, where the server said before that it had not told of all."""
        steps = ((look, later) for look, later in pairwise(self._looks))
        moved = [(look.fact.unseen, gain) for look, later in steps if (gain := _gained([look, later]).get(name, 0))]
        return moved[0][1] if len(moved) == 1 and moved[0][0] else 0


def at_rest(looks: Looks, resting: Resting) -> Mapping[str, float]:
    """Sort of work -> how often a second it comes while the audit asks nothing; without what does not come then."""
    seen = _whole([look for look in looks if resting.opened <= look.at <= resting.closed], "while nothing was asked")
    seconds = max(seen[-1].at - seen[0].at, 0.001)
    return {name: gain / seconds for name, gain in _gained(seen).items() if gain}


def _whole(looks: Looks, when: str) -> Looks:
    """The same looks. Raises unverifiable where there are not two, or counters began anew between them."""
    if len(looks) < 2:
        busy("seen too seldom", f"fewer than two looks came back {when}")
    steps = ((look.fact.counts, later.fact.counts) for look, later in pairwise(looks))
    if any(later.get(name, 0) < count for counts, later in steps for name, count in counts.items()):
        busy("the counters began anew", "somebody reset the server's statistics in between")
    return looks


def _gained(looks: Looks) -> Mapping[str, int]:
    first, last = looks[0].fact.counts, looks[-1].fact.counts
    return {name: count - first.get(name, 0) for name, count in last.items()}
