"""What has changed since an earlier audit."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.sources.earlier_audit import read_earlier
from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

SINCE = "--distaudit-since=audit.json"


def test_what_changed_since_the_last_audit(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS + ANSWERS.replace("web-answers", "left"))
    first = project.audit(SINCE)
    first.stdout.fnmatch_lines(["--distaudit-since=audit.json: no such file yet"])
    assert project.verdict()["compared_with"] is None
    began = project.verdict()["started"]
    old = project.verdict()
    old["started"] = "2020-01-01T00:00:00+00:00"
    project.write("audit.json", json.dumps(old))

    web.pages["/hello"] = (200, "hello")
    new = RUNS.replace("web-runs", "web-again")
    project.claims(RUNS + ANSWERS + new)
    result = project.audit(SINCE)
    result.stdout.fnmatch_lines(
        [
            "since 2020-01-01T00:00:00+00:00: 1 changed verdict, 1 gone, 1 new",
            "    web-answers: refuted (status 404) -> verified (status 200)",
            "    left: gone, was refuted (status 404)",
            "    web-again: new, verified (*",
        ]
    )
    told = project.verdict()
    assert {one["id"]: one["kind"] for one in told["changed"]} == {
        "web-answers": "verdict",
        "left": "gone",
        "web-again": "new",
    }
    since = {one["id"]: one["since"] for one in told["claims"]}
    assert since["web-runs"] == "2020-01-01T00:00:00+00:00"
    assert since["web-answers"] >= began

    project.audit(SINCE, "-k", "web-runs")
    assert project.verdict()["changed"] == [], "what was not selected is not gone"
    assert project.verdict()["claims"][0]["since"] == "2020-01-01T00:00:00+00:00"


def test_another_statement_under_the_same_id_is_no_continuation(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    project.audit()
    project.claims(RUNS + ANSWERS.replace("path: /hello", "path: /world"))
    project.audit(SINCE)
    assert [(one["id"], one["kind"]) for one in project.verdict()["changed"]] == [("web-answers", "statement")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n 'x'", "old.json:2:2: this is no JSON: * name a file that --distaudit-json wrote"),
        ('{"schema": "distaudit/1"}', "old.json: started: *; name a file that *"),
        ("[" * 100_000, "old.json*: this is no JSON: *"),
    ],
    ids=["syntax", "shape", "deep"],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_earlier(path, "old.json")
    assert fnmatchcase(str(caught.value), said), caught.value


def test_another_target_is_nothing_to_compare_with(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.write("old.json", '{"schema": "distaudit/1", "started": "x", "target": "far"}')
    result = project.audit("--distaudit-since=old.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is an audit of 'far', this one is of 'local'*"])


def test_an_earlier_file_is_foreign_text(project: AuditedProject) -> None:
    project.claims(RUNS)
    claim = {"id": "\x1b[31mgone\u202e", "verdict": "verified", "actual": "::error::\x1b]0;x\x07\nfoo"}
    old = {"schema": "distaudit/1", "started": "\x1b[2Jx", "target": "local", "claims": [claim]}
    project.write("old.json", json.dumps(old))
    text = project.audit("--distaudit-since=old.json").stdout.str()
    assert "gone, was verified" in text
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert "\n::error" not in text
