"""Two-sided proofs of ``availability.no-spof``: HAProxy before services, set up well and in five bad ways."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["haproxy"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
SERVICE = Path(__file__).parents[1] / "recovery/service.py"
CHECKED = "check inter 200ms fall 1 rise 1"
SERVERS = {
    "well": f"""
    option httpchk GET /live
    option redispatch
    server one 127.0.0.1:{{web-1.port}} {CHECKED}
    server two 127.0.0.1:{{web-2.port}} {CHECKED}
""",
    "one-address": f"""
    server one 127.0.0.1:{{web-1.port}} {CHECKED}
    server also-one 127.0.0.1:{{web-1.port}} {CHECKED}
""",
    "blind": """
    server one 127.0.0.1:{web-1.port}
    server two 127.0.0.1:{web-2.port}
""",
    "port-check": f"""
    balance roundrobin
    server one 127.0.0.1:{{web-1.port}} {CHECKED}
    server two 127.0.0.1:{{web-2.port}} {CHECKED}
""",
    "waiting-room": """
    timeout server 9s
    timeout queue 9s
    server phoenix 127.0.0.1:{phoenix.port} maxconn 4
""",
    "broken-backup": f"""
    option httpchk GET /live
    server one 127.0.0.1:{{web-1.port}} {CHECKED}
    server two 127.0.0.1:{{broken.port}} {CHECKED} backup
""",
}
IMPOSTOR = f"""
[targets.miniature.systems.impostor]
kind = "http"
instances.identity = "header:X-Boot"
native.argv = {json.dumps([sys.executable, str(Path(__file__).with_name("impostor.py"))])}
native.after = ["well", "bystander"]
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", REAL_URL = "{{well.url}}", NAMED_URL = "{{bystander.url}}"}}
[targets.miniature.operations.say-impostor]
request = "GET http://impostor/say?word={{nonce}}"
"""
SERVICES = {"web-1": "", "web-2": "", "broken": "wedged", "bystander": "", "phoenix": ""}
#: who is started again at once
LOOKED_AFTER = ("phoenix",)


def _service(name: str, way: str, ground: Path) -> str:
    starts = ground / name
    starts.write_text("." if way else "")  # "again" from its first start on
    keeper = [sys.executable, str(SERVICE.with_name("supervisor.py")), "99", "0.1"] if name in LOOKED_AFTER else []
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
disposable = true
instances.identity = "header:X-Boot"
native.argv = {json.dumps([*keeper, sys.executable, str(SERVICE)])}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", STARTS = "{starts}", WAY = "{way}"}}
"""


def _proxy(name: str, servers: str) -> str:
    return f'''
[targets.miniature.systems.{name}]
kind = "haproxy"
instances.identity = "header:X-Boot"
native.config = """
frontend {name}
    bind 127.0.0.1:{{port}}
    default_backend services
backend services
    timeout connect 300ms
    timeout check 300ms
    timeout server 500ms
{servers}
"""
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
'''


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ClaimResult]]:
    """All claims together: they share one experiment for each fault of each service."""
    ground = tmp_path_factory.mktemp("availability")
    tables = [_service(name, way, ground) for name, way in SERVICES.items()]
    tables += [_proxy(name, servers) for name, servers in SERVERS.items()]
    with Room(ground, "".join([*tables, IMPOSTOR])) as room:
        names = [*SERVERS, "bystander", "impostor"]
        told = room.judge_together(*(_claimed(name) for name in names))
        yield dict(zip(names, told, strict=True))


def _claimed(name: str) -> tuple[str, Mapping[str, object]]:
    three = "web-1, web-2, bystander"
    parts = {
        "waiting-room": "phoenix", "broken-backup": "web-1, broken", "bystander": three, "impostor": three,
    }.get(name, "web-1, web-2")  # fmt: skip
    operation = "say-well" if name == "bystander" else f"say-{name}"
    return "availability.no-spof", {"roles": {"parts": parts}, "operation": operation, "within": "2s"}


def test_either_of_two_can_be_lost(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["well"]
    assert told.verdict is Verdict.VERIFIED, told
    assert told.actual.startswith("interrupted for at most "), told


@pytest.mark.parametrize(
    ("name", "part", "fault"),
    [
        ("one-address", "web-1", "crash"),
        ("blind", "web-1", "crash"),
        ("port-check", "web-1", "freeze"),
        ("waiting-room", "phoenix", "freeze"),
        ("broken-backup", "web-1", "crash"),
    ],
)
def test_what_is_indispensable_is_found(verdicts: Mapping[str, ClaimResult], name: str, part: str, fault: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual == f"not without {part}", told
    assert f"after its {fault}, say-{name}" in told.because, told


@pytest.mark.parametrize("name", ["bystander", "impostor"])
def test_a_part_that_is_not_in_the_way_shows_nothing(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    """Nor does one in whose name another answers."""
    told = verdicts[name]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), told
    assert told.actual == "bystander: not in the way", told
