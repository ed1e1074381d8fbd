"""A second project with a check and a system of its own, and a conftest that replaces a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import RUNS, AuditedProject, Web

CHECKS = '''
from pytest_distaudit import Look, Role, Rung, check, refute, unverifiable, verified
from pytest_distaudit.ports.capabilities import Answer, Presence
from acme_audit.system import Mood

@check("acme.cheerful", claims="the robot is cheerful", rung=Rung.HEALTHY,
       roles={"system": Role("the robot")}, needs=lambda claim: (Look("system", Mood.ask()),))
def cheerful(claim, evidence):
    """Judged by its own word."""
    mood = evidence.one(Mood).mood
    return verified(mood) if mood == "cheerful" else refute(mood, "by its own word")

def _lazy(name, judge):
    return check(name, claims=name, rung=Rung.RUNNING, needs=lambda claim: (Look("system", Presence.ask()),))(judge)

silent = _lazy("acme.silent", lambda claim, evidence: None)
raising = _lazy("acme.raising", lambda claim, evidence: 1 / 0)
truthy = _lazy("acme.truthy", lambda claim, evidence: True)

async def _later(claim, evidence):
    return verified("never awaited")

awaited = _lazy("acme.awaited", _later)
'''
SYSTEM = """
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from pytest_distaudit import Capability, Kind, Reason, Unobservable
from pytest_distaudit.ports.capabilities import Presence

@dataclass(frozen=True, slots=True)
class Mood(Capability):
    capability = "mood"
    mood: str

class Session:
    def __init__(self, located, limits):
        self.ways, self.identity = [], "robot"
        self._path = Path(urlsplit(located.endpoints["url"]).path)

    def read(self):
        self.ways.append(f"read {self._path.name}")
        try:
            return self._path.read_text()
        except OSError as error:
            raise Unobservable(Reason.NOT_REACHABLE, str(error)) from error

    def close(self):
        pass

def presence(session, ask):
    session.read()
    return Presence(up=True, product="robot")

def mood(session, ask):
    return Mood(session.read().strip())

KIND = Kind(name="robot", endpoints={"url": ("file",)}, connect=Session, answers={"presence": presence, "mood": mood})
"""


@pytest.fixture
def acme(project: AuditedProject, monkeypatch: pytest.MonkeyPatch) -> AuditedProject:
    """An installed distribution with entry points, and a target of its kind."""
    site = project.root / "site"
    project.write("site/acme_audit/__init__.py", "")
    project.write("site/acme_audit/system.py", SYSTEM)
    project.write("site/acme_audit/checks.py", CHECKS)
    project.write("site/acme_audit-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme-audit\nVersion: 1.0\n")
    project.write(
        "site/acme_audit-1.0.dist-info/entry_points.txt",
        "[pytest_distaudit.checks]\nacme = acme_audit.checks\n\n"
        "[pytest_distaudit.systems]\nrobot = acme_audit.system:KIND\n",
    )
    monkeypatch.syspath_prepend(str(site))
    mood = project.write("mood.txt", "cheerful")
    project.write("distaudit.toml", f'[targets.local.systems.marvin]\nkind = "robot"\nurl = "file://{mood}"\n')
    project.document("The robot is cheerful.\n")
    return project


def claim(check: str, name: str = "robot", **more: str) -> str:
    extra = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return f"\n  - id: {name}\n    quote: The robot is cheerful.\n    check: {check}\n    system: marvin\n{extra}"


def test_own_check_and_own_system(acme: AuditedProject) -> None:
    acme.claims(claim("acme.cheerful"))
    acme.audit().assert_outcomes(passed=1)
    (acme.root / "mood.txt").write_text("gloomy")
    result = acme.audit()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*actual:*gloomy*"])
    (acme.root / "mood.txt").unlink()
    acme.audit()
    assert acme.verdict()["claims"][0]["reason"] == "not-reachable"


@pytest.mark.parametrize("check", ["acme.silent", "acme.raising", "acme.truthy", "acme.awaited"])
def test_a_broken_check_never_passes(acme: AuditedProject, check: str) -> None:
    acme.claims(claim(check))
    assert acme.audit().ret == pytest.ExitCode.TESTS_FAILED
    assert acme.verdict()["claims"][0]["reason"] == "audit-error"


def test_a_conftest_fixture_replaces_a_kind_for_its_folder(acme: AuditedProject) -> None:
    gloomy = acme.write("other.txt", "gloomy")
    acme.claims(claim("acme.cheerful", "here"))
    acme.claims(claim("acme.cheerful", "there"), "claims/there/page.yaml")
    acme.write(
        "claims/there/conftest.py",
        f"import pytest\n\n@pytest.fixture(scope='session')\ndef robot():\n    return 'file://{gloomy}'\n",
    )
    acme.audit().assert_outcomes(passed=1, failed=1)
    verdicts = {one["id"]: one["verdict"] for one in acme.verdict()["claims"]}
    assert verdicts == {"here": "verified", "there": "refuted"}


def test_an_override_of_the_wrong_type_is_an_error_of_the_claim(acme: AuditedProject) -> None:
    acme.claims(claim("acme.cheerful"))
    acme.write("claims/conftest.py", "import pytest\n\n@pytest.fixture\ndef robot():\n    return 42\n")
    result = acme.audit()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*the address of marvin must be a URL*"])
    assert acme.verdict()["verdict"] != "genuine"


def test_a_second_owner_of_a_name_is_refused(acme: AuditedProject) -> None:
    acme.write(
        "site/acme_audit-1.0.dist-info/entry_points.txt",
        "[pytest_distaudit.checks]\nacme = acme_audit.checks\nother = acme_audit.copy\n"
        "[pytest_distaudit.systems]\nrobot = acme_audit.system:KIND\n",
    )
    acme.write("site/acme_audit/copy.py", CHECKS)
    acme.claims(claim("acme.cheerful"))
    result = acme.audit()
    assert result.ret != 0
    result.stderr.fnmatch_lines(["*acme.cheerful*already owned by*"])


def test_the_list_of_checks_has_them(acme: AuditedProject) -> None:
    result = acme.pytester.runpytest_inprocess("--distaudit-checks")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["acme.cheerful*", "queue.consumed*"])


def test_own_system_that_dies_in_mid_snapshot(project: AuditedProject, web: Web) -> None:
    """The second answer is a reset: that ask is unobservable, the first one's fact stands."""
    project.claims(
        RUNS
        + RUNS.replace("web-runs", "hello").replace("system.running", "http.responds")
        + "    with: {path: /hello}\n"
    )
    answered: list[str] = []
    serve = web.finish_request

    def die_later(request: object, address: object) -> None:
        answered.append("x")
        if len(answered) == 1:
            serve(request, address)  # type: ignore[arg-type]

    web.finish_request = die_later  # type: ignore[method-assign]
    assert project.audit().ret == pytest.ExitCode.TESTS_FAILED
    verdicts = {one["id"]: (one["verdict"], one["reason"]) for one in project.verdict()["claims"]}
    assert verdicts == {"web-runs": ("verified", None), "hello": ("unverifiable", "protocol-error")}


