"""Windows of time with and without performances of an activity, in an order drawn by lot; and rest."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability, Performed


@dataclass(frozen=True, slots=True)
class Window:
    """One window, ``began``..``ended`` in seconds since the epoch; without ``runs`` nothing was performed in it.

    ``drawn``: whether something was performed was decided by lot; the others come before and after.
    """

    began: float
    ended: float
    runs: tuple[Performed, ...] = ()
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Resting(Capability):
    """A time in which the audit performed nothing, ``began``..``ended`` in seconds since the epoch. Args: ``seconds``.

    What is watched was looked at between ``opened`` and ``began``, now and then, and between ``ended`` and ``closed``.
    ``lags``: system -> by how many seconds its statistics may be behind.
    """

    capability = "resting"
    opened: float
    began: float
    ended: float
    closed: float
    lags: dict[str, float]


@dataclass(frozen=True, slots=True)
class Alternation(Capability):
    """An activity performed in some of several windows of equal length. Args: ``activity``.

    In order: windows of rest, one of performances that sets the length, those ``drawn`` (as many with performances
    as without), and one of rest. What is watched was looked at before the first, between any two, after the last.
    """

    capability = "alternation"
    activity: str
    windows: tuple[Window, ...]
