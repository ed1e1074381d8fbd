"""HAProxy, nginx and Kong: real servers where there are packages, and ones that misbehave; Kong is a stand-in."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.gateways import Gateway, GatewayRoute
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.systems import haproxy, kong, nginx
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from ..standins.kong import Node, start
from .bad_days import SECRET, closes, free_port, garbage, look, never_answers, refusal, resets, wait_until

MISSING = builtin_recipes()["haproxy"].missing() or builtin_recipes()["nginx"].missing()
installed = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
KNOCK = Ask.of("gateway", knock="yes")
WHERE = {"haproxy": "stats", "nginx": "status", "kong": "admin"}
KINDS = [haproxy.KIND, nginx.KIND, kong.KIND]
ALL_KINDS = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def at(kind, port: int, path: str = "") -> dict[str, str]:
    return {WHERE[kind.name]: f"http://audit:{SECRET}@127.0.0.1:{port}{path}"}


def says(status: int, body: bytes = b"", headers: str = "") -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return handle


# --- bad days


@ALL_KINDS
@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_fails_every_ask(serve, limits, kind, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    for ask in ("presence", "gateway", "work"):
        assert refusal(kind, ask, limits, **at(kind, port)).reason is reason, ask


@ALL_KINDS
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, Reason.WRONG_PRODUCT),
        (302, Reason.REDIRECTED),
        (401, Reason.FORBIDDEN),
        (403, Reason.FORBIDDEN),
        (404, Reason.WRONG_PRODUCT),
        (502, Reason.PROTOCOL_ERROR),
    ],
)
def test_something_else_is_there(serve, limits, kind, status, reason):
    port = serve(says(status, f'{{"hello": "{SECRET}"}}'.encode(), f"Location: http://elsewhere/?{SECRET}\r\n"))
    for ask in ("presence", "gateway", "work"):
        assert refusal(kind, ask, limits, **at(kind, port)).reason is reason, ask


@ALL_KINDS
def test_too_large(serve, limits, kind):
    port = serve(says(200, b"x" * 200_000))
    assert refusal(kind, "presence", limits, **at(kind, port)).reason is Reason.TOO_LARGE


@ALL_KINDS
@pytest.mark.variant("haproxy", "managed", "without its statistics")
@pytest.mark.variant("nginx", "managed", "without its status page")
@pytest.mark.variant("kong", "managed", "without its Admin API")
def test_without_the_address_where_it_tells_of_itself(serve, limits, kind):
    url = f"http://127.0.0.1:{serve(says(200, b'hi', 'Server: nginx/1.22.1' + chr(13) + chr(10)))}"
    told = refusal(kind, "gateway", limits, url=url)
    assert told.reason is Reason.NO_OBSERVABLE
    assert f"endpoints.{WHERE[kind.name]}" in told.detail


@ALL_KINDS
def test_without_the_address_for_requests_there_is_no_control(serve, limits, kind):
    assert refusal(kind, "gateway-refusal", limits, **at(kind, free_port())).reason is (
        Reason.NO_OBSERVABLE if kind is not haproxy.KIND else Reason.NOT_REACHABLE
    )


# --- HAProxy

PAGE = b"<h1>HAProxy version 2.6.12-1, released 2026</h1>Statistics Report for pid 7<p><b>uptime = </b> 0d 0h01m40s"
COLUMNS = "# pxname,svname,type,status,stot,req_tot,intercepted,hrsp_2xx,hrsp_5xx,hrsp_other,econ,wretr,mode,-,\n"


def haproxy_says(serve, csv: str, page: bytes = PAGE) -> dict[str, str]:
    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536)
        says(200, csv.encode() if b";csv" in request.split()[1] else page)(
            SimpleNamespace(recv=lambda size: b"", sendall=connection.sendall)
        )

    return at(haproxy.KIND, serve(handle), "/stats")


ROWS = (
    "web,FRONTEND,0,OPEN,9,9,2,7,0,0,,,http,,\n"
    "tcp,FRONTEND,0,OPEN,5,,,,,,,,tcp,,\n"
    "api,a,2,UP 1/3,8,8,,6,1,0,0,0,http,,\n"
    "api,b,2,no check,0,0,,0,0,0,0,0,http,,\n"
    "api,BACKEND,1,UP,8,8,,6,1,0,0,0,http,,\n"
    "raw,c,2,DOWN,9,,,,,,2,3,tcp,,\n"
    "raw,BACKEND,1,DOWN,9,,,,,,2,3,tcp,,\n"
)


def test_haproxy_by_its_statistics(serve, limits):
    where = haproxy_says(serve, COLUMNS + ROWS)
    seen = look(haproxy.KIND, "presence", limits, **where)
    assert (seen.product, seen.version) == ("HAProxy", "2.6.12-1")
    assert 90 < time.time() - seen.started_at < 120
    gate = look(haproxy.KIND, "gateway", limits, **where)
    assert (gate.routes, gate.taken_in, gate.own_answers, gate.cached) == (None, 7 + 5, 2, 0)
    api, raw = gate.backends
    assert [(one.name, one.healthy, one.answered) for one in api.servers] == [("a", True, 7), ("b", None, 0)]
    assert [(one.healthy, one.state, one.answered) for one in raw.servers] == [(False, "DOWN", 4)]
    assert (api.answered, raw.answered) == (7, 4)
    work = look(haproxy.KIND, "work", limits, **where)
    assert work.counts["requests of web"] == 7
    assert (work.counts["answers of api/a"], work.unseen) == (7, "")
    health = look(haproxy.KIND, "health", limits, **where)
    assert (health.healthy, health.detail) == (False, "raw/c DOWN")


def test_haproxy_that_leaves_out_the_proxy_by_which_it_is_asked(serve, limits):
    where = haproxy_says(serve, COLUMNS + "".join(ROWS.splitlines(True)[1:]))
    gate = look(haproxy.KIND, "gateway", limits, **where)
    assert (gate.backends, gate.taken_in) == (None, None)
    assert "stats scope" in gate.unseen
    assert "stats scope" in look(haproxy.KIND, "work", limits, **where).unseen


@pytest.mark.parametrize(
    ("csv", "reason"),
    [
        ("<html>", Reason.WRONG_PRODUCT),
        ("# pxname,svname,type,status,\nweb,FRONTEND,0,OPEN,\n", Reason.UNSUPPORTED_VERSION),
        (COLUMNS, Reason.UNSUPPORTED_VERSION),
        (COLUMNS + ROWS[: len(ROWS) // 2], Reason.PROTOCOL_ERROR),
    ],
)
@pytest.mark.variant("haproxy", "older", "statistics without columns that are read")
def test_haproxy_that_answers_in_part(serve, limits, csv, reason):
    where = haproxy_says(serve, csv)
    for ask in ("gateway", "work", "health"):
        assert refusal(haproxy.KIND, ask, limits, **where).reason is reason, ask


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[Room]:
    target = """
