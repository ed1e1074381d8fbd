"""What an experiment did to a system, and what came of that."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.domain.fault import Aim
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.traffic import Sent


@dataclass(frozen=True, slots=True)
class Round:
    """One fault, from its injection until the system served again. Seconds since the epoch, by a clock never set back.

    ``injected``: before anything was done; ``seen``: from when a second channel showed it, ``witness`` says how
    (None: nothing did, and why not is the ``witness``); ``undone``: when the audit began to undo it (None: there was
    nothing left to undo); ``back``: when the system served again and answered (None: it did not in the time it had).
    ``before`` and ``after`` name the processes that served; texts that differ are different processes.
    ``held``: from when the systems that are held stood still; None if none were. ``anew``: the crash of each system
    that was started anew meanwhile. ``struck``: of a crash, the last moment at which nobody had been killed; finding
    who is to be killed takes a while after ``injected``.
    """

    injected: float
    seen: float | None
    witness: str
    undone: float | None
    back: float | None
    before: str = ""
    after: str = ""
    held: float | None = None
    anew: tuple[Round, ...] = ()
    struck: float | None = None

    @property
    def by_itself(self) -> bool:
        """Whether it served again before the audit did anything about it."""
        return self.back is not None and (self.undone is None or self.back <= self.undone)


@dataclass(frozen=True, slots=True)
class Experiment(Capability):
    """One fault done to one system, or to the link by which ``caller`` reaches it, while the workload ran. Args:
    ``fault``, of a link ``caller``.

    ``began``..``ended`` in seconds since the epoch. ``steady``: whether the system served and the workload succeeded
    before anything was done; without that nothing was, ``trouble`` says why. Then there are no ``rounds``.
    ``waited_s``: how long the audit let the system be before it undid the fault; ``patience_s``: how long it had to
    serve again after that.
    """

    capability = "experiment"
    fault: str
    system: str
    began: float
    ended: float
    steady: bool
    waited_s: float
    patience_s: float
    rounds: tuple[Round, ...] = ()
    trouble: str = ""
    caller: str = ""

    @property
    def args(self) -> dict[str, str]:
        """By what it is told from the system's other experiments."""
        return _args(self.fault, self.caller)

    @property
    def place(self) -> str:
        """Where it was done."""
        return f"{self.caller} -> {self.system}" if self.caller else self.system

    @property
    def done(self) -> str:
        """What was done to what."""
        return f"{self.fault} of {self.place}"


@dataclass(frozen=True, slots=True)
class Shortest:
    """What is left of a refuted experiment when everything is left out without which the same is found.

    ``faults``: (what was done to what, when), ``requests``: (the operation, what became of the request), of as many as
    there were; ``judgement`` is about these alone.
    """

    faults: tuple[tuple[str, float], ...]
    of_faults: int
    requests: tuple[tuple[str, Sent], ...]
    of_requests: int
    judgement: Judgement


def args_of(aim: Aim) -> dict[str, str]:
    """By what the experiment will be told from the system's other ones."""
    return _args(aim.what, aim.caller)


def _args(fault: str, caller: str) -> dict[str, str]:
    return {"fault": fault, **({"caller": caller} if caller else {})}
