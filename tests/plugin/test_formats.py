"""The formats of a real run: written, whole, harmless, without secrets; and what GitHub Actions is told."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web
from tests.reports.sarif_rules import problems_of

FILES = {
    "--distaudit-markdown": "audit.md",
    "--distaudit-comment": "comment.md",
    "--distaudit-sarif": "audit.sarif",
    "--junitxml": "junit.xml",
}
ALL = tuple(f"{option}={name}" for option, name in FILES.items())
CANARY = "canary-5ecret-value"
#: what GitHub's runner takes for a command: at the beginning of a line, or in the older spelling anywhere
COMMAND = re.compile(r"^\s*::(?=.*::)|##\w*\[", re.MULTILINE)
HOSTILE = "<script>alert(1)</script>\n::error file=a::pwned\n##[error]pwned\n@octocat | `x` ]]> \x1b[31m\u202e\x00"


@pytest.fixture
def actions(project: AuditedProject, monkeypatch: pytest.MonkeyPatch) -> AuditedProject:
    """The project in GitHub Actions, its step's summary in summary.md."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.root / "summary.md"))
    return project


def commands(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if COMMAND.search(line)]


def test_every_format_is_written(project: AuditedProject) -> None:
    project.claims(RUNS + ANSWERS)
    result = project.audit(*ALL)
    result.assert_outcomes(passed=1, failed=1)
    told = {name: (project.root / name).read_text(encoding="utf-8") for name in FILES.values()}
    assert told["audit.md"].count("\n## ") == 10
    assert told["comment.md"].startswith("<!-- distaudit-comment: local -->\n")
    log = json.loads(told["audit.sarif"])
    assert problems_of(log) == []
    (found,) = log["runs"][0]["results"]
    assert found["ruleId"] == "http.responds"
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("docs/page.md")
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 5}
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert not rule["shortDescription"]["text"].startswith("a claim that is decided by")
    result.stdout.fnmatch_lines(["written: audit.md", "written: comment.md", "written: audit.sarif"])


def test_errors_of_input_are_in_every_format(project: AuditedProject) -> None:
    project.claims(RUNS + "\n  - id: odd\n    quote: It is healthy.\n    check: system.rnning\n    system: web\n")
    project.audit(*ALL)
    for name in ("audit.md", "comment.md", "audit.sarif"):
        text = (project.root / name).read_text(encoding="utf-8")
        assert "system.rnning" in text, name
        assert "claims/page.yaml" in text, name


