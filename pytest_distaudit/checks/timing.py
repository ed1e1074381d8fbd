"""Claims about time: how soon a system is ready."""

from __future__ import annotations

from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.timing import Startup


@check(
    "startup.time",
    claims="the system is ready so soon after the start of its process",
    says="ready in {time}",
    rung=Rung.RUNNING,
    params={"time": Parameter(ParameterType.TIME, "from the start of the process to ready, such as '<= 30 s'")},
    needs=lambda claim: (Look("system", Startup.ask()),),
    judges_presence=("system",),
    shows_not="that it still runs (system.running), or starts as fast on another machine or with more data",
)
def startup(claim: Claim, evidence: Evidence) -> Judgement:
    """One start that the audit watched; a readiness that is no answer of the product can only come too early."""
    seen, wanted = evidence.one(Startup), claim["time"]
    if wanted.operator in ("==", "!="):
        unverifiable(Reason.AMBIGUOUS_CLAIM, _told(seen), f"no start takes exactly {wanted.quantity}; claim a bound")
    if seen.within_s is None:
        return _never(seen, wanted)
    if not seen.own_word:
        return _perhaps_later(seen, wanted)
    holds = {wanted.holds(seen.over_s), wanted.holds(seen.within_s)}
    if len(holds) > 1:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, _told(seen), f"not ready after {seen.over_s:.2f} s")
    if holds == {False}:
        refute(_told(seen), "from the start of its process to its own word", remedy="make it start as claimed")
    return verified(_told(seen), "from the start of its process to its own word")


def _told(seen: Startup) -> str:
    if seen.within_s is None:
        return f"not ready in {seen.over_s:.2f} s"
    return f"ready after {seen.within_s:.2f} s"


def _upper(wanted: Comparison) -> bool:
    return wanted.operator in ("<", "<=")


def _never(seen: Startup, wanted: Comparison) -> Judgement:
    """Whoever ended is never ready; whoever was waited for too briefly may yet be."""
    if seen.trouble.startswith("exited") or (_upper(wanted) and not wanted.holds(seen.over_s)):
        refute(_told(seen), seen.trouble, remedy="see why it does not become ready")
    unverifiable(Reason.NO_OBSERVABLE, _told(seen), seen.trouble, remedy="raise native.start_limit")


def _perhaps_later(seen: Startup, wanted: Comparison) -> Judgement:
    """An open port comes no later than the product's answer."""
    if _upper(wanted) and not wanted.holds(seen.over_s):
        refute(f"not up after {seen.over_s:.2f} s", "before that, not even its port or process was there")
    because = "its port or process was there, which is no word of the product"
    unverifiable(Reason.NO_OBSERVABLE, f"up after {seen.within_s:.2f} s", because, remedy="native.ready = 'GET /...'")
