"""Claims about what a queue does for the work that goes through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from pytest_distaudit.checks._disturbed import ENOUGH, effective, spans, traffics
from pytest_distaudit.checks._effects import Moves, effects, has_effects, last_answer, nothing_lost, shown
from pytest_distaudit.checks._once import (
    ONCE,
    UNSEEN,
    all_counted,
    done_before,
    messages_at_most,
    never_twice,
    one_message_each,
    repeated,
)
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.effects import Effect, Repeated
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how far a broker's statistics may be behind, in seconds
LAG_S = 7.0
#: requests a second, and how long before and after: enough to tell something
RATE = 10.0
STEADY_S = 4.0
#: beyond the lag, how long requests wait for a consumer that stands still
WAITS_S = 5.0
_PATIENCE_S = 30.0
#: how long whoever looks after a consumer has to start it again, before the audit does
HEALS_S = 5.0
#: crashes, and how many of them have to meet work (behaviours 2.2)
_KILLS, _MET = 5, 3
#: messages that have to be handed out again although their work was done, where it is claimed to be done once
_AGAIN = 3
#: how long all effects may take where the claim does not say it (behaviours 2.2)
_WITHIN_S = 60.0
#: a look takes so long, or the moment is not known better
_LOOK_S = 1.0
#: of what should wait, how much has to: some looks are older than others
_SHARE = 0.5

_VHOST = Parameter(ParameterType.TEXT, "the virtual host; default: that of the broker's address", None)
_QUEUE = {"queue": Parameter(ParameterType.TEXT, "the queue's name"), "vhost": _VHOST}
_QUEUE_ONCE = {**_QUEUE, "once": ONCE}
_ROLES = {"system": Role("the message broker"), "consumer": Role("who takes the messages and does the work")}

_MESSAGE = (
    "that the message itself carries the work: a consumer that takes it and finds its work elsewhere looks the same"
)
_OTHERS = "that a broker may crash (queue.durable), or that somebody starts the consumer again (recovery.self-heals)"
_TOLD = "two requests with one nonce were seen to have two"


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _ask(claim: Claim) -> Ask:
    return Queue.ask(name=claim["queue"], **({"vhost": claim["vhost"]} if claim["vhost"] else {}))


def _course(claim: Claim, hold_s: float, times: int = 1) -> Course:
    effects_s = _within(claim) + LAG_S
    course = Course(hold_s, _PATIENCE_S, times, steady_s=STEADY_S, rate=RATE, effects_s=effects_s, rest_s=2 * LAG_S)
    return replace(course, counts=bool(claim.params.get("once")))


@dataclass(frozen=True)
class _Seen:
    """Everything about one claim."""

    told: Experiment
    flows: dict[str, Traffic]
    known: dict[str, dict[str, Effect]]
    moves: Moves
    repeated: dict[str, Repeated | None]

    def acknowledged(self, began: float, ended: float) -> list[tuple[Sent, dict[str, Effect]]]:
        """Requests that were sent and succeeded in this time, of every operation, with its effects."""
        return [
            (one, self.known[name])
            for name, flow in self.flows.items()
            for one in flow.between(began, ended)
            if one.ok and one.ended <= ended
        ]


def _seen(claim: Claim, evidence: Evidence, fault: Fault, role: str, held: tuple[str, ...] = ()) -> _Seen:
    (told,) = effective(evidence, fault, role, held).values()
    looks = evidence.history(Queue, ask=_ask(claim))
    if not looks[-1].fact.exists:
        refute(f"no queue {claim['queue']}", "when all was over", remedy="declare the queue, or correct the document")
    flows, known = traffics(claim, evidence, told), effects(claim, evidence, told)
    found = _Seen(told, flows, known, Moves(looks, LAG_S), repeated(claim, evidence, told))
    if claim.params.get("once"):
        never_twice(flows, known)
    # a broker that was started again counts anew
    _carried(found, claim["queue"], told.rounds[0].injected if held else inf)
    has_effects(found.flows, found.known)
    return found


def _carried(seen: _Seen, queue: str, until: float) -> None:
    """Raise unless as many messages came into the queue as requests succeeded."""
    first, last = seen.moves.looks[0].at + _LOOK_S, max(one.at for one in seen.moves.looks if one.at <= until)
    asked = len(seen.acknowledged(first, last - LAG_S))
    came = seen.moves.moved("published", until=until)
    because = f"{asked} requests succeeded, and {came} messages came into queue {queue}"
    if asked and not came:
        refute("no message arrived", because, remedy="publish the work to this queue, or correct the document")
    if came < asked:
        unverifiable(Reason.VACUOUS, f"{came} messages for {asked} requests", because)


def _nothing_lost(seen: _Seen, within_s: float) -> int:
    """How many requests had their effect. Raises if any that succeeded had none."""
    empty = seen.moves.empty(last_answer([*seen.flows.values()]))
    return nothing_lost(seen.flows, seen.known, empty, within_s)


@check(
    "queue.delivers",
    claims="what operations ask for waits in the queue while its consumer stands still, and is done when it goes on",
    says="queue {queue} delivers the work to its consumer",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles=_ROLES,
    params=_QUEUE_ONCE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=45.0,
    needs=lambda claim: (
        Disturb(Fault.FREEZE, "consumer", _course(claim, LAG_S + WAITS_S), (Look("system", _ask(claim)),)),
    ),
    shows_not=f"{_MESSAGE}; whether work is done twice, or survives a crash (queue.redelivers)",
)
def delivers(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.1: the consumer is frozen. Messages have to wait, effects to be absent, and all to come after."""
    seen = _seen(claim, evidence, Fault.FREEZE, "consumer")
    one = seen.told.rounds[0]
    if one.undone is None or one.seen is None:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, "the consumer was replaced", "before its queue could be looked at")
    held = seen.acknowledged(one.seen, one.undone)
    if len(held) < ENOUGH:
        because = f"while the consumer stood still; {ENOUGH} are needed: the operation may wait for the work itself"
        unverifiable(Reason.VACUOUS, f"{len(held)} requests succeeded", because)
    rose = _waits(seen, one)
    done = _nothing_lost(seen, _within(claim))
    _taken(seen, one)
    because = f"none of {len(held)} requests had its effect while the consumer stood still"
    if not claim["once"]:
        return verified(f"{rose} messages waited, all {done} requests done", because)
    _counted(seen)
    return verified(
        f"{rose} messages waited, all {done} requests done once",
        f"{because}; {_TOLD}",
        shows_not=f"{_MESSAGE}; whether it is once when a message is handed out again (queue.redelivers); {UNSEEN}",
    )


