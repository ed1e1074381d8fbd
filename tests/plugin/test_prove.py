"""``--distaudit-prove`` in a run: after the audit, in the terminal, in the JSON, in the exit code if asked."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

#: a check of an extension that never looks at anything, as a conftest might bring it
SLEEPY = """
import pytest
from pytest_distaudit import Rung, check, verified

@check("sleepy.check", claims="it is well", rung=Rung.USED, needs=lambda claim: ())
def sleepy(claim, evidence):
    return verified("as always")

def pytest_configure(config):
    import pytest_distaudit.wiring.bench as bench
    load = bench.load_checks
    def load_checks():
        checks = load()
        checks.add("sleepy.check", sleepy, "a test")
        return checks
    config._unpatched = load
    bench.load_checks = load_checks

def pytest_unconfigure(config):
    import pytest_distaudit.wiring.bench as bench
    bench.load_checks = config._unpatched
"""
ASLEEP = ANSWERS.replace("web-answers", "asleep").replace("http.responds", "sleepy.check").replace(
    "    with: {path: /hello}\n", ""
)  # fmt: skip


def test_green_claims_are_tried_and_the_exit_code_stays(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + ANSWERS + ANSWERS.replace("web-answers", "no").replace("path: /hello", "path: /no"))
    asked = "--distaudit-prove"
    result = project.audit(asked, "--distaudit-evidence=evidence")
    told = project.verdict()["proved"]
    assert told["percent"] == 100
    assert [(one["id"], one["able"]) for one in told["claims"]] == [("web-answers", True), ("web-runs", True)]
    assert told["claims"][1]["by"] == "web presence: up True -> False"
    result.stdout.fnmatch_lines(["100 % of your green claims can go red: 2 of 2"])
    before = len(web.asked)
    project.audit(asked, "--distaudit-replay=evidence")
    assert project.verdict()["proved"]["percent"] == 100
    assert len(web.asked) == before, "nothing is asked of any system for it"


def test_without_being_asked_nothing_is_tried(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit()
    assert project.verdict()["proved"] is None


def test_a_survivor_is_listed_and_fails_only_below_the_floor(project: AuditedProject) -> None:
    project.write("conftest.py", SLEEPY)
    project.claims(RUNS + ASLEEP)
    result = project.audit("--distaudit-prove")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["50 % of your green claims *: 1 of 2", "    never refuted: asleep (* perturbations*"])
    assert project.audit("--distaudit-min-proved=50").ret == 0
    result = project.audit("--distaudit-min-proved=51")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["50.0 % of the green claims can go red: below --distaudit-min-proved=51"])


def test_nothing_green_is_below_every_floor(project: AuditedProject) -> None:
    project.claims(ANSWERS)
    result = project.audit("--distaudit-min-proved=0")
    result.stdout.fnmatch_lines(["no green claim could be tried: below --distaudit-min-proved=0"])


def test_workers_try_what_they_judged(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-prove", "-n1", plugins=("xdist",))
    assert [one["id"] for one in project.verdict()["proved"]["claims"]] == ["web-answers", "web-runs"]
