from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.streams import STREAM
from pytest_distaudit.systems import _kafka_topics
from pytest_distaudit.systems.kafka import KIND
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import (
    SECRET,
    echoes,
    free_port,
    garbage,
    greets_like_ssh,
    look,
    never_answers,
    refusal,
    speaks_http,
    speaks_postgres,
)

ASKS = ("presence", "health", "process", "work")
EVENTS = Ask.of("stream", name="events")
METADATA, HANDSHAKE, VERSIONS, AUTHENTICATE = 3, 17, 18, 36
KNOWS = b"\x00\x00" + struct.pack(">i", 2) + struct.pack(">hhhhhh", METADATA, 0, 12, VERSIONS, 0, 4)
needs_library = pytest.mark.skipif(find_spec("kafka") is None, reason="kafka-python is not installed")


def url(port: int, user: str = "") -> str:
    return f"kafka://{user}{'@' if user else ''}127.0.0.1:{port}"


USER = f"audit:{SECRET}"


def text(word: str) -> bytes:
    return struct.pack(">h", len(word)) + word.encode()


def brokers(*places: tuple[str, int]) -> bytes:
    rows = b"".join(
        struct.pack(">i", number) + text(host) + struct.pack(">ih", port, -1)
        for number, (host, port) in enumerate(places)
    )
    return struct.pack(">i", len(places)) + rows + struct.pack(">ii", 0, 0)


def broker(serve, **answers: bytes | None):
    """A broker that answers these requests so, and hangs up on others; ``answers`` by the request's name."""
    known = {VERSIONS: KNOWS, METADATA: brokers(("127.0.0.1", 1))}
    names = {"metadata": METADATA, "handshake": HANDSHAKE, "versions": VERSIONS, "authenticate": AUTHENTICATE}
    known |= {names[name]: answer for name, answer in answers.items()}

    def handle(connection: socket.socket) -> None:
        while head := connection.recv(4):
            request = connection.recv(struct.unpack(">i", head)[0])
            key, _, number = struct.unpack_from(">hhi", request)
            answer = known.get(key)
            if answer is None:
                return
            connection.sendall(struct.pack(">ii", len(answer) + 4, number) + answer)

    return serve(handle)


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (speaks_http, Reason.WRONG_PRODUCT),
        (speaks_postgres, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.WRONG_PRODUCT),
        (garbage, Reason.WRONG_PRODUCT),
        (echoes, Reason.WRONG_PRODUCT),
        (never_answers, Reason.TIMED_OUT),
    ],
)
def test_what_is_no_broker_is_told(serve, limits, bad_day, reason):
    assert refusal(KIND, "presence", replace(limits, ask_s=0.5), url=url(serve(bad_day))).reason is reason


def test_closed_ports_are_refusals(limits):
    for ask in (*ASKS, EVENTS):
        assert isinstance(refusal(KIND, ask, limits, url=url(free_port())), Refusal)


def test_presence_needs_no_library(serve, limits, monkeypatch):
    monkeypatch.setitem(sys.modules, "kafka", None)
    port = broker(serve)
    seen = look(KIND, "presence", limits, url=url(port))
    assert (seen.up, seen.product, seen.authenticated) == (True, "Kafka", True)
    for ask in ("health", "work", EVENTS):
        told = refusal(KIND, ask, limits, url=url(port))
        assert told.reason is Reason.NOT_INSTALLED
        assert "pip install 'pytest-distaudit[kafka]'" in told.detail


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"versions": b"\x00\x23" + struct.pack(">i", 0)}, Reason.UNSUPPORTED_VERSION),
        ({"versions": b"\x00\x00" + struct.pack(">ihhh", 1, VERSIONS, 0, 4)}, Reason.WRONG_PRODUCT),
        ({"versions": b"\x00\x00\x00"}, Reason.WRONG_PRODUCT),
        ({"metadata": struct.pack(">ii", 3, 1)}, Reason.PROTOCOL_ERROR),
    ],
)
@pytest.mark.variant("kafka", "newer", "a broker that no longer knows the first question")
def test_answers_that_are_none(serve, limits, answers, reason):
    assert refusal(KIND, "presence", limits, url=url(broker(serve, **answers))).reason is reason


def test_a_broker_that_wants_a_login_runs(serve, limits):
    port = broker(serve, metadata=None)
    assert look(KIND, "presence", limits, url=url(port)).authenticated is False
    if find_spec("kafka"):
        assert refusal(KIND, "health", limits, url=url(port)).reason is Reason.FORBIDDEN


