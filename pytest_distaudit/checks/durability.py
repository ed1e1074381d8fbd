"""Claims that work survives a crash of the broker that holds it."""

from __future__ import annotations

from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.checks._effects import shown
from pytest_distaudit.checks._queued import QUEUE, ROLES, ask, carried, course, held_s, within
from pytest_distaudit.domain.check import check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.judgement import Judgement, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope


def _restarted(claim: Claim) -> tuple[Disturb, ...]:
    look = Look("system", ask(claim))
    return (Disturb(Fault.CRASH, "system", course(claim, held_s()), (look,), held="consumer"),)


@check(
    "queue.durable",
    claims="what the broker held for a consumer when it crashed is done once both are back",
    says="work that waits in queue {queue} survives a crash of the broker",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params=QUEUE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=90.0,
    needs=_restarted,
    shows_not="the loss of a machine or a disk: a killed process loses nothing that it wrote, synced or not; whether "
    "another broker holds a copy; publishers that do not wait for the broker's word may be lucky",
)
def durable(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.3: the consumer stands still, the broker is killed in the meantime and started again."""
    seen = carried(claim, evidence, Fault.CRASH, "system", evidence.systems("consumer"))
    one = seen.told.rounds[0]
    if one.back is None or one.held is None:
        unverifiable(Reason.BASELINE, "the broker did not come back", "even though the audit started it again")
    held = seen.acknowledged(one.held, one.injected)
    if len(held) < ENOUGH:
        because = f"while the consumer stood still; {ENOUGH} are needed: the operation may wait for the work itself"
        unverifiable(Reason.VACUOUS, f"{len(held)} requests succeeded", because)
    at, waited = seen.moves.waiting(one.held, one.injected)[-1]
    rose = waited - seen.moves.waiting(0.0, one.held)[-1][1]
    expected = len(seen.acknowledged(one.held, at - seen.moves.lag))
    early = sum(1 for each, known in held if shown([each], known, one.injected))
    told = f"{rose} messages waited for {expected} requests, and {early} had their effect"
    if early or not expected or rose < expected:
        unverifiable(Reason.VACUOUS, "the work did not wait in the queue", f"while the consumer stood still: {told}")
    done = seen.all_done(within(claim))
    return verified(f"all {done} requests done, {rose} messages waited when the broker crashed")
