"""Claims about queues, from "there is one" to "the work moves through it"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.capabilities import ActivityRun, Queue, Queues

_BROKER = {"system": Role("the message broker")}
_VHOST = Parameter(ParameterType.TEXT, "the virtual host; default: that of the broker's address", None)
_QUEUE = {"queue": Parameter(ParameterType.TEXT, "the queue's name"), "vhost": _VHOST}


def _where(claim: Claim) -> dict[str, str]:
    return {"vhost": claim["vhost"]} if claim["vhost"] else {}


def _queue(claim: Claim) -> Ask:
    return Queue.ask(name=claim["queue"], **_where(claim))


def _look(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", _queue(claim)),)


def _existing(queue: Queue) -> Queue:
    if not queue.exists:
        refute(f"no queue {queue.name}", f"the broker has no queue {queue.name!r} in virtual host {queue.vhost!r}")
    if queue.state in {"down", "crashed", "stopped", "minority"}:
        refute(f"queue {queue.name} {queue.state}", "the broker has its name, but it does not serve")
    return queue


@check(
    "queue.exists",
    claims="the broker has that queue, and it serves",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={**_QUEUE, "durable": Parameter(ParameterType.FLAG, "whether it must survive a broker restart", None)},
    needs=_look,
    shows_not="that anybody publishes or consumes",
)
def exists(claim: Claim, evidence: Evidence) -> Judgement:
    """A queue, not an exchange of that name, and in that virtual host."""
    queue = _existing(evidence.one(Queue))
    wanted = claim["durable"]
    if wanted is not None and queue.durable is None:
        unverifiable(Reason.NO_OBSERVABLE, "durability unknown", "the broker's management interface is not declared")
    if wanted is not None and queue.durable is not wanted:
        refute(f"queue {queue.name} is {'durable' if queue.durable else 'not durable'}")
    return verified(f"queue {queue.name} exists", f"in virtual host {queue.vhost!r}")


@check(
    "queue.count",
    claims="the broker has so many lasting queues",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={"count": Parameter(ParameterType.NUMBER, "how many, such as '>= 1'"), "vhost": _VHOST},
    needs=lambda claim: (Look("system", Queues.ask(**_where(claim))),),
    shows_not="that anybody publishes or consumes",
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Queues that live only with a connection, and the audit's own, do not count."""
    queues = evidence.one(Queues)
    lasting = sorted(set(queues.names) - set(queues.transient))
    because = f"in virtual host {queues.vhost!r}: {', '.join(lasting[:10]) or 'none'}"
    if queues.transient:
        because += f"; {len(queues.transient)} more live only with their connection"
    if not claim["count"].holds(len(lasting)):
        refute(f"{len(lasting)} queues", because, remedy="declare the queues, or correct the document")
    return verified(f"{len(lasting)} queues", because)


@check(
    "queue.has-consumers",
    claims="somebody consumes from the queue",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={**_QUEUE, "consumers": Parameter(ParameterType.NUMBER, "how many", ">= 1")},
    needs=_look,
    shows_not="that they do anything with a message (queue.consumed)",
)
def has_consumers(claim: Claim, evidence: Evidence) -> Judgement:
    """The audit's own consumers and those the broker holds inactive do not count."""
    queue = _existing(evidence.one(Queue))
    if queue.consumers is not None:
        names = [
            consumer.connection for consumer in queue.consumers if not consumer.ours and consumer.active is not False
        ]
        found, because = len(names), f"connections: {', '.join(names) or 'none'}"
    elif queue.consumer_count is not None:
        found, because = queue.consumer_count, "by the broker's count; their names cannot be read"
    else:
        unverifiable(Reason.NO_OBSERVABLE, "consumers unknown", "the broker does not tell its consumers")
    if not claim["consumers"].holds(found):
        refute(f"{found} consumers", f"of queue {queue.name}; {because}", remedy="start the consumer of this queue")
    return verified(f"{found} consumers", because)


