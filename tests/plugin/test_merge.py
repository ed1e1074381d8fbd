"""Runs on several machines, each of a part of the claims, joined to one verdict."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

HEALTHY = """
  - id: web-healthy
    quote: It is healthy.
    check: system.healthy
    system: web
"""


def verdicts(of: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {claim["id"]: (claim["verdict"], claim["recorded_in"]) for claim in of["claims"]}


def test_parts_are_one_audit_that_says_where_each_claim_was_judged(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + ANSWERS + HEALTHY)
    project.audit().assert_outcomes(passed=3)
    whole = project.verdict()
    project.audit("-k", "web-runs", "--distaudit-evidence=parts/job-1").assert_outcomes(passed=1)
    project.audit("-k", "not web-runs", "--distaudit-evidence=parts/job-2").assert_outcomes(passed=2)
    web.asked.clear()
    for folders in (["parts/job-1", "parts/job-2"], ["parts"]):
        result = project.audit("--distaudit-merge", *folders)
        result.assert_outcomes(passed=3)
        merged = project.verdict()
        assert (merged["verdict"], merged["provision"]) == ("genuine", "merge")
        assert verdicts(merged) == {
            "web-runs": ("verified", "job-1"),
            "web-answers": ("verified", "job-2"),
            "web-healthy": ("verified", "job-2"),
        }
        assert [one["actual"] for one in merged["claims"]] == [one["actual"] for one in whole["claims"]]
        result.stdout.fnmatch_lines(["merged: job-1 (1 claim), job-2 (2 claims)"])
    assert web.asked == []


def test_of_a_claim_judged_twice_the_worst_counts(project: AuditedProject, web: Web) -> None:
    project.claims(ANSWERS)
    web.pages["/hello"] = (200, "hello")
    project.audit("--distaudit-evidence=parts/good").assert_outcomes(passed=1)
    del web.pages["/hello"]
    project.audit("--distaudit-evidence=parts/bad").assert_outcomes(failed=1)
    for folders in (["parts/good", "parts/bad"], ["parts/bad", "parts/good"]):
        project.audit("--distaudit-merge", *folders).assert_outcomes(failed=1)
        assert verdicts(project.verdict()) == {"web-answers": ("refuted", "bad")}


def test_what_no_part_judged_is_not_green(project: AuditedProject) -> None:
    project.claims(RUNS + HEALTHY)
    project.audit("-k", "web-runs", "--distaudit-evidence=part").assert_outcomes(passed=1)
    project.audit("--distaudit-merge=part").assert_outcomes(passed=1, errors=1)
    (missing,) = [claim for claim in project.verdict()["claims"] if claim["id"] == "web-healthy"]
    assert (missing["verdict"], missing["reason"], missing["recorded_in"]) == ("unverifiable", "not-recorded", None)


def test_parts_of_two_targets_are_not_one_audit(project: AuditedProject, web: Web) -> None:
    both = "".join(f'[targets.{name}.systems.web]\nkind = "http"\nurl = "{web.url}"\n' for name in ("one", "two"))
    project.write("distaudit.toml", f'default = "one"\n{both}')
    project.claims(RUNS)
    for name in ("one", "two"):
        project.audit(f"--distaudit-target={name}", f"--distaudit-evidence=parts/{name}").assert_outcomes(passed=1)
    result = project.audit("--distaudit-merge=parts")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*two: holds evidence of target 'two', not of 'one'; merge runs of one target only"])


def test_a_folder_without_evidence_is_named(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit("--distaudit-evidence=part").assert_outcomes(passed=1)
    result = project.audit("--distaudit-merge=part", "--distaudit-merge=nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*nowhere: holds no evidence*"])


NATIVE = """
[targets.local.systems.web]
kind = "http"
[targets.local.systems.web.native]
argv = ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
"""


@pytest.mark.live
def test_runs_in_two_network_namespaces_are_one_audit(project: AuditedProject) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs root, unshare and ip")
    project.write("distaudit.toml", NATIVE)
    front = ANSWERS.replace("/hello}", "/}")
    project.claims(RUNS + front)
    project.audit().assert_outcomes(passed=2)
    whole = project.verdict()
    for name, chosen in (("here", "web-runs"), ("there", "not web-runs")):
        audit = f"exec {sys.executable} -m pytest --distaudit -p no:randomly -k '{chosen}' --distaudit-evidence={name}"
        argv = ["unshare", "--net", "sh", "-c", f"ip link set lo up; {audit}"]
        done = subprocess.run(argv, cwd=project.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    project.audit("--distaudit-merge", "here", "there").assert_outcomes(passed=2)
    merged = project.verdict()
    assert merged["verdict"] == whole["verdict"] == "genuine"
    assert {one["id"]: one["verdict"] for one in merged["claims"]} == {
        one["id"]: one["verdict"] for one in whole["claims"]
    }
    assert {claim["recorded_in"] for claim in merged["claims"]} == {"here", "there"}