def mechanisms(*names: str) -> bytes:
    return b"\x00\x21" + struct.pack(">i", len(names)) + b"".join(map(text, names))


@needs_library
class TestLogin:
    def test_refused(self, serve, limits):
        said = struct.pack(">h", 58) + text(f"no {SECRET} here") + struct.pack(">i", 0)
        port = broker(serve, handshake=b"\x00\x00" + struct.pack(">i", 0), authenticate=said)
        assert look(KIND, "presence", limits, url=url(port, USER)).authenticated is False
        assert refusal(KIND, EVENTS, limits, url=url(port, USER)).reason is Reason.FORBIDDEN

    def test_hangs_up(self, serve, limits):
        port = broker(serve, handshake=b"\x00\x00" + struct.pack(">i", 0))
        assert look(KIND, "presence", limits, url=url(port, USER)).authenticated is False

    def test_garbage(self, serve, limits):
        said = b"\x00\x00" + text("") + struct.pack(">i", 3) + b"???"
        port = broker(serve, handshake=b"\x00\x00" + struct.pack(">i", 0), authenticate=said)
        assert refusal(KIND, "presence", limits, url=url(port, USER)).reason is Reason.PROTOCOL_ERROR

    def test_other_mechanisms(self, serve, limits):
        told = refusal(KIND, "presence", limits, url=url(broker(serve, handshake=mechanisms("GSSAPI")), USER))
        assert (told.reason, "GSSAPI" in told.detail) == (Reason.FORBIDDEN, True)
        told = refusal(KIND, "presence", limits, url=url(broker(serve, handshake=mechanisms("PLAIN")), USER))
        assert told.reason is Reason.FORBIDDEN

    def test_none_wanted(self, serve, limits):
        port = broker(serve, handshake=struct.pack(">hi", 34, 0))
        assert look(KIND, "presence", limits, url=url(port, USER)).authenticated is True

    def test_the_password_goes_nowhere_else(self, serve, limits, monkeypatch):
        from pytest_distaudit.systems import _kafka_session

        class Agreed:
            done = False

            def auth_bytes(self):
                return b"hello"

            def receive(self, said):
                self.done = True

            def is_done(self):
                return self.done

        monkeypatch.setattr(_kafka_session, "_speaker", lambda *login: Agreed())
        port = broker(
            serve,
            handshake=b"\x00\x00" + struct.pack(">i", 0),
            authenticate=b"\x00\x00" + text("") + struct.pack(">i", 0),
            metadata=brokers(("nowhere.invalid", 9092)),
        )
        assert look(KIND, "presence", limits, url=url(port, USER)).authenticated is True
        told = refusal(KIND, EVENTS, limits, url=url(port, USER))
        assert told.reason is Reason.REDIRECTED
        assert "nowhere.invalid:9092" in told.detail


# --- topics, as the client tells of them


class Told:
    """A session whose client says what it is told to; a failure is raised."""

    def __init__(self, **said: object) -> None:
        self.said, self.ways, self.limits = said, [], Limits()

    def identify(self) -> None:
        pass

    def ask(self, what, question):
        name = next(
            name for name in sorted(self.said, key=len, reverse=True) if what.startswith(name.replace("_", " "))
        )
        if isinstance(self.said[name], Unobservable):
            raise self.said[name]
        return self.said[name]


TOPIC = {"name": "events", "error_code": 0, "is_internal": False, "partitions": [{"partition_index": 0}]}
CONFIGURED = {"cleanup.policy": "delete", "retention.ms": "60000", "retention.bytes": "-1"}
FORBIDDEN = Unobservable(Reason.FORBIDDEN, "no")


def kept(**changed: str):
    rows = {
        key: {"value": value}
        for key, value in (CONFIGURED | {k.replace("_", "."): v for k, v in changed.items()}).items()
    }
    return _kafka_topics._kept(Told(describe_the_configuration=rows), "events")


