"""What looks at a group of readers tell while one of its members crashes: who asks, and who has what in hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from pytest_distaudit.checks._appended import order_of
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.streams import InHand, StreamGroup

#: a look takes so long, or the moment is not known better
LOOK_S = 1.0
#: who has asked within this time reads; who has not may read in batches, unless for so long
_RECENT_S, _RARE_S = 5.0, 120.0
#: a member that is away for less leaves others no time, and does not tell who is silent
AWAY_S = 6.0
#: so many looks that tell the same are no moment's
_SOME = 5

Look = Seen[StreamGroup]


@dataclass(frozen=True)
class Handed:
    """The looks from the begin of one member's experiment (``told``) to that of the next one."""

    looks: Sequence[Look]
    told: Experiment

    @property
    def injected(self) -> float:
        """When it was about to be killed."""
        return self.told.rounds[0].injected

    @property
    def gone(self) -> float:
        """From when it was certainly dead."""
        seen = self.told.rounds[0].seen
        assert seen is not None
        return seen

    @property
    def until(self) -> float:
        """Until when: it was about to be started, or served again, and may have worked before it was seen to serve."""
        one = self.told.rounds[0]
        back = None if one.back is None else one.back - LOOK_S
        return min(at for at in (one.undone, back, self.told.ended) if at is not None)

    def during(self, began: float, ended: float) -> list[Look]:
        """The looks that began and ended in this time: each ends before the next one begins."""
        return [one for one, after in pairwise(self.looks) if began <= one.at and after.at <= ended]

    @cached_property
    def before(self) -> list[Look]:
        """Those while all lived."""
        return self.during(self.told.began, self.injected)

    @cached_property
    def away(self) -> list[Look]:
        """Those while it was dead. Raises Unverifiable where that was too short, or nobody looked."""
        lasted, member = self.until - self.gone, self.told.system
        if lasted < AWAY_S and not self.told.rounds[0].by_itself:
            unverifiable(Reason.BUDGET, f"{member} was seen to be dead too late", "the machine is too busy to tell")
        if lasted < AWAY_S:
            because = f"{member} served again at once: it may have gone on with its work itself"
            remedy = "let nobody start it again for as long as others need to take over"
            unverifiable(Reason.NO_CONTROL, "others had no time to take over", because, remedy=remedy)
        found = self.during(self.gone, self.until)
        if not found or found[-1].at < self.gone + _RECENT_S or not self.before:
            unverifiable(Reason.NO_OBSERVABLE, f"no look at the group while {member} was dead")
        return found

    @cached_property
    def recent(self) -> set[str]:
        """Consumers that were asking when it crashed."""
        return {name for name, at in _asked(self.before).items() if at > self.injected - _RECENT_S}

    @cached_property
    def lively(self) -> set[str]:
        """Consumers that asked while it was dead, so that they are not its own."""
        asked = [(name, at) for look in self.away for name, at in _asked([look]).items()]
        return {name for name, at in asked if self.gone + LOOK_S < at < self.until - LOOK_S}

    @cached_property
    def silent(self) -> set[str]:
        """Its own consumers: they were asking, and stopped with it."""
        return self.recent - self.lively

    @property
    def rare(self) -> set[str]:
        """Consumers that ask so rarely that nobody knows whose they are."""
        asked = {name for name, at in _asked(self.before).items() if at > self.injected - _RARE_S}
        return asked - self.recent - self.lively

    @property
    def stranded(self) -> list[InHand]:
        """What the dead one has in hand: nobody but others can take it from there."""
        silent = self.silent
        return [one for one in self.away[0].fact.in_hand if one.member in silent]

    @property
    def under_way(self) -> set[str]:
        """The nonces in living hands when the dead one was about to come back."""
        lively = self.lively
        return {nonce for one in self.away[-1].fact.in_hand if one.member in lively for nonce in one.nonces}

    @property
    def behind(self) -> bool:
        """Whether the living take what is appended, and are not done with taking."""
        away = self.away
        late = [look.fact for look in away[-_SOME:]]
        short = all(order_of(one.reached) < order_of(one.end) for one in late)
        return short and late[-1].reached != away[0].fact.reached

    def passed_on(self, position: str) -> bool:
        """Whether it left the hands of the dead one while that was dead, or was seen in a living one's later."""
        own, others = self.silent, self.lively
        while_dead = any(_holder(look, position) not in own for look in self.away)
        return while_dead or any(_holder(look, position) in others for look in self.looks if look.at >= self.until)

    def takers(self, position: str) -> set[str]:
        """Who was seen with it after the dead one; whoever was asking, where nobody was seen with it."""
        seen = {_holder(look, position) for look in self.looks if look.at >= self.gone}
        return {name for name in seen if name is not None} - self.silent or self.lively

    def shared(self) -> tuple[dict[str, set[str]], int]:
        """(position -> consumers that had it in hand, how many were appended) while all lived, of new entries."""
        window, found = self.before, dict[str, set[str]]()
        if not window:
            return found, 0
        first, last = window[0].fact, window[-1].fact
        for one in (each for look in window for each in look.fact.in_hand):
            if order_of(one.position) > order_of(first.end):
                found.setdefault(one.position, set()).add(one.member)
        return found, (last.appended or 0) - (first.appended or 0)


def _asked(looks: Iterable[Look]) -> dict[str, float]:
    """Consumer -> when it last asked, as the latest look tells."""
    return {one.name: look.at - one.idle_s for look in looks for one in look.fact.members}


def _holder(look: Look, position: str) -> str | None:
    return next((one.member for one in look.fact.in_hand if one.position == position), None)


def owners(losses: Iterable[Handed]) -> Mapping[str, str]:
    """Consumer -> the member whose it is: it stopped with that one, or came up when that one did."""
    every = sorted(losses, key=lambda one: one.injected)
    found = {name: one.told.system for one in every for name in one.silent}
    known = {name for one in every[:1] for look in one.looks if look.at < one.until for name in _asked([look])}
    for one in every:
        later = {name for look in one.looks if look.at >= one.until - LOOK_S for name in _asked([look])}
        found.update({name: one.told.system for name in later - known if name not in found})
        known |= later
    return found
