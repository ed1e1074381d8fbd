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
_NOT_SEEN = "not seen which process served before and afterwards"


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
    (one,) = told.rounds
    before = list(filter(None, served(name, looks, told.began, one.injected)))
    since = served(name, looks, one.injected, told.ended)
    if not before:
        unverifiable(Reason.NO_OBSERVABLE, f"{name}: {_NOT_SEEN}")
    when, remedy = f"after the {told.fault} of {told.system}", f"let it live without {told.system}"
    gone_on(name, before[-1], since, f"{name} is another process", when, remedy)


def served(name: str, looks: Sequence[Seen[Runs]], began: float, ended: float) -> list[tuple[str, ...]]:
    """What served at each look in this time; cannot tell where one of them could not see it."""
    found = [look.fact for look in looks if began <= look.at < ended]
    if unseen := next((one.unseen for one in found if one.unseen), ""):
        unverifiable(Reason.NO_OBSERVABLE, f"{name}: which process serves", unseen)
    return [one.serving for one in found]


def gone_on(
    name: str, before: tuple[str, ...], since: Sequence[tuple[str, ...]], what: str, when: str, remedy: str
) -> None:
    """Refute, in the words of ``what``, if the eldest of those ``before`` serves no longer at the end of ``since``: who
    has ended never comes back. Cannot tell if others of them do not.
    """
    if len(since) < _LOOKS:
        unverifiable(Reason.NO_OBSERVABLE, f"{name}: {_NOT_SEEN}")
    last = since[-_LOOKS:]
    if not any(before[0] in serving for serving in last):
        refute(what, when, remedy=remedy)
    if set(before) - set().union(*last):
        because = f"some of them ended {when}"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{name}: not all of its processes went on", because)