def _counted(seen: _Seen) -> None:
    all_counted(seen.flows, seen.known, seen.repeated, seen.moves.empty(last_answer(list(seen.flows.values()))))


def _waits(seen: _Seen, one: Round) -> int:
    """How many messages waited at last. Raises unless they did, and their effects with them."""
    assert one.seen is not None
    assert one.undone is not None
    at, waited = seen.moves.waiting(one.seen, one.undone)[-1]
    rose = waited - seen.moves.waiting(0.0, one.injected)[-1][1]
    asked, expected = seen.acknowledged(one.seen, at), seen.acknowledged(one.seen, at - LAG_S)
    told = f"{rose} more messages waited while the consumer stood still, {len(asked)} were asked for"
    if not expected:
        unverifiable(Reason.VACUOUS, "no look late enough", "at the queue, while the consumer stood still")
    if early := sum(1 for each, known in seen.acknowledged(one.seen, one.undone) if shown([each], known, one.undone)):
        _done_early(seen, early, len(asked) - rose, told)
    if rose < len(expected) or seen.moves.moved("acked", one.seen + LAG_S, one.undone):
        _not_waiting(seen, one, rose < _SHARE * len(expected), told)
    return rose


def _done_early(seen: _Seen, early: int, taken: int, told: str) -> None:
    """Raise. More effects than messages can have been taken refute, where every request is one message."""
    because = f"{told}, and {early} effects were there"
    sent = messages_at_most(seen.flows, seen.repeated)
    if _SHARE * early > max(taken, 0) and seen.moves.moved("published") <= sent:
        refute("done without the messages", because, remedy="let the consumer do the work, and nobody else")
    because = f"{because}: name the system that holds all consumers"
    unverifiable(Reason.VACUOUS, "the work goes on without this consumer", because)