@check(
    "queue.consumed",
    claims="an activity's messages move through the queue to somebody who takes them off it",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=_BROKER,
    params=_QUEUE,
    takes_activity=True,
    changes_target=True,
    cost_s=20.0,
    needs=lambda claim: (Perform((Look("system", _queue(claim)),)),),
    shows_not="that the work was done (queue.delivers)",
)
def consumed(claim: Claim, evidence: Evidence) -> Judgement:
    """Counters of one broker process at both ends; what moved in the idle window is not the activity's."""
    run = evidence.shared(ActivityRun)
    performed = [one for one in run.runs if one.ok]
    if not performed:
        failed = run.runs[0] if run.runs else None
        unverifiable(Reason.BASELINE, "the activity fails", failed.detail if failed else "it was never performed")
    looks = evidence.history(Queue)
    _existing(looks[-1].fact)
    _one_broker([look.identity for look in looks if look.at >= run.active_from])
    moves = _Moves(looks, run)
    return _through(len(performed), moves)


def _one_broker(identities: Sequence[str]) -> None:
    """Counters of two processes cannot be subtracted."""
    if not all(identities):
        unverifiable(Reason.NO_OBSERVABLE, "which process counts is unknown", "the broker does not tell its identity")
    if len(set(identities)) > 1:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "the broker restarted", "its counters began anew in between")


def _through(runs: int, moves: _Moves) -> Judgement:
    """In at one end, out at the other, both attributable to the activity."""
    published, taken = moves.attributable("published"), moves.attributable("acked", "delivered_auto")
    delivered, back = moves.attributable("delivered", "delivered_auto"), moves.attributable("redelivered")
    ran = f"{runs} performances"
    if published.most < runs:
        refute(
            f"{published} of {runs} messages arrived", f"{ran}, but the queue's publish counter moved by {published}"
        )
    if taken.most < runs and delivered.most < runs:
        refute("nobody takes the messages", f"{ran}, {published} messages arrived, {delivered} were delivered")
    if taken.most < runs:
        manner = "handed back" if back.least >= runs else "never acknowledged"
        refute(f"messages {manner}", f"{delivered} deliveries, {taken} acknowledged, {moves.unacked} left open")
    if published.least >= runs and taken.least >= runs:
        return verified(f"{runs} of {runs} messages consumed", f"published {published}, taken {taken}")
    because = f"the queue is busy by itself: {published} published, {taken} taken can be the activity's of {runs}"
    return unverifiable(
        Reason.INCONCLUSIVE_STATISTICS, "too much other traffic", because, remedy="audit a quieter target"
    )


@dataclass(frozen=True, slots=True)
class _Range:
    """How many of the moved messages can be the activity's: at least, at most."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.most) if self.least == self.most else f"{max(0, self.least)} to {self.most}"


class _Moves:
    """Counter movements in the active window, less what the idle window lets one expect there."""

    def __init__(self, looks: Sequence[Seen[Queue]], run: ActivityRun) -> None:
        idle = [look for look in looks if look.at < run.active_from] or [looks[0]]
        self._first, self._start, self._end = idle[0], idle[-1], looks[-1]
        quiet = self._start.at - self._first.at
        self._ratio = (self._end.at - self._start.at) / quiet if quiet > 0 else 0.0

    @property
    def unacked(self) -> int | None:
        """Deliveries that wait for an acknowledgement at the end."""
        return self._end.fact.unacked

    def attributable(self, *counters: str) -> _Range:
        """Idle traffic is taken for Poisson: three standard deviations either way are left open."""
        moved = self._between(self._start, self._end, counters)
        expected = self._between(self._first, self._start, counters) * self._ratio
        if expected == 0:
            return _Range(moved, moved)
        spread = 3 * sqrt(expected)
        return _Range(moved - ceil(expected + spread), moved - max(0, floor(expected - spread)))

    def _between(self, earlier: Seen[Queue], later: Seen[Queue], counters: Sequence[str]) -> int:
        moved = 0
        for counter in counters:
            before, after = getattr(earlier.fact, counter), getattr(later.fact, counter)
            if after is None:
                unverifiable(Reason.NO_OBSERVABLE, "no counters", "the broker keeps no message statistics")
            moved += after - (before or 0)
        return moved
