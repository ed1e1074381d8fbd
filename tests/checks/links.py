"""Hand-made experiments with a link: calls at the front door, and what arrived at the dependency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.links import Arrival, Arrivals, Line
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import claim, evidence, fact, judged

ROLES = {"caller": ("front",), "system": ("model",)}
RATE = 50.0
INJECTED, UNDONE, ENDED = 2.0, 8.0, 14.0

#: what one call at some second comes to: (took, ok, when after the call something arrived)
Fate = tuple[float, bool, list[float]]
WELL: Fate = (0.01, True, [0.001])
LATE: Fate = (0.3, False, [0.001])
FAST: Fate = (0.001, False, [])


def seen(
    fate: Callable[[float], Fate],
    fault: str = "half-open",
    *,
    rate: float = RATE,
    named: bool = True,
    closes: bool = True,
    others: int = 0,
    first: int = 0,
    words: str = "GET /say",
    caller: str = "front",
) -> tuple[Observation, ...]:
    """One experiment. ``named``: arrivals carry nonces; ``closes``: the caller closes when it answers."""
    sent, arrivals, lines = [], [], []
    for number in range(int(ENDED * rate)):
        at, nonce = number / rate, f"distaudit-{first + number:032x}"
        took, ok, arrived = fate(at)
        status, outcome = (200, Outcome.OK) if ok else (503, Outcome.FAIL)
        sent.append(Sent(nonce, at, at, took, outcome, status, echoed=ok))
        for later in arrived:
            line = len(lines) + 1
            arrivals.append(Arrival(at + later, line, words, (nonce,) if named else ()))
            lines.append(Line(line, at + later, at + took if closes else None))
    arrivals += [Arrival(number / 100, 0) for number in range(others)]
    round_ = Round(INJECTED, INJECTED + 1, "seen", UNDONE, UNDONE + 0.1)
    told = Experiment(fault, "model", 0.0, ENDED, True, 6.0, 10.0, (round_,), "", caller)
    args = {"fault": fault, **({"caller": caller} if caller else {})}
    came = Arrivals(True, tuple(sorted(arrivals, key=lambda one: one.at)), tuple(lines))
    return (
        fact("model", told, **args),
        fact("model", came, **args),
        fact("", Traffic("ask", rate, tuple(sent)), operation="ask", system="model", **args),
    )


def word(check: str, *looks: Observation, **params: object) -> tuple[str, str]:
    of = replace(claim(check, **params), operation="ask")
    told = judged(of, evidence(ROLES, *looks))
    return (told.reason or told.verdict).value, told.actual


def breaking(
    opens: float = INJECTED + 0.5, tries: float = 0.5, closes: float = UNDONE + 0.5, slow: float = 0.001
) -> Callable[[float], Fate]:
    """A breaker that is open from one second to another, and lets one call in so often through meanwhile."""

    def fate(at: float) -> Fate:
        if at < INJECTED or at >= closes:
            return WELL
        if at < opens:
            return LATE
        return (
            LATE if at < UNDONE and ((at - opens) % tries) < 1 / RATE and at > opens + tries / 2 else (slow, False, [])
        )

    return fate


def failing(at: float) -> Fate:
    return LATE if INJECTED <= at < UNDONE else WELL


def together(**flows: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """Operation -> its looks, as of one experiment: their nonces differ (``first``)."""
    told, *_ = (looks[0] for looks in flows.values())
    arrivals: list[Arrival] = []
    lines: list[Line] = []
    for looks in flows.values():
        came, held = from_json(Arrivals, looks[1].value), len(lines)
        arrivals += [replace(one, connection=one.connection + held) for one in came.arrivals]
        lines += [replace(one, number=one.number + held) for one in came.lines]
    args = {name: text for name, text in told.ask.args if name != "system"}
    ordered = tuple(sorted(arrivals, key=lambda one: one.at))
    about = {name: Traffic.ask(operation=name, system="model", **args) for name in flows}
    traffic = [replace(looks[2], ask=about[name]) for name, looks in flows.items()]
    return told, fact("model", Arrivals(True, ordered, tuple(lines)), **args), *traffic
