from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import StoreClient
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.ports.streams import ReaderGroup
from pytest_distaudit.systems.redis import KIND
from pytest_distaudit.targets.recipes.redis import _program

from .bad_days import (
    SECRET,
    closes,
    echoes,
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

EVENTS = Ask.of("stream", name="events")
TAIL = Ask.of("stream-tail", name="events")
GROUP = Ask.of("stream-group", name="events", group="workers")
ASKS = ("presence", "health", "process", "key-value", "work")
RUN = "0123456789abcdef0123456789abcdef01234567"


def url(port: int, user: str = f"audit:{SECRET}") -> str:
    return f"redis://{user}@127.0.0.1:{port}/0"


def pongs(connection: socket.socket) -> None:
    """A loop around netcat."""
    while connection.recv(4096):
        connection.sendall(b"+PONG\r\n")


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (speaks_http, Reason.WRONG_PRODUCT),
        (speaks_postgres, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.WRONG_PRODUCT),
        (garbage, Reason.WRONG_PRODUCT),
        (echoes, Reason.WRONG_PRODUCT),
        (pongs, Reason.WRONG_PRODUCT),
    ],
)
def test_what_is_no_store_is_told_in_time(serve, limits, bad_day, reason):
    started = time.monotonic()
    assert refusal(KIND, "presence", limits, url=url(serve(bad_day))).reason is reason
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("bad_day", [never_answers, speaks_http, greets_like_ssh, garbage, closes, resets])
def test_every_bad_day_fails_every_ask(serve, limits, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    for ask in ASKS[1:]:
        reason = refusal(KIND, ask, limits, url=url(port)).reason
        assert reason is (Reason.TIMED_OUT if bad_day in (never_answers, speaks_http) else Reason.PROTOCOL_ERROR)


def test_closed_ports_are_refusals(limits):
    for ask in ASKS:
        assert isinstance(refusal(KIND, ask, limits, url=url(free_port())), Refusal)


# --- a server that says what it is told to


def saying(serve, info: str | bytes, clients: str = ""):
    """A server whose INFO says that, and whose CLIENT LIST the other."""

    def bulk(text: str | bytes) -> bytes:
        data = text if isinstance(text, bytes) else text.encode()
        return data if data.startswith(b"-") else b"$%d\r\n%s\r\n" % (len(data), data)

    def handle(connection: socket.socket) -> None:
        while heard := connection.recv(4096):
            if heard == b"PING\r\nAUTH\r\n":
                connection.sendall(b"+PONG\r\n-ERR wrong number of arguments for 'auth' command\r\n")
            elif b"INFO" in heard and b"SETINFO" not in heard:
                connection.sendall(bulk(info))
            elif b"LIST" in heard:
                connection.sendall(bulk(clients))
            else:
                connection.sendall(b"+OK\r\n" * heard.count(b"*"))

    return f"redis://127.0.0.1:{serve(handle)}"


INFO = f"""\
redis_version:7.2.4
run_id:{RUN}
redis_mode:standalone
uptime_in_seconds:60
loading:0
rdb_last_bgsave_status:ok
role:master
keyspace_hits:8
keyspace_misses:3
cmdstat_get:calls=11,usec=5,usec_per_call=0.45,rejected_calls=2,failed_calls=1
cmdstat_set:calls=2,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=2
cmdstat_info:calls=40,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
cmdstat_client|list:calls=9,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
cmdstat_evalsha:calls=7,usec=5,usec_per_call=0.45
db0:keys=3,expires=0,avg_ttl=0
db3:keys=4,expires=0,avg_ttl=0
"""
CLIENTS = """\
id=3 addr=10.0.0.1:4000 laddr=10.0.0.2:6379 name=app flags=N db=0 cmd=get
id=4 addr=10.0.0.1:4001 laddr=10.0.0.2:6379 name=distaudit flags=N db=0 cmd=client|list
id=5 addr=10.0.0.3:6379 laddr=10.0.0.2:6379 name= flags=S db=0 cmd=replconf
"""


def test_housekeeping_and_failures_are_not_use(serve, limits):
    seen = look(KIND, "key-value", limits, url=saying(serve, INFO, CLIENTS))
    assert (seen.keys, seen.hits, seen.misses, seen.replica) == (7, 8, 3, False)
    assert seen.calls == {"get": 10, "evalsha": 7}
    assert seen.clients == (
        StoreClient("10.0.0.1:4000", "app", "get"),
        StoreClient("10.0.0.1:4001", "distaudit", "client|list", ours=True),
    )


@pytest.mark.variant("redis", "managed", "without CLIENT LIST")
def test_clients_that_may_not_be_listed_are_unknown(serve, limits):
    denied = "-NOPERM this user has no permissions to run the 'client|list' command\r\n"
    assert look(KIND, "key-value", limits, url=saying(serve, INFO, denied)).clients is None


def test_presence_names_the_product(serve, limits):
    seen = look(KIND, "presence", limits, url=saying(serve, INFO))
    assert (seen.up, seen.authenticated, seen.product, seen.version) == (True, True, "Redis", "7.2.4")
    assert seen.started_at == pytest.approx(time.time() - 60, abs=5)
    seen = look(KIND, "presence", limits, url=saying(serve, INFO + "valkey_version:8.1.1\n"))
    assert (seen.product, seen.version) == ("Valkey", "8.1.1")


@pytest.mark.parametrize(
    "info", [INFO.replace(RUN, "1"), "hello:world", INFO.replace("standalone", "sentinel"), "", b"\xff\xfe"]
)
def test_another_product_is_told(serve, limits, info):
    for ask in ASKS:
        assert refusal(KIND, ask, limits, url=saying(serve, info)).reason is Reason.WRONG_PRODUCT


@pytest.mark.variant("redis", "managed", "without INFO")
def test_rights_that_are_missing(serve, limits):
    where = saying(serve, "-NOPERM this user has no permissions to run the 'info' command\r\n")
    seen = look(KIND, "presence", limits, url=where)
    assert (seen.up, seen.authenticated) == (True, False)
    for ask in ASKS[1:]:
        assert refusal(KIND, ask, limits, url=where).reason is Reason.FORBIDDEN


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("loading:1", "loading:1"),
        ("rdb_last_bgsave_status:err", "rdb_last_bgsave_status:err"),
        ("aof_last_write_status:err", "aof_last_write_status:err"),
        ("master_link_status:down", "master_link_status:down"),
    ],
)
def test_health_is_the_servers_own_word(serve, limits, line, detail):
    name = line.partition(":")[0]
    rest = "".join(f"{one}\n" for one in INFO.splitlines() if not one.startswith(name))
    seen = look(KIND, "health", limits, url=saying(serve, f"{rest}{line}\n"))
    assert (seen.healthy, seen.detail) == (False, detail)
    assert look(KIND, "health", limits, url=saying(serve, INFO)).healthy


