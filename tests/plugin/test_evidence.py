"""Kept evidence: not as it was recorded, it decides nothing; not kept as was asked, neither does the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import ANSWERS, AuditedProject, Web

KEPT = "--distaudit-evidence=kept"


@pytest.fixture(autouse=True)
def _page(web: Web) -> None:
    web.pages["/hello"] = (200, "hello")


def recorded(project: AuditedProject, pattern: str) -> Path:
    project.claims(ANSWERS)
    project.audit(KEPT)
    (found,) = (project.root / "kept").glob(pattern)
    (project.root / "kept").rename(project.root / "elsewhere")
    return project.root / "elsewhere" / found.relative_to(project.root / "kept")


def again(project: AuditedProject) -> tuple[str, str]:
    project.audit("--distaudit-replay=elsewhere")
    (claim,) = project.verdict()["claims"]
    return claim["reason"] or claim["verdict"], claim["because"]


def test_it_is_judged_elsewhere_without_a_server(project: AuditedProject, web: Web) -> None:
    recorded(project, "audit.json")
    asked = len(web.asked)
    assert again(project)[0] == "verified"
    assert len(web.asked) == asked


@pytest.mark.parametrize(
    ("pattern", "old", "new"),
    [
        ("observations/web/answer*.json", b'"status": 2', b'"status": 3'),
        ("observations/web/answer*.json", b'"at": 1', b'"at": 2'),
        ("observations/web/answer*.json", b'"way": "G', b'"way": "H'),
        ("observations/web/answer*.json", b"{", b"["),
        ("observations/web/answer*.json", b"{", b"\xff"),
        ("claims/web-answers.json", b'"web/answer', b'"web/bnswer'),
    ],
)
def test_one_byte_of_it_changed_is_refused(project: AuditedProject, pattern: str, old: bytes, new: bytes) -> None:
    path = recorded(project, pattern)
    whole = path.read_bytes()
    assert old in whole
    path.write_bytes(whole.replace(old, new, 1))
    reason, because = again(project)
    assert reason == "not-recorded"
    assert because.startswith(
        f"elsewhere/{path.relative_to(project.root / 'elsewhere')} was changed since it was recorded"
    )


def test_a_file_of_it_that_is_gone_is_told(project: AuditedProject) -> None:
    path = recorded(project, "observations/web/answer*.json")
    path.unlink()
    reason, because = again(project)
    assert (reason, because.endswith("is gone since it was recorded")) == ("not-recorded", True), because


def test_a_changed_head_is_refused_before_anything_is_judged(project: AuditedProject) -> None:
    path = recorded(project, "audit.json")
    path.write_text(path.read_text().replace('"started": "2', '"started": "1'))
    result = project.audit("--distaudit-replay=elsewhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*elsewhere/audit.json was changed since it was recorded*"])


FULL = """
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


def test_on_a_full_disk_nothing_is_verified(project: AuditedProject) -> None:
    """No file may be longer than 300 bytes: the evidence cannot be kept, and that is said."""
    project.claims(ANSWERS)
    project.write("conftest.py", FULL)
    argv = [sys.executable, "-m", "pytest", "--distaudit", KEPT, "-s", "-p", "no:cacheprovider"]
    told = subprocess.run(argv, cwd=project.root, env={**os.environ}, capture_output=True, text=True, check=False)
    assert told.returncode == pytest.ExitCode.TESTS_FAILED, told.stdout + told.stderr
    assert "UNVERIFIABLE(AUDIT-ERROR) web-answers" in told.stdout
    assert "File too large" in told.stdout
    assert not [path for path in (project.root / "kept").rglob("*") if path.is_file() and path.name.startswith(".")]


def test_it_is_not_explained_either(project: AuditedProject) -> None:
    path = recorded(project, "claims/web-answers.json")
    path.write_bytes(path.read_bytes().replace(b"verified", b"Verified"))
    words = ("-p", "no:randomly", "--distaudit-explain=web-answers", "--distaudit-replay=elsewhere")
    result = project.pytester.runpytest_inprocess(*words)
    assert result.ret != pytest.ExitCode.OK
    result.stderr.fnmatch_lines(["*elsewhere/claims/web-answers.json was changed since it was recorded*"])
