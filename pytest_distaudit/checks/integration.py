"""Claims about tools: that an application works by them, and does not merely have them beside it."""

from __future__ import annotations

from pytest_distaudit.checks._disturbed import ENOUGH, effective, traffics, undisturbed, without, works_again
from pytest_distaudit.checks._linked import Called, Linked, linked
from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent

#: how the protocol calls a tool (Model Context Protocol, tools)
_CALL = "tools/call"
#: a server of tools takes its time for what has waited: asked seldom, and for long enough afterwards
_COURSE = Course(hold_s=4.5, patience_s=20.0, rate=10.0, steady_s=3.5, after_s=8.0)
#: of requests, how many do what all do
_ALL, _NONE = 0.95, 0.05
#: what was asked so shortly before the server went on, and answered thereafter, need not have waited for it
_LAST_S = 0.5
_REMEDY = "have the operation call a tool, and answer with what that says"


@check(
    "mcp.integrated",
    claims="operations have a tool of the server called with what they are asked, and do not work while it is silent",
    says="works by the tools of the server",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles={
        "caller": Role("the system that calls tools, over a link of the target"),
        "system": Role("the server of tools, asked over HTTP"),
    },
    takes_operation=True,
    cost_s=25.0,
    needs=lambda claim: (
        Disturb(Fault.FREEZE, "system", _COURSE),
        Disturb(Fault.HALF_OPEN, "system", _COURSE, caller="caller"),
    ),
    connects=(("caller", "system"),),
    shows_not="that what the tool says stands in the answer, and which of several tools is needed",
)
def integrated(claim: Claim, evidence: Evidence) -> Judgement:
    """The server stands still, and then its link is silent (behaviours 1.9): both have to show in the answers. What was
    asked has to come in calls of tools; a greeting or a list of tools is none.
    """
    (frozen,) = effective(evidence, Fault.FREEZE).values()
    for name, flow in traffics(claim, evidence, frozen).items():
        _stops(name, frozen, flow.sent)
    shares = [_calls(name, found) for name, found in linked(claim, evidence, Fault.HALF_OPEN).items()]
    return verified(
        f"{min(shares):.0%} of requests have a tool called", "and none is answered while the server is silent"
    )


def _stops(name: str, told: Experiment, sent: tuple[Sent, ...]) -> None:
    """Raise unless the operation stops with the server and works again with it."""
    (one,) = told.rounds
    if one.undone is None or one.seen is None:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{told.system} was replaced", f"during the {told.fault}")
    asked = without([each for each in sent if one.seen <= each.sent < one.undone], one.undone, _LAST_S)
    answered = [each for each in asked if each.ok]
    if len(asked) < ENOUGH:
        unverifiable(Reason.VACUOUS, f"{len(asked)} requests", f"during the {told.done}; {ENOUGH} are needed")
    share, seen = len(answered) / len(asked), f"{len(answered)} of {len(asked)} succeeded during the {told.done}"
    if share >= _ALL:
        refute(f"{name} works without {told.system}", seen, remedy=_REMEDY)
    if share > _NONE:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{name} fails now and then", seen)
    again = works_again([each for each in sent if each.sent >= one.undone])
    if len(again) < ENOUGH:
        because = f"{len(again)} requests in a row succeeded after the {told.done}; {ENOUGH} are needed"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{name} does not work again", because)


def _calls(name: str, found: Linked) -> float:
    """Of requests before the link was silent, how many had a tool called."""
    told = found.told
    if not found.by_nonce:
        because = f"what {told.caller} sends to {told.system} does not hold what {name} is asked"
        unverifiable(Reason.NO_OBSERVABLE, "calls not told apart", because, remedy="pass on what is asked")
    before = [each for each in found.calls if undisturbed(told, each.sent)]
    share = sum(map(_called, before)) / len(before)
    if not share:
        words = sorted({one.words for each in before for one in each.arrivals})
        refute("no tool is called", f"for {name} came only {', '.join(words)}", remedy=_REMEDY)
    if share < _ALL:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{share:.0%} of {name} had a tool called", "all should")
    _stops(name, told, tuple(each.sent for each in found.calls))
    return share


def _called(each: Called) -> bool:
    return any(one.words.endswith(f" {_CALL}") for one in each.arrivals)