def talking(serve, **answers: bytes):
    """A server with these answers to the first word of a command; the rest is OK."""

    def handle(connection: socket.socket) -> None:
        while heard := connection.recv(65536):
            for command in heard.split(b"*")[1:]:
                word, *more = (one.decode() for one in command.split(b"\r\n")[2::2])
                word = word if word in answers else " ".join([word, *more[:1]]) if word == "XINFO" else word
                told = INFO.replace(RUN, "f" * 40).encode() if word == "INFO" else b""
                connection.sendall(answers.get(word, b"$%d\r\n%s\r\n" % (len(told), told) if told else b"+OK\r\n"))

    return f"redis://127.0.0.1:{serve(handle)}"


STREAM = b"+stream\r\n"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"TYPE": b"-NOPERM no\r\n"}, Reason.FORBIDDEN),
        ({"TYPE": STREAM, "XINFO": b"-ERR unknown command 'XINFO'\r\n"}, Reason.UNSUPPORTED_VERSION),
        ({"TYPE": STREAM, "XINFO": b"-NOPERM no\r\n"}, Reason.FORBIDDEN),
        ({"TYPE": STREAM, "XINFO": b"*2\r\n+groups\r\n:1\r\n"}, Reason.PROTOCOL_ERROR),
        ({"TYPE": STREAM, "XINFO": b"?\r\n"}, Reason.PROTOCOL_ERROR),
        ({"INFO": b"-NOPERM no\r\n"}, Reason.FORBIDDEN),
    ],
)
def test_a_stream_that_cannot_be_read_is_not_absent(serve, limits, answers, reason):
    for ask in (EVENTS, TAIL, GROUP):
        assert refusal(KIND, ask, limits, url=talking(serve, **answers)).reason is reason