def _not_waiting(seen: _Seen, one: Round, few: bool, told: str) -> None:
    """Raise: the work waited, its messages did not."""
    if seen.moves.moved("delivered_auto", one.injected, one.undone or inf):
        because = f"{told}; who takes them need not acknowledge, so that they may wait where nobody sees them"
        unverifiable(Reason.NO_OBSERVABLE, "messages are handed out for good", because)
    assert one.seen is not None
    since, until = one.seen + LAG_S, one.undone or inf
    # counts that stand still may be old ones: only what was seen to be taken shows that somebody took it
    taken = seen.moves.moved("acked", since, until) > _SHARE * seen.moves.moved("published", since, until)
    if few and taken:
        refute("the messages do not wait for the consumer", f"{told}: somebody else takes them")
    unverifiable(Reason.VACUOUS, "not all messages waited", told)


def _taken(seen: _Seen, one: Round) -> None:
    """Raise unless the messages have left the queue together with the work."""
    assert one.seen is not None
    before = min(count for _, count in seen.moves.waiting(0.0, one.injected))
    _, count = seen.moves.waiting(0.0, inf)[-1]
    asked = len(seen.acknowledged(one.seen, seen.told.ended))
    left = count - before
    if left >= asked:
        refute("done without taking the messages", f"all was done, and {left} messages still wait")
    if left > 0:
        unverifiable(Reason.VACUOUS, f"{left} messages still wait", "although all was done")


