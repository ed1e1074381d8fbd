"""``--distaudit-observe``: what the target is, as a document whose claims hold; stdout is that alone."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import AuditedProject, Web


def observe(project: AuditedProject, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest_inprocess("-p", "no:randomly", "-W", "error", "--distaudit-observe", *options)


def test_what_was_observed_is_a_document_whose_claims_hold(project: AuditedProject, web: Web) -> None:
    result = observe(project)
    assert result.ret == 0
    assert result.outlines[0] == "# What local is"
    assert [line.partition(" <!--")[0] for line in result.outlines if line.startswith("- ")] == [
        "- web: the system runs: its own product answers",
        "- web: version 0.6",
        "- web: the system calls itself healthy by a check that can say otherwise",
    ]
    project.write("docs/observed.md", "\n".join(result.outlines))
    frozen = project.audit("docs/observed.md")
    frozen.assert_outcomes(passed=3)
    assert project.verdict()["verdict"] == "genuine"


def test_what_changed_since_then_is_red(project: AuditedProject, web: Web) -> None:
    project.write("docs/observed.md", "\n".join(observe(project).outlines))
    web.pages["/health"] = (503, '{"status": "unhealthy"}')
    project.audit("docs/observed.md").assert_outcomes(passed=2, failed=1)


def test_what_does_not_hold_is_no_claim(project: AuditedProject, web: Web) -> None:
    web.pages["/health"] = (503, '{"status": "unhealthy"}')
    result = observe(project)
    assert len([line for line in result.outlines if "<!-- claim:" in line]) == 2
    result.stdout.fnmatch_lines(["## Does not hold", "", "- web, system.healthy: web unhealthy"])


def test_what_no_document_mentions(project: AuditedProject, web: Web) -> None:
    assert "## Runs, and no document mentions it" not in observe(project).outlines
    project.document("# Page\n\nNothing is said here.\n")
    unmentioned = observe(project)
    unmentioned.stdout.fnmatch_lines(["## Runs, and no document mentions it", "", "- web"])
    # what was observed is no documentation
    project.write("docs/observed.md", "\n".join(unmentioned.outlines))
    observe(project).stdout.fnmatch_lines(["## Runs, and no document mentions it"])


def test_without_systems_there_is_nothing_to_observe(
    project: AuditedProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("distaudit.toml", 'documents = ["docs"]\n')
    result = observe(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.outlines == []
    result.stderr.fnmatch_lines(["ERROR: --distaudit-observe: no target with systems; *distaudit.toml*"])
