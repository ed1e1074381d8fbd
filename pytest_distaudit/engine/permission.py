"""Whether an experiment may and can be done."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pytest_distaudit.domain.fault import Aim
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment, args_of
from pytest_distaudit.ports.located import Located


def refused(aim: Aim, bound: Mapping[str, Located]) -> Observation | None:
    """Why nothing may be done, as what is known of the experiment; None if it may be."""
    for name in aim.disturbed:
        if not bound[name].disposable:
            why = f"{name} is not declared disposable; where it may be disturbed, set disposable = true"
            return not_done(aim, Reason.NOT_SAFE, why)
    if aim.caller in bound[aim.system].unrelayed:
        return not_done(aim, *bound[aim.system].unrelayed[aim.caller])
    if why := _no_relay(aim, bound) or _no_hand(aim, bound):
        return not_done(aim, Reason.NO_CONTROL, why)
    return None


def _no_hand(aim: Aim, bound: Mapping[str, Located]) -> str:
    for name in aim.disturbed[1:] if aim.caller else aim.disturbed:
        if bound[name].control is None:
            return f"{name} was not started by the audit, which has no hand on its processes"
    return ""


def _no_relay(aim: Aim, bound: Mapping[str, Located]) -> str:
    if not aim.caller:
        return ""
    relay = bound[aim.system].relays.get(aim.caller)
    if relay is None:
        missing = f"no relay stands between {aim.caller} and {aim.system}"
        return f"{missing}; declare a link from one to the other with inject, and have the audit start {aim.caller}"
    if aim.fault.of_http and not relay.speaks_http:
        return f"{aim.system} is not asked over HTTP, so nothing can answer in its place"
    return ""


def not_done(aim: Aim, reason: Reason, why: str) -> Observation:
    """What is known of an experiment that was not done, or does not count."""
    return Observation(aim.system, Experiment.ask(**args_of(aim)), time.time(), 0.0, "", reason=reason, detail=why)
