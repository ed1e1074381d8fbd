"""A claim's ``system:`` and ``roles:`` against the roles of its check."""

from __future__ import annotations

import re
from typing import Any

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.errors import did_you_mean
from pytest_distaudit.sources.claim_parameters import Report, refuse_address
from pytest_distaudit.sources.claim_shape import ClaimEntry
from pytest_distaudit.sources.shape_errors import Origin, Path

_GLOB = re.compile(r"[*?\[,]")


def read_roles(entry: ClaimEntry, check: Check, origin: Origin, report: Report) -> dict[str, str]:
    """Role -> system, glob, or several of them joined by commas; complaints go to ``report``."""
    given: dict[str, tuple[Any, Path]] = {role: (value, ("roles", role)) for role, value in entry.roles.items()}
    if entry.system is not None:
        role = role_of_system(check)
        if role is None:
            names = ", ".join(f"{name}: …" for name in check.roles)
            report(origin.key_place(("system",)), f"check {check.name} has several roles; write 'roles: {{{names}}}'")
            return {}
        if role in given:
            report(origin.key_place(("system",)), f"'system' and 'roles' both say who is {role!r}; keep one of them")
        given.setdefault(role, (entry.system, ("system",)))
    for role, (_, path) in given.items():
        if role not in check.roles:
            known = did_you_mean(role, check.roles)
            report(origin.key_place(path), f"check {check.name} has no role {role!r}; {known}")
    for role, wanted in check.roles.items():
        if role not in given and not wanted.optional:
            how = "'system: NAME'" if role_of_system(check) == role else f"'roles: {{{role}: NAME}}'"
            report(origin.place(()), f"check {check.name} needs a system as {role!r} ({wanted.help}); write {how}")
    return {
        role: _players(role, value, check, path, origin, report)
        for role, (value, path) in given.items()
        if role in check.roles
    }


def role_of_system(check: Check) -> str | None:
    """The role that ``system:`` means: the one of that name, or the check's only one."""
    if "system" in check.roles:
        return "system"
    return next(iter(check.roles)) if len(check.roles) == 1 else None


def _players(role: str, value: Any, check: Check, path: Path, origin: Origin, report: Report) -> str:
    place = origin.place(path)
    text = ",".join(part.strip() for part in (value if isinstance(value, list) else value.split(",")))
    refuse_address(text, f"role {role!r}", place, report)
    if not all(text.split(",")):
        report(place, f"role {role!r} names no system")
    elif not check.roles[role].many and _GLOB.search(text):
        report(place, f"role {role!r} of {check.name} is one system, not {text!r}; name one")
    return text
