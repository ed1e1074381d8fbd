"""Can this green claim go red? Its evidence is made untrue in many small ways and judged again, purely."""

from __future__ import annotations

from dataclasses import replace

from pytest_distaudit.domain.audit import Proof
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine.conduct import Conducted, conduct, forgetting
from pytest_distaudit.engine.perturb import Looks, perturbations
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.engine.record import RecordedSight

#: perturbations that are tried of one claim before it counts as one that cannot go red
MOST_TRIES = 3000


def prove(planned: Planned, conducted: Conducted) -> Proof:
    """Try until one perturbation refutes the claim, which has been verified on ``conducted.looks``.

    A claim that becomes unverifiable is shaken, no more: only one that is refuted can go red.
    """
    key, shaken, tried = planned.claim.key, "", 0
    if _verdict(planned, conducted.looks) is not Verdict.VERIFIED:
        return Proof(key, False, "", "its recorded evidence does not verify it again", 0)
    for perturbed in perturbations(planned.claim, conducted.looks):
        if tried >= MOST_TRIES:
            break
        tried += 1
        verdict = _verdict(replace(planned, claim=perturbed.claim), perturbed.looks)
        if verdict is Verdict.REFUTED:
            return Proof(key, True, perturbed.words, shaken, tried)
        if verdict is Verdict.UNVERIFIABLE:
            shaken = shaken or perturbed.words
    return Proof(key, False, "", shaken, tried)


def _verdict(planned: Planned, looks: Looks) -> Verdict:
    with forgetting():
        return conduct(planned, iter([RecordedSight(look) for look in looks])).judgement.verdict
