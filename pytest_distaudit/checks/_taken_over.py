"""Whether the living members of a group did what a dead one had in work, and in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_distaudit.checks import _effects
from pytest_distaudit.checks._disturbed import late
from pytest_distaudit.checks._handed import LOOK_S, Handed
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.effects import Effect
from pytest_distaudit.ports.streams import InHand
from pytest_distaudit.ports.traffic import Sent, Traffic


@dataclass(frozen=True)
class Loss:
    """Everything about the crash of one member."""

    handed: Handed
    flows: Mapping[str, Traffic]
    known: Mapping[str, dict[str, Effect]]
    within_s: float

    @property
    def member(self) -> str:
        """Who crashed."""
        return self.handed.told.system

    def due(self, one: Sent) -> float:
        """By when it has to be done: what was asked before the crash may have been in the dead one's hands."""
        return max(one.ended, self.handed.injected if one.sent < self.handed.gone else 0.0) + self.within_s


def in_time(loss: Loss) -> None:
    """Raise where a request was read not to be done when it had to be. What others have in hand may be too much for
    them: only what was in the hands of the dead, or nowhere, refutes.
    """
    handed = loss.handed
    caught = {nonce for one in handed.stranded for nonce in one.nonces}
    under_way = handed.under_way
    for name, flow in loss.flows.items():
        asked = [one for one in flow.sent if one.ok]
        missed = [one.nonce for one in asked if _absent(loss, name, one) > loss.due(one)]
        sure = [nonce for nonce in missed if nonce in caught or not (handed.behind or nonce in under_way)]
        told = f"{len(sure or missed)} of {len(asked)} not done {loss.within_s:g} s after {loss.member} crashed"
        if late(flow) and missed:
            unverifiable(Reason.BUDGET, told, "the machine is too busy to tell")
        if sure:
            remedy = "let members claim what a dead one has in hand"
            refute(told, f"{sure[0]} among them; what was asked after the crash counts from then", remedy=remedy)
        if missed:
            unverifiable(Reason.BUDGET, told, "the living are behind with what they have in hand")


def _absent(loss: Loss, operation: str, one: Sent) -> float:
    """When its effect was last read to be absent."""
    return loss.known[operation].get(one.nonce, Effect(one.nonce)).absent or 0.0


def nothing_lost(loss: Loss) -> int:
    """How many requests had their effect in the end. Raises if any that succeeded had none."""
    answered = _effects.last_answer([*loss.flows.values()])
    empty = next((look.at for look in loss.handed.looks if look.at >= answered and look.fact.drained), None)
    return _effects.nothing_lost(loss.flows, loss.known, empty, loss.within_s)


def taken_over(loss: Loss, took: list[float]) -> None:
    """Add to ``took`` how long after the crash each entry that the dead one had in work was done, in seconds."""
    handed, member = loss.handed, loss.member
    stranded = handed.stranded
    if not stranded:
        remedy = "claim it of work that takes longer"
        unverifiable(Reason.VACUOUS, "nothing was in work", f"{member} had nothing in hand when it died", remedy=remedy)
    known = {nonce: effect for each in loss.known.values() for nonce, effect in each.items()}
    told = [(one, known[nonce]) for one in stranded for nonce in one.nonces if nonce in known]
    if not told:
        unverifiable(Reason.NO_OBSERVABLE, "entries hold no nonce", f"of {len(stranded)} in the hands of {member}")
    met = [(one, effect) for one, effect in told if effect.absent is not None and effect.absent >= handed.gone]
    if not met:
        because = f"all {len(told)} entries in the hands of {member} were done when it died: who did them is not told"
        unverifiable(Reason.VACUOUS, "nothing was in work", because)
    took += [_done_by_others(loss, one, effect) for one, effect in met]


def _done_by_others(loss: Loss, entry: InHand, effect: Effect) -> float:
    handed, done = loss.handed, effect.first
    because = f"entry {entry.position} was in the hands of {loss.member}"
    if not handed.passed_on(entry.position):
        if done is not None and done < handed.away[-1].at - LOOK_S:
            because = f"{because}, stayed there while that was dead, and was done all the same"
            refute("done without the group", because, remedy="let the members do the work, and nobody else")
        reason = Reason.NO_CONTROL if handed.told.rounds[0].by_itself else Reason.INCONCLUSIVE_STATISTICS
        unverifiable(
            reason,
            "not seen to be taken over",
            f"{because}, which served again after {handed.until - handed.injected:.1f} s",
        )
    if done is None or done > handed.injected + loss.within_s:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "not seen to be done in time", because)
    return done - handed.injected
