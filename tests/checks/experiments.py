"""Hand-made experiments: what was done when, and what became of twenty requests a second meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import fact

#: seconds of every round: the fault at its begin
ROUND_S = 10.0
STEADY_S = 2.0
RATE = 20.0


def round_(number: int = 1, back: float | None = 1.0, undone: float | None = None, seen: float | None = 0.1) -> Round:
    """``back``, ``undone`` and ``seen`` in seconds after its injection."""
    injected = STEADY_S + (number - 1) * ROUND_S

    def at(later: float | None) -> float | None:
        return None if later is None else injected + later

    return Round(injected, at(seen), "seen" if seen else "nothing showed", at(undone), at(back), "one", "two")


def experiment(
    *rounds: Round, system: str = "api", fault: str = "crash", steady: bool = True, trouble: str = ""
) -> Observation:
    """An experiment as it was seen."""
    told = Experiment(fault, system, 0.0, STEADY_S + ROUND_S * len(rounds), steady, 5.0, 30.0, rounds, trouble)
    return fact(system, told, fault=fault)


def traffic(
    rounds: int = 1,
    fails: Callable[[float], bool] = lambda later: later < 1.0,
    *,
    operation: str = "ask",
    fault: str = "crash",
    system: str = "api",
    says: Callable[[float], Sent] | None = None,
    **more: object,
) -> Observation:
    """``fails`` tells of a time in seconds after the injection; ``more`` are fields of every request that succeeded."""
    count = int((STEADY_S + ROUND_S * rounds) * RATE)
    sent = [_sent(at / RATE, fails, more) for at in range(count)]
    told = Traffic(operation, RATE, tuple(sent))
    return fact("", told, operation=operation, fault=fault, system=system)


def _sent(at: float, fails: Callable[[float], bool], more: dict[str, object]) -> Sent:
    later = -1.0 if at < STEADY_S else (at - STEADY_S) % ROUND_S
    if later >= 0 and fails(later):
        return Sent(f"n{at}", at, at, 0.01, Outcome.FAIL, 503, detail="no")
    fields = {"echoed": True, "node": "a", **{k: v(later) if callable(v) else v for k, v in more.items()}}
    took = fields.pop("took", 0.01)
    return Sent(f"n{at}", at, at, took, Outcome.OK, 200, **fields)  # type: ignore[arg-type]
