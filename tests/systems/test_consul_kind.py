from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import HealthPart
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _knocking
from pytest_distaudit.systems.consul import KIND

from .bad_days import SECRET, closes, free_port, garbage, located, look, never_answers, refusal, resets, wait_until

WORKER = Ask.of("lookups", service="worker")
ALL = ("presence", "health", "registry", WORKER)


def url(port: int, token: str = SECRET) -> str:
    return f"http://:{token}@127.0.0.1:{port}"


@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_fails_every_ask(serve, limits, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    for ask in ALL:
        assert refusal(KIND, ask, limits, url=url(port)).reason is reason, ask


def test_closed_ports_are_refusals(limits):
    for ask in ALL:
        assert isinstance(refusal(KIND, ask, limits, url=url(free_port())), Refusal), ask


def test_without_the_http_api_nothing_is_seen(limits):
    assert refusal(KIND, "presence", limits, dns="dns://127.0.0.1:1").reason is Reason.NO_OBSERVABLE


# --- an agent that says what it is told to

SELF = {
    "Config": {"Version": "1.19.0", "NodeID": "1234", "Server": True},
    "Member": {},
    "Stats": {"agent": {"services": "1"}, "serf_lan": {"members": "3"}},
    "DebugConfig": {"Telemetry": {"PrometheusOpts": {"Expiration": "1h0m0s"}}},
}
NODE = {"Node": "n1", "Address": "10.0.0.1"}
SERVICE = {"ID": "w1", "Service": "worker", "Address": "", "Port": 80}
AGENT = {
    "status/leader": (200, "127.0.0.1:8300"),
    "agent/self": (200, SELF),
    "agent/services": (200, {"w1": SERVICE}),
    "agent/metrics": (200, b'process_start_time_seconds 1.7e+09\nconsul_health_service_query{service="worker"} 2\n'),
    "catalog/services": (200, {"consul": [], "worker": []}),
    "catalog/nodes": (200, [NODE]),
    "catalog/node/n1": (200, {"Node": NODE, "Services": {"w1": SERVICE, "c": {"ID": "c", "Service": "consul"}}}),
    "health/state/any": (200, []),
}


def agent(serve, limits=None, filtered=False, log=None, indexed=("catalog/",), others=(404, b"not found"), **changes):
    """An agent whose answers are those above but for ``changes`` (path -> (status, JSON or text), None for silence).

    ``indexed``: how paths begin whose answers come from its catalog; ``others``: what it says to any other path.
    """
    answers, tokens = {**AGENT, **{path.replace("__", "/"): told for path, told in changes.items()}}, []

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        path, _, query = request.split(" ")[1].removeprefix("/v1/").partition("?")
        tokens.append("X-Consul-Token: " + SECRET in request and "Authorization" not in request)
        assert "distaudit=" in query
        if path == "agent/monitor" and log is not None:
            log(connection)
            return
        if answers.get(path, others) is None:
            never_answers(connection)
            return
        status, body = answers.get(path, others)
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "text/plain" if path == "agent/metrics" else "application/json"
        extra = "X-Consul-Index: 7\r\n" if path.startswith(indexed) else ""
        extra += "X-Consul-Results-Filtered-By-ACLs: true\r\n" if filtered else ""
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(text)}\r\n"
        head += "Connection: close\r\n"
        connection.sendall(f"{head}Location: /login?{SECRET}\r\n\r\n".encode() + text)
        if log is not None and path == "status/leader":
            LINES.append(f"method=GET url=/v1/{path}?{query} from=127.0.0.1:1 latency=1ms")

    LINES.clear()
    port = serve(handle)
    agent.tokens = tokens
    return url(port)


LINES: list[str] = []


def test_the_token_is_the_addresss_password_and_travels_in_consuls_own_header(serve, limits):
    where = agent(serve)
    for ask in ("presence", "health", "registry"):
        look(KIND, ask, limits, url=where)
    assert agent.tokens
    assert all(agent.tokens)


