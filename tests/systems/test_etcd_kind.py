from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems.etcd import KIND
from pytest_distaudit.systems.http_fetch import HttpFetch
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import (
    SECRET,
    answers_a_gigabyte,
    closes,
    free_port,
    garbage,
    look,
    never_answers,
    refusal,
    resets,
    speaks_http,
)
from .saying import over_http

ASKS = ("presence", "health", "process", "membership", "work")
HEADER = {"cluster_id": "77", "member_id": "1", "revision": "9", "raft_term": "4"}
STATUS = {"header": HEADER, "leader": "2", "raftTerm": "4", "raftIndex": "31", "raftAppliedIndex": "30"}
ROWS = [
    {"ID": "1", "name": "a", "clientURLs": ["http://10.0.0.1:2379"]},
    {"ID": "2", "name": "b", "peerURLs": ["http://10.0.0.2:2380"]},
    {"ID": "3", "isLearner": True},
]
METRICS = b"""\
process_start_time_seconds 1.7e+09
grpc_server_msg_received_total{grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 3
grpc_server_msg_received_total{grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"} 12
grpc_server_msg_received_total{grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"} 2
grpc_server_msg_received_total{grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease",grpc_type="b"} 900
grpc_server_msg_received_total{grpc_method="Status",grpc_service="etcdserverpb.Maintenance",grpc_type="unary"} 50
"""
MEMBER = {
    "/version": (200, {"etcdserver": "3.5.9", "etcdcluster": "3.5.0"}),
    "/health": (200, {"health": "true"}),
    "/metrics": (200, METRICS),
    "/v3/maintenance/status": (200, STATUS),
    "/v3/cluster/member/list": (200, {"header": HEADER, "members": ROWS}),
    "/v3/kv/range": (200, {"header": HEADER}),
}


def url(port: int, user: str = f"audit:{SECRET}@") -> str:
    return f"http://{user}127.0.0.1:{port}"


def member(serve, user: str = "", **changes) -> str:
    """One that answers as above but for ``changes``; slashes written as two underscores."""
    told = {**MEMBER, **{f"/{path.replace('__', '/')}": answer for path, answer in changes.items()}}
    return url(serve(over_http(told)), user)


@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_fails_every_ask(serve, limits, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    for ask in ASKS:
        assert refusal(KIND, ask, limits, url=url(port)).reason is reason, ask


def test_closed_ports_are_refusals(limits):
    for ask in ASKS:
        assert isinstance(refusal(KIND, ask, limits, url=url(free_port())), Refusal), ask
    assert refusal(KIND, "presence", limits).reason is Reason.NO_OBSERVABLE


def test_another_product_is_told(serve, limits):
    assert refusal(KIND, "presence", limits, url=url(serve(speaks_http))).reason is Reason.WRONG_PRODUCT
    for told in ((404, b"no"), (200, {"version": "1.0"}), (200, [1])):
        assert refusal(KIND, "presence", limits, url=member(serve, version=told)).reason is Reason.WRONG_PRODUCT
    assert refusal(KIND, "presence", limits, url=url(serve(answers_a_gigabyte))).reason is Reason.TOO_LARGE
    assert refusal(KIND, "presence", limits, url=member(serve, version=(302, b""))).reason is Reason.REDIRECTED
    assert refusal(KIND, "presence", limits, url=member(serve, version=(503, b"later"))).reason is Reason.PROTOCOL_ERROR


def test_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=member(serve))
    assert (seen.product, seen.version, seen.authenticated, seen.started_at) == ("etcd", "3.5.9", True, 1.7e9)


@pytest.mark.variant("etcd", "older", "3.2 and 3.3: gateway below /v3alpha and /v3beta; 2.3: none")
def test_older_gateways_are_asked_in_their_words(serve, limits):
    for release, prefix in (("3.2.1", "v3alpha"), ("3.3.1", "v3beta")):
        changes = {f"{prefix}__maintenance__status": (200, STATUS), "v3__maintenance__status": (404, b"")}
        where = member(serve, version=(200, {"etcdserver": release}), **changes)
        assert look(KIND, "presence", limits, url=where).authenticated
    ancient = member(serve, version=(200, {"etcdserver": "2.3.8"}))
    assert refusal(KIND, "membership", limits, url=ancient).reason is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error": "etcdserver: user name is empty", "code": 3}),
        (403, {"error": "etcdserver: permission denied", "code": 7}),
        (401, {"error": "etcdserver: invalid auth token", "code": 16}),
    ],
)
@pytest.mark.variant("etcd", "managed", "a user without rights")
def test_what_the_audit_may_not_see_is_forbidden(serve, limits, answer):
    where = member(serve, v3__maintenance__status=answer)
    assert look(KIND, "presence", limits, url=where).authenticated is False
    for ask in ("process", "membership", "work"):
        assert refusal(KIND, ask, limits, url=where).reason is Reason.FORBIDDEN


def test_logging_in(serve, limits):
    heard = []
    told = {**MEMBER, "/v3/auth/authenticate": (200, {"header": HEADER, "token": "T0KEN"})}
    where = url(serve(over_http(told, heard)))
    assert look(KIND, "membership", limits, url=where).own == "1"
    logins = [body for path, _, body in heard if path.endswith("authenticate")]
    assert len(logins) == 1
    assert SECRET in logins[0]
    assert all("T0KEN" in head for path, head, _ in heard if path.endswith("status"))
    wrong = member(serve, f"audit:{SECRET}@", v3__auth__authenticate=(400, {"error": f"bad {SECRET}"}))
    assert look(KIND, "presence", limits, url=wrong).authenticated is False
    assert refusal(KIND, "work", limits, url=wrong).reason is Reason.FORBIDDEN
    empty = member(serve, f"audit:{SECRET}@", v3__auth__authenticate=(200, {}))
    assert refusal(KIND, "work", limits, url=empty).reason is Reason.PROTOCOL_ERROR


