"""What is known not to hold: a floor of severity, the baseline, pending claims."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

HEALTHY = """
  - id: web-healthy
    quote: It is healthy.
    check: http.responds
    system: web
    with: {path: /health}
"""


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def baseline(project: AuditedProject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / "known.json").read_text(encoding="utf-8"))
    return found


def known(project: AuditedProject) -> list[str]:
    return [entry["claim"] for entry in baseline(project)["claims"]]


def test_a_claim_below_the_severity_is_refuted_and_fails_nothing(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS + "    severity: minor\n")
    result = project.audit("--distaudit-fail-on=major", "-v")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
    assert project.verdict()["verdict"] == "partial"
    [_, claim] = project.verdict()["claims"]
    assert (claim["verdict"], claim["tolerated"]) == ("refuted", "minor, below --distaudit-fail-on=major")
    result.stdout.fnmatch_lines(["*::web-answers REFUTED*", "REFUTED web-answers (*), minor, below --distaudit-*"])
    assert project.audit("--distaudit-fail-on=major", "--runxfail").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("claims", "failed"),
    [
        (ANSWERS + "    severity: major\n", 1),
        (ANSWERS + "    severity: minor\n    waiver: {until: 2020-01-31, owner: we, reason: old}\n", 1),
        (ANSWERS + "    severity: minor\n" + RUNS.replace("web\n", "wob\n"), 0),
    ],
    ids=["not-below", "expired-waiver", "input-error"],
)
def test_what_no_severity_excuses(project: AuditedProject, claims: str, failed: int) -> None:
    project.claims(HEALTHY + claims)
    result = project.audit("--distaudit-fail-on=major")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes().get("failed", 0) == failed


def test_nothing_judged_is_red_whatever_the_severity(project: AuditedProject) -> None:
    project.target("http://127.0.0.1:1")
    project.claims(RUNS + "    severity: minor\n")
    assert project.audit("--distaudit-fail-on=critical").ret == pytest.ExitCode.TESTS_FAILED


def test_the_baseline_is_written_holds_and_shrinks(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS + HEALTHY.replace("/health", "/nowhere"))
    assert project.audit("--distaudit-write-baseline=known.json").ret == pytest.ExitCode.TESTS_FAILED
    assert known(project) == ["web-answers", "web-healthy"]
    result = project.audit("--distaudit-baseline=known.json", "-v")
    result.assert_outcomes(passed=1, xfailed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::web-answers BASELINED*"])
    assert [one["baselined"] for one in project.verdict()["claims"]] == [False, True, True]

    web.pages["/hello"] = (200, "hello")
    partial = project.audit("--distaudit-baseline=known.json", "-k", "web-answers")
    assert partial.ret == 0
    assert known(project) == ["web-answers", "web-healthy"], "a part of the claims takes nothing out"
    whole = project.audit("--distaudit-baseline=known.json")
    assert whole.ret == 0
    whole.stdout.fnmatch_lines(["baseline: web-answers taken out of known.json: verified now"])
    assert known(project) == ["web-healthy"]

    del web.pages["/hello"]
    again = project.audit("--distaudit-baseline=known.json")
    again.assert_outcomes(passed=1, xfailed=1, failed=1)
    assert known(project) == ["web-healthy"], "it never grows by itself"


def test_in_ci_the_baseline_is_only_spoken_of(
    project: AuditedProject, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-write-baseline=known.json")
    web.pages["/hello"] = (200, "hello")
    monkeypatch.setenv("CI", "true")
    result = project.audit("--distaudit-baseline=known.json")
    result.stdout.fnmatch_lines(["baseline: web-answers stays in known.json (not rewritten in CI*): verified now"])
    assert known(project) == ["web-answers"]


def test_a_claim_that_is_gone_leaves_the_baseline(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-write-baseline=known.json")
    project.claims(RUNS)
    result = project.audit("--distaudit-baseline=known.json")
    result.stdout.fnmatch_lines(["baseline: web-answers taken out of known.json: the claim is gone"])
    assert known(project) == []


def test_the_baseline_hides_nothing_worse(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-write-baseline=known.json")
    project.claims(RUNS + ANSWERS.replace("path: /hello", "path: /world"))
    result = project.audit("--distaudit-baseline=known.json")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["baseline: web-answers taken out of known.json: the claim says something else now"])


def test_a_baselined_claim_that_cannot_be_judged_fails_and_stays(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-write-baseline=known.json")
    web.pages["/hello"] = (302, "elsewhere")
    assert project.audit("--distaudit-baseline=known.json").ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdict()["summary"]["unverifiable"] == 1
    assert known(project) == ["web-answers"], "could not look is not: is no longer so"


def test_what_waits_for_a_known_cause_is_known_with_it(project: AuditedProject, web: Web) -> None:
    other = f'[targets.local.systems.other]\nkind = "http"\nurl = "{web.url}"\n'
    project.target("http://127.0.0.1:1", other)
    project.document("The web service runs.\n\nIt answers on /hello.\n\nThe other runs.\n")
    project.claims(ANSWERS + RUNS + RUNS.replace("web", "other").replace("The other service", "The other"))
    project.audit("--distaudit-write-baseline=known.json")
    assert {one["claim"]: one.get("blocked_by") for one in baseline(project)["claims"]} == {
        "web-answers": "web-runs",
        "web-runs": None,
    }
    assert project.audit("--distaudit-baseline=known.json").ret == 0
    project.target(web.url, other)
    result = project.audit("--distaudit-baseline=known.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED, "it is judged now, and refuted: nobody knew that"
    result.stdout.fnmatch_lines(["*web-answers taken out of *: judged now, and refuted", "*web-runs taken out of *"])


def test_a_baseline_of_another_target_excuses_nothing_here(project: AuditedProject, web: Web) -> None:
    project.target(web.url, f'[targets.far.systems.web]\nkind = "http"\nurl = "{web.url}"\n')
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-write-baseline=known.json", "--distaudit-target=far")
    result = project.audit("--distaudit-baseline=known.json", "--distaudit-target=local")
    result.assert_outcomes(passed=1, failed=1)
    project.audit("--distaudit-write-baseline=known.json", "--distaudit-target=local")
    assert [one["target"] for one in baseline(project)["claims"]] == ["far", "local"]


def test_workers_read_the_baseline_and_only_one_writes(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS + HEALTHY.replace("/health", "/nowhere"))
    project.audit("--distaudit-write-baseline=known.json")
    web.pages["/hello"] = (200, "hello")
    result = project.audit("--distaudit-baseline=known.json", "-n2", plugins=("xdist",))
    result.assert_outcomes(passed=2, xfailed=1)
    result.stdout.fnmatch_lines(["baseline: web-answers taken out of known.json: verified now"])
    assert known(project) == ["web-healthy"]


def test_a_malformed_baseline_stops_the_run(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("known.json", '{"schema": "distaudit-baseline/1",\n "claims": [{"claim": "x"}]}')
    result = project.audit("--distaudit-baseline=known.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*known.json:2:*: 'check' is missing*"])


PENDING = ANSWERS + "    pending: %s\n"


def test_pending(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + PENDING % "the route is being built")
    result = project.audit("-v")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::web-answers PENDING*", "REFUTED web-answers (*), pending: the route is being *"])
    assert project.verdict()["claims"][1]["pending"] == "the route is being built"
    web.pages["/hello"] = (200, "hello")
    result = project.audit("-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*TRUE NOW web-answers*", "*true now: delete 'pending', it must stay true*"])


def test_a_pending_claim_that_cannot_be_judged_fails(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (302, "elsewhere")
    project.claims(RUNS + PENDING % "true")
    assert project.audit().ret == pytest.ExitCode.TESTS_FAILED


def test_a_mark_that_is_none(project: AuditedProject) -> None:
    marks = ("false", "''", "yet\n    waiver: {until: 2999-01-31, owner: we, reason: x}")
    project.claims("".join(PENDING.replace("web-answers", f"c{at}") % mark for at, mark in enumerate(marks)))
    result = project.audit()
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        [
            "*: 'pending' cannot be false: write true or the reason, or delete the key*",
            "*: 'pending' cannot be '': write true or the reason*",
            "*'pending' and 'waiver' exclude one another*",
        ]
    )


def test_an_inline_claim_may_be_pending(project: AuditedProject) -> None:
    project.document(
        "The web service runs.\n\n"
        "It answers on /hello. <!-- claim: http.responds system=web path=/hello pending=true -->\n"
    )
    project.claims(RUNS)
    project.audit().assert_outcomes(passed=1, xfailed=1)


def test_a_test_that_is_a_claim_is_excused_like_any_other(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write(
        "tests/test_own.py",
        "import pytest\n\n@pytest.mark.distaudit(id='own', severity='minor')\ndef test_own():\n    assert 1 == 2\n",
    )
    result = project.audit("--distaudit-fail-on=major", "claims", "tests")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
