"""What the plugin's parts share, under typed keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Problem

if TYPE_CHECKING:
    from pytest_distaudit.domain.audit import ClaimResult
    from pytest_distaudit.wiring import Bench

BENCH: pytest.StashKey[Bench] = pytest.StashKey()
#: the claim's result, set by the item and read by the report
RESULT: pytest.StashKey[ClaimResult] = pytest.StashKey()
#: the attribute of a claim's function that says what it is
MARK = "__distaudit__"


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in a claim file under one id: the claim and its cases, or what is wrong with it."""

    id: str
    claims: tuple[Claim, ...] = ()
    problems: tuple[Problem, ...] = ()


def written(item: pytest.Item) -> Written | None:
    """What ``item`` was made of; None for an ordinary test."""
    found: Written | None = getattr(getattr(item, "function", None), MARK, None)
    return found


def claim_of(item: pytest.Item) -> Claim | None:
    """The claim (and case) that ``item`` judges; None for ordinary tests and malformed claims."""
    entry = written(item)
    if entry is None or not entry.claims:
        return None
    callspec = getattr(item, "callspec", None)
    claim: Claim = (
        callspec.params["distaudit_case"] if callspec and "distaudit_case" in callspec.params else entry.claims[0]
    )
    return claim


def worker_id(config: pytest.Config) -> str | None:
    """The xdist worker that this process is; None on the controller and without xdist."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    return told["workerid"] if told else None
