"""``--distaudit-plan``: stdout is the plan alone; nothing is started or asked."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.plugin.printing import refuse
from pytest_distaudit.wiring import Bench, Wishes


def intend(config: pytest.Config) -> int:
    """Print what would be done to what, and for how long."""
    from pytest_distaudit.reports.intended import intentions
    from pytest_distaudit.wiring.intending import intended

    option = config.option
    scope = Scope[option.distaudit_scope.upper()]
    try:
        bench = Bench(Wishes(root=config.rootpath, target=option.distaudit_target, scope=scope))
        told, problems = intended(bench)
    except InvalidInput as error:
        return refuse("\n".join(str(problem) for problem in error.problems))
    if problems:
        return refuse("\n".join(str(problem) for problem in problems))
    for line in intentions(told):
        print(line)  # noqa: T201
    return int(pytest.ExitCode.OK)
