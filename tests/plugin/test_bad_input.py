"""Bad input: a clear error as an item, everything else goes on, the run is red."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

HEAD = "document: docs/page.md\narea: test\n"
BOMB = "a: &a [x, x]\nb: &b [*a, *a, *a]\n" + "".join(
    f"c{n}: &c{n} [{', '.join([f'*c{n - 1}' if n else '*b'] * 9)}]\n" for n in range(9)
)

FILES: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "*empty*"),
    "empty list": (f"{HEAD}claims: []\n", "*claims*"),
    "unknown key": (f"{HEAD}claims:{RUNS}    colour: red\n", "*page.yaml:*colour*"),
    "unknown check": (
        f"{HEAD}claims:{RUNS.replace('system.running', 'system.runing')}",
        "*did you mean*system.running*",
    ),
    "unknown role": (f"{HEAD}claims:{RUNS.replace('system: web', 'roles: {sytem: web}')}", "*sytem*"),
    "unknown system": (f"{HEAD}claims:{RUNS.replace('system: web', 'system: wbe')}", "*wbe*did you mean*web*"),
    "missing parameter": (f"{HEAD}claims:{ANSWERS.replace('    with: {path: /hello}', '')}", "*path*"),
    "wrong type": (f"{HEAD}claims:{ANSWERS.replace('{path: /hello}', '{path: /hello, status: ok}')}", "*status*"),
    "duplicate id in one file": (f"{HEAD}claims:{RUNS}{RUNS}", "*duplicate*web-runs*"),
    "duplicate key": (f"{HEAD}claims:{RUNS}    check: port.open\n", "*duplicate*check*"),
    "alias bomb": (BOMB, "*alias*"),
    "10 MB": (f"{HEAD}claims:{RUNS}# {'x' * 10_000_000}\n", "*split it*"),
    "binary": (bytes(range(256)) * 10, "*page.yaml*"),
    "not UTF-8": (HEAD.encode() + "claims: [größe]\n".encode("latin-1"), "*UTF-8*"),
    "stale quote": (f"{HEAD}claims:{RUNS.replace('service runs.', 'service ran.')}", "*The web service runs.*"),
    "document missing": (f"{HEAD.replace('page.md', 'gone.md')}claims:{RUNS}", "*gone.md*"),
    "bad syntax": (f"{HEAD}claims: [\n", "*page.yaml:*"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_an_error_and_stops_nothing_else(project: AuditedProject, name: str) -> None:
    text, message = FILES[name]
    project.write("claims/page.yaml", text)
    project.claims(RUNS.replace("web-runs", "good"), "claims/zgood.yaml")
    project.write("test_host.py", "def test_fine(): pass\n")
    result = project.audit("claims", "test_host.py")
    outcomes = result.parseoutcomes()
    good = 3 if name == "duplicate id in one file" else 2
    assert outcomes["passed"] in (2, good), outcomes
    assert outcomes["errors"] >= 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([message])
    verdict = project.verdict()
    assert verdict["errors"], "the JSON lists the errors"
    assert verdict["errors"][0]["file"] == "claims/page.yaml"
    assert verdict["verdict"] != "genuine"


def test_a_sentence_that_names_no_testable_property_is_never_verified(project: AuditedProject) -> None:
    """Nothing proposes it, and nobody can claim it without a check that would decide it."""
    project.document("The platform is an enterprise-grade mesh.\n\nThe web service runs.\n")
    vague = "\n  - id: mesh\n    quote: The platform is an enterprise-grade mesh.\n    system: web\n"
    project.claims(vague + RUNS)
    result = project.audit()
    result.stdout.fnmatch_lines(["*page.yaml:*'check' is missing*"])
    verdict = project.verdict()
    assert [one["id"] for one in verdict["claims"]] == ["web-runs"]
    assert verdict["verdict"] != "genuine"
    result.stdout.fnmatch_lines(["*1 of 1 checkable sentences claimed*"])


def test_an_ambiguous_quote_asks_for_its_line(project: AuditedProject) -> None:
    project.document("The web service runs.\n\nThe web service runs.\n")
    project.claims(RUNS)
    result = project.audit()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*line:*"])
    project.claims(RUNS + "    line: 3\n")
    project.audit().assert_outcomes(passed=1)


def test_an_id_may_be_used_once_over_all_files(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.claims(RUNS, "claims/second.yaml")
    result = project.audit()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*web-runs*claims/page.yaml*"])


def test_all_errors_of_a_claim_come_together(project: AuditedProject) -> None:
    project.claims(ANSWERS.replace("{path: /hello}", "{pth: /hello, status: x}") + "    severity: high\n")
    result = project.audit()
    text = result.stdout.str()
    assert all(word in text for word in ("pth", "status", "severity"))
    assert len(project.verdict()["errors"]) >= 3


def test_a_missing_target_is_a_usage_error(project: AuditedProject) -> None:
    project.claims(RUNS)
    result = project.audit("--distaudit-target=locla")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no target 'locla'; did you mean 'local'?*"])


def test_a_bad_target_file_is_a_usage_error_with_every_problem(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("distaudit.toml", '[targets.a.systems.web]\nkind = "htp"\nprobez = "read"\n')
    result = project.audit()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*distaudit.toml:*htp*"])


def test_a_missing_variable_names_itself_and_costs_its_own_system_alone(
    project: AuditedProject, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_PASSWORD", raising=False)
    locked = '[targets.local.systems.locked]\nkind = "http"\nurl = "http://audit:${WEB_PASSWORD}@127.0.0.1:1"\n'
    project.target(web.url, locked)
    project.claims(RUNS + RUNS.replace("web-runs", "locked-runs").replace("system: web", "system: locked"))
    project.audit().stdout.fnmatch_lines(["*distaudit.toml:4:1: * WEB_PASSWORD*export WEB_PASSWORD*"])
    told = {claim["id"]: (claim["verdict"], claim["reason"]) for claim in project.verdict()["claims"]}
    assert told == {"web-runs": ("verified", None), "locked-runs": ("unverifiable", "not-reachable")}


def test_collecting_asks_nothing(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit("--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["claims/page.yaml::web-runs", "claims/page.yaml::web-answers"])
    assert web.asked == []


@pytest.mark.parametrize("options", [("--setup-plan",), ("--fixtures",), ("-k", "nothing")])
def test_looking_at_the_suite_asks_nothing(project: AuditedProject, web: Web, options: tuple[str, ...]) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit(*options)
    assert web.asked == []
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if "-k" in options else pytest.ExitCode.OK)


def test_a_claim_file_named_without_the_option_is_judged(project: AuditedProject) -> None:
    project.claims(RUNS)
    result = project.pytester.runpytest_inprocess("-p", "no:randomly", "claims/page.yaml")
    result.assert_outcomes(passed=1)


def test_without_the_option_claim_files_are_left_alone(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("test_host.py", "def test_fine(): pass\n")
    project.pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_strict_settings(project: AuditedProject) -> None:
    """Before pytest 9 strictness was two options."""
    strict = "strict = true" if pytest.version_tuple >= (9,) else "addopts = --strict-markers --strict-config"
    project.write("pytest.ini", f"[pytest]\n{strict}\n")
    project.claims(RUNS)
    project.audit().assert_outcomes(passed=1)


def test_random_order(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (200, "hello")
    project.claims(RUNS + ANSWERS)
    project.audit("-p", "randomly", plugins=("randomly",)).assert_outcomes(passed=2)


def test_claims_are_not_rerun(project: AuditedProject) -> None:
    project.claims(ANSWERS)
    result = project.audit("--reruns=3", plugins=("rerunfailures",))
    result.assert_outcomes(failed=1)
    assert "rerun" not in result.parseoutcomes()


def test_workers_give_the_same_verdicts(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit("-n2", plugins=("xdist",))
    result.assert_outcomes(passed=1, failed=1)
    verdict = project.verdict()
    assert (verdict["selected"], verdict["total"]) == (2, 2)
    assert {claim["id"]: claim["verdict"] for claim in verdict["claims"]} == {
        "web-runs": "verified",
        "web-answers": "refuted",
    }


def test_terminal_commands_in_claims_are_defused(project: AuditedProject) -> None:
    project.claims(RUNS.replace("system.running", '"system.\\e[31mrunning"'))
    result = project.audit("--color=no")
    result.assert_outcomes(errors=1)
    assert "\x1b" not in result.stdout.str()