[targets.it.systems.api]
kind = "http"
native.argv = ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
[targets.it.systems.gate]
kind = "haproxy"
[targets.it.systems.gate.native]
to = "api"
config = '''
backend spare
    server dead 127.0.0.1:1
frontend fixed
    bind unix@{gate-socket}
    http-request return status 200
'''
[targets.it.systems.page]
kind = "nginx"
native.file = "page.conf"
[targets.it.systems.second]
kind = "nginx"
health = "/"
native.to = ["api"]
"""
    root = tmp_path_factory.mktemp("gateways")
    (root / "page.conf").write_text("server { listen 127.0.0.1:{port}; location / { return 200 {api.port}; } }")
    with Room(root, target.replace("{gate-socket}", str(root / "fixed.sock"))) as room:
        for name, located in room.located.items():
            assert located.inventory().running, (name, located.inventory().log_tail)
        yield room


def asked(room: Room, kind, name: str, ask: Ask | str, limits):
    located = room.located[name]
    return look(kind, ask, limits, inventory=located.inventory, health=located.health, **located.endpoints)


def get(url: str) -> str:
    try:
        return urllib.request.urlopen(url, timeout=5).read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


@installed
@pytest.mark.live
def test_haproxy_in_front_of_a_system(house, limits):
    def seen(ask):
        return asked(house, haproxy.KIND, "gate", ask, limits)

    assert seen("presence").version.startswith("2.")
    process = seen("process")
    assert process.pid == house.located["gate"].inventory().pid
    api = house.located["api"].endpoints["url"].removeprefix("http://")
    before = seen("gateway")
    assert {one.name: [each.address for each in one.servers] for one in before.backends} == {
        "spare": ["127.0.0.1:1"],
        "back": [api],
    }
    for _ in range(3):
        get(house.located["gate"].endpoints["url"])
    after = seen("gateway")
    assert after.taken_in - before.taken_in == 3
    assert [one.answered for one in after.backends][1] - [one.answered for one in before.backends][1] == 3
    assert seen("gateway-refusal").own is False
    assert seen("health").healthy
    spare = seen(KNOCK).backends[0].servers[0]
    assert (spare.healthy, spare.state) == (False, "refuses connections")


@installed
@pytest.mark.live
def test_nginx_counts_what_others_ask(house, limits):
    def seen(ask, name="second"):
        return asked(house, nginx.KIND, name, ask, limits)

    before = [seen("gateway").taken_in for _ in range(3)]
    assert len(set(before)) == 1, "the audit's own looks are not counted"
    for _ in range(3):
        get(house.located["second"].endpoints["url"])
    assert seen("gateway").taken_in - before[0] == 3
    assert seen("work").counts == {"requests": before[0] + 3}
    assert (seen("gateway").routes, seen("gateway").backends) == (None, None)
    assert (seen("gateway-refusal").status, seen("gateway-refusal").own) == (404, None)
    assert seen("process").identity == seen("process").identity != ""
    assert seen("health").healthy
    api_port = house.located["api"].endpoints["url"].rpartition(":")[2]
    assert get(house.located["page"].endpoints["url"]) == api_port
    assert refusal(nginx.KIND, "health", limits, **house.located["page"].endpoints).reason is Reason.NO_OBSERVABLE


@installed
@pytest.mark.live
def test_haproxy_over_its_socket_and_after_a_reload(tmp_path, limits):
    path, port = Path("/tmp") / f"distaudit-{free_port()}.sock", free_port()
    (tmp_path / "cfg").write_text(
        f"global\n stats socket {path} mode 600 level operator expose-fd listeners\n"
        "defaults\n mode http\n retries 0\n timeout connect 1s\n timeout client 5s\n timeout server 5s\n"
        f"frontend web\n bind 127.0.0.1:{port}\n default_backend api\nbackend api\n server a 127.0.0.1:1\n"
    )
    server = subprocess.Popen([shutil.which("haproxy"), "-W", "-db", "-f", str(tmp_path / "cfg")])
    where = {"socket": f"unix://{path}", "url": f"http://127.0.0.1:{port}"}
    try:
        wait_until(path.exists)

        def identity() -> str:
            session = haproxy.KIND.connect(SimpleNamespace(endpoints=where, inventory=None, system="it"), limits)
            return session.about and session.identity

        first = identity()
        gate = look(haproxy.KIND, "gateway", limits, **where)
        assert gate.backends[0].servers[0].address == "127.0.0.1:1"
        assert look(haproxy.KIND, "gateway-refusal", limits, **where).own is True
        assert identity() == first
        server.send_signal(signal.SIGUSR2)
        wait_until(lambda: _changed(identity, first))
    finally:
        server.terminate()
        server.wait(10)
        path.unlink(missing_ok=True)


def _changed(identity: Callable[[], str], first: str) -> bool:
    with suppress(Exception):
        return identity() != first
    return False


def test_a_socket_that_is_not_haproxys(tmp_path, limits):
    assert refusal(haproxy.KIND, "presence", limits, socket=f"unix://{tmp_path}/none").reason is Reason.NOT_REACHABLE
    path = tmp_path / "other"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        limits = replace(limits, ask_s=0.3)
        assert refusal(haproxy.KIND, "presence", limits, socket=f"unix://{path}").reason is Reason.TIMED_OUT


# --- nginx

STATUS = b"Active connections: 1 \nserver accepts handled requests\n 40 40 50 \nReading: 0 Writing: 1 Waiting: 0 \n"


def test_nginx_in_a_container_is_told_by_the_engine(serve, limits, monkeypatch):
    monkeypatch.setattr(nginx._local, "boots", lambda located: "")
    where = at(nginx.KIND, serve(says(200, STATUS)))
    known = Inventory(running=True, run="0123456789ab since noon")
    for inventory, identity in ((None, ""), (lambda: known, known.run)):
        session = nginx.NginxSession(Located("it", "nginx", where, inventory=inventory), limits)
        assert session.requests < 50
        assert session.identity == identity


def test_nginx_by_its_status_page(serve, limits):
    where = at(nginx.KIND, serve(says(200, STATUS)))
    assert look(nginx.KIND, "presence", limits, **where).product == "nginx"
    assert look(nginx.KIND, "gateway", limits, **where).taken_in < 50
    named = {"url": f"http://127.0.0.1:{serve(says(404, b'', 'Server: nginx/1.22.1' + chr(13) + chr(10)))}"}
    assert look(nginx.KIND, "presence", limits, **named).version == "1.22.1"
    other = {"url": f"http://127.0.0.1:{serve(says(200, b'', 'Server: Apache' + chr(13) + chr(10)))}"}
    assert refusal(nginx.KIND, "presence", limits, **other).reason is Reason.WRONG_PRODUCT
    half = at(nginx.KIND, serve(says(200, STATUS[:40])))
    assert refusal(nginx.KIND, "work", limits, **half).reason is Reason.WRONG_PRODUCT


# --- Kong, or what its Admin API says it is

SERVICES = [{"name": f"s{number}", "host": "127.0.0.1", "port": 1} for number in range(5)]


@pytest.fixture
def node() -> Iterator[Callable[..., tuple[Node, dict[str, str]]]]:
    running = []

    def begin(**configured) -> tuple[Node, dict[str, str]]:
        made = Node(**configured)
        running.extend(servers := start(made))
        url, admin = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
        return made, {"url": url, "admin": admin}

    yield begin
    for server in running:
        server.shutdown()
        server.server_close()


def test_kong_with_services_and_no_route(node, limits):
    _, where = node(services=SERVICES)
    assert look(kong.KIND, "presence", limits, **where).version == "3.9.1"
    gate = look(kong.KIND, "gateway", limits, **where)
    assert (len(gate.backends), gate.routes) == (5, ())
    control = look(kong.KIND, "gateway-refusal", limits, **where)
    assert (control.status, control.own) == (404, True)
    assert look(kong.KIND, "health", limits, **where).healthy


def test_kong_routes_upstreams_and_health(node, limits):
    targets = [
        {"target": "10.0.0.1:80", "weight": 100, "health": "HEALTHY"},
        {"target": "10.0.0.2:80", "weight": 100, "health": "UNHEALTHY"},
        {"target": "10.0.0.3:80", "weight": 100, "health": "HEALTHCHECKS_OFF"},
        {"target": "10.0.0.4:80", "weight": 0, "health": "HEALTHY"},
    ]
    routes = [
        {"name": "t", "paths": ["/tasks"], "service": {"id": "id-s0"}},
        {"name": "off", "paths": ["/off"], "service": {"id": "id-off"}},
        {"name": "nobody", "headers": {"x": ["1"]}, "service": None},
    ]
    services = [{"name": "s0", "host": "up"}, {"name": "off", "host": "x", "enabled": False}]
    _, where = node(services=services, routes=routes, upstreams=[{"name": "up", "targets": targets}])
    gate = look(kong.KIND, "gateway", limits, **where)
    assert gate.routes[0] == GatewayRoute("t", "s0", (), ("/tasks",))
    assert [(one.name, one.to, one.conditions) for one in gate.routes[1:]] == [
        ("off", "id-off", ()),
        ("nobody", "", ('headers={"x": ["1"]}',)),
    ]
    assert [one.name for one in gate.backends] == ["s0"]
    assert [(one.address[-4], one.healthy) for one in gate.backends[0].servers] == [
        ("1", True),
        ("2", False),
        ("3", None),
    ]


def test_kong_page_after_page(node, limits, monkeypatch):
    monkeypatch.setattr("pytest_distaudit.systems._kong_session._PAGE", 2)
    _, where = node(services=SERVICES)
    assert len(look(kong.KIND, "gateway", limits, **where).backends) == 5
    monkeypatch.setattr("pytest_distaudit.systems._kong_session._PAGES", 2)
    assert refusal(kong.KIND, "gateway", limits, **where).reason is Reason.TOO_LARGE


def test_kong_counts_only_what_others_ask(node, limits):
    _, where = node(services=SERVICES, routes=[{"paths": ["/"], "service": {"id": "id-s0"}}])
    before = [look(kong.KIND, "gateway", limits, **where).taken_in for _ in range(2)]
    assert before == [0, 0]
    get(where["url"])
    assert look(kong.KIND, "gateway", limits, **where).taken_in == 1
    assert look(kong.KIND, "work", limits, **where).counts == {"requests": 1}


def test_kong_with_metrics(node, limits):
    made, where = node(services=SERVICES, routes=[{"paths": ["/x"], "service": {"id": "id-s0"}}], metrics=True)
    seen: Gateway = look(kong.KIND, "gateway", limits, **where)
    assert (seen.taken_in, [one.answered for one in seen.backends]) == (0, [0] * 5)
    get(where["url"] + "/x")  # nobody there
    get(where["url"] + "/y")  # no route
    made.count("s0", "service", 200)
    made.count("s0", "service", 404)
    seen = look(kong.KIND, "gateway", limits, **where)
    assert (seen.taken_in, seen.own_answers, seen.backends[0].answered) == (4, 2, 2)
    work = look(kong.KIND, "work", limits, **where)
    assert work.counts == {"no service answered by kong": 1, "s0 answered by kong": 1, "s0 answered by service": 2}


@pytest.mark.variant("kong", "managed", "an Admin API with rights")
def test_kong_that_asks_who_is_there(serve, limits):
    def guarded(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        told = {"version": "3.9", "node_id": "n", "plugins": {}}
        allowed = f"Kong-Admin-Token: {SECRET}" in request and request.startswith("GET / ")
        body = told if allowed else {"message": f"Invalid credentials {SECRET}"}
        says(200 if allowed else 401, json.dumps(body).encode())(
            SimpleNamespace(recv=lambda size: b"", sendall=connection.sendall)
        )

    where = at(kong.KIND, serve(guarded))
    assert look(kong.KIND, "presence", limits, **where).product == "Kong"
    assert refusal(kong.KIND, "gateway", limits, **where).reason is Reason.FORBIDDEN


@pytest.mark.parametrize("further", ["http://elsewhere/", "//elsewhere/", 7])
def test_kong_whose_next_page_is_elsewhere(serve, limits, further):
    def handle(connection: socket.socket) -> None:
        path = connection.recv(65536).decode().split()[1]
        told = {"version": "3.9", "node_id": "n", "plugins": {}} if path == "/" else {"data": [], "next": further}
        says(200, json.dumps(told).encode())(SimpleNamespace(recv=lambda size: b"", sendall=connection.sendall))

    assert refusal(kong.KIND, "gateway", limits, **at(kong.KIND, serve(handle))).reason is Reason.REDIRECTED
