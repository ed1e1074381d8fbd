"""Whether systems went on in the same processes while something was done to another one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.runs import Runs

#: one look may miss a socket
_LOOKS = 2


def one_process(evidence: Evidence, role: str, told: Experiment) -> int:
    """How many there are. Refutes where another process serves for one in ``role``; cannot tell where nobody saw which
    one did.
    """
    found = evidence.histories(Runs, role)
    every(partial(_same, name, looks, told) for name, looks in found.items())
    return len(found)


def _same(name: str, looks: Sequence[Seen[Runs]] | Unobservable, told: Experiment) -> None:
    if isinstance(looks, Unobservable):
        raise looks
    if unseen := next((look.fact.unseen for look in looks if look.fact.unseen), ""):
        unverifiable(Reason.NO_OBSERVABLE, f"{name}: which process serves", unseen)
    (one,) = told.rounds
    before = [look.fact.serving for look in looks if told.began <= look.at < one.injected and look.fact.serving]
    since = [look.fact.serving for look in looks if one.injected <= look.at <= told.ended]
    if not before or len(since) < _LOOKS:
        unverifiable(Reason.NO_OBSERVABLE, f"{name}: not seen which process served before and afterwards")
    # who has ended never comes back, so the last looks tell
    last = since[-_LOOKS:]
    if not any(before[-1][0] in serving for serving in last):
        because = f"after the {told.fault} of {told.system}"
        refute(f"{name} is another process", because, remedy=f"let it live without {told.system}")
    if set(before[-1]) - set().union(*last):
        because = f"some of them ended after the {told.fault} of {told.system}"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{name}: not all of its processes went on", because)