def test_health_is_a_read_with_a_quorum(serve, limits):
    assert look(KIND, "health", limits, url=member(serve)).healthy
    lost = member(serve, health=(503, {"health": "false", "reason": "RAFT NO LEADER"}))
    seen = look(KIND, "health", limits, url=lost)
    assert (seen.healthy, seen.detail) == (False, "quorum RAFT NO LEADER")
    alarmed = member(serve, v3__maintenance__status=(200, {**STATUS, "errors": ["NOSPACE"]}))
    assert look(KIND, "health", limits, url=alarmed).detail == "errors NOSPACE"
    assert refusal(KIND, "health", limits, url=member(serve, health=(200, {}))).reason is Reason.PROTOCOL_ERROR


def test_membership(serve, limits):
    seen = look(KIND, "membership", limits, url=member(serve))
    assert (seen.cluster, seen.own, seen.leaders, seen.term, seen.quorum, seen.position) == (
        "77",
        "1",
        ("2",),
        4,
        2,
        30,
    )
    assert seen.works
    assert seen.members == (
        Member("1", "a", "10.0.0.1:2379", "follower"),
        Member("2", "b", "10.0.0.2:2380", "leader"),
        Member("3", "", "", "learner", votes=False),
    )
    alone = member(serve, v3__maintenance__status=(200, {"header": HEADER}), health=(503, {"health": "false"}))
    seen = look(KIND, "membership", limits, url=alone)
    assert (seen.leaders, seen.works, seen.trouble) == ((), False, "GET /health: 503")


@pytest.mark.parametrize("told", [{"header": HEADER}, {"header": HEADER, "members": []}, {}, [1]])
def test_a_list_without_the_member_itself_is_none(serve, limits, told):
    where = member(serve, v3__cluster__member__list=(200, told))
    assert refusal(KIND, "membership", limits, url=where).reason is Reason.PROTOCOL_ERROR


def test_work_is_what_clients_asked_for(serve, limits):
    where = member(serve)
    seen = look(KIND, "work", limits, url=where)
    assert (seen.counts["Put"], seen.counts["Watch"]) == (3, 2)
    assert (seen.counts["revision"], seen.nonces, seen.unseen) == (9, None, "")
    assert set(seen.counts) == {"revision", "Put", "Range", "Watch"}
    again = look(KIND, "work", limits, url=where)
    assert seen.counts["Range"] - again.counts["Range"] == 1, "its own reads are taken off"


def test_nonces_are_read_in_keys(serve, limits):
    nonce = f"distaudit-{'a' * 32}"
    rows = [{"key": base64.b64encode(text).decode()} for text in (f"/tasks/{nonce}".encode(), b"\xff\xfe", b"other")]
    where = member(serve, v3__kv__range=(200, {"header": HEADER, "kvs": rows}))
    assert look(KIND, "work", limits, url=where).nonces == (nonce,)
    denied = member(serve, v3__kv__range=(403, {"error": "permission denied", "code": 7}))
    assert look(KIND, "work", limits, url=denied).nonces is None


def test_without_metrics_only_writes_are_seen(serve, limits):
    where = member(serve, metrics=(404, b""))
    seen = look(KIND, "work", limits, url=where)
    assert seen.counts == {"revision": 9}
    assert "reads" in seen.unseen
    assert look(KIND, "presence", limits, url=where).started_at is None


# --- a real one

MISSING = builtin_recipes()["etcd"].missing()


@pytest.mark.live
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_real_member(tmp_path):
    with Room(tmp_path, '[targets.it.systems.store]\nkind = "etcd"\nnative = {}\n') as room:
        where = dict(room.located["store"].endpoints)
        for ask in ASKS:
            look(KIND, ask, Limits(), **where)
        assert look(KIND, Ask.of("listener", endpoint="peer"), Limits(), **where).open
        before = look(KIND, "work", Limits(), **where).counts
        assert look(KIND, "work", Limits(), **where).counts == before, "looking is no work"

        def call(path: str, body: object) -> None:
            assert HttpFetch()(Request("POST", f"{where['url']}/v3/{path}", json=body)).status == 200

        nonce = f"distaudit-{'b' * 32}"
        key = base64.b64encode(nonce.encode()).decode()
        call("kv/put", {"key": key, "value": key})
        call("kv/range", {"key": key})
        after = look(KIND, "work", Limits(), **where)
        assert after.counts == {"revision": before["revision"] + 1, "Put": 1, "Range": 1}
        assert after.nonces == (nonce,)

        for path, body in (
            ("auth/user/add", {"name": "root", "password": SECRET}),
            ("auth/user/grant", {"user": "root", "role": "root"}),
            ("auth/user/add", {"name": "few", "password": SECRET}),
            ("auth/enable", {}),
        ):
            call(path, body)
        port = where["url"].rpartition(":")[2]
        for user, nonces in ((f"root:{SECRET}@", (nonce,)), (f"few:{SECRET}@", None), ("", None)):
            assert look(KIND, "work", Limits(), url=url(int(port), user)).nonces == nonces
        assert look(KIND, "presence", Limits(), url=url(int(port), "root:wrong@")).authenticated is False
