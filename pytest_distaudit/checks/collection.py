"""Claims about collections of a vector or document store: that they are there, and that the work goes through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.checks._watched import Watched, baseline, busy
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.collections_ import Collection

_STORE = {"system": Role("the vector or document store")}
_COLLECTION = {
    "collection": Parameter(ParameterType.TEXT, "the collection's name"),
    "tenant": Parameter(ParameterType.TEXT, "the tenant, where the store has such; default: the store's own", None),
    "database": Parameter(ParameterType.TEXT, "the database, where the store has such; default: the store's own", None),
}


def _ask(claim: Claim) -> Ask:
    where = {name: claim[name] for name in ("tenant", "database") if claim[name]}
    return Collection.ask(name=claim["collection"], **where)


def _existing(found: Collection) -> Collection:
    where = f" in {found.place}" if found.place else ""
    if not found.exists:
        others = "" if found.others is None else f"; it has {listed(found.others)}"
        because = f"the store has no collection {found.name!r}{where}: {found.fault or 'it says so itself'}{others}"
        refute(f"no collection {found.name}", because, remedy="create it, or correct the document")
    if found.fault:
        refute(f"collection {found.name} does not serve", found.fault)
    return found


# --- there is one


@check(
    "collection.exists",
    claims="the store has that collection",
    says="collection {collection}",
    rung=Rung.CONFIGURED,
    roles=_STORE,
    params={
        **_COLLECTION,
        "records": Parameter(ParameterType.NUMBER, "how many records it holds, such as '>= 1'; default: any", None),
        "dimension": Parameter(ParameterType.NUMBER, "the length of its vectors, such as 384; default: any", None),
    },
    needs=lambda claim: (Look("system", _ask(claim)),),
    shows_not="that anything is stored in it or found there (collection.used)",
)
def exists(claim: Claim, evidence: Evidence) -> Judgement:
    """A collection of that name, in that database; its size and shape where the claim has them."""
    found = _existing(evidence.one(Collection, ask=_ask(claim)))
    told = [_shape(claim, found), _size(claim, found)]
    return verified(f"collection {found.name} exists", "; ".join(one for one in told if one))


def _shape(claim: Claim, found: Collection) -> str:
    wanted = claim["dimension"]
    if found.dimensions is None:
        if wanted is not None:
            unverifiable(Reason.NO_OBSERVABLE, "dimension unknown", "the store does not tell the length of its vectors")
        return ""
    lengths = ", ".join(map(str, found.dimensions))
    if wanted is not None and not found.dimensions:
        refute("no vectors yet", f"no vector was ever stored in it, so that it has no dimension; claimed {wanted}")
    if wanted is not None and not any(wanted.holds(length) for length in found.dimensions):
        refute(f"{lengths} dimensions", f"claimed {wanted}", remedy="correct the document, or the collection's vectors")
    return f"{lengths} dimensions" if lengths else "no vectors yet"


def _size(claim: Claim, found: Collection) -> str:
    wanted = claim["records"]
    if found.records is None:
        if wanted is not None:
            unverifiable(Reason.NO_OBSERVABLE, "records unknown", "the store does not tell how many records it holds")
        return ""
    told = counted(found.records, "record")
    if wanted is not None and found.approximate and wanted.operator in ("==", "!="):
        unverifiable(Reason.NO_OBSERVABLE, f"about {told}", "the store only estimates; claim a bound, such as '>= 1'")
    if wanted is not None and not wanted.holds(found.records):
        refute(told, f"claimed {wanted}", remedy="fill the collection, or correct the document")
    return told


# --- the work goes through it


@check(
    "collection.used",
    claims="the activity stores something in the collection, or looks something up there",
    says="the activity uses collection {collection}",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=_STORE,
    params={
        **_COLLECTION,
        "by": Parameter(
            ParameterType.TEXT, "'reads' or 'writes', where the document says which; default: either", None
        ),
    },
    takes_activity=True,
    connects=(("activity", "system"),),
    judges_silence=True,
    changes_target=True,
    cost_s=5.0,
    needs=lambda claim: (Perform((Look("system", _ask(claim)),)),),
    shows_not="that what is stored is ever asked for, or that an answer is made of what was found",
)
def used(claim: Claim, evidence: Evidence) -> Judgement:
    """What is stored is the surest witness, then requests that the store counts, then records that move."""
    by = claim["by"]
    if by not in (None, "reads", "writes"):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"by: {by}", "a collection is used by 'reads' or by 'writes'")
    run = evidence.shared(ActivityRun)
    looks = evidence.history(Collection, ask=_ask(claim))
    performed = [one for one in run.runs if one.ok]
    last = _existing(looks[-1].fact)
    _refuted_if_empty(looks)
    if not performed:
        baseline(run)
    if by != "reads":
        stored = _stored(looks, performed)
        if stored == len(performed) == len(run.runs):
            because = f"{counted(stored, 'nonce')} of the audit's found in what is stored"
            return verified(f"{stored} of {stored} performances stored", because)
    moves = _Moves(looks, run)
    if last.reads is None or last.writes is None:
        return _by_contents(by, moves, performed, run)
    return _by_requests(by, moves, performed, run)


def _refuted_if_empty(looks: Sequence[Seen[Collection]]) -> None:
    """A collection that holds nothing before, during and after the work, and was never written to, answers nothing."""
    first, last = looks[0].fact, looks[-1].fact
    if any(look.fact.exists and look.fact.records != 0 for look in looks):
        return
    if last.dimensions == () or (last.writes is not None and last.writes == first.writes):
        asked = f", though {counted(last.reads, 'question')} came" if last.reads else ""
        because = f"so in all {counted(len(looks), 'look')}: it was created, and nothing was stored in it{asked}"
        refute("0 records", because, remedy="store in it what the document says")


def _stored(looks: Sequence[Seen[Collection]], performed: Sequence[Performed]) -> int:
    """Performances whose nonce was found in what is stored."""
    found = {nonce for look in looks for nonce in look.fact.nonces or ()}
    return sum(one.nonce in found for one in performed)


class _Moves(Watched[Collection]):
    """How far the collection moved from just before the activity to the last look."""

    def __init__(self, looks: Sequence[Seen[Collection]], run: ActivityRun) -> None:
        super().__init__(looks, run, "collection", _state)
        self.records = (self.end.records or 0) - (self.start.records or 0)

    def requests(self, by: str | None, until: Collection) -> int:
        """Requests of that sort, from just before the activity to ``until``."""
        names = (by,) if by else ("reads", "writes")
        moved = [(getattr(until, name) or 0) - (getattr(self.start, name) or 0) for name in names]
        if min(moved) < 0:
            busy("the counters began anew", "somebody reset the store's statistics in between")
        return sum(moved)


def _state(found: Collection) -> tuple[int, ...]:
    """Everything that tells of use."""
    contents = int(found.digest[:12] or "0", 16)
    return found.reads or 0, found.writes or 0, found.records or 0, contents


def _attributable(moves: _Moves, told: str) -> None:
    if not moves.quiet_before:
        busy("the collection is busy by itself", f"it moved before the activity began; {told}")
    if not moves.rested:
        busy("the collection does not come to rest", f"it still moved after {moves.waited:.0f} s; {told}")


def _by_requests(by: str | None, moves: _Moves, performed: Sequence[Performed], run: ActivityRun) -> Judgement:
    """What the store counts itself: too little refutes whoever asked; enough must be the activity's."""
    moved = moves.requests(by, moves.end)
    sort = by.removesuffix("s") if by else "request"
    told = f"{counted(moved, sort)} for {len(performed)} performances"
    if not moved:
        refute(f"0 {sort}s", f"{len(performed)} performances, then {moves.waited:.0f} s: the store counted none")
    if moved < len(performed):
        if not moves.requests(by, moves.performed):
            refute(f"0 {sort}s by the performances", f"{told}, all of them later: somebody else's")
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, told, "the caller may remember the other answers, or wait")
    if len(performed) < len(run.runs):
        baseline(run)
    if moves.end.counts_all and moves.end.others != ():
        because = f"{told}, but it counts them for all its collections: {listed(moves.end.others or ('others',))} too"
        unverifiable(Reason.NO_OBSERVABLE, "another collection may be meant", because)
    _attributable(moves, told)
    if by == "writes" or not moves.requests("reads", moves.end):
        _kept(moves, told)
    return verified(told, f"by the store's own count; {counted(moves.end.records or 0, 'record')} in it")


