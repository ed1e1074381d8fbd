"""RabbitMQ nodes that formed one cluster: the one set-up of these proofs that takes long to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["rabbitmq"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

MINIATURE = "".join(
    f'[targets.miniature.systems.{name}]\nkind = "rabbitmq"\nnative = {{cluster = ["node-1", "node-2"]}}\n'
    for name in ("node-1", "node-2")
)


def test_two_nodes_and_what_they_survive(tmp_path: Path) -> None:
    """A queue with copies needs a majority, one without has what its node has: two nodes may bear no loss or one."""
    with Room(tmp_path, MINIATURE) as room:
        roles = {"members": "node-*"}
        seen = room.judge("cluster.members", roles=roles, within="15s", members=2, tolerates=">= 0")
        assert seen.verdict is Verdict.VERIFIED, f"{seen.actual} {seen.because}"
        assert seen.actual == "2 members, 0 to 1 may fail"
        seen = room.judge("cluster.members", roles=roles, within="0.5s")
        assert (seen.verdict, seen.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
        seen = room.judge("cluster.members", roles=roles, within="0.5s", members=3)
        assert (seen.verdict, seen.actual) == (Verdict.REFUTED, "2 members")
        seen = room.judge("cluster.agrees", roles=roles, within="15s")
        assert (seen.verdict, seen.actual) == (Verdict.VERIFIED, "2 members say the same")
