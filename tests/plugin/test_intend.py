"""``--distaudit-plan`` tells what would be done and does nothing; experiments need their scope and come last."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

HEALS = """
  - id: heals
    quote: It answers on /hello.
    check: recovery.self-heals
    system: web
    operation: {operation}
    within: 5s
"""
OPERATION = '[targets.local.operations.hello]\nrequest = "GET http://web/hello?{nonce}"\n'


@pytest.fixture
def disturbed(project: AuditedProject) -> AuditedProject:
    """A project that claims something only an experiment can decide, first of all."""
    path = project.pytester.path / "distaudit.toml"
    path.write_text(path.read_text("utf-8") + OPERATION, "utf-8")
    project.claims(HEALS.format(operation="hello") + RUNS + ANSWERS)
    return project


def plan(project: AuditedProject, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest_inprocess("-p", "no:randomly", "-W", "error", "--distaudit-plan", *options)


def test_nothing_is_asked(disturbed: AuditedProject, web: Web) -> None:
    result = plan(disturbed, "--distaudit-scope=experiment")
    assert result.ret == 0
    lines = result.outlines
    assert lines[0] == "3 claims on target local; nothing is done now"
    assert "  web: no crash: it is not declared disposable (heals)" in lines
    assert lines[-1] == "leaves out nothing"
    assert not web.asked


def test_what_needs_a_higher_scope_is_left_out(disturbed: AuditedProject) -> None:
    assert plan(disturbed).outlines[-2:] == ["leaves out", "  heals: needs --distaudit-scope=experiment"]


def test_a_claim_that_the_target_cannot_serve_is_an_error(disturbed: AuditedProject) -> None:
    disturbed.claims(HEALS.format(operation="hallo"))
    result = plan(disturbed, "--distaudit-scope=experiment")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not result.outlines
    assert "has no operation 'hallo'; did you mean 'hello'?" in result.errlines[0]


def test_experiments_come_last(disturbed: AuditedProject) -> None:
    result = disturbed.audit("--distaudit-scope=experiment", "--collect-only", "-q")
    names = [line.rpartition("::")[2] for line in result.outlines if "::" in line]
    assert names[-1] == "heals"
    assert len(names) == 3


def test_a_check_that_asks_an_operation_needs_one(disturbed: AuditedProject) -> None:
    disturbed.claims(HEALS.replace("    operation: {operation}\n", ""))
    result = disturbed.audit("--distaudit-scope=experiment")
    assert (
        "check recovery.self-heals needs an 'operation' of the target to ask; name one or more" in result.stdout.str()
    )


STARTS = """
  - id: starts
    quote: It answers on /hello.
    check: degradation.starts
    roles: {system: web, caller: front}
    operation: hello, live
    with: {unaffected: live}
"""
FRONT = """
[targets.local.systems.front]
kind = "http"
disposable = true
url = "http://127.0.0.1:1"
[targets.local.operations.live]
request = "GET http://front/live/{nonce}"
"""


@pytest.mark.parametrize("disposable", [True, False])
def test_what_is_killed_meanwhile_is_told_of(project: AuditedProject, web: Web, disposable: bool) -> None:
    path = project.pytester.path / "distaudit.toml"
    text = path.read_text("utf-8").replace('kind = "http"', 'kind = "http"\ndisposable = true')
    front = FRONT if disposable else FRONT.replace("disposable = true\n", "")
    path.write_text(text + OPERATION + front, "utf-8")
    project.claims(STARTS)
    lines = plan(project, "--distaudit-scope=experiment").outlines
    if disposable:
        assert "  web: outage 1 x, up to 7 s each, asking hello, live 20 times a second each (starts)" in lines
        assert "    meanwhile front is killed, and started again, if nobody else does" in lines
    else:
        assert "  web: no outage while front starts anew: it is not declared disposable (starts)" in lines
    assert not web.asked


FOLLOWS = """
  - id: follows
    quote: It answers on /hello.
    check: discovery.used
    roles: {registry: web, caller: web, callee: web}
    operation: hello
    with: {service: web}
    within: 5s
