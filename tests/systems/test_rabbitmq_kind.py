from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _rabbit_session
from pytest_distaudit.systems.rabbitmq import KIND

from .bad_days import (
    SECRET,
    closes,
    free_port,
    garbage,
    greets_like_ssh,
    look,
    never_answers,
    refusal,
    resets,
    speaks_http,
    speaks_postgres,
    wait_until,
)

TASKS = Ask.of("queue", name="tasks")


def amqp(port: int) -> str:
    return f"amqp://audit:{SECRET}@127.0.0.1:{port}/%2F"


def management(port: int) -> str:
    return f"http://audit:{SECRET}@127.0.0.1:{port}"


def other_version(connection: socket.socket) -> None:
    connection.recv(8)
    connection.sendall(b"AMQP\x00\x01\x00\x00")


def stops_in_a_frame(connection: socket.socket) -> None:
    connection.recv(8)
    connection.sendall(b"\x01\x00\x00\x00\x00\x01\xf6\x00\x0a\x00\x0a")


def another_broker(connection: socket.socket) -> None:
    from pika import frame, spec

    connection.recv(8)
    start = spec.Connection.Start(server_properties={"product": "LavinMQ", "version": "2"}, mechanisms="PLAIN")
    connection.sendall(frame.Method(0, start).marshal())
    never_answers(connection)


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (speaks_http, Reason.WRONG_PRODUCT),
        (speaks_postgres, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.WRONG_PRODUCT),
        (garbage, Reason.WRONG_PRODUCT),
        (another_broker, Reason.WRONG_PRODUCT),
        (other_version, Reason.WRONG_PRODUCT),
        (stops_in_a_frame, Reason.PROTOCOL_ERROR),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
    ],
)
def test_every_bad_day_on_the_amqp_port_is_one_reason_in_time(serve, limits, bad_day, reason):
    started = time.monotonic()
    port = serve(bad_day)
    for ask in ("presence", TASKS):
        if ask is TASKS and bad_day is another_broker:
            continue
        assert refusal(KIND, ask, limits, amqp=amqp(port)).reason is reason
    assert time.monotonic() - started < 12


@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_on_the_management_port_fails_every_ask(serve, limits, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    for ask in ("presence", "health", TASKS, "queues"):
        assert refusal(KIND, ask, limits, management=management(port)).reason is reason


def test_closed_ports_are_refusals(limits):
    assert isinstance(refusal(KIND, "presence", limits, amqp=amqp(free_port())), Refusal)
    for ask in ("presence", "health", TASKS, "queues"):
        assert isinstance(refusal(KIND, ask, limits, management=management(free_port())), Refusal)


# --- a management API that says what it is told to


def api(serve, answers):
    """A server with ``answers``: path below /api/ -> (status, JSON); anything else is a 404."""

    def handle(connection: socket.socket) -> None:
        path = connection.recv(65536).split(b" ")[1].decode().removeprefix("/api/").partition("?")[0]
        status, body = answers.get(path, (404, {"error": "Object Not Found"}))
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nLocation: /login?{SECRET}\r\n\r\n"
        connection.sendall(head.encode() + text)

    return management(serve(handle))


OVERVIEW = {"rabbitmq_version": "3.12.0", "rates_mode": "basic", "disable_stats": False}
QUEUE = {"name": "tasks", "messages_ready": None, "message_stats": {"publish": 7}}


def test_an_absent_counter_is_zero_and_an_absent_gauge_unknown(serve, limits):
    url = api(serve, {"overview": (200, OVERVIEW), "queues/%2F/tasks": (200, QUEUE)})
    seen = look(KIND, TASKS, limits, management=url)
    assert (seen.published, seen.delivered, seen.acked) == (7, 0, 0)
    assert (seen.ready, seen.unacked, seen.consumer_count, seen.consumers) == (None, None, None, None)


@pytest.mark.parametrize("off", [{"disable_stats": True}, {"rates_mode": "none"}])
def test_a_broker_without_statistics_counts_nothing(serve, limits, off):
    url = api(serve, {"overview": (200, OVERVIEW | off), "queues/%2F/tasks": (200, QUEUE)})
    seen = look(KIND, TASKS, limits, management=url)
    assert seen.exists
    assert (seen.published, seen.delivered, seen.delivered_auto, seen.acked, seen.redelivered) == (None,) * 5


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, {"error": "not_authorised"}, Reason.FORBIDDEN),
        (403, {}, Reason.FORBIDDEN),
        (302, {}, Reason.REDIRECTED),
        (500, {}, Reason.PROTOCOL_ERROR),
        (200, b"<html>", Reason.PROTOCOL_ERROR),
        (200, b"x" * 200_000, Reason.TOO_LARGE),
    ],
)
def test_an_answer_that_is_no_list_is_never_an_empty_one(serve, limits, status, body, reason):
    url = api(serve, {"overview": (200, OVERVIEW), "queues/%2F": (status, body)})
    assert refusal(KIND, "queues", limits, management=url).reason is reason
    assert refusal(KIND, TASKS, limits, management=url).reason is reason


