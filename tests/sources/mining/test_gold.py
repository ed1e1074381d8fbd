"""Accuracy on labelled documents of real systems, where they are at hand beside the project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.sources.mining import mine

GOLD = Path(__file__).parents[4] / "shared" / "gold-dev"
FLOORS = {"recall": 0.90, "precision": 0.80, "pattern_accuracy": 0.85, "component_accuracy": 0.85}


def _score(*arguments: str) -> dict[str, object]:
    run = subprocess.run([sys.executable, GOLD / "score.py", *arguments], capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


@pytest.mark.skipif(not GOLD.is_dir(), reason="no labelled documents in ../shared/gold-dev")
def test_pooled_accuracy(tmp_path: Path) -> None:
    scores = []
    for number, scope in enumerate(json.loads((GOLD / "scope.json").read_text(encoding="utf-8"))):
        root = GOLD / scope["repo"].replace("/", "__")
        rows = [
            {"document": one.document, "line": one.line, "component": one.component, "pattern": one.pattern}
            for one in mine(root, [root / document["file"] for document in scope["docs"]])
            if one.expect is Expect.PRESENT
        ]
        mined = tmp_path / f"{number}.jsonl"
        mined.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        scores.append(_score("claims", str(GOLD / "claims.jsonl"), scope["repo"], str(mined)))
    (tmp_path / "scores.jsonl").write_text("\n".join(map(json.dumps, scores)), encoding="utf-8")
    pooled = _score("pool", "-", "-", str(tmp_path / "scores.jsonl"))
    assert {name: pooled[name] for name, floor in FLOORS.items() if pooled[name] < floor} == {}
