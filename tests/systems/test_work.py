"""What Redis and Consul have done for others; that of etcd stands with its kind."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Mapping

import pytest
import redis as client

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import consul, redis
from pytest_distaudit.systems.consul import KIND
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import look, refusal
from .saying import over_http, over_redis

NONCE = f"distaudit-{'c' * 32}"

# --- Redis

RUN = "0123456789abcdef0123456789abcdef01234567"
INFO = f"""\
redis_version:7.0.15
redis_mode:standalone
run_id:{RUN}
uptime_in_seconds:60
role:master
cmdstat_get:calls=11,usec=5,usec_per_call=0.45,rejected_calls=2,failed_calls=1
cmdstat_set:calls=2,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
cmdstat_info:calls=40,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
cmdstat_replconf:calls=900,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
cmdstat_publish:calls=90,usec=5,usec_per_call=0.45,rejected_calls=0,failed_calls=0
db0:keys=3,expires=0,avg_ttl=0
db2:keys=1,expires=0,avg_ttl=0
"""
FLAGS = [["get", 2, ["readonly", "fast"], 1, 1, 1], ["set", -3, ["write", "denyoom"], 1, 1, 1]]


def store(serve, info: str = INFO, **changes) -> str:
    told = {"INFO": info, "SCAN": ["0", []], "COMMAND INFO": FLAGS, "PUBSUB CHANNELS": [], "PUBSUB NUMPAT": 0} | {
        name.replace("_", " "): answer for name, answer in changes.items()
    }
    return f"redis://127.0.0.1:{serve(over_redis(told))}"


def test_work_is_neither_housekeeping_nor_the_audits(serve, limits):
    seen = look(redis.KIND, "work", limits, url=store(serve))
    assert seen.counts == {"get": 10, "set": 2}
    assert (seen.nonces, seen.unseen, seen.way) == (None, "", "INFO commandstats")


def test_messages_are_not_counted_where_somebody_hears_them(serve, limits):
    def unseen(**answers) -> str:
        return look(redis.KIND, "work", limits, url=store(serve, **answers)).unseen

    assert unseen(PUBSUB_CHANNELS=["__sentinel__:hello"]) == ""
    assert unseen(PUBSUB_CHANNELS=["orders"]) == "what is published to subscribers"
    assert unseen(PUBSUB_NUMPAT=2) == "what is published to subscribers"
    assert "may not be seen" in unseen(PUBSUB_CHANNELS=b"-NOPERM this user has no permissions to run 'pubsub'")


def test_the_audits_own_scans_are_no_work(serve, limits):
    scanned = INFO.replace(RUN, "f" * 40) + "cmdstat_scan:calls={},usec=5,usec_per_call=0.45,failed_calls=0\n"
    first = look(redis.KIND, "work", limits, url=store(serve, scanned.format(9)))
    own = 2  # one step in each of its two databases
    assert first.counts["scan"] == 9
    assert look(redis.KIND, "work", limits, url=store(serve, scanned.format(9 + own))).counts["scan"] == 9
    assert look(redis.KIND, "work", limits, url=store(serve, scanned.format(14 + own))).counts["scan"] == 12


def test_a_replica_only_reads_for_others(serve, limits):
    seen = look(redis.KIND, "work", limits, url=store(serve, INFO.replace("role:master", "role:slave")))
    assert seen.counts == {"get": 10}


def test_nonces_in_keys(serve, limits):
    def page(words: list[str]) -> list[object]:
        assert words[2:4] == ["MATCH", "*distaudit-*"]
        return ["7", [f"task:{NONCE}"]] if words[1] == "0" else ["0", ["distaudit-short", f"task:{NONCE}:again"]]

    assert look(redis.KIND, "work", limits, url=store(serve, SCAN=page)).nonces == (NONCE,)
    endless = look(redis.KIND, "work", limits, url=store(serve, SCAN=["7", [NONCE]]))
    assert endless.nonces == (NONCE,), "a cursor that never ends is followed for a while"
    many = INFO.replace("keys=3", "keys=3000000")
    assert look(redis.KIND, "work", limits, url=store(serve, many, SCAN=["0", [NONCE]])).nonces is None
    denied = store(serve, SCAN=b"-NOPERM this user has no permissions to run the 'scan' command")
    assert look(redis.KIND, "work", limits, url=denied).nonces is None


def test_without_statistics_nothing_is_told(serve, limits):
    bare = "".join(f"{line}\n" for line in INFO.splitlines() if not line.startswith("cmdstat_"))
    assert refusal(redis.KIND, "work", limits, url=store(serve, bare)).reason is Reason.NO_OBSERVABLE
    denied = "-NOPERM this user has no permissions to run the 'info' command"
    assert refusal(redis.KIND, "work", limits, url=store(serve, INFO=denied.encode())).reason is Reason.FORBIDDEN


WATCHED = """
[targets.it.systems.master]
kind = "redis"
native = {}
[targets.it.systems.copy]
kind = "redis"
native.replicate_from = "master"
[targets.it.systems.watch]
kind = "redis-sentinel"
native = {watch = "master", after = ["copy"]}
"""
MISSING = builtin_recipes()["redis"].missing()


@pytest.mark.live
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_an_idle_master_with_replica_and_sentinel_stands_still(tmp_path):
    with Room(tmp_path, WATCHED) as room:
        places = {name: room.located[name].endpoints["url"] for name in ("master", "copy")}

        def counts() -> Mapping[str, Mapping[str, int]]:
            return {name: look(redis.KIND, "work", Limits(), url=url).counts for name, url in places.items()}

        def processed() -> int:
            return int(server.info("stats")["total_commands_processed"])

        server = client.Redis.from_url(places["master"])
        first, busy = counts(), processed()
        for _ in range(6):
            time.sleep(0.4)
            assert counts() == first
        assert processed() - busy > 12, "it is not idle by its own count"
        server.set(f"task:{NONCE}", "1")
        time.sleep(0.2)
        assert counts() == {"master": {**first["master"], "set": first["master"].get("set", 0) + 1}, "copy": {}}
        assert look(redis.KIND, "work", Limits(), url=places["copy"]).nonces == (NONCE,)
        client.Redis.from_url(places["copy"]).get("a")
        assert counts()["copy"] == {"get": 1}


# --- Consul

SELF = {
    "Config": {"NodeID": "n1", "Server": True},
    "Member": {},
    "DebugConfig": {"Telemetry": {"PrometheusRetentionTime": "24h0m0s"}},
}
METRICS = b"""\
process_start_time_seconds 1.7e+09
consul_catalog_service_query{service="a"} 2
consul_health_service_query{service="b"} 3
consul_fsm_kvs_count{op="set"} 4
consul_fsm_kvs_count{op="delete"} 1
consul_http_GET_v1_kv___count 20
consul_catalog_register_count 99
consul_fsm_session_count{op="create"} 6
consul_fsm_session_count{op="destroy"} 5
"""


def agent(serve, **changes) -> str:
    told: dict[str, object] = {"/v1/agent/self": (200, SELF), "/v1/kv/": (200, [f"tasks/{NONCE}", "other"])}
    told |= {f"/v1/{path.replace('__', '/')}": answer for path, answer in changes.items()}
    inner = over_http(told)

    def handle(connection) -> None:
        """Metrics come as text."""
        peeked = connection.recv(65536, socket.MSG_PEEK)
        if b"/agent/metrics" not in peeked or "agent__metrics" in changes:
            inner(connection)
            return
        connection.recv(65536)
        head = f"HTTP/1.1 200 X\r\nContent-Type: text/plain\r\nContent-Length: {len(METRICS)}\r\n\r\n"
        connection.sendall(head.encode() + METRICS)

    return f"http://127.0.0.1:{serve(handle)}"


def test_work_of_a_server_that_counts(serve, limits):
    where = agent(serve)
    seen = look(consul.KIND, "work", limits, url=where)
    assert seen.counts.pop("key-value reads") < 20, "its own are taken off"
    assert seen.counts == {"look-ups": 5, "key-value writes": 5, "sessions": 6}
    assert seen.nonces == (NONCE,)


def test_work_forbidden(serve, limits):
    denied = (403, b"Permission denied")
    where = agent(serve, agent__self=denied, agent__metrics=denied, agent__monitor=denied, kv__=denied)
    assert refusal(consul.KIND, "work", limits, url=where).reason is Reason.FORBIDDEN
    assert look(consul.KIND, "work", limits, url=agent(serve, kv__=denied)).nonces is None


QUIET = """
[targets.it.systems.quiet]
kind = "consul"
native.settings = {telemetry = {prometheus_retention_time = "0s"}}
"""


@pytest.mark.live
def test_an_agent_that_keeps_no_counts_is_listened_to(tmp_path):
    if missing := builtin_recipes()["consul"].missing():
        pytest.skip(missing)
    with Room(tmp_path, QUIET) as room:
        where = room.located["quiet"].endpoints["url"]
        assert look(KIND, "work", Limits(), url=where).counts == {"look-ups": 0}
        for path in ("health/service/worker", "status/leader"):
            urllib.request.urlopen(f"{where}/v1/{path}", timeout=5).close()
        seen = look(KIND, "work", Limits(), url=where)
        assert seen.counts == {"look-ups": 1}
        assert seen.unseen.startswith("writes")
        assert look(KIND, "work", Limits(), url=where).counts == {"look-ups": 1}


@pytest.mark.live
def test_work_of_a_real_agent(consul: object) -> None:
    where = consul.url  # type: ignore[attr-defined]
    before = look(KIND, "work", Limits(), url=where).counts
    assert look(KIND, "work", Limits(), url=where).counts == before, "looking is no work"
    put = urllib.request.Request(f"{where}/v1/kv/{NONCE}", b"1", method="PUT")
    for request in (put, f"{where}/v1/health/service/worker", f"{where}/v1/kv/{NONCE}"):
        urllib.request.urlopen(request, timeout=5).close()
    seen = look(KIND, "work", Limits(), url=where)
    moved = {name: count - before.get(name, 0) for name, count in seen.counts.items() if count != before.get(name, 0)}
    assert moved == {"look-ups": 1, "key-value writes": 1, "key-value reads": 1}
    assert seen.nonces == (NONCE,)
