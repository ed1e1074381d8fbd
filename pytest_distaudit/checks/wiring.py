"""Claims about wiring: that what runs is used by those who are said to use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_distaudit.checkers import binomial
from pytest_distaudit.checks._alternated import Moves, moves, performed
from pytest_distaudit.checks._exchange import LEVEL, at_least, drawings, too_few
from pytest_distaudit.checks._watched import busy
from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Alternate, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import Performed
from pytest_distaudit.ports.windows import Alternation
from pytest_distaudit.ports.work import Work

#: what begins with performances, or follows them, is not taken for chance that would bring it so seldom
_HINT, _LATE_HINT = 1 / 100, 1 / 1000
#: windows by which effects may be late without being missed
_LATE = (1, 2)


#: what happens anyhow may hide what few performances move, not what many do
FIRST = Alternate((Look("system", Work.ask()),))
MORE = Alternate(FIRST.watch, each=15)


@check(
    "wiring.used",
    claims="the system is used when the activity is performed, and does not merely run",
    says="the system works for the activity",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={"system": Role("the system that is said to be used")},
    takes_activity=True,
    connects=(("activity", "system"),),
    judges_silence=True,
    changes_target=True,
    cost_s=16.0,
    needs=lambda claim: (FIRST,),
    shows_not="that what it says matters: whoever asks may ignore the answer (an experiment would show it); where no "
    "nonce can be read inside, that the activity itself asks, and not somebody who works whenever it is performed",
)
def used(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Counters must move with performances, in windows that were drawn by lot; a nonce read inside decides alone."""
    alternation = evidence.shared(Alternation)
    looks = evidence.history(Work)
    runs = performed(alternation)
    inside = found_inside((look.fact for look in looks), runs)
    if inside:
        return verified("used", f"{counted(inside, 'nonce')} of {len(runs)} performances read inside")
    if not any(run.ok for run in runs):
        _never_used(looks[-1].fact)
    answered(runs)
    return decided(moves(looks, alternation), looks[-1].fact)


def decided(seen: Moves, fact: Work) -> Judgement | NeedMore:
    """What the counters alone say; more performances are asked for where few leave it open."""
    evident = movement(seen)
    if evident is not None:
        return verified(f"used: {evident}", _design(seen))
    if in_doubt(seen) and max(seen.each) <= FIRST.each:
        return NeedMore((MORE,))
    return unused(seen, fact)


def _never_used(fact: Work) -> None:
    """Refute where nothing can be performed, and the system's whole life tells that nobody ever used it."""
    if not any(fact.counts.values()) and not fact.unseen:
        refute(
            "running (unused)", "nothing has moved since its counters began, and nothing that use would move is hidden"
        )


def found_inside(facts: Iterable[Work], runs: Sequence[Performed]) -> int:
    """How many of the performances' nonces were read inside."""
    inside = {nonce for fact in facts for nonce in fact.nonces or ()}
    return len(inside & {run.nonce for run in runs})


def answered(runs: Sequence[Performed]) -> None:
    """Raise unverifiable where a performance failed: it may have done its work or not."""
    failed = [run for run in runs if not run.ok]
    if failed:
        unverifiable(Reason.BASELINE, f"{len(failed)} of {len(runs)} performances fail", failed[0].detail)


def movement(seen: Moves) -> str | None:
    """What moved with the performances, in words; None if nothing did beyond chance.

    All counters together and each by itself are tested, which makes chance that much more likely: where the lot has
    too few drawings for that, all together are.
    """
    together = seen.of_lot(seen.total)
    alone = [name for name in seen.counts if len(seen.counts) > 1]
    if (1 + len(alone)) > LEVEL * drawings(together, seen.drawn):
        alone = []
    level = LEVEL / (1 + len(alone))
    tested = [("", seen.total), *((name, seen.counts[name]) for name in alone)]
    moved = [(name, values) for name, values in tested if at_least(seen.beyond(values), seen.drawn) <= level]
    if not moved:
        return None
    told = _excesses(seen)
    if seen.longer and any(seen.at_rest(values) for _, values in moved):
        busy(told, "windows with performances took longer than those without, and something moves in any")
    if all(2 * seen.excess(values) < sum(seen.each) for _, values in moved):
        busy(told, f"fewer than one for two of {sum(seen.each)} performances: others may react to the load")
    return told


def in_doubt(seen: Moves) -> bool:
    """Whether it might be that every second performance moved a counter."""
    return too_few(seen.of_lot(seen.total), seen.drawn, seen.each, seen.lot_lengths) > LEVEL


def unused(seen: Moves, fact: Work) -> Judgement:
    """Refute: nothing beyond rest, and nothing that use would move is hidden. Raises in any case."""
    total, told = seen.total, _excesses(seen)
    if in_doubt(seen):
        busy(
            "too busy to tell",
            f"{told or 'no more than at rest'}, while {seen.at_rest(total)} moves were seen at rest",
        )
    _nothing_by_some(seen)
    _nothing_late(seen)
    if fact.unseen:
        unverifiable(Reason.NO_OBSERVABLE, "nothing moves that can be seen", f"not seen: {fact.unseen}")
    refute("running (unused)", f"{_design(seen)}: {_compared(seen)}")


def _nothing_by_some(seen: Moves) -> None:
    """A counter that rests in all windows but those with performances: some of them used it, not all."""
    for name, values in seen.counts.items():
        if not seen.at_rest(values):
            moved = f"{name} moved {counted(seen.with_runs(values), 'time')} and never at rest"
            busy("used now and then, or not", f"{moved}: the caller may have a cache of its own")


def _nothing_late(seen: Moves) -> None:
    """Effects that come later than their window ends."""
    total = seen.total
    lot = seen.beyond(total)
    for late in _LATE:
        followers = frozenset(at + late for at in seen.drawn if at + late < len(lot))
        if at_least(lot, followers) <= _LATE_HINT:
            busy("moves later", f"more moves {late} windows after performances; say how long they take with within")
    first, length = seen.before, sum(seen.lengths[: seen.before])
    early = sum(total[:first])
    if binomial.at_most(early, sum(total), length / sum(seen.lengths)) <= _HINT:
        busy("moves since the activity began", f"{early} moves in {length:.1f} s before, {sum(total) - early} since")


def _design(seen: Moves) -> str:
    many = len(seen.drawn)
    return (
        f"{sum(seen.each)} performances in {many} of {len(seen.lot)} windows drawn by lot"
        f" (1 of {drawings(seen.lot, seen.drawn)} drawings)"
    )


def _compared(seen: Moves) -> str:
    lot = seen.of_lot(seen.total)
    active = sum(lot[at] for at in seen.drawn)
    if not any(seen.total):
        return "nothing moved at all"
    return f"{active} moves with them, {sum(lot) - active} without"


def _excesses(seen: Moves) -> str:
    """Counters that moved more with performances, and by how much."""
    more = {name: seen.excess(values) for name, values in seen.counts.items()}
    return ", ".join(f"{name} +{excess}" for name, excess in more.items() if excess > 0)
