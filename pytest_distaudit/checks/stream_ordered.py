"""The claim that a stream keeps events in the order in which they came about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from pytest_distaudit.checks._appended import Appended, order_of
from pytest_distaudit.checks._watched import baseline
from pytest_distaudit.checks.stream import LOG, NAME, formed, tail_ask
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform, Repeats
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.streams import Entry, StreamTail

#: fewer events come in order by chance more often than once in a hundred times
_ENOUGH = 5
#: as many as are claimed to be in order are brought about, and no more than so many; others may append as many
_MOST, _OTHERS = 500, 100
#: how many two producers bring about where the claim does not say it
_FOR_TWO = 14


def _tail(claim: Claim) -> Ask:
    """As many of the latest entries as the claim is about, and some of others."""
    many = _events(claim)
    return StreamTail.ask(name=claim["stream"], count=str(many + _OTHERS)) if many else tail_ask(claim)


def _events(claim: Claim) -> int:
    """How many events the claim wants brought about; 0 as many as any other one."""
    wanted = claim["events"]
    return 0 if wanted is None else max(1, min(_MOST, ceil(wanted.quantity.value)))


def _needs(claim: Claim) -> tuple[Perform, ...]:
    producers = 2 if claim["two_producers"] else 1
    runs = _events(claim) or (_FOR_TWO if producers > 1 else 0)
    return (Perform((Look("system", _tail(claim)),), Repeats(runs, producers)),)


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
        "events": Parameter(ParameterType.NUMBER, "how many events, such as '>= 200'; 500 at most", None),
        "two_producers": Parameter(
            ParameterType.FLAG, "whether two append at the same time, and each one's events keep their order", False
        ),
    },
    takes_activity=True,
    connects=(("activity", "system"),),
    changes_target=True,
    cost_s=5.0,
    needs=_needs,
    shows_not="the order among several who append, the order while something fails, and that readers keep to it",
)
def ordered(claim: Claim, evidence: Evidence) -> Judgement:
    """One performance of a producer after the other, each answered before the next; a nonce tells which event is whose.

    Streams promise an order to events of one key. What overtakes refutes only where the claim says that these are.
    """
    run = evidence.shared(ActivityRun)
    looks = evidence.history(StreamTail, ask=_tail(claim))
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
    behind = sum(_overtaken([first[one.nonce] for one in own if one.nonce in first]) for own in _each(run))
    parts = {one.partition for one in found}
    if behind or len(parts) > 1:
        _not_in_order(claim, behind, len(parts), many)
    if len(found) < len(run.runs):
        unverifiable(Reason.BASELINE, f"{many} appended", "what is not there has no order (stream.replayable)")
    if len(found) < _ENOUGH:
        unverifiable(Reason.VACUOUS, many, f"{_ENOUGH} are needed")
    if claim["events"] is not None and not claim["events"].holds(len(found)):
        unverifiable(Reason.BUDGET, many, f"claimed are {claim['events']}; {_MOST} are brought about at most")
    return verified(f"{many} in order", f"all in partition {found[0].partition}, at rising positions")


def _each(run: ActivityRun) -> list[list[Performed]]:
    """What each producer did, in order: nobody says who of two comes first."""
    found: dict[int, list[Performed]] = {}
    for one in run.runs:
        found.setdefault(one.producer, []).append(one)
    return [*found.values()]


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
