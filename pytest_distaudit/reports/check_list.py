"""The list of all checks as text: what each one claims, needs, costs and leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_distaudit.domain.check import Check


def check_list(checks: Sequence[Check]) -> str:
    """One paragraph per check."""
    return "\n".join("\n".join(_paragraph(check)) + "\n" for check in checks)


def _paragraph(check: Check) -> Iterator[str]:
    yield f"{check.name}  [{check.rung.word}, {check.scope.word}]"
    yield f"  claims:    {check.claims}"
    for name, role in check.roles.items():
        manner = ", ".join(word for word, is_so in (("glob", role.many), ("optional", role.optional)) if is_so)
        yield f"  role:      {name}{f' ({manner})' if manner else ''}: {role.help}"
    if check.takes_activity:
        yield "  needs:     activity"
    if check.takes_operation:
        yield "  needs:     operation"
    for name, parameter in check.params.items():
        default = "required" if parameter.required else f"default {parameter.default}"
        yield f"  with:      {name} ({parameter.type.value}, {default}): {parameter.help}"
    if check.shows_not:
        yield f"  shows not: {check.shows_not}"
    changes = "own traces only, removed" if check.changes_target else "nothing"
    yield f"  cost:      {check.cost_s:g} s beyond a snapshot; changes {changes} in the target"
