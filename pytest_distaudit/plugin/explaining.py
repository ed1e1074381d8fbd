"""``--distaudit-explain=ID``: stdout is the explanation alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput, did_you_mean
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.plugin.printing import refuse
from pytest_distaudit.wiring import Bench, Wishes

_FOLDER = Path(".distaudit/evidence")


def explain(config: pytest.Config) -> int:
    """Print how each claim of that id (or key, with its case) is judged. Nothing is asked of any system."""
    option = config.option
    try:
        bench = _bench(config)
        written = bench.all_written()
    except InvalidInput as error:
        return refuse("\n".join(str(problem) for problem in error.problems))
    wanted, claims = option.distaudit_explain, written.claims
    named = [claim for claim in claims if wanted in (claim.key, claim.id)]
    if not named:
        hint = did_you_mean(wanted, {claim.key for claim in claims} | {claim.id for claim in claims})
        if wanted in written.malformed:
            return refuse(
                f"--distaudit-explain: {wanted!r} is malformed; pytest --distaudit says what is wrong with it"
            )
        return refuse(f"--distaudit-explain: no claim is called {wanted!r}; {hint}")
    texts = []
    for claim in named:
        try:
            texts.append(_text(bench, claim))
        except InvalidInput as error:
            return refuse("\n".join(str(problem) for problem in error.problems))
    print("\n".join(texts), end="")  # noqa: T201
    return pytest.ExitCode.OK


def _bench(config: pytest.Config) -> Bench:
    option = config.option
    folder = option.distaudit_replay or option.distaudit_evidence or _FOLDER
    named = option.distaudit_replay is not None or option.distaudit_evidence is not None
    replay = (folder,) if named or any(folder.glob("**/audit.json")) else ()
    wishes = Wishes(root=config.rootpath, target=option.distaudit_target, scope=Scope.ACTIVITY, replay=replay)
    return Bench(wishes)


def _text(bench: Bench, claim: Claim) -> str:
    from pytest_distaudit.reports.explain import explanation
    from pytest_distaudit.wiring.explained import explained

    if problems := bench.problems(claim):
        raise InvalidInput(problems)
    return explanation(explained(bench, claim))