def test_evidence_replays_without_any_server(project: AuditedProject, web: Web) -> None:
    project.claims(
        RUNS
        + RUNS.replace("web-runs", "hello").replace("system.running", "http.responds")
        + "    with: {path: /hello}\n"
    )
    project.audit("--distaudit-evidence=evidence")
    first = {one["id"]: (one["verdict"], one["actual"]) for one in project.verdict()["claims"]}
    asked = len(web.asked)
    web.server_close()
    project.audit("--distaudit-replay=evidence")
    again = {one["id"]: (one["verdict"], one["actual"]) for one in project.verdict()["claims"]}
    assert again == first
    assert len(web.asked) == asked
    assert project.verdict()["provision"] == "replay"


def test_changed_evidence_is_refused(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit("--distaudit-evidence=evidence")
    [path] = Path(project.root, "evidence", "observations", "web").glob("presence*.json")
    path.write_text(path.read_text().replace('"up": true', '"up": false'))
    result = project.audit("--distaudit-replay=evidence")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdict()["claims"][0]["reason"] == "not-recorded"


def test_what_was_not_recorded_is_unverifiable(project: AuditedProject) -> None:
    project.claims(RUNS)
    project.audit("--distaudit-evidence=evidence")
    project.claims(RUNS.replace("web-runs", "newer"))
    assert project.audit("--distaudit-replay=evidence").ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdict()["claims"][0]["reason"] == "not-recorded"


def test_a_folder_without_evidence_is_a_usage_error(project: AuditedProject) -> None:
    project.claims(RUNS)
    result = project.audit("--distaudit-replay=nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*nowhere*holds no evidence*"])


def test_a_recording_knows_its_target(project: AuditedProject, web: Web) -> None:
    both = "".join(f'[targets.{name}.systems.web]\nkind = "http"\nurl = "{web.url}"\n' for name in ("one", "two"))
    project.write("distaudit.toml", f'default = "one"\n{both}')
    project.claims(RUNS + "    targets: [two]\n")
    project.audit("--distaudit-target=two", "--distaudit-evidence=evidence")
    project.audit("--distaudit-replay=evidence").assert_outcomes(passed=1)
    result = project.audit("--distaudit-replay=evidence", "--distaudit-target=one")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*evidence of target 'two'*"])


def test_evidence_of_workers_replays(project: AuditedProject) -> None:
    project.claims(RUNS + RUNS.replace("web-runs", "twin"))
    project.audit("-n2", "--distaudit-evidence=evidence", plugins=("xdist",)).assert_outcomes(passed=2)
    project.audit("--distaudit-replay=evidence").assert_outcomes(passed=2)
