"""Claims about queues, from "there is one" to "the work moves through it"."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_distaudit.checks._watched import Watched, baseline, busy
from pytest_distaudit.domain.check import Observes, Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
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


def _lasting(queues: Queues) -> list[str]:
    return sorted(set(queues.names) - set(queues.transient))


@check(
    "queue.exists",
    claims="the broker has that queue, and it serves",
    says="queue {queue}",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={**_QUEUE, "durable": Parameter(ParameterType.FLAG, "whether it must survive a broker restart", None)},
    observes=Observes(Queues, lambda fact: ({"queue": name} for name in _lasting(fact))),
    needs=_look,
    shows_not="that anybody publishes or consumes",
)
def exists(claim: Claim, evidence: Evidence) -> Judgement:
    """A queue, not an exchange of that name, and in that virtual host."""
    queue = _existing(evidence.one(Queue, ask=_queue(claim)))
    wanted = claim["durable"]
    if wanted is not None and queue.durable is None:
        unverifiable(Reason.NO_OBSERVABLE, "durability unknown", "the broker's management interface is not declared")
    lasting = queue.durable and not queue.exclusive
    if wanted is not None and lasting is not wanted:
        what = "durable" if lasting else "exclusive to one connection" if queue.durable else "not durable"
        refute(f"queue {queue.name} is {what}")
    return verified(f"queue {queue.name} exists", f"in virtual host {queue.vhost!r}")


@check(
    "queue.count",
    claims="the broker has so many lasting queues",
    says="{count} lasting queues",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={"count": Parameter(ParameterType.NUMBER, "how many, such as '>= 1'"), "vhost": _VHOST},
    observes=Observes(Queues, lambda fact: [{"count": len(_lasting(fact))}]),
    needs=lambda claim: (Look("system", Queues.ask(**_where(claim))),),
    shows_not="that anybody publishes or consumes",
)
def count(claim: Claim, evidence: Evidence) -> Judgement:
    """Queues that live only with a connection, and the audit's own, do not count."""
    queues = evidence.one(Queues, ask=Queues.ask(**_where(claim)))
    lasting = _lasting(queues)
    because = f"in virtual host {queues.vhost!r}: {', '.join(lasting[:10]) or 'none'}"
    if queues.transient:
        because += f"; {len(queues.transient)} more live only with their connection"
    if not claim["count"].holds(len(lasting)):
        refute(counted(len(lasting), "queue"), because, remedy="declare the queues, or correct the document")
    return verified(counted(len(lasting), "queue"), because)


@check(
    "queue.has-consumers",
    claims="somebody consumes from the queue",
    says="{consumers} consumers of queue {queue}",
    rung=Rung.CONFIGURED,
    roles=_BROKER,
    params={**_QUEUE, "consumers": Parameter(ParameterType.NUMBER, "how many", ">= 1")},
    needs=_look,
    # a broker lists a new consumer only when it next samples itself
    settles_s=6.0,
    shows_not="that they do anything with a message (queue.consumed)",
)
def has_consumers(claim: Claim, evidence: Evidence) -> Judgement:
    """The audit's own consumers and those the broker holds inactive do not count."""
    queue = _existing(evidence.one(Queue, ask=_queue(claim)))
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
        refute(
            counted(found, "consumer"), f"of queue {queue.name}; {because}", remedy="start the consumer of this queue"
        )
    return verified(counted(found, "consumer"), because)