def test_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=agent(serve))
    assert (seen.up, seen.product, seen.version, seen.authenticated) == (True, "Consul", "1.19.0", True)
    assert seen.started_at == 1.7e9
    assert look(KIND, "presence", limits, url=agent(serve, status__leader=(200, ""))).up


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status__leader": (200, b"hello")}, Reason.WRONG_PRODUCT),
        ({"status__leader": (200, {"leader": "me"})}, Reason.WRONG_PRODUCT),
        ({"status__leader": (404, b"")}, Reason.WRONG_PRODUCT),
        ({"status__leader": (302, b"")}, Reason.REDIRECTED),
        ({"status__leader": (403, b"")}, Reason.FORBIDDEN),
        ({"status__leader": (502, b"")}, Reason.PROTOCOL_ERROR),
        ({"agent__self": (200, "x")}, Reason.WRONG_PRODUCT),
        ({"agent__self": (200, {"Config": "x"})}, Reason.WRONG_PRODUCT),
        ({"agent__self": (200, b"<html>")}, Reason.PROTOCOL_ERROR),
    ],
)
def test_presence_of_something_else(serve, limits, changes, reason):
    assert refusal(KIND, "presence", limits, url=agent(serve, **changes)).reason is reason


def test_a_server_that_says_x_to_everything_is_not_consul(serve, limits):
    def says_x(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"x"')

    assert refusal(KIND, "presence", limits, url=url(serve(says_x))).reason is Reason.WRONG_PRODUCT


@pytest.mark.variant("consul", "managed", "access control without a token")
def test_an_agent_that_turns_the_audit_away_is_present(serve, limits):
    denied = (403, b"Permission denied")
    seen = look(KIND, "presence", limits, url=agent(serve, agent__self=denied))
    assert (seen.up, seen.version, seen.authenticated) == (True, "", True)
    unknown = (403, b"ACL not found")
    seen = look(KIND, "presence", limits, url=agent(serve, agent__self=unknown, catalog__services=unknown))
    assert (seen.up, seen.authenticated) == (True, False)


def test_health(serve, limits):
    assert look(KIND, "health", limits, url=agent(serve)).healthy
    none = look(KIND, "health", limits, url=agent(serve, status__leader=(200, "")))
    assert (none.healthy, none.parts) == (False, (HealthPart("leader", False, "no leader"),))
    servers = {"Healthy": False, "FailureTolerance": 0, "Servers": [{"Name": "n1", "Healthy": False}]}
    sick = look(KIND, "health", limits, url=agent(serve, operator__autopilot__health=(429, servers)))
    assert [(part.name, part.healthy) for part in sick.parts] == [
        ("leader", True),
        ("autopilot", False),
        ("server n1", False),
    ]
    forbidden = look(KIND, "health", limits, url=agent(serve, operator__autopilot__health=(403, b"")))
    assert [part.name for part in forbidden.parts] == ["leader"]
    unsure = look(KIND, "health", limits, url=agent(serve, operator__autopilot__health=(200, {"Healthy": False})))
    assert unsure.healthy


def test_an_identity_needs_the_start(serve, limits):
    seen = look(KIND, "process", limits, url=agent(serve))
    assert seen.identity
    other = look(KIND, "process", limits, url=agent(serve))
    assert other.identity == seen.identity


def test_the_registry(serve, limits):
    checks = [
        {"Node": "n1", "ServiceID": "", "Status": "warning", "Name": "serf", "Type": ""},
        {
            "Node": "n1",
            "ServiceID": "w1",
            "Status": "passing",
            "Name": "up",
            "Type": "tcp",
            "Output": "TCP connect a:1: x",
        },
        {"Node": "n2", "ServiceID": "w1", "Status": "critical", "Name": "another", "Type": "tcp"},
    ]
    seen = look(KIND, "registry", limits, url=agent(serve, health__state__any=(200, checks)))
    (service,) = seen.services
    (worker,) = service.instances
    assert (service.name, worker.id, worker.address, worker.port) == ("worker", "w1", "10.0.0.1", 80)
    assert (worker.status, worker.node, worker.node_address) == ("warning", "n1", "10.0.0.1")
    assert [(check.name, check.manner, check.status, check.asks) for check in worker.checks] == [
        ("up", "tcp", "passing", "a:1")
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"catalog__services": (200, {})}, Reason.FORBIDDEN),
        ({"catalog__services": (200, {"worker": []})}, Reason.FORBIDDEN),
        ({"catalog__nodes": (200, [])}, Reason.FORBIDDEN),
        ({"agent__services": (200, {})}, Reason.FORBIDDEN),
        ({"catalog__services": (403, b"ACL not found")}, Reason.FORBIDDEN),
        ({"catalog__node__n1": (403, b"")}, Reason.FORBIDDEN),
        ({"health__state__any": (302, b"")}, Reason.REDIRECTED),
        ({"catalog__services": (500, b"No cluster leader")}, Reason.PROTOCOL_ERROR),
        ({"catalog__nodes": (200, b"[")}, Reason.PROTOCOL_ERROR),
        ({"catalog__nodes": (200, [{"Node": str(number)} for number in range(101)])}, Reason.TOO_LARGE),
        ({"catalog__nodes": (200, b"x" * 200_000)}, Reason.TOO_LARGE),
        ({"filtered": True}, Reason.FORBIDDEN),
    ],
)
@pytest.mark.variant("consul", "managed", "lists filtered by rights")
def test_what_cannot_be_seen_whole_is_never_empty(serve, limits, changes, reason):
    told = refusal(KIND, "registry", limits, url=agent(serve, **changes))
    assert told.reason is reason