def test_subscribers_that_may_not_be_counted_are_nobody(serve, limits):
    answers = {"TYPE": b"+none\r\n", "PUBSUB": b"-NOPERM no\r\n"}
    assert look(KIND, EVENTS, limits, url=talking(serve, **answers)).form == ""
    answers["PUBSUB"] = b"*2\r\n$6\r\nevents\r\n:2\r\n"
    assert look(KIND, EVENTS, limits, url=talking(serve, **answers)).form == "channel"


@pytest.mark.variant("redis", "older", "6: streams tell less")
def test_a_server_older_than_seven_tells_less(serve, limits):
    """No entries-added; XINFO of groups is forbidden."""
    told = b"*6\r\n$6\r\nlength\r\n:0\r\n$11\r\nfirst-entry\r\n$-1\r\n$10\r\nlast-entry\r\n$-1\r\n"
    answers = {"TYPE": STREAM, "XINFO STREAM": told, "XINFO GROUPS": b"-NOPERM no\r\n"}
    answers |= {"XREVRANGE": b"*0\r\n", "MEMORY": b":0\r\n"}
    seen = look(KIND, EVENTS, limits, url=talking(serve, **answers))
    assert seen.groups is None
    assert seen.partitions is not None
    assert (seen.partitions[0].appended, seen.partitions[0].first, seen.oldest_at) == (None, "", None)
    tail = look(KIND, TAIL, limits, url=talking(serve, **answers))
    assert (tail.entries, tail.ends) == ((), None)
    assert refusal(KIND, GROUP, limits, url=talking(serve, **answers)).reason is Reason.FORBIDDEN


HANDED_OUT = {
    "TYPE": STREAM,
    "XINFO STREAM": b"*8\r\n+length\r\n:1\r\n+last-generated-id\r\n+7-0\r\n"
    b"+first-entry\r\n$-1\r\n+last-entry\r\n$-1\r\n",
    "XINFO GROUPS": b"*1\r\n*4\r\n+name\r\n+workers\r\n+last-delivered-id\r\n+7-0\r\n",
    "XINFO CONSUMERS": b"*0\r\n",
    "XPENDING": b"*0\r\n",
    "MEMORY": b":0\r\n",
}


def test_a_group_of_an_older_server_does_not_tell_how_much_came(serve, limits):
    told = look(KIND, GROUP, limits, url=talking(serve, **HANDED_OUT))
    assert (told.exists, told.appended, told.reached, told.members, told.drained) == (True, None, "7-0", (), True)


@pytest.mark.parametrize(
    ("word", "answer", "reason"),
    [
        ("XINFO STREAM", b"*2\r\n+length\r\n:1\r\n", Reason.PROTOCOL_ERROR),
        ("XINFO CONSUMERS", b"-NOPERM no\r\n", Reason.FORBIDDEN),
        ("XPENDING", b"-NOPERM no\r\n", Reason.FORBIDDEN),
        ("XPENDING", b"*1000\r\n" + b":1\r\n" * 1000, Reason.TOO_LARGE),
    ],
)
def test_a_group_that_cannot_be_read_is_not_idle(serve, limits, word, answer, reason):
    where = talking(serve, **{**HANDED_OUT, word: answer})
    assert refusal(KIND, GROUP, limits, url=where).reason is reason


