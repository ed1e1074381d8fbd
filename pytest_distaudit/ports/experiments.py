"""What an experiment did to a system, and what came of that."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Round:
    """One fault, from its injection until the system served again. Seconds since the epoch, by a clock never set back.

    ``injected``: before anything was done; ``seen``: from when a second channel showed it, ``witness`` says how
    (None: nothing did, and why not is the ``witness``); ``undone``: when the audit began to undo it (None: there was
    nothing left to undo); ``back``: when the system served again and answered (None: it did not in the time it had).
    ``before`` and ``after`` name the processes that served; texts that differ are different processes.
    ``held``: from when the systems that are held stood still; None if none were.
    """

    injected: float
    seen: float | None
    witness: str
    undone: float | None
    back: float | None
    before: str = ""
    after: str = ""
    held: float | None = None

    @property
    def by_itself(self) -> bool:
        """Whether it served again before the audit did anything about it."""
        return self.back is not None and (self.undone is None or self.back <= self.undone)


@dataclass(frozen=True, slots=True)
class Experiment(Capability):
    """One fault done to one system while the workload ran. Args: ``fault``, ``system``.

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
