"""Two-sided proofs of ``gateway.balances``, on real gateways of two products: all before the same two instances, each
of which is lost once for all claims together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["haproxy"].missing() or builtin_recipes()["nginx"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(300),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]  # fmt: skip
#: on a busy machine nothing may be decided
TRIES = 2
INSTANCE = str(Path(__file__).parent / "instance.py")

#: name -> by which names it answers; only the first two are claimed to be behind the gateways
INSTANCES = {"web-1": "web-1", "web-2": "web-2", "double": "web-2", "juggler": "web-1 web-2"}
#: refused at once; a busy machine loses nobody
CHECKED = "check inter 200ms fall 2 rise 1"
ONE, TWO = "server web-1 127.0.0.1:{web-1.port}", "server web-2 127.0.0.1:{web-2.port}"
BOTH = f"""
    option redispatch
    {ONE} {CHECKED}
    {TWO} {CHECKED}
"""
#: gateway -> what its backend says
BACKENDS = {
    # honest
    "well": f"balance roundrobin\n    http-reuse always{BOTH}",
    "by-client": f"balance source{BOTH}",
    # lies
    "never-led-to": BOTH.replace(f"{TWO} {CHECKED}", f"{TWO} {CHECKED} weight 0"),
    "a-backup": BOTH.replace(f"{TWO} {CHECKED}", f"{TWO} {CHECKED} backup"),
    "twice-the-same": "http-response set-header X-Instance %s\n" + BOTH.replace("{web-2.port}", "{web-1.port}"),
    "an-impostor": BOTH.replace("{web-2.port}", "{double.port}"),
    "a-juggler": f"server one 127.0.0.1:{{juggler.port}} {CHECKED}",
    "blind": f"retries 0\n    {ONE}\n    {TWO}",
    "patient": f"retries 50\n    {ONE}\n    {TWO}",
    # what a busy machine once takes for a loss would be one for good: it looks seldom, and asks the other meanwhile
    "never-again": BOTH.replace(CHECKED, "check inter 1s fall 2 rise 500"),
    # cannot tell
    "nameless": f"http-response del-header X-Instance{BOTH}",
}
#: claim -> (gateway, operation, more of the claim)
CLAIMS: dict[str, tuple[str, str, dict[str, object]]] = {
    **{name: (name, f"say-{name}", {}) for name in BACKENDS},
    "second-product": ("second-product", "say-second-product", {}),
    "each-request": ("by-client", "from-one-address", {"each_request": True}),
    "one-client": ("by-client", "from-one-address", {}),
    "beside-the-road": ("idle", "say-well", {}),
    "one-instance": ("well", "say-well", {"instances": "web-1"}),
}
HONEST = ("well", "second-product", "by-client")
LIES = {
    # either is so, and a busy machine may hide the first
    "never-led-to": ("web-2 is given nothing", "does not go on without web-1"),
    "a-backup": "web-2 is given nothing",
    "twice-the-same": "does not go on without web-1",
    "an-impostor": "somebody else answers as web-2",
    "a-juggler": "somebody else answers as web-",
    "blind": "does not go on without web-",
    "patient": "does not go on without web-",
    "never-again": " is given nothing",
    "each-request": " is given nothing",
    "beside-the-road": "requests do not come by idle",
}
CANNOT_TELL = {
    "nameless": Reason.NO_OBSERVABLE,
    "one-client": Reason.NO_CONTROL,
    "one-instance": Reason.TOPOLOGY_TOO_SMALL,
}


def _instance(name: str, names: str) -> str:
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
disposable = true
instances.identity = "header:X-Instance"
native.argv = {json.dumps([sys.executable, INSTANCE])}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", NAME = "{names}"}}
"""


def _gateway(name: str, kind: str, config: str) -> str:
    return f'''
[targets.miniature.systems.{name}]
kind = "{kind}"
instances.identity = "header:X-Instance"
native.config = """{config}"""
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
clients = "many"
'''


def _haproxy(name: str, backend: str) -> str:
    return f"""
frontend {name}
    bind 127.0.0.1:{{port}}
    default_backend alike
backend alike
    timeout connect 300ms
    timeout check 2s
    {backend}
"""


NGINX = """
upstream alike {
    server 127.0.0.1:{web-1.port} fail_timeout=1s;
    server 127.0.0.1:{web-2.port} fail_timeout=1s;
}
server { listen 127.0.0.1:{port}; location / { proxy_pass http://alike; } }
"""


def _target() -> str:
    parts = [_instance(name, names) for name, names in INSTANCES.items()]
    parts += [_gateway(name, "haproxy", _haproxy(name, backend)) for name, backend in BACKENDS.items()]
    parts += [_gateway("second-product", "nginx", NGINX), _gateway("idle", "haproxy", _haproxy("idle", BOTH))]
    parts.append("""
[targets.miniature.operations.from-one-address]
request = "GET http://by-client/say?word={nonce}"
""")
    return "".join(parts)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ClaimResult]:
    """All claims together: they share one loss of each instance. Each try has its own: some gateways never recover."""
    for _ in range(TRIES):
        with Room(tmp_path_factory.mktemp("balances"), _target()) as room:
            told = dict(zip(CLAIMS, room.judge_together(*map(_claimed, CLAIMS)), strict=True))
        if all(told[name].verdict is not Verdict.UNVERIFIABLE for name in (*HONEST, *LIES)):
            break
    return told


def _claimed(name: str) -> tuple[str, Mapping[str, object]]:
    gateway, operation, more = CLAIMS[name]
    roles = {"system": gateway, "instances": more.get("instances", "web-1, web-2")}
    words = {key: value for key, value in more.items() if key != "instances"}
    return "gateway.balances", {"roles": roles, "operation": operation, "within": "1s", **words}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_balanced_is_verified(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)


@pytest.mark.parametrize(("name", "actual"), LIES.items())
def test_what_is_not_balanced_is_refuted(
    verdicts: Mapping[str, ClaimResult], name: str, actual: str | tuple[str, ...]
) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    words = (actual,) if isinstance(actual, str) else actual
    assert any(word in told.actual for word in words), (told.actual, told.because)


@pytest.mark.parametrize(("name", "reason"), CANNOT_TELL.items())
def test_what_cannot_be_told(verdicts: Mapping[str, ClaimResult], name: str, reason: Reason) -> None:
    told = verdicts[name]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)