def test_another_api_is_another_product(serve, limits):
    url = api(serve, {"overview": (200, {"hello": "world"})})
    assert refusal(KIND, "presence", limits, management=url).reason is Reason.WRONG_PRODUCT
    guarded = api(serve, {"overview": (401, b"who are you")})
    assert refusal(KIND, "presence", limits, management=guarded).reason is Reason.FORBIDDEN


@pytest.mark.variant("rabbitmq", "older", "before 3.8: no health checks")
def test_failed_checks_are_parts_and_unknown_ones_are_left_out(serve, limits):
    failed = {"status": "failed", "reason": "resource alarm(s) in effect"}
    answers = {"overview": (200, OVERVIEW), "health/checks/alarms": (503, failed)}
    seen = look(KIND, "health", limits, management=api(serve, answers))
    assert not seen.healthy
    assert [(part.name, part.healthy, part.detail) for part in seen.parts] == [("alarms", False, failed["reason"])]
    none = api(serve, {"overview": (200, OVERVIEW)})
    assert refusal(KIND, "health", limits, management=none).reason is Reason.UNSUPPORTED_VERSION
    assert refusal(KIND, "health", limits, amqp=amqp(1)).reason is Reason.NO_OBSERVABLE


def test_one_run_of_a_node_has_one_name_although_its_uptime_is_sampled(monkeypatch):
    monkeypatch.setattr(_rabbit_session, "_STARTS", {})
    first = _rabbit_session._remembered("rabbit@a", "21", 1000.0)
    assert _rabbit_session._remembered("rabbit@a", "21", 1005.5) == first
    assert _rabbit_session._remembered("rabbit@a", "21", 995.5) == first
    # the same pid in a container that was started again
    assert _rabbit_session._remembered("rabbit@a", "21", 1030.0) != first
    assert _rabbit_session._remembered("rabbit@b", "21", 1000.0) != first


# --- streams

EVENTS = Ask.of("stream", name="events")
TAIL = Ask.of("stream-tail", name="events")


def told_stream(serve, limits, **queue):
    url = api(serve, {"overview": (200, OVERVIEW), "queues/%2F/events": (200, {"name": "events", **queue})})
    return look(KIND, EVENTS, limits, management=url), url


def test_a_queue_is_no_stream(serve, limits):
    for queue, form in (({}, "classic queue"), ({"type": "quorum"}, "quorum queue")):
        seen, url = told_stream(serve, limits, **queue)
        assert seen.form == form
        assert look(KIND, TAIL, limits, management=url).form == form
    empty = api(serve, {"overview": (200, OVERVIEW), "queues/%2F": (200, [])})
    assert look(KIND, EVENTS, limits, management=empty).form == ""
    assert look(KIND, TAIL, limits, management=empty).form == ""


def test_a_stream_keeps_what_it_is_told_to(serve, limits):
    seen, url = told_stream(serve, limits, type="stream", messages=7, arguments={"x-max-age": "7D"})
    assert (seen.form, seen.kept_s, seen.kept_for_ever, seen.also_limited) == ("stream", 604800.0, False, "")
    assert seen.partitions is not None
    assert seen.partitions[0].held == 7
    assert refusal(KIND, TAIL, limits, management=url).reason is Reason.NO_OBSERVABLE
    seen, _ = told_stream(serve, limits, arguments={"x-queue-type": "stream"})
    assert (seen.form, seen.kept_s, seen.kept_for_ever) == ("stream", None, True)
    policy = {"max-age": "30s", "max-length-bytes": 1024}
    seen, _ = told_stream(serve, limits, type="stream", effective_policy_definition=policy)
    assert (seen.kept_s, seen.kept_for_ever, seen.also_limited) == (30.0, False, "1024 bytes")