# --- its log, as a stream


def streams(*lines: str, ends: bool = False):
    """A log that tells of what was asked, after ``lines``."""

    def log(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
        for line in lines:
            connection.sendall(f"{line}\n".encode())
        told, until = 0, time.monotonic() + 1.2
        while not ends and time.monotonic() < until:
            for line in LINES[told:]:
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 10**6 % 1000:03}Z"
                connection.sendall(f"{stamp} [DEBUG] agent.http: Request finished: {line}\n".encode())
            told = len(LINES)
            time.sleep(0.01)

    return log


def line(path: str) -> str:
    return (
        f"2026-11-25T15:46:05.575Z [DEBUG] agent.http: Request finished: method=GET url=/v1/{path}"
        " from=10.0.0.9:4711 latency=1ms"
    )


def test_look_ups_by_the_log(serve, limits):
    lines = line("health/service/worker"), line("health/service/other"), line("catalog/services"), line("agent/self")
    ours = line("catalog/services?distaudit=1")
    seen = look(KIND, WORKER, limits, url=agent(serve, log=streams(*lines, ours)))
    assert [(one.service, one.way, one.asker) for one in seen.seen] == [
        ("worker", "http", "10.0.0.9:4711"),
        ("", "http", "10.0.0.9:4711"),
    ]
    assert (seen.others, seen.gaps, seen.deaf_to, seen.counted) == (1, (), 2, 2)
    assert seen.counted_from == pytest.approx(time.time() - 3600, abs=5)
    assert seen.listened_from == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize(
    "change",
    [
        {"agent__metrics": (200, b"Prometheus is not enabled since its retention time is not positive")},
        {"agent__metrics": (403, b"Permission denied")},
        {"agent__self": (200, SELF | {"Config": {"Server": False}})},
        {"agent__self": (200, SELF | {"DebugConfig": {}})},
    ],
)
def test_what_is_not_counted_is_not_zero(serve, limits, change):
    seen = look(KIND, WORKER, limits, url=agent(serve, log=streams(), **change))
    assert (seen.counted, seen.counted_from) == (None, None)