@check(
    "queue.redelivers",
    claims="what the consumer had in work when it crashed is handed out again, and done",
    says="work of queue {queue} survives a crash of its consumer",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=_ROLES,
    params=_QUEUE_ONCE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=120.0,
    needs=lambda claim: (Disturb(Fault.CRASH, "consumer", _crashes(claim), (Look("system", _ask(claim)),)),),
    shows_not=f"that work is done once only, {_OTHERS}",
)
def redelivers(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.2: five kills. What is lost refutes; three of them must have met messages in work."""
    seen = _seen(claim, evidence, Fault.CRASH, "consumer")
    if seen.told.rounds[-1].back is None:
        unverifiable(Reason.BASELINE, "the consumer did not come back", "even though the audit started it again")
    done = _nothing_lost(seen, _within(claim))
    began = seen.told.rounds[0].injected
    if again := seen.moves.moved("redelivered", until=began):
        because = f"{again} messages were handed out again before anything was done: it cannot be told why"
        unverifiable(Reason.VACUOUS, "messages go back by themselves", because)
    met = [_in_work(seen, one, ended) for one, (_, ended) in zip(seen.told.rounds, spans(seen.told), strict=True)]
    if sum(met) < _MET:
        because = f"{sum(met)} of {len(met)} crashes met a message in work that was handed out again; {_MET} are needed"
        unverifiable(Reason.VACUOUS, "too little was in work", because, remedy="claim it of work that takes longer")
    because = f"{sum(met)} of them met work that was not done yet, and its messages were handed out again"
    if not claim["once"]:
        return verified(f"all {done} requests done in spite of {len(met)} crashes", because)
    _counted(seen)
    again = _done_already(seen)
    return verified(
        f"all {done} requests done once in spite of {len(met)} crashes",
        f"{because}, {again} at least although their work was done; {_TOLD}",
        shows_not=f"{_OTHERS}; {UNSEEN}; one that takes a crash at a moment which none of these met",
    )


def _done_already(seen: _Seen) -> int:
    """How many messages at least were handed out again although done. Raises unless they are some: only these are done
    twice by a consumer that does not know them.
    """
    one_message_each(seen.flows, seen.repeated, seen.moves)
    again = 0
    for one, (_, ended) in zip(seen.told.rounds, spans(seen.told), strict=True):
        assert one.seen is not None
        # only whom the audit starts again is known to have done nothing until then
        until = one.seen if one.undone is None else one.undone
        again += done_before(seen.flows, seen.known, one.seen, until, _handed_out_again(seen, one, ended))
    if again < _AGAIN:
        because = f"although done, as far as is known; {_AGAIN} are needed: only what is done already can be done twice"
        remedy = "let the consumer take a while between its effect and the acknowledgement"
        unverifiable(Reason.VACUOUS, f"{again} messages were handed out again", because, remedy=remedy)
    return again


def _crashes(claim: Claim) -> Course:
    # what was handed out again has to be counted before the next crash
    course = _course(claim, HEALS_S, _KILLS)
    return replace(course, steady_s=max(course.steady_s, LAG_S + _LOOK_S))


def _in_work(seen: _Seen, one: Round, ended: float) -> bool:
    """Whether a request was not done when its consumer was dead, and messages were handed out again thereafter."""
    assert one.seen is not None
    caught = any(
        effect.absent is not None and effect.absent >= one.seen
        for sent, known in seen.acknowledged(0.0, one.injected)
        if (effect := known.get(sent.nonce)) is not None
    )
    return caught and _handed_out_again(seen, one, ended) > 0


def _handed_out_again(seen: _Seen, one: Round, ended: float) -> int:
    """How many messages were, after this crash and before the next one."""
    until = ended if one is not seen.told.rounds[-1] else inf
    before = [look.at for look in seen.moves.looks if look.at <= one.injected]
    return seen.moves.moved("redelivered", before[-1], until) if before else 0


def _restarted(claim: Claim) -> tuple[Disturb, ...]:
    course = _course(claim, LAG_S + WAITS_S)
    return (Disturb(Fault.CRASH, "system", course, (Look("system", _ask(claim)),), held="consumer"),)


@check(
    "queue.durable",
    claims="what the broker held for a consumer when it crashed is done once both are back",
    says="work that waits in queue {queue} survives a crash of the broker",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=_ROLES,
    params=_QUEUE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=90.0,
    needs=_restarted,
    shows_not="the loss of a machine or a disk: a killed process loses nothing that it wrote, synced or not; whether "
    "another broker holds a copy; publishers that do not wait for the broker's word may be lucky",
)
def durable(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.3: the consumer stands still, the broker is killed in the meantime and started again."""
    seen = _seen(claim, evidence, Fault.CRASH, "system", evidence.systems("consumer"))
    one = seen.told.rounds[0]
    if one.back is None or one.held is None:
        unverifiable(Reason.BASELINE, "the broker did not come back", "even though the audit started it again")
    held = seen.acknowledged(one.held, one.injected)
    if len(held) < ENOUGH:
        because = f"while the consumer stood still; {ENOUGH} are needed: the operation may wait for the work itself"
        unverifiable(Reason.VACUOUS, f"{len(held)} requests succeeded", because)
    at, waited = seen.moves.waiting(one.held, one.injected)[-1]
    rose = waited - seen.moves.waiting(0.0, one.held)[-1][1]
    expected = len(seen.acknowledged(one.held, at - LAG_S))
    early = sum(1 for each, known in held if shown([each], known, one.injected))
    told = f"{rose} messages waited for {expected} requests, and {early} had their effect"
    if early or not expected or rose < expected:
        unverifiable(Reason.VACUOUS, "the work did not wait in the queue", f"while the consumer stood still: {told}")
    done = _nothing_lost(seen, _within(claim))
    return verified(f"all {done} requests done, {rose} messages waited when the broker crashed")