@pytest.mark.variant("rabbitmq", "managed", "without management, or without rights in it")
def test_without_management_or_rights_streams_are_unknown(serve, limits):
    told = refusal(KIND, EVENTS, limits, amqp=amqp(free_port()))
    assert told.reason is Reason.NO_OBSERVABLE
    nowhere = api(serve, {"overview": (200, OVERVIEW)})
    assert refusal(KIND, EVENTS, limits, management=nowhere).reason is Reason.NO_OBSERVABLE
    for status, reason in ((401, Reason.FORBIDDEN), (500, Reason.PROTOCOL_ERROR)):
        where = api(serve, {"overview": (200, OVERVIEW), "queues/%2F/events": (status, {})})
        assert refusal(KIND, EVENTS, limits, management=where).reason is reason
    where = api(serve, {"overview": (200, OVERVIEW), "queues/%2F/events": (200, [])})
    assert refusal(KIND, EVENTS, limits, management=where).reason is Reason.PROTOCOL_ERROR


# --- a real broker


@pytest.mark.live
class TestReal:
    def test_streams_are_told_from_queues(self, rabbit):
        where = {"management": rabbit.management.format("guest:guest")}
        kept = {"x-queue-type": "stream", "x-max-age": "1h"}
        rabbit.api("PUT", "queues/%2F/events", {"durable": True, "arguments": kept})
        rabbit.api("PUT", "queues/%2F/no-events", {"durable": True})
        seen = look(KIND, EVENTS, Limits(), **where)
        assert (seen.form, seen.kept_s) == ("stream", 3600.0)
        assert look(KIND, Ask.of("stream-tail", name="no-events"), Limits(), **where).form == "classic queue"
        for name in ("events", "no-events"):
            rabbit.api("DELETE", f"queues/%2F/{name}")

    def both(self, rabbit, user="guest:guest"):
        return {"amqp": rabbit.amqp.format(user), "management": rabbit.management.format(user)}

    def test_presence_over_each_way(self, rabbit):
        for way in ({"amqp": rabbit.amqp}, {"management": rabbit.management}):
            seen = look(KIND, "presence", Limits(), **{name: url.format("guest:guest") for name, url in way.items()})
            assert (seen.up, seen.authenticated, seen.product) == (True, True, "RabbitMQ")
            assert seen.version.count(".") >= 1

    def test_a_refused_login_is_running_and_the_rest_is_forbidden(self, rabbit, limits):
        for user in (f"guest:{SECRET}", f"plain:{SECRET}"):
            where = {"management": rabbit.management.format(user)}
            seen = look(KIND, "presence", limits, **where)
            assert (seen.up, seen.authenticated) == (True, False)
            for ask in ("health", TASKS, "queues"):
                assert refusal(KIND, ask, limits, **where).reason is Reason.FORBIDDEN
        where = {"amqp": rabbit.amqp.format(f"guest:{SECRET}")}
        seen = look(KIND, "presence", limits, **where)
        assert (seen.up, seen.authenticated) == (True, False)
        assert refusal(KIND, TASKS, limits, **where).reason is Reason.FORBIDDEN

    def test_a_vhost_that_may_not_be_seen_is_not_empty(self, rabbit, limits):
        where = {"management": rabbit.management.format(f"elsewhere:{SECRET}")}
        for ask in (TASKS, "queues"):
            assert refusal(KIND, ask, limits, **where).reason is Reason.FORBIDDEN
        where = {"management": rabbit.management.format(f"managed:{SECRET}")}
        assert look(KIND, "queues", limits, **where).vhost == "/"

    def test_health_listener_process(self, rabbit):
        health = look(KIND, "health", Limits(), **self.both(rabbit))
        assert health.healthy
        assert len(health.parts) == 4
        process = look(KIND, "process", Limits(), **self.both(rabbit))
        assert process.identity == look(KIND, "process", Limits(), **self.both(rabbit)).identity
        for endpoint, protocol in (("amqp", "amqp"), ("management", "http")):
            seen = look(KIND, Ask.of("listener", endpoint=endpoint), Limits(), **self.both(rabbit))
            assert (seen.open, seen.protocol, seen.expected, seen.owner) == (True, protocol, protocol, True)

    def test_no_queue_is_absent_and_no_vhost_is_a_mistake(self, rabbit):
        for way in (self.both(rabbit), {"amqp": self.both(rabbit)["amqp"]}):
            assert not look(KIND, Ask.of("queue", name="nope"), Limits(), **way).exists
            told = refusal(KIND, Ask.of("queue", name="nope", vhost="nowhere"), Limits(), **way)
            assert told.reason is Reason.NO_OBSERVABLE
        told = refusal(KIND, Ask.of("queues", vhost="nowhere"), Limits(), **self.both(rabbit))
        assert told.reason is Reason.NO_OBSERVABLE

    def test_a_consumed_queue(self, rabbit):
        rabbit.api("PUT", "queues/%2F/tasks", {"durable": True})
        rabbit.api("PUT", "queues/%2F/distaudit-own", {"durable": True})
        with closing(_Worker(rabbit.amqp.format("guest:guest"), messages=3)):
            wait_until(lambda: look(KIND, TASKS, Limits(), **self.both(rabbit)).acked == 3)
            seen = look(KIND, TASKS, Limits(), **self.both(rabbit))
            assert (seen.ready, seen.consumer_count, seen.published, seen.delivered) == (0, 1, 3, 3)
            (consumer,) = seen.consumers
            assert consumer.acknowledges
            assert consumer.connection.startswith("worker-1 (")
            assert not consumer.ours
            blind = look(KIND, TASKS, Limits(), amqp=self.both(rabbit)["amqp"])
            assert (blind.ready, blind.consumer_count, blind.published, blind.consumers) == (0, 1, None, None)
            assert not _connections(rabbit, "distaudit")
        assert look(KIND, "queues", Limits(), **self.both(rabbit)).names == ("tasks",)


