"""The gate against the pull request that it gates: one test for each attack of docs/threat-model.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

APART = ("-c", "/dev/null", "--rootdir=.", "--noconftest")
THREATS = Path(__file__).parents[2] / "docs" / "threat-model.md"
WAIVER = "    waiver: {until: 2999-01-01, owner: w, reason: r}\n"
STRONG = ANSWERS + "    severity: critical\n"


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *own, *words], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def python(folder: Path, *words: str) -> int:
    """The exit code of a process of its own, into whose path nothing puts ``folder``."""
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, check=False).returncode


class Gated:
    """An audited project in git: ``base`` commits to main, ``gate`` judges what was changed since."""

    def __init__(self, project: AuditedProject, web: Web) -> None:
        self.project, self.web, self.root = project, web, project.root
        web.pages["/hello"] = (200, "hello")

    def base(self, claims: str = RUNS + STRONG) -> None:
        self.project.claims(claims)
        git(self.root, "init", "-q")
        self.commit("main")
        git(self.root, "checkout", "-q", "-b", "change")

    def commit(self, message: str = "change") -> None:
        git(self.root, "add", "-A", "--", ".", ":!audit.json")
        git(self.root, "commit", "-q", "--allow-empty", "-m", message)

    def gate(self, *options: str) -> pytest.RunResult:
        self.commit()
        return self.project.audit("--distaudit-base=main", *APART, *options)

    def weaker(self) -> list[str]:
        return [f"{one['id']}: {one['what']}" for one in self.project.verdict()["weaker"]]


@pytest.fixture
def gated(project: AuditedProject, web: Web) -> Gated:
    return Gated(project, web)


def test_an_honest_change_passes(gated: Gated) -> None:
    gated.base()
    gated.project.claims(RUNS + STRONG + RUNS.replace("web-runs", "one-more"))
    result = gated.gate()
    result.assert_outcomes(passed=3)
    assert result.ret == 0
    assert gated.weaker() == []
    base = git(gated.root, "rev-parse", "main").strip()
    assert gated.project.verdict()["base"] == base
    result.stdout.fnmatch_lines([f"gate: targets, waivers, * are those of {base[:12]}"])


def test_a_weakened_claim_is_listed_and_fails(gated: Gated) -> None:
    gated.base()
    weak = STRONG.replace("severity: critical", "severity: minor").replace("path: /hello", "path: /health") + WAIVER
    gated.project.claims(RUNS + weak)
    result = gated.gate()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = ("severity critical -> minor", "path /hello -> /health", "waived until 2999-01-01")
    assert gated.weaker() == [f"web-answers: {one}" for one in said]
    result.stdout.fnmatch_lines([f"WEAKER web-answers (claims/page.yaml:*): {one}" for one in said])


def test_a_removed_claim_fails_wherever_it_stood(gated: Gated) -> None:
    inline = "<!-- claim: http.responds system=web path=/hello id=inline -->"
    text = f"The web service runs.\n\nIt answers on /hello. {inline}\n"
    gated.project.document(text + "\nIt is healthy.\n")
    gated.base()
    gated.project.document(text.replace("<!-- claim", "<!-- was") + "\nIt is healthy.\n")
    (gated.root / "claims" / "page.yaml").unlink()
    gated.project.claims(RUNS.replace("web-runs", "new-name"))
    assert gated.gate().ret == pytest.ExitCode.TESTS_FAILED
    removed = ["web-runs: the claim is removed", "web-answers: the claim is removed", "inline: the claim is removed"]
    assert gated.weaker() == removed


def test_the_workflow_may_allow_it_and_the_report_still_says_so(gated: Gated) -> None:
    gated.base()
    gated.project.claims(RUNS)
    result = gated.gate("--distaudit-allow-weaker=web-a*")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["weaker, allowed web-answers (claims/page.yaml:*): the claim is removed"])
    assert gated.gate("--distaudit-allow-weaker=other").ret == pytest.ExitCode.TESTS_FAILED


def test_a_new_waiver_is_not_in_force(gated: Gated) -> None:
    gated.base()
    del gated.web.pages["/hello"]
    gated.project.claims(RUNS + STRONG + WAIVER)
    result = gated.gate("--distaudit-allow-weaker=*")
    result.assert_outcomes(passed=1, failed=1)
    new = ANSWERS.replace("web-answers", "new") + WAIVER
    gated.project.claims(RUNS + STRONG + new)
    gated.gate("--distaudit-allow-weaker=*").assert_outcomes(passed=1, failed=2)


def test_what_held_cannot_become_pending(gated: Gated) -> None:
    gated.base()
    del gated.web.pages["/hello"]
    gated.project.claims(RUNS + STRONG + "    pending: true\n")
    gated.gate("--distaudit-allow-weaker=*").assert_outcomes(passed=1, failed=1)
    gated.project.claims(RUNS + STRONG.replace("web-answers", "new") + "    pending: true\n")
    gated.gate().assert_outcomes(passed=1, xfailed=1)
    assert gated.weaker() == ["web-answers: the claim is removed"], "under a new id it is new, and the old one is gone"


def test_the_baseline_is_the_base_s(gated: Gated) -> None:
    gated.base()
    del gated.web.pages["/hello"]
    gated.project.audit("--distaudit-write-baseline=known.json")
    result = gated.gate("--distaudit-baseline=known.json")
    result.assert_outcomes(passed=1, failed=1)
    assert gated.weaker() == ["web-answers: entered in the baseline"]
    gated.project.write("known.json", "{")
    gated.gate("--distaudit-baseline=known.json")
    assert "cannot be read any more" in gated.weaker()[0]


def test_the_gate_s_baseline_holds_and_is_not_rewritten(gated: Gated) -> None:
    del gated.web.pages["/hello"]
    gated.project.claims(RUNS + STRONG)
    gated.project.audit("--distaudit-write-baseline=known.json")
    gated.base()
    gated.gate("--distaudit-baseline=known.json").assert_outcomes(passed=1, xfailed=1)
    gated.web.pages["/hello"] = (200, "hello")
    before = (gated.root / "known.json").read_bytes()
    result = gated.gate("--distaudit-baseline=known.json")
    result.stdout.fnmatch_lines(["baseline: web-answers stays in known.json (the gate writes nothing): verified now"])
    assert (gated.root / "known.json").read_bytes() == before
    assert gated.gate("--distaudit-write-baseline=known.json").ret == pytest.ExitCode.TESTS_FAILED
    assert (gated.root / "known.json").read_bytes() == before


def test_targets_are_the_base_s_and_secrets_go_to_no_other_host(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PASSWORD", "canary-5ecret")
    gated.project.target(gated.web.url.replace("http://", "http://audit:${WEB_PASSWORD}@"))
    gated.base()
    with Web() as thief:  # nobody answers there: what is sent would wait to be read
        gated.project.target(thief.url.replace("http://", "http://audit:${WEB_PASSWORD}@"))
        result = gated.gate()
        thief.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            thief.socket.accept()
    result.assert_outcomes(passed=2)
    assert gated.web.asked
    assert "canary-5ecret" not in result.stdout.str()


def test_services_of_the_change_are_started_without_our_variables() -> None:
    from pytest_distaudit.targets.ground import harmless_environment

    given = harmless_environment({"PATH": "/bin", "WEB_PASSWORD": "x", "GITHUB_TOKEN": "y", "DOCKER_HOST": "unix:///s"})
    assert set(given) == {"PATH", "DOCKER_HOST", "PYTHONUNBUFFERED"}


def test_settings_of_the_checkout_take_no_part(gated: Gated) -> None:
    gated.base()
    del gated.web.pages["/hello"]
    settings = "addopts = --collect-only --distaudit-unverifiable=skip -k nothing"
    gated.project.write("pytest.ini", f"[pytest]\n{settings}\n")
    gated.project.write("conftest.py", "raise SystemExit(0)\n")
    result = gated.gate()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    "options", [(), ("--noconftest",), APART[:3], ("-c", "pytest.ini", "--noconftest")], ids=["bare", "ini", "py", "c"]
)
def test_a_gate_that_could_be_steered_is_refused_from_the_first_day(gated: Gated, options: tuple[str, ...]) -> None:
    gated.base()
    gated.project.write("pytest.ini", "[pytest]\n")
    result = gated.project.audit("--distaudit-base=main", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*belong to the pull request and take no part in its gate; start it with: pytest *"])


def test_modules_of_the_checkout_are_refused(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    gated.base()
    monkeypatch.syspath_prepend(str(gated.root))
    result = gated.gate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*Python imports modules from the checkout*python -P -m pytest*"])


def test_workers_import_nothing_from_the_checkout(gated: Gated) -> None:
    gated.base()
    trap = gated.root / "trap"
    gated.project.write("threading.py", f"open({str(trap)!r}, 'w').close()\nraise SystemExit(0)\n")
    gated.commit()
    result = gated.project.audit("--distaudit-base=main", *APART, "-n1", plugins=("xdist",))
    assert not trap.exists()
    result.assert_outcomes(passed=2)
    assert "PYTHONSAFEPATH" not in os.environ


def test_git_settings_of_the_checkout_run_nothing(gated: Gated) -> None:
    gated.base()
    trap = gated.root / "trap"
    evil = f"touch {trap}"
    gated.project.write(".gitattributes", "* filter=evil diff=evil\n")
    gated.commit()
    for name in (
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.sshCommand",
    ):
        git(gated.root, "config", name, evil)
    hook = gated.project.write(".git/hooks/post-checkout", f"#!/bin/sh\n{evil}\n")
    hook.chmod(0o755)
    result = gated.project.audit("--distaudit-base=main", *APART)
    assert result.ret == 0
    assert not trap.exists()


def test_outputs_do_not_leave_the_checkout_by_a_link(gated: Gated, tmp_path_factory: pytest.TempPathFactory) -> None:
    gated.base()
    outside = tmp_path_factory.mktemp("outside") / "profile"
    outside.write_text("old")
    (gated.root / "report.json").symlink_to(outside)
    result = gated.gate("--distaudit-json=report.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert outside.read_text() == "old"
    result.stderr.fnmatch_lines(["*report.json: a link in the checkout leads out of it; name another path"])


@pytest.mark.parametrize("option", ["--distaudit-replay=evidence", "--distaudit-merge=evidence"])
def test_evidence_that_the_change_brings_is_refused(gated: Gated, option: str) -> None:
    gated.base()
    gated.project.write("evidence/audit.json", "{}")
    result = gated.gate(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*evidence lies in the checkout*"])


def test_a_fork_gets_the_static_verdict_with_the_base_s_waivers(gated: Gated) -> None:
    gated.project.document("# Shop\n\nThe gateway listens on port 8080.\n\nSee `compose.yaml`.\n", "README.md")
    gated.project.write("compose.yaml", "services:\n  gateway:\n    build: gateway\n    ports: ['8081:8081']\n")
    gated.project.write("gateway/Dockerfile", "FROM scratch\n")
    waiver = "{until: 2999-01-01, owner: shop, reason: moves}"
    told = "id: old-port, quote: The gateway listens, check: files.finding, with: {finding: wrong_port-gateway}"
    gated.project.claims(f"  - {{{told}, waiver: {waiver}}}\n", "claims/shop.yaml", "README.md")
    gated.base()
    gated.project.write("conftest.py", "raise SystemExit(0)\n")
    gated.project.write("pytest.ini", "[pytest]\naddopts = --collect-only\n")
    (gated.root / "claims" / "shop.yaml").unlink()
    gated.commit()
    command = ("-P", "-m", "pytest", "-c", "/dev/null", "-p", "no:randomly", "-p", "no:xdist")
    options = ("--distaudit-static", "--distaudit-base=main", "--distaudit-json=audit.json")
    result = python(gated.root, *command, *options)
    verdicts = {one["id"]: one["verdict"] for one in gated.project.verdict()["claims"]}
    assert verdicts["wrong_port-gateway"] == "waived"
    assert gated.weaker() == ["old-port: the claim is removed"]
    assert result == pytest.ExitCode.TESTS_FAILED
    assert python(gated.root, *command, *options, "--distaudit-allow-weaker=old-port") == 0
    assert python(gated.root, "-m", "pytest", *options) == pytest.ExitCode.USAGE_ERROR


def test_a_shallow_clone_says_what_to_do(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    gated.base()
    gated.project.claims(RUNS)
    gated.commit()
    shallow = gated.root / "shallow"
    git(gated.root, "clone", "-q", "--depth=1", "--branch=change", f"file://{gated.root}", "shallow")
    git(shallow, "fetch", "-q", "--depth=1", "origin", "main:main")
    monkeypatch.chdir(shallow)
    result = gated.project.audit("--distaudit-base=main", *APART)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*this clone is shallow*fetch-depth: 0 (actions/checkout)*"])


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "main:claims"])
def test_a_base_that_is_not_there(gated: Gated, ref: str) -> None:
    gated.base()
    result = gated.project.audit(f"--distaudit-base={ref}", *APART)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no commit '*' in this clone; fetch it first*"])


def test_no_repository(project: AuditedProject) -> None:
    project.claims(RUNS)
    result = project.audit("--distaudit-base=main", *APART)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--distaudit-base needs git and a repository: *"])


def test_workers_judge_by_the_base_too(gated: Gated) -> None:
    gated.base()
    del gated.web.pages["/hello"]
    gated.project.claims(RUNS + STRONG + "    pending: true\n")
    gated.commit()
    result = gated.project.audit("--distaudit-base=main", *APART, "-n1", plugins=("xdist",))
    result.assert_outcomes(passed=1, failed=1)
    assert gated.weaker() == ["web-answers: marked pending"]


def test_every_attack_of_the_threat_model_has_its_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", THREATS.read_text(encoding="utf-8")))
    assert len(named) > 12
    here = {name for name in globals() if name.startswith("test_")}
    elsewhere = {
        name
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert named <= here | elsewhere
