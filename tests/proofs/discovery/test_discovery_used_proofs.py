"""Two-sided proofs of discovery.used, on a real Consul: what the callers do stands in front.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["consul"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
HERE = Path(__file__).parent
POLLER = HERE.parent / "registry/poller.py"
FOLLOW = ("looks_up", "keeps_for_a_while", "takes_the_last")
LIES = ("knows_the_address", "asks_and_ignores", "shows_its_health")
WAYS = (*FOLLOW, "asks_at_its_start", *LIES, "calls_both", "calls_nobody")
#: the poller asks for these again and again
POLLED = ("knows_the_address",)


def _service(name: str) -> str:
    return f'{{name = "{name}", address = "127.0.0.1", port = "{{worker.port}}"}}'


def _front(way: str, name: str, disposable: bool = True) -> str:
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
disposable = {str(disposable).lower()}
native.argv = ["{sys.executable}", "{HERE}/front.py"]
native.after = ["consul", "worker"]
native.env = {{CONSUL_URL = "{{consul.url}}", WORKER_URL = "{{worker.url}}", PORT = "{{port}}", SERVICE = "for-{way}", WAY = "{way}"}}
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say/{{nonce}}"
"""  # noqa: E501 - an inline table has one line


def _miniature() -> str:
    services = ", ".join(_service(f"for-{way}") for way in WAYS)
    polls = [sys.executable, str(POLLER), *(f"for-{way}=0.05" for way in POLLED)]
    return f"""
[targets.miniature.systems.worker]
kind = "http"
probes = "write"
disposable = true
native.argv = {json.dumps([sys.executable, f"{HERE}/worker.py"])}
native.env = {{PORT = "{{port}}"}}
[targets.miniature.systems.consul]
kind = "consul"
probes = "write"
native.after = "worker"
native.services = [{services}]
[targets.miniature.systems.locked]
kind = "consul"
native.after = "worker"
native.services = [{_service("for-looks_up")}]
[targets.miniature.systems.poller]
kind = "process"
native.argv = {json.dumps(polls)}
native.after = "consul"
native.env.CONSUL_URL = "{{consul.url}}"
""" + "".join([*(_front(way, way.replace("_", "-")) for way in WAYS), _front("asks_at_its_start", "kept", False)])


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("discovery"), _miniature()) as room:
        yield room


def _claimed(way: str, name: str = "", registry: str = "consul") -> tuple[str, Mapping[str, object]]:
    name = name or way.replace("_", "-")
    roles = {"registry": registry, "caller": name, "callee": "worker"}
    claim = {"roles": roles, "service": f"for-{way}", "operation": f"say-{name}", "rate": 60, "within": "1s"}
    return "discovery.used", claim


@pytest.fixture(scope="module")
def verdicts(room: Room) -> Mapping[str, ClaimResult]:
    claims = {way: _claimed(way) for way in WAYS}
    claims["kept"] = _claimed("asks_at_its_start", "kept")
    claims["locked"] = _claimed("looks_up", "", "locked")
    return dict(zip(claims, room.judge_together(*claims.values()), strict=True))


@pytest.mark.parametrize("way", FOLLOW)
def test_callers_that_go_where_the_registry_says(verdicts: Mapping[str, ClaimResult], way: str) -> None:
    told = verdicts[way]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert "anew" not in told.actual, told


def test_a_caller_that_asks_at_its_start_is_started_anew(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["asks_at_its_start"]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual.endswith("calls went to the audit's own instance, once they had started anew"), told


@pytest.mark.parametrize("way", LIES)
def test_callers_that_would_go_there_anyhow(verdicts: Mapping[str, ClaimResult], way: str) -> None:
    told = verdicts[way]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("0 of "), told


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("calls_both", Reason.NO_OBSERVABLE),
        ("calls_nobody", Reason.NO_OBSERVABLE),
        ("kept", Reason.NO_CONTROL),
        ("locked", Reason.NOT_SAFE),
    ],
)
def test_what_cannot_be_told(verdicts: Mapping[str, ClaimResult], way: str, reason: Reason) -> None:
    told = verdicts[way]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)


def test_the_registry_is_as_it_was(room: Room, verdicts: Mapping[str, ClaimResult]) -> None:
    url = room.located["consul"].endpoints["url"]
    with urllib.request.urlopen(f"{url}/v1/agent/services", timeout=5) as answer:
        assert sorted(json.load(answer)) == sorted(f"for-{way}" for way in WAYS)
    with urllib.request.urlopen(f"{url}/v1/health/state/critical", timeout=5) as answer:
        assert json.load(answer) == []


ATTACHED = """
[targets.attached]
audit_host = "127.0.0.1"
[targets.attached.systems.consul]
kind = "consul"
probes = "write"
url = "{consul}"
[targets.attached.systems.worker]
kind = "http"
probes = "write"
url = "{worker}"
[targets.attached.systems.front]
kind = "http"
url = "{front}"
[targets.attached.operations.say]
request = "GET http://front/say/{{nonce}}"
"""
AUDIT = """
import sys
from pathlib import Path
from pytest_distaudit.testing import Room
root = Path(sys.argv[1])
with Room(root, (root / "attached.toml").read_text()) as room:
    roles = {"registry": "consul", "caller": "front", "callee": "worker"}
    room.judge("discovery.used", roles=roles, service="for-knows_the_address", operation="say", within="60s")
"""


def _registered(room: Room) -> set[str]:
    with urllib.request.urlopen(f"{room.located['consul'].endpoints['url']}/v1/agent/services", timeout=5) as answer:
        return set(json.load(answer))


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_an_audit_that_is_killed_leaves_nothing_in_a_registry_that_goes_on(room: Room, tmp_path: Path) -> None:
    urls = {name: room.located[name].endpoints["url"] for name in ("consul", "worker")}
    front = room.located["knows-the-address"].endpoints["url"]
    (tmp_path / "attached.toml").write_text(ATTACHED.format(front=front, **urls), "utf-8")
    before = _registered(room)
    argv = [sys.executable, "-c", AUDIT, str(tmp_path)]
    with subprocess.Popen(argv) as audit:
        assert _until(lambda: len(_registered(room) - before) == 2, 20.0), "it was never registered"
        audit.kill()
    assert _until(lambda: _registered(room) == before, 10.0), _registered(room) - before
