"""Prometheus, Zipkin and Jaeger: what each answer means, on servers that say what they are told to."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems.jaeger import KIND as JAEGER
from pytest_distaudit.systems.prometheus import KIND as PROMETHEUS
from pytest_distaudit.systems.zipkin import KIND as ZIPKIN

from .bad_days import SECRET, answers_a_gigabyte, closes, free_port, garbage, look, never_answers, refusal, resets

TRACE, OTHER = "ab" * 16, "cd" * 16
NONCE = "distaudit-" + "0" * 32
NOW = time.time()

BUILD = {"status": "success", "data": {"version": "2.42.0", "goVersion": "go1.19"}}
TARGET = {
    "labels": {"job": "town", "instance": "tasks:80"},
    "scrapeUrl": "http://tasks:80/metrics",
    "health": "up",
    "lastError": "",
    "lastScrape": "2026-01-02T03:04:05.123456789+01:00",
    "scrapeInterval": "1m30s",
}
ANSWERS = {
    "prometheus": {
        "api/v1/status/buildinfo": (200, BUILD),
        "api/v1/status/runtimeinfo": (200, {"status": "success", "data": {"reloadConfigSuccess": True}}),
        "-/ready": (200, "Prometheus Server is Ready.\n"),
        "api/v1/targets": (200, {"status": "success", "data": {"activeTargets": [TARGET]}}),
        "federate": (200, '# TYPE x untyped\nscrape_samples_scraped{instance="tasks:80",job="town"} 3 1767319445123\n'),
        "metrics": (
            200,
            'prometheus_http_requests_total{code="200",handler="/api/v1/query"} 2\n'
            'prometheus_http_requests_total{code="400",handler="/api/v1/query"} 1\n'
            'prometheus_http_requests_total{code="200",handler="/api/v1/targets"} 9\n',
        ),
    },
    "zipkin": {
        "info": (200, {"zipkin": {"version": "3.4.4"}}),
        "health": (200, {"status": "UP", "zipkin": {"status": "UP", "details": {"Store{}": {"status": "UP"}}}}),
        "metrics": (200, {"counter.zipkin_collector.spans.http": 5.0, "counter.zipkin_collector.bytes.http": 9.0}),
        "api/v2/services": (200, ["front", "zipkin-server"]),
        f"api/v2/trace/{TRACE}": (
            200,
            [
                {
                    "traceId": TRACE,
                    "id": "1" * 16,
                    "parentId": "F" * 16,
                    "name": "get",
                    "timestamp": int(NOW * 1e6),
                    "duration": 2_000_000,
                    "localEndpoint": {"serviceName": "front", "ipv4": "10.0.0.1", "port": 80},
                    "tags": {"http.url": f"/?n={NONCE}", "process.pid": "7"},
                }
            ],
        ),
    },
    "jaeger": {
        "": (200, '<script>JAEGER_VERSION = {"gitCommit":"x","gitVersion":"v1.76.0"};</script>'),
        "api/services": (200, {"data": ["front", "jaeger"], "total": 2, "limit": 0, "offset": 0, "errors": None}),
        f"api/traces/{TRACE}": (
            200,
            {
                "data": [
                    {
                        "traceID": TRACE,
                        "processes": {
                            "p1": {
                                "serviceName": "front",
                                "tags": [{"key": "host.name", "value": "a"}, {"key": "process.pid", "value": 7}],
                            }
                        },
                        "spans": [
                            {
                                "traceID": TRACE,
                                "spanID": "1" * 16,
                                "operationName": "get",
                                "references": [
                                    {"refType": "FOLLOWS_FROM", "traceID": OTHER, "spanID": "2" * 16},
                                    {"refType": "CHILD_OF", "traceID": TRACE, "spanID": "f" * 16},
                                ],
                                "startTime": int(NOW * 1e6),
                                "duration": 2_000_000,
                                "tags": [{"key": "http.url", "value": f"/?n={NONCE}"}],
                                "processID": "p1",
                            }
                        ],
                    }
                ],
                "errors": None,
            },
        ),
        "metrics": (
            200,
            'otelcol_receiver_accepted_spans_total{receiver="otlp",transport="http"} 4\n'
            'otelcol_receiver_accepted_spans_total{receiver="otlp",transport="grpc"} 3\n',
        ),
    },
}
KINDS = {"prometheus": PROMETHEUS, "zipkin": ZIPKIN, "jaeger": JAEGER}
FIRST = {"prometheus": "api/v1/status/buildinfo", "zipkin": "info", "jaeger": "api/services"}
ASKS = {
    "prometheus": ("presence", "health", "scrapes", "work"),
    "zipkin": ("presence", "health", "traces", "work"),
    "jaeger": ("presence", "health", "traces"),
}
WANTED = Ask.of("traces", ids=f"{TRACE},{OTHER}")
NOT_FOUND = {"zipkin": f"{OTHER} not found", "jaeger": '{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}'}


def server(serve, of, heard=None, **changes):
    """A server of that product whose answers are those above but for ``changes``."""
    answers = {**ANSWERS[of], f"api/v2/trace/{OTHER}": (404, NOT_FOUND["zipkin"])}
    answers |= {f"api/traces/{OTHER}": (404, NOT_FOUND["jaeger"])}
    answers |= {path.replace("__", "/").replace("_dot_", "."): told for path, told in changes.items()}

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        path, _, query = request.split(" ")[1].lstrip("/").partition("?")
        if heard is not None:
            heard.append(f"{path}?{query} {request}")
        status, body = answers.get(path, (404, "404 page not found"))
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nDate: Fri, 02 Jan 2026 02:04:09 GMT\r\nContent-Length: {len(text)}\r\n"
        connection.sendall(f"{head}Location: http://elsewhere/{SECRET}\r\n\r\n".encode() + text)

    return f"http://audit:{SECRET}@127.0.0.1:{serve(handle)}"


EVERY = pytest.mark.parametrize("of", KINDS)


@EVERY
@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets, answers_a_gigabyte])
def test_every_bad_day_fails_every_ask(serve, limits, of, bad_day):
    url, limits = f"http://audit:{SECRET}@127.0.0.1:{serve(bad_day)}", replace(limits, ask_s=0.5)
    reason = {never_answers: Reason.TIMED_OUT, answers_a_gigabyte: Reason.TOO_LARGE}.get(bad_day, Reason.PROTOCOL_ERROR)
    for ask in ASKS[of]:
        assert refusal(KINDS[of], ask, limits, url=url).reason is reason, ask


@EVERY
def test_closed_ports_are_refusals(limits, of):
    for ask in ASKS[of]:
        assert isinstance(refusal(KINDS[of], ask, limits, url=f"http://127.0.0.1:{free_port()}"), Refusal), ask


@EVERY
@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ((200, "<html>hello</html>"), Reason.PROTOCOL_ERROR),
        ((200, {"status": "ok"}), Reason.WRONG_PRODUCT),
        ((200, ["front"]), Reason.WRONG_PRODUCT),
        ((404, "nothing"), Reason.WRONG_PRODUCT),
        ((302, ""), Reason.REDIRECTED),
        ((401, f"who are you, {SECRET}"), Reason.FORBIDDEN),
        ((403, ""), Reason.FORBIDDEN),
        ((502, ""), Reason.PROTOCOL_ERROR),
    ],
)
@pytest.mark.variant("jaeger", "managed", "behind a login")
@pytest.mark.variant("zipkin", "managed", "behind a login")
@pytest.mark.variant("prometheus", "managed", "behind a login")
def test_presence_of_something_else(serve, limits, of, told, reason):
    url = server(serve, of, **{FIRST[of].replace("/", "__"): told}, health=told, api__v3__services=told)
    found = refusal(KINDS[of], "presence", limits, url=url).reason
    # a page that is no JSON is no product of these
    assert found is reason or (reason is Reason.PROTOCOL_ERROR and found is Reason.WRONG_PRODUCT)


@EVERY
def test_presence(serve, limits, of):
    seen = look(KINDS[of], "presence", limits, url=server(serve, of))
    assert (seen.up, seen.product.lower()) == (True, of)
    assert seen.version in ("2.42.0", "3.4.4", "1.76.0")
    assert look(KINDS[of], "health", limits, url=server(serve, of)).healthy


@EVERY
def test_a_token_goes_as_bearer_and_a_password_as_basic(serve, limits, of):
    heard: list[str] = []
    url = server(serve, of, heard)
    look(KINDS[of], "presence", limits, url=url)
    look(KINDS[of], "presence", limits, url=url.replace("audit:", ":"))
    assert "Authorization: Basic" in heard[0]
    assert f"Authorization: Bearer {SECRET}" in heard[-1]


# --- stores of traces

STORES = pytest.mark.parametrize("of", ["zipkin", "jaeger"])


@STORES
def test_traces_by_their_ids(serve, limits, of):
    seen = look(KINDS[of], WANTED, limits, url=server(serve, of))
    (span,) = seen.spans
    assert (span.trace, span.span, span.parent, span.service) == (TRACE, "1" * 16, "f" * 16, "front")
    assert (span.duration, span.pid, span.nonces) == (2.0, "7", (NONCE,))
    assert span.start == pytest.approx(NOW, abs=1e-5)
    assert (span.host, span.instance) == (("10.0.0.1", "10.0.0.1:80") if of == "zipkin" else ("a", ""))
    assert seen.own == (("zipkin-server",) if of == "zipkin" else ("jaeger",))


@STORES
def test_a_trace_that_cannot_be_read_is_not_one_that_is_not_there(serve, limits, of):
    path = f"api/v2/trace/{OTHER}" if of == "zipkin" else f"api/traces/{OTHER}"
    for told, reason in (
        ((404, "404 page not found"), Reason.PROTOCOL_ERROR),
        ((500, "storage"), Reason.PROTOCOL_ERROR),
        ((403, ""), Reason.FORBIDDEN),
        ((200, "{"), Reason.PROTOCOL_ERROR),
        ((200, [{"id": 1}]), Reason.PROTOCOL_ERROR),
        ((200, {"data": [{"spans": [{}]}], "errors": None}), Reason.PROTOCOL_ERROR),
        ((200, {"data": None, "errors": [{"msg": "half of it"}]}), Reason.PROTOCOL_ERROR),
    ):
        url = server(serve, of, **{path.replace("/", "__"): told})
        assert refusal(KINDS[of], WANTED, limits, url=url).reason is reason, told


@STORES
def test_services_that_were_seen_in_the_window(serve, limits, of):
    found = ANSWERS[of][f"api/v2/trace/{TRACE}" if of == "zipkin" else f"api/traces/{TRACE}"][1]
    path, told = ("api__v2__traces", [found]) if of == "zipkin" else ("api__traces", found)
    heard: list[str] = []
    url = server(serve, of, heard, **{path: (200, told)})
    seen = look(KINDS[of], Ask.of("traces", since=NOW - 10, until=NOW + 10), limits, url=url)
    assert (seen.services, seen.recent, seen.whole) == (seen.services, ("front",), True)
    # a store may tell what it did not see in the window; the audit looks at the spans' own times
    seen = look(KINDS[of], Ask.of("traces", since=NOW - 20, until=NOW - 10), limits, url=url)
    assert (seen.recent, seen.spans) == ((), ())
    assert not any("zipkin-server" in line or "service=jaeger" in line for line in heard if "limit=" in line)


def test_a_look_waits_for_the_moment_that_is_asked_for(serve, limits):
    began, url = time.time(), server(serve, "zipkin")
    look(ZIPKIN, Ask.of("traces", ids=TRACE, after=began + 0.5), limits, url=url)
    assert time.time() >= began + 0.5


@pytest.mark.variant("jaeger", "newer", "API version 3 alone")
def test_jaeger_by_version_three_alone(serve, limits):
    resource = {
        "resource": {
            "attributes": [
                {"key": "service.name", "value": {"stringValue": "front"}},
                {"key": "service.instance.id", "value": {"stringValue": "i"}},
            ]
        },
        "scopeSpans": [
            {
                "spans": [
                    {
                        "traceId": "q6urq6urq6urq6urq6urqw==",
                        "spanId": "1" * 16,
                        "parentSpanId": "AAAAAAAAAAA=",
                        "name": "get",
                        "startTimeUnixNano": str(int(NOW * 1e9)),
                        "endTimeUnixNano": str(int(NOW * 1e9) + 1_000_000_000),
                        "attributes": [{"key": "http.url", "value": {"stringValue": NONCE}}],
                    }
                ]
            }
        ],
    }
    changes = {
        "api__services": (404, ""),
        "api__v3__services": (200, {"services": ["front"]}),
        f"api__v3__traces__{TRACE}": (200, {"result": {"resourceSpans": [resource]}}),
        f"api__v3__traces__{OTHER}": (404, '{"error":{"httpCode":404,"message":"No traces found"}}'),
        "api__v3__traces": (200, {"result": {"resourceSpans": [resource]}}),
    }
    url = server(serve, "jaeger", **changes)
    assert look(JAEGER, "presence", limits, url=url).up
    (span,) = look(JAEGER, WANTED, limits, url=url).spans
    assert (span.trace, span.parent, span.instance, span.duration) == (TRACE, "", "i", 1.0)
    assert span.nonces == (NONCE,)
    assert look(JAEGER, Ask.of("traces", since=NOW - 1, until=NOW + 1), limits, url=url).recent == ("front",)
    for told in ((200, {"result": {}}), (404, "gone"), (500, "")):
        url = server(serve, "jaeger", **{**changes, f"api__v3__traces__{TRACE}": told})
        assert refusal(JAEGER, WANTED, limits, url=url).reason is Reason.PROTOCOL_ERROR


def test_work_of_stores_is_what_they_took_in(serve, limits):
    empty = {"api__v2__traces": (200, [])}
    seen = look(ZIPKIN, "work", limits, url=server(serve, "zipkin", **empty))
    assert (seen.counts, seen.nonces) == ({"spans by http": 5}, ())
    nothing = server(serve, "zipkin", metrics=(200, {}))
    assert refusal(ZIPKIN, "work", limits, url=nothing).reason is Reason.NO_OBSERVABLE
    url = server(serve, "jaeger", api__traces=(200, {"data": None, "errors": None}))
    assert refusal(JAEGER, "work", limits, url=url).reason is Reason.NO_OBSERVABLE
    assert look(JAEGER, "work", limits, url=url, metrics=url).counts == {"spans by otlp": 7}
    assert look(JAEGER, "presence", limits, metrics=url).up
    assert refusal(JAEGER, "presence", limits, otlp=url).reason is Reason.NO_OBSERVABLE
    other = server(serve, "jaeger", metrics=(200, "up 1\n"))
    assert refusal(JAEGER, "presence", limits, metrics=other).reason is Reason.WRONG_PRODUCT


def test_a_store_that_is_not_well(serve, limits):
    down = {"status": "DOWN", "zipkin": {"status": "DOWN", "details": {"Store{}": {"status": "DOWN"}}}}
    seen = look(ZIPKIN, "health", limits, url=server(serve, "zipkin", health=(503, down)))
    assert (seen.healthy, seen.detail) == (False, "Store{} failed")
    assert look(ZIPKIN, "presence", limits, url=server(serve, "zipkin", info=(404, ""))).up


# --- Prometheus


def test_scrapes(serve, limits):
    (one,) = look(PROMETHEUS, "scrapes", limits, url=server(serve, "prometheus")).targets
    assert (one.job, one.host, one.port, one.path, one.health) == ("town", "tasks", 80, "/metrics", "up")
    assert (one.every, one.samples) == (90.0, 3)
    # by the server's own clock, which tells whole seconds
    assert one.age == pytest.approx(4.88, abs=0.01)


def scrape_of(serve, limits, **changes):
    told = {"status": "success", "data": {"activeTargets": [{**TARGET, **changes}]}}
    return look(PROMETHEUS, "scrapes", limits, url=server(serve, "prometheus", api__v1__targets=(200, told))).targets[0]


def test_a_target_before_its_first_scrape(serve, limits):
    one = scrape_of(serve, limits, health="unknown", lastScrape="0001-01-01T00:00:00Z", labels={"job": "new"})
    assert (one.health, one.age, one.samples) == ("unknown", None, 0)


def test_a_target_that_is_down(serve, limits):
    one = scrape_of(serve, limits, health="down", lastError="x" * 1000, lastScrape="2026-01-02T02:04:05Z")
    assert (one.health, len(one.error)) == ("down", 200)
    assert one.age == pytest.approx(5.0)
    assert scrape_of(serve, limits, scrapeInterval="").every is None


@pytest.mark.parametrize(
    "told",
    [
        {"status": "error", "error": "no"},
        {"status": "success", "data": {}},
        {"status": "success", "data": {"activeTargets": [{}]}},
        {"status": "success", "data": {"activeTargets": ["x"]}},
        {"status": "success", "data": {"activeTargets": [{**TARGET, "lastScrape": "yesterday"}]}},
        [],
    ],
)
def test_half_an_answer_is_no_empty_list(serve, limits, told):
    url = server(serve, "prometheus", api__v1__targets=(200, told))
    assert refusal(PROMETHEUS, "scrapes", limits, url=url).reason is Reason.PROTOCOL_ERROR


@pytest.mark.variant("prometheus", "managed", "no federation")
def test_samples_are_untold_where_federation_is_not_allowed(serve, limits):
    seen = look(PROMETHEUS, "scrapes", limits, url=server(serve, "prometheus", federate=(403, "")))
    assert seen.targets[0].samples is None


def test_a_server_that_is_not_ready_or_kept_its_old_configuration(serve, limits):
    url = server(serve, "prometheus", **{"-__ready": (503, "Service Unavailable")})
    assert look(PROMETHEUS, "health", limits, url=url).detail == "ready failed"
    failed = {"status": "success", "data": {"reloadConfigSuccess": False}}
    url = server(serve, "prometheus", api__v1__status__runtimeinfo=(200, failed))
    assert look(PROMETHEUS, "health", limits, url=url).detail == "configuration failed"


def test_work_of_prometheus_is_what_it_is_asked(serve, limits):
    assert look(PROMETHEUS, "work", limits, url=server(serve, "prometheus")).counts == {"/api/v1/query": 3}
    none = server(serve, "prometheus", metrics=(200, "up 1\n"))
    assert refusal(PROMETHEUS, "work", limits, url=none).reason is Reason.NO_OBSERVABLE
    assert refusal(PROMETHEUS, "work", limits, url=server(serve, "prometheus", metrics=(403, ""))).reason is (
        Reason.FORBIDDEN
    )