def test_lines_left_out_are_a_gap(serve, limits):
    lost = "2026-11-25T15:46:05.575Z [WARN]  agent: Monitor dropped 9 logs during monitoring request"
    assert len(look(KIND, WORKER, limits, url=agent(serve, log=streams(lost))).gaps) == 1


def test_look_ups_forgotten_for_later_ones_are_a_gap_that_ends_with_them(serve, limits):
    polls = [line("health/service/other").replace("05.575Z", f"05.{number % 1000:03}Z") for number in range(2003)]
    seen = look(KIND, WORKER, limits, url=agent(serve, log=streams(*polls)))
    assert (seen.others, len(seen.gaps)) == (2000, 1)
    assert seen.gaps[0][1] == pytest.approx(datetime(2026, 11, 25, 15, 46, 5, 2000, UTC).timestamp(), abs=1e-3)


def test_a_log_that_does_not_tell_of_us_is_not_silence(serve, limits):
    def mute(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello\n")
        never_answers(connection)

    assert refusal(KIND, WORKER, limits, url=agent(serve, log=mute)).reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, Reason.FORBIDDEN),
        (404, Reason.UNSUPPORTED_VERSION),
        (500, Reason.PROTOCOL_ERROR),
        (302, Reason.PROTOCOL_ERROR),
    ],
)
@pytest.mark.variant("consul", "older", "an agent without its log over HTTP")
def test_a_log_that_may_not_be_read(serve, limits, status, reason):
    told = refusal(KIND, WORKER, limits, url=agent(serve, agent__monitor=(status, b"")))
    assert told.reason is reason


def test_a_log_that_ends_at_once(serve, limits):
    assert refusal(KIND, WORKER, limits, url=agent(serve, log=streams(ends=True))).reason is Reason.PROTOCOL_ERROR


def test_a_line_without_end(serve, limits):
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000)
        never_answers(connection)

    assert refusal(KIND, WORKER, limits, url=agent(serve, log=endless)).reason is Reason.TOO_LARGE


# --- who listens where instances are registered


def knock(monkeypatch, *places, here=True, neighbours=()):
    monkeypatch.setattr(_knocking._local, "serving_process", lambda located: here or None)
    return _knocking.knocked(located(KIND, url="http://127.0.0.1:1", neighbours=neighbours), Limits(), places)


def test_who_listens_and_who_does_not(monkeypatch, serve):
    alive, dead = ("127.0.0.1", serve(closes)), ("127.0.0.1", free_port())
    assert knock(monkeypatch, alive, dead) == {alive: True, dead: False}


def test_a_refusal_without_a_witness_says_nothing(monkeypatch, serve):
    dead = ("127.0.0.2", free_port())
    assert knock(monkeypatch, dead) == {dead: None}
    with socket.create_server(("127.0.0.2", 0)) as witness:
        assert knock(monkeypatch, dead, neighbours=[witness.getsockname()]) == {dead: False}


