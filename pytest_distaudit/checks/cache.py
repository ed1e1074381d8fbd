"""Claims about caches: that work is answered from what was stored before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.checks._watched import Watched, baseline, busy
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun, KeyValue, Performed


@check(
    "cache.used",
    claims="the cache is asked for what it holds when the activity is performed",
    says="the cache answers",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={"system": Role("the key-value store")},
    params={
        "hit_ratio": Parameter(
            ParameterType.NUMBER, "share of look-ups that find their key, such as '>= 80 %'; default: some do", None
        )
    },
    takes_activity=True,
    connects=(("activity", "system"),),
    judges_silence=True,
    changes_target=True,
    cost_s=5.0,
    needs=lambda claim: (Perform((Look("system", KeyValue.ask()),)),),
    shows_not="that the work was spared: whoever asked may ignore the answer (an experiment would show it)",
)
def used(claim: Claim, evidence: Evidence) -> Judgement:
    """Look-ups of keys during performances that ask for the same thing again: the later ones must find it."""
    run = evidence.shared(ActivityRun)
    performed = [one for one in run.runs if one.ok]
    looks = evidence.history(KeyValue)
    moves = _Moves(looks, run)
    if not performed:
        _refuted_if_never_asked(looks[-1].fact)
        baseline(run)
    _refuted_by(moves, performed)
    if len(performed) < len(run.runs):
        baseline(run)
    _attributable(moves)
    if not moves.hits:
        _all_missed(moves)
    ratio = claim["hit_ratio"]
    told = f"{moves.hits} of {counted(moves.reads, 'look-up')} hit"
    if ratio is not None and not ratio.holds(moves.hits / moves.reads):
        refute(told, f"{len(performed)} performances; claimed {ratio}")
    return verified(told, f"{len(performed)} performances; {_commands(moves.calls)}")


class _Moves(Watched[KeyValue]):
    """How far the store's counters moved from just before the activity to the last look."""

    def __init__(self, looks: Sequence[Seen[KeyValue]], run: ActivityRun) -> None:
        super().__init__(looks, run, "store", _counters)
        self.calls = {
            command: moved
            for command, after in self.end.calls.items()
            if (moved := after - self.start.calls.get(command, 0))
        }
        self.hits, self.misses = self.end.hits - self.start.hits, self.end.misses - self.start.misses
        self.reads = self.hits + self.misses
        #: keys looked up before the last performance had been answered
        self.reads_meanwhile = sum(_reads(self.performed)) - sum(_reads(self.start))
        if min(self.hits, self.misses, *self.calls.values()) < 0:
            busy("the counters began anew", "somebody reset the server's statistics in between")


def _reads(store: KeyValue) -> tuple[int, int]:
    return store.hits, store.misses


def _counters(store: KeyValue) -> tuple[int, ...]:
    """Everything that only ever grows."""
    return (*_reads(store), sum(store.calls.values()))


def _refuted_if_never_asked(store: KeyValue) -> None:
    """Where nothing can be performed, the store's whole life still tells that nobody uses it."""
    if not store.calls and store.clients is not None and not _others(store):
        refute("running and unused", "no command but housekeeping since its counters began, and nobody is connected")


def _refuted_by(moves: _Moves, performed: Sequence[Performed]) -> None:
    """Refute what other traffic cannot excuse: too little was asked, whoever asked."""
    seen = f"{len(performed)} performances, then {moves.waited:.0f} s"
    if not moves.reads:
        stored = f"written and never read: {_commands(moves.calls)}" if moves.calls else _nobody(moves.end)
        refute("0 look-ups", f"{seen}: {stored}", remedy="the activity must be one that the cache is to spare work for")
    if moves.reads >= len(performed):
        if not moves.hits and sum(moves.calls.values()) <= moves.misses:
            refute("never filled", f"{seen}: {counted(moves.misses, 'look-up')}, all missed, and nothing was stored")
        return
    few = f"{counted(moves.reads, 'look-up')} for {len(performed)} performances"
    if not moves.reads_meanwhile:
        refute("0 look-ups by the performances", f"{seen}: {few}, all of them later: somebody else's")
    _inconclusive(few)


def _attributable(moves: _Moves) -> None:
    told = f"{counted(moves.reads, 'look-up')}, {moves.hits} hit; {_commands(moves.calls)}"
    if not moves.quiet_before:
        busy("the store is busy by itself", f"it was asked before the activity began; {told}")
    if not moves.rested:
        busy("the store does not come to rest", f"it was still asked after {moves.waited:.0f} s; {told}")


def _all_missed(moves: _Moves) -> NoReturn:
    unverifiable(
        Reason.NO_OBSERVABLE,
        f"{counted(moves.misses, 'look-up')}, none hit",
        f"{_commands(moves.calls)}: each performance asked for something new",
        remedy="name an activity that asks for the same thing again (a request without {nonce})",
    )


def _inconclusive(few: str) -> NoReturn:
    unverifiable(
        Reason.INCONCLUSIVE_STATISTICS,
        few,
        "a cache of the caller's own may have answered the others",
        remedy="name an activity that reaches the store each time",
    )


def _nobody(store: KeyValue) -> str:
    if store.clients is None:
        return "no command but housekeeping"
    others = _others(store)
    return f"no command but housekeeping from {counted(len(others), 'client')}" if others else "nobody is connected"


def _others(store: KeyValue) -> list[str]:
    return [client.address for client in store.clients or () if not client.ours]


def _commands(calls: dict[str, int]) -> str:
    return ", ".join(f"{command} {times}" for command, times in calls.items()) or "no commands"
