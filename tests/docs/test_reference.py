"""The pages made from the code say what the code says, and whatever they add in words fits it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields

import pytest

from docs.generate import claim_file, json_report, target_file, verdicts
from docs.generate.checks import all_checks, checks_page, shown_page
from docs.generate.markdown import code, plain, table
from docs.generate.options import all_options, options_page
from docs.generate.source import ROOT
from pytest_distaudit.domain.audit import Audit, ClaimResult, Coverage
from pytest_distaudit.domain.finding import FindingKind
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict
from pytest_distaudit.reports.json import audit_json
from tests.docs.pages import everything
from tests.reports.sample import audit


def printed(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_check_of_the_list_is_on_both_pages() -> None:
    listed = re.findall(r"^([a-z]+\.[a-z-]+)  \[(\w+), (\w+)\]$", printed("--distaudit-checks"), re.MULTILINE)
    assert len(listed) >= 29
    page = checks_page()
    for name, rung, scope in listed:
        assert f"\n(check-{name})=\n### {name}\n" in page
        assert re.search(rf"^\| \{{ref\}}`{name} <check-{name}>` \| .+ \| {rung} \| {scope} \|$", page, re.MULTILINE)
        assert f"{{ref}}`{name} <check-{name}>`" in shown_page()


def test_every_parameter_and_what_no_check_shows_is_there() -> None:
    page, shown = checks_page(), shown_page()
    for check in all_checks():
        entry = page.partition(f"### {check.name}\n")[2].partition("\n### ")[0]
        for name, parameter in check.params.items():
            assert f"| `{name}` | {parameter.type.value} | " in entry
        for name in check.roles:
            assert f"role `{name}`" in entry
        assert plain(check.shows_not) in shown


def test_every_option_of_help_is_on_the_page() -> None:
    listed = set(re.findall(r"^  (--distaudit[a-z-]*)", printed("--help"), re.MULTILINE))
    assert listed == {option.name for option in all_options()}
    page = options_page()
    for option in all_options():
        assert f"\n## {option.name}\n\n`{option.spelt}`\n" in page


def test_every_option_that_a_page_speaks_of_exists() -> None:
    known = {option.name for option in all_options()}
    for page, text in everything().items():
        spoken = set(re.findall(r"(?<![\w-])--distaudit(?:-[a-z]+)*", text))
        assert spoken <= known, page


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (set(Reason), verdicts.REASONS),
        (set(FindingKind), verdicts.FINDINGS),
        (set(Rung), verdicts.RUNGS),
        (set(Verdict), verdicts.VERDICTS),
    ],
    ids=["reasons", "findings", "rungs", "verdicts"],
)
def test_every_word_has_its_meaning(names: set[object], told: Mapping[object, object]) -> None:
    assert set(told) == names, "docs/generate/verdicts.py"


def test_every_key_of_distaudit_toml_has_its_meaning() -> None:
    for name, shape in target_file.target_shapes().items():
        assert name in target_file.MEANINGS, "docs/generate/target_file.py: MEANINGS"
        assert set(shape["properties"]) == set(target_file.MEANINGS[name][1]), f"docs/generate/target_file.py: {name}"
    assert target_file.target_file_page().count("\n## ") == len(target_file.MEANINGS) + 2


def test_every_key_of_the_json_report_has_its_meaning() -> None:
    assert set(json_report.paths()) == set(json_report.MEANINGS), "docs/generate/json_report.py: MEANINGS"
    report = audit_json(audit())
    tops = {path.partition(".")[0].partition("[")[0] for path in json_report.MEANINGS}
    assert tops == set(report)
    assert {path.partition(".")[2] for path in json_report.MEANINGS if path.startswith("edges")} == {
        "from", "to", "seen_by",
    }  # fmt: skip


def test_what_may_be_null_is_said_to_be() -> None:
    for shape, path in ((Audit, ""), (ClaimResult, "claims[]."), (Coverage, "coverage.")):
        for field in fields(shape):
            meaning = json_report.MEANINGS.get(path + field.name, "null")
            assert "null" in meaning or not str(field.type).endswith("| None"), path + field.name


def test_every_key_of_a_claim_is_on_its_page() -> None:
    page = claim_file.claim_file_page()
    for key in ("id", "quote", "with", "within", "holds_for", "never_for", "expect", "waiver", "until", "owner"):
        assert f"| `{key}` | " in page
    assert "`ms`, `s`, `min`" in page


def test_what_stands_in_a_cell_breaks_no_table() -> None:
    assert table(["a"], [[code("x|y")], [plain("<b> | *c*")]]).splitlines()[2:] == [
        "| `x\\|y` |",
        "| \\<b\\> \\| \\*c\\* |",
    ]
