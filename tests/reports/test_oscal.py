"""OSCAL, read by the models that compliance-trestle generates from the published schema."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.reports import oscal
from tests.reports.hostile import HOSTILE, audit_of
from tests.reports.sample import audit, claim

#: laid over the environment by ./run test
READER = Path(sys.prefix) / "oscal"
READ = """
import json, sys
from trestle.oscal import OSCAL_VERSION
from trestle.oscal.assessment_results import Model
for text in json.load(sys.stdin):
    Model(**json.loads(text))
print(OSCAL_VERSION)
"""


def results(one: Audit) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(oscal.document(one))["assessment-results"]
    return found


def read(texts: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """By a process of its own: the reader's packages are nobody else's."""
    return subprocess.run(
        [sys.executable, "-c", READ],
        input=json.dumps(texts),
        env={**os.environ, "PYTHONPATH": str(READER)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not READER.exists(), reason="no reader of OSCAL here: ./run test installs it")
def test_the_published_schema_holds() -> None:
    several = [
        audit(),
        audit(claims=()),
        audit_of(HOSTILE),
        audit(claims=(claim("9 lives", Verdict.VERIFIED, quote=""),)),
    ]
    done = read([oscal.document(one) for one in several])
    assert (done.returncode, done.stdout.strip()) == (0, oscal.VERSION), done.stderr[-2000:]
    wrong = oscal.document(audit()).replace('"not-satisfied"', '"perhaps"')
    assert read([wrong]).returncode != 0


def test_only_what_was_decided_is_a_finding() -> None:
    (found,) = results(audit())["results"]
    assert len(found["observations"]) == len(audit().claims)
    states = {one["title"]: one["target"]["status"]["state"] for one in found["findings"]}
    assert states == {
        "task-queue-consumed": "satisfied",
        "two-consumers": "not-satisfied",
        "primary-running": "not-satisfied",
        "old-broker": "not-satisfied",
    }


def test_what_could_not_be_looked_at_is_neither() -> None:
    one = claim("open", Verdict.UNVERIFIABLE, reason=Reason.TIMED_OUT)
    (found,) = results(audit(claims=(one,)))["results"]
    assert "findings" not in found
    assert found["observations"][0]["description"].startswith("unverifiable(timed-out)")


def test_a_finding_leads_to_its_observation_and_says_who_waived_it() -> None:
    (found,) = results(audit())["results"]
    known = {one["uuid"]: one["title"] for one in found["observations"]}
    for one in found["findings"]:
        assert known[one["related-observations"][0]["observation-uuid"]] == one["title"]
    (waived,) = [one for one in found["findings"] if one["title"] == "old-broker"]
    assert "waived until 2027-01-31 by platform: broker upgrade" in waived["remarks"]


def test_the_same_run_has_the_same_identities() -> None:
    assert oscal.document(audit()) == oscal.document(audit())
    other = audit(started="2026-01-02T00:00:00+00:00")
    assert results(audit())["uuid"] != results(other)["uuid"]


@given(st.text(min_size=1, max_size=60))
def test_any_name_is_a_token_and_a_line(name: str) -> None:
    (found,) = results(audit(claims=(claim(name, Verdict.VERIFIED),)))["results"]
    (finding,) = found["findings"]
    assert re.fullmatch(r"[^\W\d][\w.-]*", finding["target"]["target-id"])
    assert re.fullmatch(r"\S(.*\S)?", finding["title"])
