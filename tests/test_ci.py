"""What runs in somebody's CI: the shell of the action, of the GitLab job, of the comment's workflow and of the hook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plugin.conftest import without_others

ROOT = Path(__file__).parents[1]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
PAGE = "# Shop\n\nThe settings are in `config/shop.yaml`.\n"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project with one document, true on `main`, and a remote that has it."""
    work = tmp_path / "work"
    (work / "config").mkdir(parents=True)
    (work / "README.md").write_text(PAGE, "utf-8")
    (work / "config/shop.yaml").write_text("a: 1\n", "utf-8")
    for words in (
        "init --quiet --initial-branch=main",
        "add --all",
        "commit --quiet --message=first",
        f"clone --quiet --bare . {tmp_path / 'origin.git'}",
        f"remote add origin {tmp_path / 'origin.git'}",
        "switch --quiet --create change",
    ):
        git(work, *words.split())
    return work


def git(work: Path, *words: str) -> str:
    person = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *person, *words], cwd=work, check=True, capture_output=True, text=True).stdout


def run(script: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner does it: a bash that ends at the first error."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GITHUB_", "PYTEST_"))}
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    environ = {**kept, "PATH": path, "PYTEST_ADDOPTS": " ".join(without_others()), **variables}
    return subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def step_of_the_action(name: str) -> Mapping[str, Any]:
    (found,) = [step for step in read("action.yml")["runs"]["steps"] if step.get("name") == name]
    return dict(found)


def judge(repository: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], Path, Path]:
    """The action's step, its expressions filled in as the runner would; where the reports are, and its outputs."""
    step, temp = step_of_the_action("judge"), repository.parent
    defaults = {name: str(one.get("default", "")) for name, one in read("action.yml")["inputs"].items()}
    known = {f"inputs.{name}": text for name, text in {**defaults, "base": "", **inputs}.items()}
    known["runner.temp"] = str(temp)
    variables = {name: EXPRESSION.sub(lambda one: known[one[1].strip()], text) for name, text in step["env"].items()}
    outputs = temp / "outputs"
    done = run(step["run"], repository, {**variables, "GITHUB_OUTPUT": str(outputs)})
    return done, temp / "distaudit", outputs


def test_the_action_judges_files_and_keeps_the_reports(repository: Path) -> None:
    done, reports, outputs = judge(repository, static="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs.read_text("utf-8") == "verdict=genuine\n"
    kept = {path.name for path in reports.iterdir()}
    assert kept == {"audit.json", "audit.html", "audit.md", "audit.sarif", "comment.md", "oscal.json", "junit.xml"}


def test_the_action_is_red_when_the_document_is_wrong(repository: Path) -> None:
    (repository / "config/shop.yaml").unlink()
    done, reports, outputs = judge(repository, static="true")
    assert done.returncode == 1
    assert outputs.read_text("utf-8") == "verdict=partial\n"
    assert "config/shop.yaml" in (reports / "comment.md").read_text("utf-8")


CLAIM = """\
document: README.md
claims:
  - id: settings
    quote: The settings are in config/shop.yaml
    check: files.path
    with: {path: config/shop.yaml}
    severity: critical
"""


@pytest.mark.parametrize("static", ["true", "false"])
def test_the_action_is_a_gate_for_a_pull_request(repository: Path, static: str) -> None:
    """A change that takes a claim back, and would like to be judged by settings of its own."""
    for name, text in (("claims/shop.yaml", CLAIM), ("distaudit.toml", "")):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(text, "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=claimed")
    git(repository, "push", "--quiet", "origin", "change:main")
    done, _, _ = judge(repository, base="main", static=static)
    assert done.returncode == 0, done.stdout + done.stderr
    (repository / "claims/shop.yaml").write_text(CLAIM.replace("critical", "minor"), "utf-8")
    (repository / "pytest.ini").write_text("[pytest]\naddopts = -p no:distaudit --help\n", "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=weaker")
    done, reports, _ = judge(repository, base="main", static=static)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "severity critical -" in (reports / "comment.md").read_text("utf-8")


def test_words_for_pytest_are_words_and_never_commands(repository: Path) -> None:
    done, _, _ = judge(repository, static="true", arguments="-q $(touch stolen) ; touch stolen `touch stolen`")
    assert not (repository / "stolen").exists()
    assert done.returncode != 0


def test_no_script_of_a_workflow_holds_an_expression() -> None:
    scripts = [step["run"] for step in read("action.yml")["runs"]["steps"] if "run" in step]
    for name in ("ci/github-audit.yml", "ci/github-comment.yml"):
        jobs = read(name)["jobs"].values()
        scripts += [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert len(scripts) == 3
    assert not [script for script in scripts if EXPRESSION.search(script)]


def test_the_gate_may_only_read_and_the_comment_runs_nothing_of_the_change() -> None:
    audit, comment = read("ci/github-audit.yml"), read("ci/github-comment.yml")
    assert audit["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in audit[True]
    assert comment["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert not [step for step in comment["jobs"]["comment"]["steps"] if "checkout" in step.get("uses", "")]


GH = """#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
with (place / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
words = " ".join(sys.argv[1:])
if words.endswith("// empty"):
    print((place / "number").read_text())
elif "--paginate" in words:
    print((place / "old").read_text())
"""


@pytest.mark.parametrize(
    ("old", "method", "where"), [("", "POST", "issues/7/comments"), ("41", "PATCH", "comments/41")]
)
def test_the_comment_is_written_once_and_then_replaced(tmp_path: Path, old: str, method: str, where: str) -> None:
    """`gh` is a stand-in that writes down how it was called."""
    calls = written(tmp_path, "<!-- distaudit-comment: t -->\nbody\n", "7", old)
    assert [method in calls[-1], where in calls[-1][-3], "body=@comment.md" in calls[-1]] == [True, True, True]


def test_nothing_is_written_without_an_open_pull_request_or_too_much(tmp_path: Path) -> None:
    assert not [call for call in written(tmp_path, "text", "", "") if "POST" in call or "PATCH" in call]
    assert written(tmp_path, "x" * 70_000, "7", "", status=1) == []


def written(folder: Path, comment: str, number: str, old: str, status: int = 0) -> list[list[str]]:
    """The calls of `gh` in the comment's workflow."""
    (step,) = [one for one in read("ci/github-comment.yml")["jobs"]["comment"]["steps"] if "run" in one]
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/gh").write_text(GH.format(python=sys.executable, place=str(folder)), "utf-8")
    (folder / "bin/gh").chmod(0o755)
    for name, text in (("comment.md", comment), ("number", number), ("old", old), ("calls", "")):
        (folder / name).write_text(text, "utf-8")
    variables = {"REPOSITORY": "acme/shop", "HEAD": "acme:change", "COMMIT": "c0ffee", "GH_TOKEN": "t"}
    done = run(f'PATH="{folder}/bin:$PATH"\n{step["run"]}', folder, variables)
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in (folder / "calls").read_text("utf-8").splitlines()]


def test_the_gitlab_job_judges(repository: Path) -> None:
    job = read("ci/gitlab.yml")[".distaudit"]
    *_, script = job["script"]
    done = run(script, repository, {"ARGUMENTS": "-q -k path"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repository / job["artifacts"]["reports"]["junit"]).exists()
    assert (repository / "distaudit/audit.html").exists()


def test_the_hook_judges_files(repository: Path) -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    assert run(hook["entry"], repository, {}).returncode == 0
    (repository / "config/shop.yaml").unlink()
    assert run(hook["entry"], repository, {}).returncode == 1