@needs_library
@pytest.mark.variant("kafka", "managed", "configuration that may not be read")
def test_how_long_entries_are_kept():
    assert kept() == (60.0, False, "")
    assert kept(retention_ms="-1") == (None, True, "")
    assert kept(retention_bytes="1024") == (60.0, False, "1024 bytes a partition")
    assert kept(retention_ms="-1", retention_bytes="1024") == (None, False, "1024 bytes a partition")
    assert kept(cleanup_policy="compact") == (0.0, False, "")
    assert kept(cleanup_policy="compact,delete") == (0.0, False, "")
    assert _kafka_topics._kept(Told(describe_the_configuration=FORBIDDEN), "events") == (None, False, "")


@pytest.mark.parametrize(
    ("error", "reason"), [(29, Reason.FORBIDDEN), (5, Reason.PROTOCOL_ERROR), (0, Reason.PROTOCOL_ERROR)]
)
def test_a_topic_that_cannot_be_described_is_not_absent(error, reason):
    session = Told(describe_topic=[{**TOPIC, "error_code": error, "partitions": []}])
    with pytest.raises(Unobservable) as caught:
        _kafka_topics.stream(session, EVENTS)
    assert caught.value.reason is reason
    for absent in (3, 17):
        session = Told(describe_topic=[{**TOPIC, "error_code": absent}])
        assert _kafka_topics.stream(session, EVENTS).form == ""


@pytest.mark.variant("kafka", "managed", "groups that may not be listed")
def test_groups_that_may_not_be_seen_are_unknown():
    assert _kafka_topics._groups(Told(describe_the_cluster={"authorized_operations": None}), "events") is None
    assert _kafka_topics._groups(Told(describe_the_cluster=FORBIDDEN), "events") is None
    told = Told(describe_the_cluster={"authorized_operations": ["DESCRIBE"]}, list_groups=[])
    assert _kafka_topics._groups(told, "events") == ()


def test_too_many_partitions_are_not_read():
    many = [{"partition_index": number, "leader_id": 1} for number in range(1001)]
    with pytest.raises(Unobservable) as caught:
        _kafka_topics.topics(Told(describe_all_topics=[{**TOPIC, "partitions": many}]))
    assert caught.value.reason is Reason.TOO_LARGE
    with pytest.raises(Unobservable) as caught:
        _kafka_topics.stream_tail(Told(describe_topic=[{**TOPIC, "partitions": many}]), EVENTS)
    assert caught.value.reason is Reason.TOO_LARGE


# --- a real broker

MISSING = builtin_recipes()["kafka"].missing()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if MISSING is not None:
        pytest.skip(MISSING)
    target = '[targets.it.systems.log]\nkind = "kafka"\nnative.settings = {"auto.create.topics.enable" = true}\n'
    with Room(tmp_path_factory.mktemp("kafka"), target) as room:
        yield room.located["log"].endpoints["url"]


@pytest.mark.live
@needs_library
class TestReal:
    def test_the_whole_table(self, real):
        assert look(KIND, "presence", Limits(), url=real).up
        assert look(KIND, "health", Limits(), url=real).healthy
        assert look(KIND, "process", Limits(), url=real).pid
        seen = look(KIND, "listener", Limits(), url=real)
        assert (seen.open, seen.protocol, seen.expected) == (True, "kafka", "kafka")

    def test_what_is_appended_is_counted_and_looking_leaves_no_trace(self, real):
        assert look(KIND, EVENTS, Limits(), url=real).form == ""
        assert look(KIND, Ask.of("stream-tail", name="events"), Limits(), url=real).form == ""
        assert look(KIND, "work", Limits(), url=real).counts == {}, "asking made no topic"
        from kafka import KafkaProducer

        producer = KafkaProducer(bootstrap_servers=real.removeprefix("kafka://"))
        for number in range(3):
            producer.send("events", b"%d" % number, headers=[("h", b"x")])
        producer.flush()
        producer.close()
        for _ in range(2):
            tail = look(KIND, Ask.of("stream-tail", name="events"), Limits(), url=real)
            assert (tail.form, len(tail.entries), tail.again, tail.ends) == (STREAM, 3, 3, {"0": 3})
        assert look(KIND, "work", Limits(), url=real).counts == {"appended to events": 3}
        seen = look(KIND, EVENTS, Limits(), url=real)
        assert (seen.groups, seen.kept_s) == ((), 604800.0)


def test_the_recipe_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISTAUDIT_LAB_EXTRA", str(tmp_path))
    assert "./run lab-extra kafka" in (builtin_recipes()["kafka"].missing() or "")
    assert subprocess.run(["/bin/sh", "-n", "lab/extra/kafka"], check=False).returncode == 0