def _connections(rabbit, name: str) -> list[str]:
    from pytest_distaudit.ports.fetch import Request
    from pytest_distaudit.systems.http_fetch import HttpFetch

    answer = HttpFetch()(Request("GET", rabbit.management.format("guest:guest") + "/api/connections"))
    return [row["name"] for row in json.loads(answer.body) if row.get("user_provided_name") == name]


class _Worker:
    """A consumer that acknowledges, in a thread."""

    def __init__(self, url: str, messages: int) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(url, messages), daemon=True)
        self._thread.start()

    def _work(self, url: str, messages: int) -> None:
        import pika

        parameters = pika.URLParameters(url)
        parameters.client_properties = {"connection_name": "worker-1"}
        connection = pika.BlockingConnection(parameters)
        channel = connection.channel()
        channel.basic_consume("tasks", lambda _c, method, _p, _b: channel.basic_ack(method.delivery_tag))
        for _ in range(messages):
            channel.basic_publish("", "tasks", b"x")
        while not self._stop.is_set():
            connection.process_data_events(0.1)
        connection.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)


@pytest.mark.parametrize("told", [None, 7, "7"])
def test_a_node_that_does_not_know_its_pid_yet_is_no_other_process(monkeypatch, told):
    """Its statistics come some seconds after its start; then it must not seem to be another one."""
    node = {"name": "rabbit@one", "os_pid": told, "uptime": 1000}
    session = SimpleNamespace(management="http://it", node=lambda: node, located=None)
    monkeypatch.setattr(_rabbit_session._local, "serving_process", lambda located: SimpleNamespace(pid=7))
    monkeypatch.setattr(_rabbit_session._local, "boot", lambda own: "7 of today")
    assert _rabbit_session._identity(session)[1] == "rabbit@one:7 of today"
    node["os_pid"] = 8
    assert _rabbit_session._identity(session)[1].startswith("rabbit@one:8:")
