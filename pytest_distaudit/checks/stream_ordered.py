"""The claim that a stream keeps events in the order in which they came about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pytest_distaudit.checks._appended import Appended, order_of
from pytest_distaudit.checks._watched import baseline
from pytest_distaudit.checks.stream import LOG, NAME, formed, tail_ask
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.streams import Entry, StreamTail

#: fewer events come in order by chance more often than once in a hundred times
_ENOUGH = 5


@check(
    "stream.ordered",
    claims="events stand in the stream in the order in which the activity brought them about",
    says="events in {stream} are in order",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=LOG,
    params={
        "stream": NAME,
        "one_key": Parameter(
            ParameterType.FLAG, "whether all events of the activity bear the same key: only these have an order", False
        ),
    },
    takes_activity=True,
    connects=(("activity", "system"),),
    changes_target=True,
    cost_s=5.0,
    needs=lambda claim: (Perform((Look("system", tail_ask(claim)),)),),
    shows_not="the order of what is done at the same time, through several processes or while something fails, and "
    "that readers keep to it",
)
def ordered(claim: Claim, evidence: Evidence) -> Judgement:
    """One performance after the other, each answered before the next; a nonce tells which event is whose.

    Streams promise an order to events of one key. What overtakes refutes only where the claim says that these are.
    """
    run = evidence.shared(ActivityRun)
    looks = evidence.history(StreamTail, ask=tail_ask(claim))
    tail = looks[-1].fact
    formed(tail)
    if not run.runs or any(not one.ok for one in run.runs):
        baseline(run)
    first = _first(tail.entries)
    found = [first[one.nonce] for one in run.runs if one.nonce in first]
    many = f"{len(found)} of {len(run.runs)} events"
    overlooked, together = Appended(looks, run).overlooked, len({(one.partition, one.position) for one in found})
    if not found or overlooked or together < len(found):
        because = "more was appended than could be read" if overlooked else "several are in one entry"
        because = because if found else "entries hold no nonce"
        unverifiable(Reason.NO_OBSERVABLE, f"{many} told apart", because)
    behind = _overtaken(found)
    parts = {one.partition for one in found}
    if behind or len(parts) > 1:
        _not_in_order(claim, behind, len(parts), many)
    if len(found) < len(run.runs):
        unverifiable(Reason.BASELINE, f"{many} appended", "what is not there has no order (stream.replayable)")
    if len(found) < _ENOUGH:
        unverifiable(Reason.VACUOUS, many, f"{_ENOUGH} are needed")
    return verified(f"{many} in order", f"all in partition {found[0].partition}, at rising positions")


def _first(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Nonce -> its first entry: what is appended once more later is a duplicate, and overtakes nobody."""
    found: dict[str, Entry] = {}
    for one in sorted(entries, key=lambda entry: order_of(entry.position), reverse=True):
        found.update(dict.fromkeys(one.nonces, one))
    return found


def _overtaken(found: Sequence[Entry]) -> int:
    """How many stand before one of the same partition that came about earlier."""
    parts = {one.partition: [each for each in found if each.partition == one.partition] for one in found}
    return sum(
        order_of(later.position) < order_of(earlier.position)
        for each in parts.values()
        for earlier, later in pairwise(each)
    )


def _not_in_order(claim: Claim, behind: int, parts: int, many: str) -> None:
    """Raises in any case."""
    told = f"{counted(behind, 'event')} before one that came about earlier" if behind else f"in {parts} partitions"
    because = f"of {many}, which were brought about one after the other"
    if claim["one_key"]:
        remedy = "append the events of one key one after the other, to one partition; or correct the document"
        refute(told, because, remedy=remedy)
    more = "their keys may differ; where all bear one, set one_key: true"
    unverifiable(Reason.AMBIGUOUS_CLAIM, told, f"{because}; {more}")
