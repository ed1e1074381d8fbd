"""What is said of Kong: facades refuted on a stand-in, and no claim verified, however true it is of the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]

HERE = Path(__file__).parent
KONG = HERE.parent.parent / "standins" / "kong.py"

API = {"name": "tasks", "host": "127.0.0.1", "port": "API"}
NOBODY = {"name": "tasks", "host": "127.0.0.1", "port": 1}
ROUTE = {"name": "tasks", "paths": ["/tasks"], "service": {"id": "id-tasks"}}
DOWN = {"name": "pool", "targets": [{"target": "127.0.0.1:1", "weight": 100, "health": "UNHEALTHY"}]}
FIVE = [{**API, "name": name} for name in ("tasks", "users", "models", "files", "search")]

#: name -> (configuration, whether answers are counted)
NODES: dict[str, tuple[dict[str, object], bool]] = {
    "true": ({"services": [API], "routes": [ROUTE]}, True),
    "true-uncounted": ({"services": [API], "routes": [ROUTE]}, False),
    "unrouted": ({"services": FIVE}, False),
    "twice": ({"services": [API], "routes": [ROUTE, {**ROUTE, "name": "again"}]}, True),
    "dangling": ({"services": [API], "routes": [{**ROUTE, "service": None}]}, True),
    "dead": ({"services": [NOBODY], "routes": [ROUTE]}, True),
    "sick": ({"services": [{**API, "host": "pool"}], "routes": [ROUTE], "upstreams": [DOWN]}, True),
    "bypassed": ({"services": [API], "routes": [ROUTE]}, True),
}
BESIDE = ("bypassed",)
TRIES = 3

NODE = """
[targets.it.systems.{name}]
kind = "kong"
stand_in = true
endpoints = {{url = "http://127.0.0.1:{port}", admin = "http://127.0.0.1:{admin}"}}
[targets.it.activities.{name}]
request = "GET http://{performer}/tasks/{{nonce}}"
"""
SERVICE = f"""
[targets.it.systems.api]
kind = "http"
native.argv = ["{{python}}", "{HERE}/behind.py"]
native.env.PORT = "{{port}}"
"""
Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The service first: the nodes are told its port, and are attached to as any Kong is."""
    from tests.standins.kong import Node, start

    root = tmp_path_factory.mktemp("kong")
    (root / "behind").mkdir()
    with Room(root / "behind", SERVICE) as behind:
        api = behind.located["api"].endpoints["url"]
        parts = [f'[targets.it.systems.api]\nkind = "http"\nurl = "{api}"\n']
        servers = []
        for name, (configured, metrics) in NODES.items():
            told = json.loads(json.dumps(configured).replace('"API"', api.rpartition(":")[2]))
            servers += (pair := start(Node(**told, metrics=metrics)))
            port, admin = (server.server_address[1] for server in pair)
            performer = "api" if name in BESIDE else name
            parts.append(NODE.format(name=name, port=port, admin=admin, performer=performer))
        with Room(root, "".join(parts)) as room:
            yield room
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def forwarded(room: Room) -> Iterator[Judged]:
    def one(name: str) -> ClaimResult:
        """Again if somebody else on this machine asked the node meanwhile."""
        for _ in range(TRIES):
            result = room.judge("gateway.forwards", roles={"system": name}, activity=name)
            if result.reason is not Reason.INCONCLUSIVE_STATISTICS:
                break
        return result

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(NODES)) as pool:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, limit=8.0))
        results = {name: pool.submit(one, name) for name in NODES}
        yield lambda name: results[name].result()


def test_what_is_true_of_the_stand_in_is_not_verified(room: Room, forwarded: Judged) -> None:
    routes = room.judge("gateway.routes", system="true", path="/tasks", to="tasks", within="0.1 s")
    for told in (routes, forwarded("true")):
        assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.STAND_IN), told.because
    assert "7 of 7 forwarded" in forwarded("true").because
    assert forwarded("true-uncounted").reason is Reason.NO_OBSERVABLE


@pytest.mark.parametrize(
    ("name", "params", "actual"),
    [
        ("unrouted", {}, "5 services, 0 routes"),
        ("unrouted", {"path": "/tasks"}, "5 services, 0 routes"),
        ("twice", {"count": 2}, "1 service, 1 route of 2 that count"),
        ("dangling", {}, "1 service, 0 routes of 1 that count"),
        ("sick", {}, "1 service, 0 routes of 1 that count"),
        ("true", {"path": "/users"}, "1 service, 0 routes"),
        ("true", {"to": "users"}, "1 service, 0 routes"),
    ],
)
def test_routes_refutes(room: Room, name: str, params: dict[str, object], actual: str) -> None:
    told = room.judge("gateway.routes", system=name, within="0.1 s", **params)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), told.because


@pytest.mark.parametrize("name", ["unrouted", "dead", "bypassed"])
def test_forwards_refutes(forwarded: Judged, name: str) -> None:
    told = forwarded(name)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 of 7 forwarded"), (told.actual, told.because)
