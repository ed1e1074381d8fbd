"""Reports of a real run: the HTML page is safe, JUnit holds the properties, the JSON is whole, secrets stay."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from pytest_distaudit.sources.digests import digest_of_folder
from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

SCRIPT = "<script>alert(1)</script>"


def test_the_html_page_shows_claims_and_runs_nothing_foreign(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (500, f"{SCRIPT}<img src=x onerror=alert(2)>")
    project.document(f"The web service runs.\n\nIt answers on /hello. `{SCRIPT}`\n")
    project.claims(RUNS + ANSWERS)
    project.audit("--html=audit.html", "--self-contained-html")
    page = (project.root / "audit.html").read_text(encoding="utf-8")
    assert "distaudit-refuted" in page
    assert "claimed" in page.lower()
    assert SCRIPT not in page
    assert "<img src=x" not in page


def test_junit_has_the_verdicts(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit("--junitxml=junit.xml")
    cases = ET.parse(project.root / "junit.xml").getroot().iter("testcase")
    told = {case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")} for case in cases}
    assert told["web-runs"]["distaudit.verdict"] == "verified"
    assert told["web-answers"]["distaudit.actual"] == "status 404"
    assert told["web-answers"]["distaudit.document"] == "docs/page.md:5"


def test_secrets_stay_out_of_every_output(project: AuditedProject, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "canary-5ecret-value"
    monkeypatch.setenv("WEB_PASSWORD", canary)
    web.pages["/hello"] = (500, f"cannot reach postgresql://app:{canary}@db/x with password={canary}")
    project.target(web.url.replace("http://", "http://audit:${WEB_PASSWORD}@"))
    project.claims(RUNS + ANSWERS)
    result = project.audit(
        "--html=audit.html", "--self-contained-html", "--junitxml=junit.xml", "--distaudit-evidence=evidence", "-vv"
    )
    result.assert_outcomes(passed=1, failed=1)
    assert canary not in result.stdout.str()
    for path in project.root.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".html", ".xml"):
            assert canary not in path.read_text(encoding="utf-8"), path


def test_a_report_that_cannot_be_written_makes_the_run_red(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("taken", "a file, no folder")
    result = project.audit("--distaudit-json=taken/audit.json", "--html=audit.html")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["--distaudit-json=taken/audit.json was not written: *; an older file there stays"])
    assert (project.root / "audit.html").exists()


def test_all_reports_go_into_one_folder_but_those_with_a_path_of_their_own(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit("--distaudit-reports=out", "--distaudit-json=own.json").assert_outcomes(passed=1)
    written = {path.name for path in (project.root / "out").iterdir()}
    assert "audit.html" in written
    assert "audit.json" not in written
    assert project.root.joinpath("own.json").exists()


def test_the_page_shows_the_documents(project: AuditedProject) -> None:
    project.document("The web service runs.\n\nThe web service never sleeps.\n")
    project.claims(RUNS)
    project.audit("--distaudit-html=audit.html").assert_outcomes(passed=1)
    page = (project.root / "audit.html").read_text(encoding="utf-8")
    assert '<a class="mark verified"' in page
    assert "The web service never sleeps." in page


def test_an_attestation_names_the_evidence_as_it_lies_there(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit("--distaudit-evidence=kept", "--distaudit-reports=out").assert_outcomes(passed=1)
    told = json.loads((project.root / "out/attestation.json").read_text(encoding="utf-8"))
    found = digest_of_folder(project.root / "kept", "evidence")
    assert told["subject"] == [{"name": "evidence", "digest": {"dirHash": found.value}}]
    assert told["predicate"]["result"] == "PASSED"
    names = {one["name"] for one in told["predicate"]["configuration"]}
    assert {"distaudit.toml", "claims/page.yaml", "docs/page.md"} <= names


def test_an_attestation_without_evidence_is_refused(project: AuditedProject) -> None:
    project.claims(RUNS)
    result = project.audit("--distaudit-attestation=a.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*add --distaudit-evidence=DIR*"])
