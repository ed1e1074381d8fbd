"""Checks that disturb for a moment and judge nothing: looked at is what a run leaves that is killed meanwhile."""

from __future__ import annotations

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Rung, Scope

COURSE = Course(hold_s=2.0, patience_s=5.0, steady_s=0.3, delay_s=0.2)


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    fault = Fault(str(claim["fault"]))
    held, anew = (role if role in claim.roles else "" for role in ("held", "anew"))
    return (Disturb(fault, "system", COURSE, caller="caller" if fault.of_link else "", held=held, anew=anew),)


@check(
    "killed.disturbed",
    claims="it is disturbed",
    says="{fault}",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={
        "system": Role("what is disturbed"),
        "caller": Role("who calls it", optional=True),
        "held": Role("what stands still meanwhile", optional=True),
        "anew": Role("what is killed meanwhile", optional=True),
    },
    params={"fault": Parameter(ParameterType.TEXT, "what is done")},
    takes_operation=True,
    needs=_needs,
)
def disturbed(claim: Claim, evidence: Evidence) -> Judgement:
    """Nothing is judged."""
    return verified("disturbed")
