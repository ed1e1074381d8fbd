from __future__ import annotations

import pytest

from pytest_distaudit.systems._consul_words import asked_by, counted, failed_by, request_of, seconds, tells_of_loss

AT = "2026-11-25T15:46:05.575Z"


def http(url: str, method: str = "GET", latency: str = "724.145µs") -> str:
    return (
        f"{AT} [DEBUG] agent.http: Request finished: method={method} url={url} from=127.0.0.1:34984 latency={latency}"
    )


def dns(name: str) -> str:
    return (
        f"{AT} [DEBUG] agent.dns: request served from client: name={name} type=A class=IN"
        " latency=468.325µs client=127.0.0.1:44368 client_network=udp"
    )


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("/v1/health/service/worker?passing", "worker"),
        ("/v1/health/service/worker?index=7&wait=60s", "worker"),
        ("/v1/catalog/service/worker", "worker"),
        ("/v1/health/connect/worker", "worker"),
        ("/v1/health/checks/worker", "worker"),
        ("/v1/agent/health/service/name/worker", "worker"),
        ("/v1/health/service/a%20b", "a b"),
        ("/v1/catalog/services", ""),
        ("/v1/catalog/nodes", ""),
        ("/v1/catalog/node/n1", ""),
        ("/v1/health/state/passing", ""),
        ("/v1/agent/services", ""),
        ("/v1/agent/service/worker-1", ""),
        ("/v1/internal/ui/services", ""),
        ("/v1/query/worker/execute", ""),
        ("/v1/kv/services/worker", ""),
        ("/v1/status/leader", None),
        ("/v1/agent/self", None),
        ("/v1/agent/metrics?format=prometheus", None),
        ("/v1/agent/checks", None),
        ("/v1/session/list", None),
        ("/ui/", None),
    ],
)
def test_what_a_request_looks_up(url, service):
    seen = request_of(http(url))
    assert (seen.service, seen.way, seen.source, seen.mark) == (service, "http", "127.0.0.1:34984", "")
    assert seen.took == pytest.approx(0.000724145)
    assert seen.at == pytest.approx(1795621565.575)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_what_changes_the_registry_looks_nothing_up(method):
    assert request_of(http("/v1/kv/worker", method)).service is None
    assert request_of(http("/v1/agent/service/register", method)).service is None


def test_our_own_requests_bear_a_mark():
    assert request_of(http("/v1/catalog/services?distaudit=1")).mark == "1"
    assert request_of(http("/v1/agent/metrics?format=prometheus&distaudit=ab12")).mark == "ab12"
    assert request_of(http("/v1/health/service/distaudit")).mark == ""


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("worker.service.consul.", "worker"),
        ("Worker.Service.DC1.Consul.", "worker"),
        ("primary.worker.service.consul.", "worker"),
        ("_worker._tcp.service.consul.", "worker"),
        ("_worker._primary.service.dc1.consul.", "worker"),
        ("worker.connect.consul.", "worker"),
        ("service.service.consul.", "service"),
        ("worker.query.consul.", ""),
        ("n1.node.consul.", ""),
        ("example.org.", None),
        ("service.", None),
        ("1.0.0.127.in-addr.arpa.", None),
    ],
)
def test_what_a_name_looks_up(name, service):
    seen = request_of(dns(name))
    assert (seen.service, seen.way, seen.source) == (service, "dns", "127.0.0.1:44368")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x" * 10_000,
        f"{AT} [DEBUG] agent: Check status updated: check=service:w1 status=passing",
        f"{AT} [INFO]  agent: Synced service: service=worker",
        f"{AT} [DEBUG] agent.http: Request finished: method=GET",
    ],
)
def test_other_lines_tell_of_no_request(line):
    assert request_of(line) is None


def test_a_stamp_that_is_none_is_long_ago():
    assert request_of(http("/v1/agent/self").replace(AT, "yesterday")).at == 0


def test_a_request_that_failed():
    line = f"{AT} [ERROR] agent.http: Request error: method=GET url=/v1/agent/self from=127.0.0.1:1 error="
    assert failed_by(f'{line}"ACL not found"') == ("127.0.0.1:1", "/v1/agent/self")
    assert failed_by(http("/v1/agent/self")) is None
    assert request_of(http("/v1/agent/self?x=1")).target == "/v1/agent/self?x=1"


def test_lines_that_were_left_out():
    assert tells_of_loss(f"{AT} [WARN]  agent: Monitor dropped 17 logs during monitoring request")
    assert not tells_of_loss(http("/v1/kv/dropped"))


@pytest.mark.parametrize(
    ("text", "wanted"), [("1.5ms", 0.0015), ("1m2.5s", 62.5), ("24h0m0s", 86400), ("12ns", 1.2e-8), ("", 0), ("x", 0)]
)
def test_durations(text, wanted):
    assert seconds(text) == pytest.approx(wanted)


METRICS = """
consul_catalog_service_query{service="worker"} 2
consul_health_service_query{service="worker"} 3
consul_health_service_query_tags{service="worker",tag=""} 50
consul_health_service_query{service="worker-2"} 100
consul_health_connect_query{partition="default",service="Worker"} 4
consul_health_service_not_found{service="worker"} 1000
consul_rpc_query 15
"""


def test_the_agents_own_count():
    assert counted(METRICS, "worker") == 9
    assert counted(METRICS, "worker-2") == 100
    assert counted(METRICS, "nobody") == 0
    assert counted(METRICS, "work.r") == 0


@pytest.mark.parametrize(
    ("output", "place"),
    [
        ('HTTP GET http://127.0.0.1:8080/health: 200 OK Output: "x"', "127.0.0.1:8080"),
        ("HTTP GET https://worker.example/health: 503 Service Unavailable Output: ", "worker.example:443"),
        ("HTTP HEAD http://[::1]:80/: 200 OK Output: ", "[::1]:80"),
        ("TCP connect 127.0.0.1:5432: Success", "127.0.0.1:5432"),
        ("gRPC check 127.0.0.1:5000/worker: success", "127.0.0.1:5000"),
        ('Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused', "127.0.0.1:1"),
        ("Get http://127.0.0.1:1/: dial tcp 127.0.0.1:1: connect: connection refused", "127.0.0.1:1"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "127.0.0.1:1"),
        ("HTTP GET http://127.0.0.1:port/: 200 OK Output: ", ""),
        ("TTL expired", ""),
        ("", ""),
    ],
)
def test_what_a_check_asks(output, place):
    assert asked_by(output) == place