# --- a real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    program = _program()
    if program is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    port, home = free_port(), tmp_path_factory.mktemp("redis")
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home), "--requirepass", SECRET]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, cwd=home)
    try:
        client = redis.Redis(port=port, password=SECRET)
        wait_until(lambda: _pings(client), 10)
        client.execute_command("ACL SETUSER", "few", "on", f">{SECRET}", "+info", "+ping")
        client.execute_command("ACL SETUSER", "none", "on", f">{SECRET}", "+ping")
        yield SimpleNamespace(port=port, client=client, pid=process.pid, home=Path(home))
    finally:
        process.kill()
        process.wait()


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.mark.live
class TestReal:
    def test_the_whole_table(self, server):
        where = url(server.port, f":{SECRET}")
        seen = look(KIND, "presence", Limits(), url=where)
        assert (seen.up, seen.authenticated) == (True, True)
        assert seen.version.count(".") == 2
        assert look(KIND, "health", Limits(), url=where).healthy
        process = look(KIND, "process", Limits(), url=where)
        assert (len(process.identity), process.pid) == (40, server.pid)
        assert process.listens_on == (f"127.0.0.1:{server.port}",)
        listener = look(KIND, "listener", Limits(), url=where)
        assert (listener.open, listener.protocol, listener.expected) == (True, "redis", "redis")
        # asked by another of its own ports, the process would be known; by this one alone nobody vouches for it
        located = Located("it", "redis", {"url": where}, inventory=lambda: Inventory(running=True, pid=server.pid))
        assert KIND.answers["listener"](KIND.connect(located, Limits()), Ask.of("listener")).owner is True

    def test_use_is_counted_and_looking_is_not(self, server):
        where = url(server.port, f":{SECRET}")
        before = look(KIND, "key-value", Limits(), url=where)
        for _ in range(3):
            assert look(KIND, "key-value", Limits(), url=where).calls == before.calls
        server.client.set("a", "1")
        server.client.get("a")
        server.client.get("b")
        after = look(KIND, "key-value", Limits(), url=where)
        assert (after.hits - before.hits, after.misses - before.misses, after.keys) == (1, 1, before.keys + 1)
        assert (after.calls["get"] - before.calls.get("get", 0), after.calls["set"]) == (2, 1)
        assert after.clients is not None
        assert [client.ours for client in after.clients].count(False) == 1

    @pytest.mark.parametrize("user", ["", ":wrong-password", f"nobody:{SECRET}", f"none:{SECRET}"])
    def test_turned_away_is_running_and_the_rest_is_forbidden(self, server, limits, user):
        seen = look(KIND, "presence", limits, url=url(server.port, user))
        assert (seen.up, seen.authenticated) == (True, False)
        for ask in ASKS[1:]:
            assert refusal(KIND, ask, limits, url=url(server.port, user)).reason is Reason.FORBIDDEN

    def test_few_rights_suffice(self, server, limits):
        seen = look(KIND, "key-value", limits, url=url(server.port, f"few:{SECRET}"))
        assert seen.clients is None
        assert look(KIND, "presence", limits, url=url(server.port, f"few:{SECRET}")).authenticated

    def test_streams_are_read_and_nobody_is_told(self, server):
        where = url(server.port, f":{SECRET}")
        server.client.flushall()
        for number in range(120):
            server.client.xadd("events", {"event": b"\xff%d" % number, "nonce": f"distaudit-{number:032x}"})
        server.client.xgroup_create("events", "workers", id="0")
        server.client.rpush("list", "1")
        before = look(KIND, "key-value", Limits(), url=where)
        seen = look(KIND, EVENTS, Limits(), url=where)
        assert (seen.form, seen.groups) == ("stream", (ReaderGroup("workers", 0, {"0": "0-0"}),))
        assert seen.partitions is not None
        assert (seen.partitions[0].held, seen.oldest_at) == (120, pytest.approx(time.time(), abs=60))
        tail = look(KIND, TAIL, Limits(), url=where)
        assert (len(tail.entries), tail.again, tail.changed, tail.cut) == (100, 100, 0, (0,))
        assert tail.entries[-1].nonces == (f"distaudit-{119:032x}",)
        assert len({entry.digest for entry in tail.entries}) == 100
        assert look(KIND, Ask.of("stream", name="list"), Limits(), url=where).form == "list"
        assert look(KIND, Ask.of("stream-tail", name="nothing"), Limits(), url=where).form == ""
        after = look(KIND, "key-value", Limits(), url=where)
        assert (after.hits, after.misses, after.calls) == (before.hits, before.misses, before.calls)
        assert look(KIND, EVENTS, Limits(), url=where).groups == seen.groups

    def test_groups_are_read_and_nothing_is_handed_out(self, server):
        where = url(server.port, f":{SECRET}")
        server.client.flushall()
        assert not look(KIND, GROUP, Limits(), url=where).form
        server.client.xgroup_create("events", "others", id="0", mkstream=True)
        assert not look(KIND, GROUP, Limits(), url=where).exists
        server.client.xgroup_create("events", "workers", id="0")
        places = [server.client.xadd("events", {"work": f"distaudit-{number:032x}"}).decode() for number in range(320)]
        waiting = look(KIND, GROUP, Limits(), url=where)
        assert (waiting.appended, waiting.end, waiting.reached) == (320, places[-1], "0-0")
        assert not waiting.drained
        server.client.xreadgroup("workers", "a", {"events": ">"}, count=1)
        server.client.xreadgroup("workers", "b", {"events": ">"})
        server.client.xack("events", "workers", *places[1:-1])
        before = look(KIND, "key-value", Limits(), url=where)
        seen = look(KIND, GROUP, Limits(), url=where)
        after = look(KIND, "key-value", Limits(), url=where)
        assert (after.hits, after.misses, after.calls) == (before.hits, before.misses, before.calls)
        assert [(one.position, one.member) for one in seen.in_hand] == [(places[0], "a"), (places[-1], "b")]
        assert [one.nonces for one in seen.in_hand] == [(), (f"distaudit-{319:032x}",)]
        assert all(0 <= one.idle_s < 60 for one in (*seen.in_hand, *seen.members))
        assert [one.name for one in seen.members] == ["a", "b"]
        assert not seen.drained
        server.client.xack("events", "workers", places[0], places[-1])
        assert look(KIND, GROUP, Limits(), url=where).drained

    def test_a_stream_of_another_database_is_looked_for_there(self, server):
        server.client.flushall()
        other = redis.Redis(port=server.port, password=SECRET, db=3)
        other.xadd("events", {"a": "b"})
        where = url(server.port, f":{SECRET}")
        assert look(KIND, EVENTS, Limits(), url=where).form == ""
        assert look(KIND, EVENTS, Limits(), url=where.replace("/0", "/3")).form == "stream"
        other.flushall()

    def test_huge_entries_are_not_read(self, server, limits):
        server.client.flushall()
        server.client.xadd("events", {"a": b"x" * 1_000_000})
        small = replace(limits, body_bytes=100_000)
        assert refusal(KIND, TAIL, small, url=url(server.port, f":{SECRET}")).reason is Reason.TOO_LARGE

    def test_keys_that_may_not_be_seen_are_not_absent(self, server, limits):
        for ask in (EVENTS, TAIL, GROUP):
            assert refusal(KIND, ask, limits, url=url(server.port, f"few:{SECRET}")).reason is Reason.FORBIDDEN
