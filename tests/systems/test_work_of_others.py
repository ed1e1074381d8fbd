"""What systems say that they did for others, and what it looks like where they do not say it."""

from __future__ import annotations

import json
import socket

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.systems import http, rabbitmq

from .bad_days import SECRET, closes, garbage, look, never_answers, refusal


def site(serve, pages):
    """A server with ``pages``: path -> (status, body, further head); anything else is a 404."""

    def handle(connection: socket.socket) -> None:
        path = connection.recv(65536).split(b" ")[1].decode().partition("?")[0]
        status, body, *head = pages.get(path, (404, {"error": "Object Not Found"}))
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        more = "".join(head)
        connection.sendall(f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(text)}\r\n\r\n".encode() + text)

    return f"http://audit:{SECRET}@127.0.0.1:{serve(handle)}"


# --- a broker

OVERVIEW = {"rabbitmq_version": "3.12.0", "rates_mode": "basic", "disable_stats": False}
VHOST = {"name": "/", "message_stats": {"publish": 9, "deliver_get": 5, "deliver": 5, "ack": 4, "publish_details": {}}}


def broker(serve, **answers):
    pages = {"overview": (200, OVERVIEW), "vhosts/%2F": (200, VHOST), **answers}
    return site(serve, {f"/api/{path}": answer for path, answer in pages.items()})


def test_a_broker_counts_messages_of_a_virtual_host(serve, limits):
    seen = look(rabbitmq.KIND, "work", limits, management=broker(serve))
    assert seen.counts == {"published": 9, "delivered": 5, "acknowledged": 4}
    assert (seen.unseen, seen.nonces) == ("", None)


def test_a_broker_that_did_nothing_says_so(serve, limits):
    idle = broker(serve, **{"vhosts/%2F": (200, {"name": "/"})})
    assert look(rabbitmq.KIND, "work", limits, management=idle).counts == {}


def test_aliveness_is_not_work(serve, limits):
    test = {"name": "aliveness-test", "message_stats": {"publish": 3, "deliver_get": 3}}
    seen = look(rabbitmq.KIND, "work", limits, management=broker(serve, **{"queues/%2F/aliveness-test": (200, test)}))
    assert seen.counts == {"published": 6, "delivered": 2, "acknowledged": 4}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"overview": (200, OVERVIEW | {"disable_stats": True})}, Reason.NO_OBSERVABLE),
        ({"overview": (200, OVERVIEW | {"rates_mode": "none"})}, Reason.NO_OBSERVABLE),
        ({"overview": (200, {"hello": "world"})}, Reason.WRONG_PRODUCT),
        ({"vhosts/%2F": (404, {})}, Reason.NO_OBSERVABLE),
        ({"vhosts/%2F": (401, {})}, Reason.FORBIDDEN),
        ({"vhosts/%2F": (302, {}, f"Location: /login?{SECRET}\r\n")}, Reason.REDIRECTED),
        ({"vhosts/%2F": (200, "<html>")}, Reason.PROTOCOL_ERROR),
        ({"vhosts/%2F": (200, [])}, Reason.PROTOCOL_ERROR),
        ({"vhosts/%2F": (200, {"name": "/", "message_stats": [1]})}, Reason.PROTOCOL_ERROR),
        ({"vhosts/%2F": (200, {"name": "/", "message_stats": {"publish": "many"}})}, Reason.PROTOCOL_ERROR),
        ({"vhosts/%2F": (200, {"name": "/", "message_stats": 7})}, Reason.PROTOCOL_ERROR),
        ({"vhosts/%2F": (200, "x" * 200_000)}, Reason.TOO_LARGE),
        ({"queues/%2F/aliveness-test": (403, {})}, Reason.FORBIDDEN),
    ],
)
def test_a_broker_that_cannot_tell_is_never_idle(serve, limits, answer, reason):
    assert refusal(rabbitmq.KIND, "work", limits, management=broker(serve, **answer)).reason is reason


def test_without_the_management_endpoint_nothing_is_counted(limits):
    told = refusal(rabbitmq.KIND, "work", limits, amqp=f"amqp://audit:{SECRET}@127.0.0.1:1/%2F")
    assert told.reason is Reason.NO_OBSERVABLE
    assert "management" in told.detail


# --- a service with metrics

METRICS = """
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{handler="/tasks",method="POST",status="2xx"} 7.0
http_requests_total{handler="/tasks",method="GET",status="2xx"} 2.0 1700000000000
http_requests_total{handler="/health",method="GET",status="2xx"} 90.0
http_requests_total{handler="/metrics",method="GET",status="2xx"} 9.0
http_request_duration_seconds_count{handler="/tasks"} 9
http_requests_created{handler="/tasks",method="POST"} 1.7e+09
process_start_time_seconds 1.7e+09
odd{label="with } and \\" in it"} NaN
"""


def test_requests_are_counted_by_handler_without_those_of_monitors(serve, limits):
    seen = look(http.KIND, "work", limits, url=site(serve, {"/metrics": (200, METRICS)}))
    assert (seen.counts, seen.unseen) == ({"/tasks": 9}, "")
    assert seen.way == "GET /metrics, http_requests_total"


def test_a_histogram_counts_as_well(serve, limits):
    text = 'http_request_duration_seconds_count{path="/ask"} 3\n'
    seen = look(http.KIND, "work", limits, url=site(serve, {"/metrics": (200, text)}))
    assert (seen.counts, seen.unseen) == ({"/ask": 3}, "requests that its metrics do not count")


def test_metrics_mounted_with_a_slash_are_found(serve, limits):
    pages = {"/metrics": (307, "", "Location: /metrics/\r\n"), "/metrics/": (200, METRICS)}
    assert look(http.KIND, "work", limits, url=site(serve, pages)).counts == {"/tasks": 9}


def test_other_handlers_than_monitors_ask_for_count_and_very_many_count_together(serve, limits):
    many = "".join(f'http_requests_total{{path="/tasks/{number}"}} 2\n' for number in range(300))
    seen = look(http.KIND, "work", limits, url=site(serve, {"/metrics": (200, many)}))
    assert seen.counts == {"http_requests_total": 600}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, "not found"), Reason.NO_OBSERVABLE),
        ((200, ""), Reason.NO_OBSERVABLE),
        ((200, "up 1\n"), Reason.NO_OBSERVABLE),
        ((200, "http_requests_total 7\n"), Reason.NO_OBSERVABLE),
        ((200, "<!doctype html>\n<html>"), Reason.PROTOCOL_ERROR),
        ((401, ""), Reason.FORBIDDEN),
        ((500, ""), Reason.NO_OBSERVABLE),
        ((302, "", f"Location: http://elsewhere.test/{SECRET}\r\n"), Reason.NO_OBSERVABLE),
        ((200, "x" * 200_000), Reason.TOO_LARGE),
    ],
)
def test_a_service_that_cannot_tell_is_never_idle(serve, limits, answer, reason):
    assert refusal(http.KIND, "work", limits, url=site(serve, {"/metrics": answer})).reason is reason


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [(never_answers, Reason.TIMED_OUT), (garbage, Reason.PROTOCOL_ERROR), (closes, Reason.PROTOCOL_ERROR)],
)
def test_every_bad_day_is_one_reason(serve, limits, bad_day, reason):
    url = f"http://audit:{SECRET}@127.0.0.1:{serve(bad_day)}"
    assert refusal(http.KIND, "work", limits, url=url).reason is reason
    assert refusal(rabbitmq.KIND, "work", limits, management=url).reason is reason