"""


@pytest.mark.parametrize("writes", [True, False])
def test_an_instance_of_the_audits_is_told_of(project: AuditedProject, web: Web, writes: bool) -> None:
    path = project.pytester.path / "distaudit.toml"
    text = path.read_text("utf-8") + OPERATION
    path.write_text(text.replace('kind = "http"', 'kind = "http"\nprobes = "write"') if writes else text, "utf-8")
    project.claims(FOLLOWS)
    result = plan(project, "--distaudit-scope=experiment")
    assert result.ret == 0
    what = "instances of the audit's registered as web for 5 s, asking hello 20 times a second"
    if writes:
        assert f"  web: {what} (follows)" in result.outlines
        assert "  1 experiment, at least 5 s in all" in result.outlines
    else:
        assert f'  web: not {what}: not all of its systems have probes = "write" (follows)' in result.outlines
    assert not web.asked


QUICK = """
  - id: quick
    quote: It answers on /hello.
    check: performance.latency
    system: web
    operation: hello
    with: {time: "< 1 s", rate: "50 /s", seconds: "3 s"}
"""


@pytest.mark.parametrize("disposable", [True, False])
def test_a_load_is_told_of(project: AuditedProject, web: Web, disposable: bool) -> None:
    path = project.pytester.path / "distaudit.toml"
    text = path.read_text("utf-8") + OPERATION
    path.write_text(text.replace('kind = "http"', 'kind = "http"\ndisposable = true') if disposable else text, "utf-8")
    project.claims(QUICK)
    result = plan(project, "--distaudit-scope=experiment")
    assert result.ret == 0
    what = "hello asked 50, 50, 50 a second for 1 + 3 s each"
    if disposable:
        assert f"  web: {what} (quick)" in result.outlines
        assert "  1 experiment, at least 12 s in all" in result.outlines
    else:
        assert f"  web: not {what}: it is not declared disposable (quick)" in result.outlines
    assert not web.asked


LEASED = """
[targets.local.systems.store]
kind = "redis"
probes = "write"
"""
RUNS_ALREADY, STARTED = 'url = "redis://127.0.0.1:1"\n', 'native.recipe = "redis"\n'


@pytest.mark.parametrize(
    ("claimed", "whence", "asked"),
    [
        pytest.param(RUNS + QUICK, RUNS_ALREADY, True, id="an experiment"),
        pytest.param(RUNS, RUNS_ALREADY, False, id="no experiment"),
        pytest.param(RUNS + QUICK, STARTED, False, id="of the audit's own"),
    ],
)
def test_whom_experiments_ask_first_is_told_of(
    project: AuditedProject, web: Web, claimed: str, whence: str, asked: bool
) -> None:
    path = project.pytester.path / "distaudit.toml"
    text = '[targets.local]\nlease = "store"\n' + path.read_text("utf-8")
    text = text.replace('kind = "http"', 'kind = "http"\ndisposable = true')
    path.write_text(text + OPERATION + LEASED + whence, "utf-8")
    project.claims(claimed)
    result = plan(project, "--distaudit-scope=experiment")
    assert result.ret == 0
    line = "  store: asked for a lease before each, while no other run has it"
    assert (line in result.outlines) is asked
    assert not web.asked


def test_a_lease_is_asked_of_one_that_offers_it(project: AuditedProject) -> None:
    path = project.pytester.path / "distaudit.toml"
    text = '[targets.local]\nlease = "web"\n' + path.read_text("utf-8")
    path.write_text(text.replace('kind = "http"', 'kind = "http"\nprobes = "write"'), "utf-8")
    project.claims(RUNS)
    result = plan(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    offering = "allowed: systems of kind consul, etcd, redis"
    assert f"kind 'http' of 'web' offers no lease; {offering}" in result.errlines[0]


KNOWS = """
[targets.local.systems.front]
kind = "http"
disposable = true
native.argv = ["false"]
[targets.local.links.front-web]
from = "front"
to = "web"
inject = {address = "localhost:8000"}
"""


@pytest.mark.parametrize("scope", ["observe", "experiment"])
def test_what_is_redirected_is_told_of(project: AuditedProject, scope: str) -> None:
    path = project.pytester.path / "distaudit.toml"
    path.write_text(path.read_text("utf-8") + KNOWS, "utf-8")
    project.claims(RUNS.replace("system: web", "system: front"))
    lines = plan(project, f"--distaudit-scope={scope}").outlines
    told = ["redirects to relays, by firewall rules that are deleted at the end"]
    told += ["  what only front sends to port 8000 of 127.0.0.1"]
    assert [line for line in lines if "redirects" in line or "sends" in line] == told * (scope == "experiment")
