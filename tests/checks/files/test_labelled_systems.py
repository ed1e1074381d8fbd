"""Real systems with labels, where they lie beside the project: what is found in them, and what is not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_distaudit.checks.files import findings_of
from pytest_distaudit.sources.facts import read_facts
from pytest_distaudit.sources.mining import mine

LABELS = Path(__file__).parents[4] / "shared" / "gold-dev"
SYSTEMS = sorted(path for path in LABELS.glob("*__*") if path.is_dir()) if LABELS.is_dir() else []


@pytest.mark.skipif(not SYSTEMS, reason="no labelled systems beside the project")
def test_labelled_findings(tmp_path: Path) -> None:
    missed = 0
    for system in SYSTEMS:
        found = findings_of(read_facts(system), tuple(mine(system)))
        audit = tmp_path / f"{system.name}.json"
        audit.write_text(json.dumps({"findings": [{"kind": item.kind, "component": item.component} for item in found]}))
        command = [
            str(LABELS / "score.py"),
            "findings",
            str(LABELS / "findings.jsonl"),
            system.name.replace("__", "/"),
            str(audit),
        ]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
        score = json.loads(done.stdout)
        assert score["false_alarms"] <= 1, score["alarms"]
        missed += round(score["service_layer_high"] * (1 - (score["recall_service_high"] or 0)))
    assert missed <= 1
