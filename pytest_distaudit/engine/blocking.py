"""What stands before a claim: systems that are down, and the one at the root of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.plan import PRESENCE, Plan, Planned, dependencies


def systems_down(observations: Iterable[Observation]) -> dict[str, str]:
    """System -> witness, for every system whose latest presence says that it is down."""
    latest = {seen.system: seen for seen in observations if seen.ask == PRESENCE and seen.reason is None}
    return {system: seen.value["witness"] for system, seen in latest.items() if not seen.value["up"]}


def blocked(planned: Planned, down: dict[str, str]) -> Judgement | None:
    """The judgement of a claim that leans on a system which is down; None where it can be judged."""
    for system in planned.leans_on:
        if system in down:
            because = f"{system} is down: {down[system]}"
            remedy = f"let {system} run first"
            return Judgement(Verdict.UNVERIFIABLE, f"{system} down", because, remedy, Reason.BLOCKED)
    return None


def silent(planned: Planned, down: Mapping[str, str]) -> bool:
    """Whether only who performs the activity is down, and the check can refute without it."""
    meant = [role for role in planned.roles if role not in planned.check.judges_presence]
    if not planned.check.judges_silence or any(system in down for role in meant for system in planned.roles[role]):
        return False
    return any(system in down for system in planned.leans_on)


def unseen(planned: Planned, observations: Iterable[Observation]) -> Judgement | None:
    """The judgement of a look at a claim that leans on a system whose presence could not be observed."""
    latest = {seen.system: seen for seen in observations if seen.ask == PRESENCE}
    for system in planned.leans_on:
        presence = latest.get(system)
        if presence is not None and presence.reason is not None:
            because = f"{system}: {presence.detail}"
            return Judgement(Verdict.UNVERIFIABLE, presence.reason.value, because, reason=presence.reason)
    return None


def blocker(planned: Planned, plan: Plan, down: dict[str, str]) -> str | None:
    """The claim (or ``system:NAME``) at the root of what is down under ``planned``, if not itself."""
    for system in (*planned.leans_on, *planned.systems):
        if system in down:
            root = _root(system, plan, down)
            name = plan.presence_claim(root) or f"system:{root}"
            return None if name == planned.claim.key else name
    return None


def _root(system: str, plan: Plan, down: dict[str, str]) -> str:
    """The dependency that is down and has no dependency of its own that is."""
    dead = [name for name in dependencies(plan.target, system) if name in down]
    for name in dead:
        if not any(deeper in down for deeper in dependencies(plan.target, name) if deeper != system):
            return name
    return dead[0] if dead else system
