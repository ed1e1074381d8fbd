"""Verdicts become pytest's outcomes, exit codes and the audit's own words."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web


def test_verified_and_refuted(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit()
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*found status 404*", "*REFUTED web-answers (docs/page.md:5)*"])
    verdict = project.verdict()
    assert verdict["verdict"] == "partial"
    assert verdict["summary"] == {"verified": 1, "refuted": 1, "unverifiable": 0, "waived": 0}
    assert {claim["id"]: claim["verdict"] for claim in verdict["claims"]} == {
        "web-runs": "verified",
        "web-answers": "refuted",
    }


def test_genuine(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + ANSWERS)
    result = project.audit("-v")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::web-runs VERIFIED*", "*genuine within activity (attach): 2 of 2 claims judged*"])
    [system] = project.verdict()["systems"]
    assert (system["name"], system["source"], system["rung"]) == ("web", "attach", "configured")


def test_unverifiable_fails_by_default(project: AuditedProject) -> None:
    project.target("http://127.0.0.1:1")
    project.claims(RUNS)
    result = project.audit()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*UNVERIFIABLE(NOT-REACHABLE) web-runs*", "*undetermined within activity*"])
    assert project.verdict()["claims"][0]["reason"] == "not-reachable"


def test_unverifiable_may_be_skipped_but_nothing_judged_is_never_green(project: AuditedProject) -> None:
    project.target("http://127.0.0.1:1")
    project.claims(RUNS)
    result = project.audit("--distaudit-unverifiable=skip")
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_refusal_with_a_second_witness_is_down_and_blocks_the_rest(project: AuditedProject, web: Web) -> None:
    project.target("http://127.0.0.1:1", f'[targets.local.systems.other]\nkind = "http"\nurl = "{web.url}"\n')
    project.claims(ANSWERS + RUNS)
    result = project.audit()
    claims = {claim["id"]: claim for claim in project.verdict()["claims"]}
    assert claims["web-runs"]["verdict"] == "refuted"
    assert claims["web-answers"]["verdict"] == "unverifiable"
    assert claims["web-answers"]["reason"] == "blocked"
    assert claims["web-answers"]["blocked_by"] == "web-runs"
    result.stdout.fnmatch_lines(["REFUTED web-runs*", "*blocks 1: web-answers*"])


def test_the_root_cause_is_found_along_links(project: AuditedProject, web: Web) -> None:
    project.target(
        "http://127.0.0.1:1",
        f'[targets.local.systems.witness]\nkind = "http"\nurl = "{web.url}"\n'
        '[targets.local.systems.base]\nkind = "http"\nurl = "http://127.0.0.1:2"\n'
        '[targets.local.links.web-base]\nfrom = "web"\nto = "base"\n',
    )
    project.document("The web service runs.\n\nIt answers on /hello.\n\nThe base runs.\n")
    base = RUNS.replace("web-runs", "base-runs").replace("web\n", "base\n").replace("The web service", "The base")
    project.claims(ANSWERS + RUNS + base)
    project.audit()
    blocked_by = {claim["id"]: claim["blocked_by"] for claim in project.verdict()["claims"]}
    assert blocked_by == {"web-answers": "base-runs", "web-runs": "base-runs", "base-runs": None}


WAIVED = ANSWERS + "    waiver: {until: %s, owner: platform, reason: rewrite}\n"


def test_waived(project: AuditedProject) -> None:
    project.claims(RUNS + WAIVED % "2999-01-31")
    result = project.audit()
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
    assert project.verdict()["verdict"] == "genuine"
    assert project.verdict()["summary"]["waived"] == 1


def test_an_expired_waiver_is_evaluated_as_usual(project: AuditedProject) -> None:
    project.claims(RUNS + WAIVED % "2020-01-31")
    result = project.audit()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*expired on 2020-01-31*"])


def test_a_waived_claim_that_is_true_again_fails(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + WAIVED % "2999-01-31")
    result = project.audit()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*true again*", "*delete the waiver*"])


def test_a_waived_claim_that_cannot_be_judged_fails(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (302, "elsewhere")
    project.claims(RUNS + WAIVED % "2999-01-31")
    assert project.audit().ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdict()["summary"]["unverifiable"] == 1


def test_expect_absent(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS + "    expect: absent\n")
    project.audit().assert_outcomes(passed=2)
    web.pages["/hello"] = (200, "hello")
    project.audit().assert_outcomes(passed=1, failed=1)


def test_within_waits_for_the_claim_to_come_true(project: AuditedProject, web: Web) -> None:
    web.third["/hello"] = (200, "hello")
    project.claims(ANSWERS + "    within: 20s\n")
    project.audit().assert_outcomes(passed=1)
    assert web.asked.count("/hello") == 3


def test_claims_wait_together(project: AuditedProject, web: Web) -> None:
    """Five claims that never come true are looked at for two seconds in all, not for two seconds each."""
    five = (ANSWERS.replace("web-answers", f"claim-{number}") + "    within: 2s\n" for number in range(5))
    project.claims("".join(five))
    project.audit().assert_outcomes(failed=5)
    assert 6 <= web.asked.count("/hello") < 25


def test_holds_for_and_never_for(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(
        ANSWERS
        + "    holds_for: 1s\n"
        + ANSWERS.replace("web-answers", "never").replace("{path: /hello}", "{path: /hello, status: 500}")
        + "    never_for: 1s\n"
        + ANSWERS.replace("web-answers", "ever")
        + "    never_for: 1s\n"
    )
    project.audit()
    verdicts = {claim["id"]: claim["verdict"] for claim in project.verdict()["claims"]}
    assert verdicts == {"web-answers": "verified", "never": "verified", "ever": "refuted"}


def test_cases_are_native_parameters(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    cases = ANSWERS.replace("    with: {path: /hello}\n", "    cases: [{path: /hello}, {path: /bye, id: bye}]\n")
    project.claims(cases)
    result = project.audit("-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*page.yaml::web-answers?hello? VERIFIED*", "*page.yaml::web-answers?bye? REFUTED*"])
    assert project.audit("claims/page.yaml::web-answers[hello]").ret == 0
    assert project.verdict()["verdict"] is None
    again = project.audit("--lf", "-v")
    again.assert_outcomes(failed=1)


def test_inline_claims(project: AuditedProject) -> None:
    project.document("The web service runs.\n\n<!-- claim: system.running system=web -->\n")
    result = project.audit("-v")
    result.assert_outcomes(passed=1)
    assert project.verdict()["claims"][0]["id"] == "page-system-running-web"
    assert project.verdict()["claims"][0]["quote"] == "The web service runs."


def test_a_part_has_no_verdict_on_the_whole(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit("-k", "web-runs")
    assert result.ret == 0
    verdict = project.verdict()
    assert verdict["verdict"] is None
    assert (verdict["selected"], verdict["total"]) == (1, 2)
    result.stdout.fnmatch_lines(["*a part was selected: 1 of 2*"])


def test_claims_of_other_targets_and_higher_scopes_are_listed(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS + "    targets: [elsewhere]\n")
    project.write(
        "distaudit.toml",
        f'default = "local"\n[targets.local.systems.web]\nkind = "http"\nurl = "{web.url}"\n'
        f'[targets.elsewhere.systems.web]\nkind = "http"\nurl = "{web.url}"\n',
    )
    result = project.audit()
    result.assert_outcomes(passed=1, deselected=1)
    assert project.verdict()["not_judged"] == [{"id": "web-answers", "why": "claimed of elsewhere, not of local"}]


def test_a_claim_of_another_target_may_name_its_operations(project: AuditedProject, web: Web) -> None:
    shop = '[targets.elsewhere.operations.buy]\nrequest = "GET http://web/{nonce}"\n'
    recovers = "  - {id: heals, quote: It answers on /hello., check: recovery.self-heals, system: web, operation: buy"
    project.claims(RUNS + f"{recovers}, targets: [elsewhere]}}\n")
    project.write(
        "distaudit.toml",
        f'default = "local"\n[targets.local.systems.web]\nkind = "http"\nurl = "{web.url}"\n'
        f'[targets.elsewhere.systems.web]\nkind = "http"\nurl = "{web.url}"\n{shop}',
    )
    result = project.audit()
    result.assert_outcomes(passed=1, deselected=1)
    assert project.verdict()["not_judged"] == [{"id": "heals", "why": "claimed of elsewhere, not of local"}]


def test_no_claim_at_all_is_not_green(project: AuditedProject) -> None:
    project.write("test_host.py", "def test_fine(): pass\n")
    assert project.audit().ret == pytest.ExitCode.TESTS_FAILED
    assert project.audit("test_host.py").ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdict()["verdict"] == "undetermined"


def test_host_tests_run_beside_claims(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("test_host.py", "def test_fine(): pass\n")
    project.audit("claims", "test_host.py").assert_outcomes(passed=2)


def test_an_ordinary_test_can_be_a_claim(project: AuditedProject) -> None:
    project.write(
        "test_claims.py",
        """
import pytest
from pytest_distaudit import unverifiable

@pytest.mark.distaudit(id="true", doc="docs/page.md", line=3)
def test_true(): pass

@pytest.mark.distaudit(id="false", doc="docs/page.md", line=5)
def test_false(): assert 1 == 2, "one is not two"

@pytest.mark.distaudit(id="open")
def test_open(): unverifiable("no-control", "nothing to see")

@pytest.mark.distaudit(id="broken")
def test_broken(): raise RuntimeError("oh")
""",
    )
    result = project.audit("test_claims.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    claims = {claim["id"]: claim for claim in project.verdict()["claims"]}
    assert {name: claim["verdict"] for name, claim in claims.items()} == {
        "true": "verified",
        "false": "refuted",
        "open": "unverifiable",
        "broken": "unverifiable",
    }
    assert claims["open"]["reason"] == "no-control"
    assert claims["broken"]["reason"] == "audit-error"
    assert claims["false"]["document"] == "docs/page.md"
    assert not claims["true"]["replayable"]
