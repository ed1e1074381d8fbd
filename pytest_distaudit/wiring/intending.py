"""What a run would do, worked out from its claims alone."""

from __future__ import annotations

from collections import Counter

from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.engine.plan import Plan
from pytest_distaudit.reports.intended import Disturbance, Intentions
from pytest_distaudit.wiring.bench import Bench

_UNSAFE = "it is not declared disposable"


def intended(bench: Bench) -> tuple[Intentions, tuple[Problem, ...]]:
    """What would be done, and what is wrong with claims that therefore would not be judged."""
    left_out: list[tuple[str, str]] = []
    problems: list[Problem] = []
    activities: Counter[str] = Counter()
    for claim in bench.all_written().claims:
        wrong = bench.problems(claim)
        problems.extend(wrong)
        if why := bench.left_out(claim):
            left_out.append((claim.key, why))
        elif not wrong:
            bench.plan.add(bench.planned(claim))
            activities.update([claim.activity] if claim.activity else [])
    plan = bench.plan
    looks = {name: len(asks) for name, asks in plan.asks.items()}
    told = Intentions(
        bench.target.name, len(plan.claims), looks, dict(activities), _disturbances(plan), tuple(left_out)
    )
    return told, tuple(problems)


def _disturbances(plan: Plan) -> tuple[Disturbance, ...]:
    return tuple(
        Disturbance(
            fault, system, one.course, tuple(one.operations), tuple(one.claims),
            "" if all(plan.target.systems[name].disposable for name in (system, *held)) else _UNSAFE, held,
        )
        for (fault, system, held), one in plan.experiments.items()
    )  # fmt: skip
