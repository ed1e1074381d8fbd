"""What a run would do, worked out from its claims alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.domain.needs import Divert, Drive
from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.engine.plan import Plan, Planned
from pytest_distaudit.reports.intended import Arranged, Disturbance, Intentions
from pytest_distaudit.targets.planning import way_of
from pytest_distaudit.targets.relays.redirect import known
from pytest_distaudit.wiring.bench import Bench

_UNSAFE = "it is not declared disposable"
_NO_WRITING = 'not all of its systems have probes = "write"'


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
        bench.target.name, len(plan.claims), looks, dict(activities), _disturbances(plan), tuple(left_out),
        tuple(_arranged(plan)), tuple(_redirected(plan)) if bench.wishes.scope >= Scope.EXPERIMENT else (),
        _leased(bench),
    )  # fmt: skip
    return told, tuple(problems)


def _disturbances(plan: Plan) -> tuple[Disturbance, ...]:
    return tuple(
        Disturbance(
            aim, one.course, tuple(one.operations), tuple(one.claims),
            "" if all(plan.target.systems[name].disposable for name in aim.disturbed) else _UNSAFE,
        )
        for aim, one in plan.experiments.items()
    )  # fmt: skip


def _leased(bench: Bench) -> str:
    """The system that is asked for a lease: what the audit itself starts for the run has no other user."""
    target = bench.target
    if target.lease is None or way_of(target.systems[target.lease], bench.wishes.provision, target) != "attach":
        return ""
    return target.lease


def _redirected(plan: Plan) -> Iterator[tuple[str, str]]:
    """Callers that the audit starts, with what they have always known of others: links lead over relays."""
    for link in plan.target.links.values():
        place, caller = known(link.inject.get("address", "")), plan.target.systems.get(link.source)
        if place is None or caller is None or not caller.disposable or caller.name not in plan.systems:
            continue
        if way_of(caller, "auto", plan.target) == "native":
            yield caller.name, "port {1} of {0}".format(*place)


def _arranged(plan: Plan) -> Iterator[Arranged]:
    for planned, need in plan.arranged:
        yield _diversion(plan, planned, need) if isinstance(need, Divert) else _drive(plan, planned, need)


def _diversion(plan: Plan, planned: Planned, need: Divert) -> Arranged:
    (registry,) = planned.roles[need.registry]
    systems = [plan.target.systems[name] for name in (registry, *planned.roles[need.callees])]
    safe = all(one.probes is Probes.WRITE or one.disposable for one in systems)
    asked = f"asking {planned.operations[0]} {need.rate:g} times a second"
    what = f"instances of the audit's registered as {need.service} for {need.within_s:g} s, {asked}"
    more = "where nobody comes, the others are paused and the disposable callers started anew, and all that undone"
    return Arranged(
        registry, what, f"deregistered; {more}", need.within_s, planned.claim.key, "" if safe else _NO_WRITING
    )


def _drive(plan: Plan, planned: Planned, need: Drive) -> Arranged:
    systems = [plan.target.systems[name] for name in (*planned.roles[need.role], *planned.performers)]
    what = f"{planned.operations[0]} asked {need.course}"
    least_s = len(need.rates) * (need.warm_s + need.seconds)
    refused = "" if all(one.disposable for one in systems) else _UNSAFE
    return Arranged(systems[0].name, what, "the load ends", least_s, planned.claim.key, refused)
