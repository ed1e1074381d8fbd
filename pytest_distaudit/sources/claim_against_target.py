"""A well-formed claim against the target it is to be judged on: do its names exist there?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Problem, did_you_mean
from pytest_distaudit.domain.target import Project, Target


def check_against_target(claim: Claim, check: Check, target: Target) -> tuple[Problem, ...]:
    """Systems, globs, activity, operation and action of ``claim`` that ``target`` does not have.

    A claim that is meant for other targets only has none.
    """
    if claim.targets and target.name not in claim.targets:
        return ()
    messages = [*_roles(claim, check, target), *_performed(claim, target)]
    return tuple(Problem(claim.place, message) for message in messages)


def unknown_targets(claim: Claim, project: Project) -> tuple[Problem, ...]:
    """Targets that ``claim`` names and the project does not have."""
    return tuple(
        Problem(claim.place, f"unknown target {name!r} in 'targets'; {did_you_mean(name, project.targets)}")
        for name in claim.targets
        if name not in project.targets
    )


def _roles(claim: Claim, check: Check, target: Target) -> Iterator[str]:
    for role, players in claim.roles.items():
        for player in map(str.strip, players.split(",")):
            if player in target.systems or _matches(player, target):
                continue
            if check.roles[role].many and re.search(r"[*?\[]", player):
                yield f"no system of target {target.name!r} matches {player!r}; {did_you_mean(player, target.systems)}"
            else:
                yield f"target {target.name!r} has no system {player!r}; {did_you_mean(player, target.systems)}"


def _matches(player: str, target: Target) -> bool:
    """Whether ``player`` is a glob over systems that are declared, or speaks of nested ones found only at run time."""
    if any(fnmatchcase(name, player) for name in target.systems):
        return True
    nested = [system.systems.match for system in target.systems.values() if system.systems is not None]
    return any(player == match or fnmatchcase(player, match) for match in nested)


def _performed(claim: Claim, target: Target) -> Iterator[str]:
    wanted = (
        ("activity", claim.activity, target.activities),
        *(("operation", name, target.operations) for name in claim.operations),
        ("action", claim.action, target.actions),
    )
    for what, name, known in wanted:
        if name is not None and name not in known:
            yield f"target {target.name!r} has no {what} {name!r}; {did_you_mean(name, known)}"