@check(
    "queue.consumed",
    claims="an activity's messages move through the queue to somebody who takes them off it",
    says="an activity's messages move through queue {queue}",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=_BROKER,
    params=_QUEUE,
    takes_activity=True,
    connects=(("activity", "system"),),
    changes_target=True,
    cost_s=20.0,
    needs=lambda claim: (Perform((Look("system", _queue(claim)),)),),
    shows_not="that the work was done, or by another process than the publisher's (queue.delivers)",
    version=2,
)
def consumed(claim: Claim, evidence: Evidence) -> Judgement:
    """Counters of one broker process at both ends. Whatever else moves them can hide a lie, never make a truth."""
    run = evidence.shared(ActivityRun)
    performed = [one for one in run.runs if one.ok]
    if not performed:
        baseline(run)
    looks = evidence.history(Queue, ask=_queue(claim))
    _existing(looks[-1].fact)
    moves = _Moves(looks, run)
    _refuted_by(moves, len(performed))
    if len(performed) < len(run.runs):
        baseline(run)
    _attributable(moves, len(performed))
    return verified(
        f"{moves.published} of {moves.published} messages consumed",
        f"{len(performed)} performances, published {moves.published}, taken {moves.taken}",
    )


def _refuted_by(moves: _Moves, runs: int) -> None:
    """Refute what other traffic cannot excuse: too little moved, whosever it was."""
    seen = f"{runs} performances, then {moves.waited:.0f} s"
    if moves.published < runs:
        moved = f"the queue's publish counter moved by {moves.published}"
        refute(f"{moves.published} of {runs} messages arrived", f"{seen}: {moved}")
    if moves.taken >= runs:
        return
    if moves.delivered < runs:
        arrived = f"{moves.published} messages arrived, {moves.delivered} were delivered"
        refute("nobody takes the messages", f"{seen}: {arrived}")
    manner = "handed back" if moves.redelivered >= runs else "never acknowledged"
    if moves.left_open == 0 and manner != "handed back":
        manner = "rejected"
    answered = f"{moves.delivered} deliveries, {moves.taken} acknowledged, {moves.left_open} left open"
    refute(f"messages {manner}", f"{seen}: {answered}")


def _attributable(moves: _Moves, runs: int) -> None:
    """Raise unless every movement can be told to be the activity's."""
    told = f"{moves.published} published, {moves.taken} taken for {runs} performances"
    if not moves.quiet_before:
        busy("the queue is busy by itself", f"it moved before the activity began; {told}")
    if not moves.rested:
        busy("the queue does not come to rest", f"it still moved after {moves.waited:.0f} s; {told}")
    if moves.published % runs or moves.taken != moves.published:
        busy("the counts do not fit the activity", f"{told}: others use the queue, or not all was taken")
    if not moves.subscribed:
        because = f"{told}, but no look saw a consumer: the publisher itself may have fetched them"
        unverifiable(Reason.NO_OBSERVABLE, "taken by nobody who is subscribed", because)


class _Moves(Watched[Queue]):
    """How far the queue's counters moved from just before the activity to the last look."""

    def __init__(self, looks: Sequence[Seen[Queue]], run: ActivityRun) -> None:
        super().__init__(looks, run, "queue", _counters)
        self.published = self._moved("published")
        self.taken = self._moved("acked", "delivered_auto")
        self.delivered = self._moved("delivered", "delivered_auto")
        self.redelivered = self._moved("redelivered")
        self.subscribed = any(_subscribed(look.fact) for look in looks)

    @property
    def left_open(self) -> int | None:
        """Deliveries that wait for an acknowledgement at the end."""
        return self.end.unacked

    def _moved(self, *counters: str) -> int:
        moved = 0
        for counter in counters:
            before, after = getattr(self.start, counter), getattr(self.end, counter)
            if after is None or (before is None and self.start.exists):
                unverifiable(Reason.NO_OBSERVABLE, "no counters", "the broker keeps no message statistics")
            if after < (before or 0):
                busy("the counters began anew", "the queue was deleted and declared again in between")
            moved += after - (before or 0)
        return moved


def _counters(queue: Queue) -> tuple[int, ...]:
    """Everything that only ever grows."""
    counted = queue.published, queue.delivered, queue.delivered_auto, queue.acked, queue.redelivered
    return tuple(counter or 0 for counter in counted)


def _subscribed(queue: Queue) -> bool:
    if queue.consumers is not None:
        return any(not consumer.ours for consumer in queue.consumers)
    return bool(queue.consumer_count)