def _kept(moves: _Moves, told: str) -> None:
    """What only writes must leave something."""
    if moves.records <= 0:
        because = f"{told}; it holds {counted(moves.end.records or 0, 'record')} now, {moves.start.records} before"
        unverifiable(Reason.NO_OBSERVABLE, "written and not more than before", f"{because}: replaced, or not kept")


def _by_contents(by: str | None, moves: _Moves, performed: Sequence[Performed], run: ActivityRun) -> Judgement:
    """Without counters only what is stored can tell; whoever only reads leaves no trace."""
    if by == "reads":
        _unseen("0 reads to be seen")
    told = f"{counted(moves.records, 'record')} more for {len(performed)} performances"
    if not moves.records:
        _as_many_as_before(by, moves)
    if moves.records < len(performed):
        because = f"{told}; others may have changed it, or the work is not done yet"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, told, because, remedy=_WITH_NONCE)
    if len(performed) < len(run.runs):
        baseline(run)
    _attributable(moves, told)
    if moves.records % len(performed):
        busy("the records do not fit the activity", f"{told}: others write, too")
    return verified(told, "by the store's own count of its records")


def _as_many_as_before(by: str | None, moves: _Moves) -> None:
    """Raise unless its contents changed all the same."""
    before, after = moves.start.digest, moves.end.digest
    if before and after and before != after:
        return
    if by != "writes":
        _unseen("nothing was written" if after else "as many records as before")
    if not after:
        because = "it holds too much to be compared, and records may have been replaced"
        unverifiable(Reason.NO_OBSERVABLE, "as many records as before", because, remedy=_WITH_NONCE)
    because = f"{moves.waited:.0f} s after the performances it holds exactly what it held before"
    refute("nothing was written", because, remedy="store what the document says")


_WITH_NONCE = "name an activity that stores its {nonce}"


def _unseen(actual: str) -> NoReturn:
    because = "requests are not counted where the audit can see it: a question leaves no trace"
    remedy = "claim what is stored (by: writes), or let the callers' traces tell of their questions"
    unverifiable(Reason.NO_OBSERVABLE, actual, because, remedy=remedy)
