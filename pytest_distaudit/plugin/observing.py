"""``--distaudit-observe``: stdout is the document alone."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.plugin.printing import refuse
from pytest_distaudit.plugin.telling import Telling
from pytest_distaudit.wiring import Bench, Wishes


def observe(config: pytest.Config) -> int:
    """Look at every system of the target, and print each line as soon as it is known."""
    from pytest_distaudit.reports.observed import document
    from pytest_distaudit.wiring.observing import observed

    option = config.option
    telling = Telling(config)
    wishes = Wishes(
        root=config.rootpath,
        target=option.distaudit_target,
        provision=option.distaudit_provision,
        keep_s=option.distaudit_keep or 0.0,
        progress=telling.progress,
        notice=telling.notice,
    )
    try:
        bench = Bench(wishes)
    except InvalidInput as error:
        return refuse("\n".join(str(problem) for problem in error.problems))
    if not bench.target.systems:
        return refuse(
            "--distaudit-observe: no target with systems; name one in distaudit.toml, or with --distaudit-target"
        )
    for line in document(bench.target.name, bench.today.isoformat(), observed(bench)):
        print(line, flush=True)  # noqa: T201
    return int(pytest.ExitCode.OK)
