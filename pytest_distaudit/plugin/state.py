"""What the plugin's parts share, under typed keys."""

from __future__ import annotations

import os
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


def in_ci() -> bool:
    """Whether this is a CI job, as forges say it."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in a claim file under one id: the claim and its cases, or what is wrong with it."""

    id: str
    claims: tuple[Claim, ...] = ()
    problems: tuple[Problem, ...] = ()


#: what an item was made of, and the claim (and case) that it judges: set when it is collected
_WRITTEN: pytest.StashKey[Written] = pytest.StashKey()
_CLAIM: pytest.StashKey[Claim] = pytest.StashKey()


def remember(item: pytest.Item) -> Written | None:
    """Look up what ``item`` was made of, once; None for an ordinary test."""
    entry: Written | None = getattr(getattr(item, "function", None), MARK, None)
    if entry is not None:
        item.stash[_WRITTEN] = entry
        if entry.claims:
            callspec = getattr(item, "callspec", None)
            params = callspec.params if callspec else {}
            item.stash[_CLAIM] = params.get("distaudit_case", entry.claims[0])
    return entry


def written(item: pytest.Item) -> Written | None:
    """What ``item`` was made of; None for an ordinary test."""
    return item.stash.get(_WRITTEN, None)


def claim_of(item: pytest.Item) -> Claim | None:
    """The claim (and case) that ``item`` judges; None for ordinary tests and malformed claims."""
    return item.stash.get(_CLAIM, None)


def worker_id(config: pytest.Config) -> str | None:
    """The xdist worker that this process is; None on the controller and without xdist."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    return told["workerid"] if told else None