def test_datagrams_do_not_accept_connections(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        place = line.getsockname()
        assert knock(monkeypatch, place) == {place: None}


def test_what_is_not_dialled(monkeypatch, serve):
    port = serve(closes)
    assert knock(monkeypatch, ("127.0.0.1", port), here=False) == {}
    assert (
        knock(monkeypatch, ("8.8.8.8", port), ("worker", port), ("127.0.0.1", 0), ("", port), ("0.0.0.0", port)) == {}
    )


# --- a real agent


def asks(where: str, path: str) -> None:
    with urllib.request.urlopen(f"{where}/v1/{path}", timeout=5) as answer:
        answer.read()


@pytest.mark.live
class TestReal:
    def test_presence_health_listener_process(self, consul):
        seen = look(KIND, "presence", Limits(), url=consul.url)
        assert (seen.up, seen.authenticated, seen.product) == (True, True, "Consul")
        assert seen.version
        assert seen.started_at
        wait_until(lambda: len(look(KIND, "health", Limits(), url=consul.url).parts) == 3)
        wait_until(lambda: look(KIND, "health", Limits(), url=consul.url).healthy)
        process = look(KIND, "process", Limits(), url=consul.url)
        assert process.pid
        by_another_name = look(KIND, "process", Limits(), url=consul.url.replace("127.0.0.1", "localhost"))
        assert by_another_name.identity == process.identity
        listener = look(KIND, "listener", Limits(), url=consul.url)
        assert (listener.open, listener.protocol, listener.expected) == (True, "http", "http")

    def test_what_is_registered(self, consul):
        seen = look(KIND, "registry", Limits(), url=consul.url)
        by_name = {service.name: service.instances for service in seen.services}
        assert sorted(by_name) == ["dead", "worker"]
        assert [(one.port, one.answers) for one in by_name["dead"]] == [(1, False)]
        (worker,) = by_name["worker"]
        assert (worker.answers, worker.status, worker.checks) == (True, "passing", ())

    def test_no_ask_of_ours_looks_anything_up(self, consul):
        before = look(KIND, Ask.of("lookups", service="dead"), Limits(), url=consul.url)
        for ask in ("presence", "health", "process", "registry", "listener"):
            look(KIND, ask, Limits(), url=consul.url)
        after = look(KIND, Ask.of("lookups", service="dead"), Limits(), url=consul.url)
        assert (after.seen, after.others, after.counted) == (before.seen, before.others, 0)

    def test_look_ups_are_heard_at_once_and_in_order(self, consul):
        before = look(KIND, WORKER, Limits(), url=consul.url)
        began = time.time()
        for path in ("health/service/worker?passing", "catalog/service/worker", "agent/services", "agent/self"):
            asks(consul.url, path)
        asks(consul.url, "catalog/service/other")
        seen = look(KIND, WORKER, Limits(), url=consul.url)
        new = [one for one in seen.seen if one not in before.seen]
        assert [one.service for one in new] == ["worker", "worker", ""]
        assert all(began - 0.01 <= one.at - one.took <= time.time() + 0.01 for one in new)
        assert (seen.others - before.others, seen.gaps, seen.deaf_to) == (1, (), 0)
        assert seen.counted - before.counted == 2
        assert seen.connected == ()

    def test_without_rights_nothing_is_absent(self, consul):
        for token, authenticated in (("", True), (f":{SECRET}-but-wrong@", False)):
            where = consul.locked.replace(f":{SECRET}@", token)
            seen = look(KIND, "presence", Limits(), url=where)
            assert (seen.up, seen.version, seen.authenticated) == (True, "", authenticated)
            for ask in ("registry", WORKER):
                assert refusal(KIND, ask, Limits(), url=where).reason is Reason.FORBIDDEN
        assert look(KIND, "registry", Limits(), url=consul.locked).services
        assert look(KIND, WORKER, Limits(), url=consul.locked).deaf_to == 0

    def test_who_is_refused_has_looked_nothing_up(self, consul):
        before = look(KIND, WORKER, Limits(), url=consul.locked)
        bare = consul.locked.replace(f":{SECRET}@", "")
        for token in ("wrong", SECRET):
            with suppress(urllib.error.HTTPError):
                asks(bare, f"health/service/worker?token={token}")
        after = look(KIND, WORKER, Limits(), url=consul.locked)
        assert len(after.seen) - len(before.seen) == 1

    def test_a_part_of_the_registry_is_not_the_whole(self, consul):
        rules = 'service "consul" {policy = "read"} node_prefix "" {policy = "read"} agent_prefix "" {policy = "read"}'
        where = consul.locked.replace(SECRET, consul.token(rules))
        assert look(KIND, "presence", Limits(), url=where).version
        assert refusal(KIND, "registry", Limits(), url=where).reason is Reason.FORBIDDEN