def test_junit_says_all_of_a_claim(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + f"{ANSWERS}    severity: critical\n")
    project.audit("--junitxml=junit.xml")
    cases = ET.parse(project.root / "junit.xml").getroot().iter("testcase")
    told = {case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")} for case in cases}
    names = {name.removeprefix("distaudit.") for name in told["web-answers"] if name}
    assert {"verdict", "claim", "document", "severity", "check", "quote", "claimed", "actual", "because"} <= names
    assert told["web-answers"]["distaudit.severity"] == "critical"
    assert told["web-answers"]["distaudit.document"] == "docs/page.md:5"


def test_hostile_answers_stay_text(actions: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (500, HOSTILE)
    actions.document(f"The web service runs.\n\nIt answers on /hello. {HOSTILE}\n".replace("\x00", ""))
    actions.claims(RUNS + ANSWERS)
    result = actions.audit(*ALL, "-vv")
    result.assert_outcomes(passed=1, failed=1)
    ET.parse(actions.root / "junit.xml")
    assert problems_of(json.loads((actions.root / "audit.sarif").read_text("utf-8"))) == []
    for name in ("audit.md", "comment.md", "summary.md", "audit.sarif", "junit.xml"):
        text = (actions.root / name).read_text(encoding="utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text), name
    (line,) = commands(result)
    assert re.match(r"::error file=\S*docs/page.md,line=3,title=refuted%3A web-answers::claimed ", line)


TEST_CLAIM = """
import pytest, sys, logging

@pytest.fixture(autouse=True)
def noisy():
    print("::error::from the set-up")
    yield
    print("::error::from the end")

@pytest.mark.distaudit(id="shown", doc="::error file=x::pwned\\n::error::y", line=3, quote={text!r})
def test_shown():
    print("  ::error::from the test")
    print("x ##[error]from the test", file=sys.stderr)
    logging.getLogger().warning("##[error]from a log")
    assert False, {text!r}
"""


def test_what_a_claims_own_test_prints_is_no_command(actions: AuditedProject) -> None:
    actions.write("test_shown.py", TEST_CLAIM.format(text=HOSTILE))
    result = actions.audit("test_shown.py", "--junitxml=junit.xml", "-rA")
    assert "from the test" in result.stdout.str()
    assert "from the end" in result.stdout.str()
    (line,) = commands(result)
    assert line.startswith(
        "::error file=%3A%3Aerror file=x%3A%3Apwned %3A%3Aerror%3A%3Ay,line=3,title=refuted%3A shown::"
    )
    ET.parse(actions.root / "junit.xml")


BIG_CLAIM = """
import pytest
from pytest_distaudit import refute

BIG = "]]>\\x00<&\\ud800" * 1_500_000

@pytest.mark.distaudit(id="big", doc="docs/page.md", line=3, quote=BIG)
def test_big():
    refute(BIG, because=BIG, remedy=BIG)
"""


def test_ten_megabytes_leave_xml_well_formed_and_short(project: AuditedProject) -> None:
    project.write("test_big.py", BIG_CLAIM)
    project.audit("test_big.py", *ALL).assert_outcomes(failed=1)
    for name in FILES.values():
        assert (project.root / name).stat().st_size < 100_000, name
    ET.parse(project.root / "junit.xml")


def test_a_waivers_reason_is_no_command(actions: AuditedProject) -> None:
    waiver = '{until: 2999-01-31, owner: me, reason: "later\\n::error::pwned"}'
    actions.claims(f"{ANSWERS}    waiver: {waiver}\n{RUNS}")
    result = actions.audit("-rA", "-v")
    result.assert_outcomes(passed=1, xfailed=1)
    assert commands(result) == []
    result.stdout.fnmatch_lines(["WAIVED claims/*later ::error::pwned*"])


def test_the_summary_is_appended_and_can_be_turned_off(actions: AuditedProject) -> None:
    (actions.root / "summary.md").write_text("earlier\n")
    actions.claims(RUNS + ANSWERS)
    assert commands(actions.audit("--distaudit-github=off")) == []
    assert (actions.root / "summary.md").read_text() == "earlier\n"
    assert len(commands(actions.audit())) == 1
    text = (actions.root / "summary.md").read_text(encoding="utf-8")
    assert text.startswith("earlier\n### ")
    assert "`web-answers`" in text


def test_nothing_is_told_outside_of_github(project: AuditedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.root / "summary.md"))
    project.claims(ANSWERS)
    assert commands(project.audit()) == []
    assert not (project.root / "summary.md").exists()


def test_a_summary_that_cannot_be_written_is_said(actions: AuditedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(actions.root))
    actions.claims(RUNS)
    result = actions.audit()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["distaudit: the step's summary was not written: *"])


def test_nine_annotations_and_how_many_more(actions: AuditedProject) -> None:
    actions.claims("".join(ANSWERS.replace("web-answers", f"answers-{n}") for n in range(12)))
    lines = commands(actions.audit())
    assert len(lines) == 10
    assert lines[9] == "::error title=audit verdict::and 3 more, see the summary"


def test_no_command_is_obeyed_while_names_of_a_foreign_tree_are_printed(
    actions: AuditedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "::error file=x::pwned.md"
    actions.write(f"tree/{name}", "Kong listens on port 8000.\n\nSee `no/such/file.py`.\n")
    actions.write("tree/compose.yaml", "services:\n  kong:\n    image: kong\n    ports: ['9000:8000']\n")
    monkeypatch.chdir(actions.root / "tree")
    result = actions.pytester.runpytest_subprocess("--distaudit-static", "-v", "-p", "no:randomly")
    lines = commands(result)
    (stop,) = [number for number, line in enumerate(lines) if line.startswith("::stop-commands::")]
    token = lines[stop].removeprefix("::stop-commands::")
    end = lines.index(f"::{token}::")
    assert stop == 0
    assert len(token) == 32
    assert any(line.startswith(name) for line in lines[stop:end])
    assert all(re.match(r"::(error|warning) (file|title)=", line) for line in lines[end + 1 :])


def test_secrets_stay_out_of_every_format(actions: AuditedProject, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PASSWORD", CANARY)
    web.pages["/hello"] = (500, f"cannot reach postgresql://app:{CANARY}@db/x with password={CANARY}")
    actions.target(web.url.replace("http://", "http://audit:${WEB_PASSWORD}@"))
    actions.claims(RUNS + ANSWERS)
    actions.pytester.run("git", "init", "-q")
    actions.pytester.run("git", "remote", "add", "origin", f"https://user:{CANARY}@git.test/a/b.git?x={CANARY}")
    actions.pytester.run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty")
    result = actions.audit(*ALL, "-vv")
    result.assert_outcomes(passed=1, failed=1)
    assert CANARY not in result.stdout.str() + result.stderr.str()
    for name in (*FILES.values(), "summary.md", "audit.json"):
        assert CANARY not in (actions.root / name).read_text(encoding="utf-8"), name
    (told,) = json.loads((actions.root / "audit.sarif").read_text("utf-8"))["runs"][0]["versionControlProvenance"]
    assert told["repositoryUri"] == "https://git.test/a/b.git"
