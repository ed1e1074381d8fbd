"""Membership as servers of Redis, Consul and RabbitMQ tell it; that of etcd and Sentinels stands with their kinds."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member
from pytest_distaudit.systems import consul, rabbitmq, redis

from .bad_days import look, refusal
from .saying import over_http, over_redis

# --- Redis

RUN = "0123456789abcdef0123456789abcdef01234567"
BASE = f"redis_version:7.0.15\nredis_mode:cluster\nrun_id:{RUN}\nuptime_in_seconds:60\n"
NODES = """\
m1 10.0.0.1:6379@16379,one.local myself,master - 0 0 1 connected 0-5460 5500 [93->-m2]
m2 10.0.0.2:6379@16379 master - 0 0 2 connected 5461-16383
m3 10.0.0.3:6379@16379 master,fail? - 0 0 3 connected
r1 10.0.0.4:6379@16379 slave m1 0 0 1 connected
r2 10.0.0.5:6379@16379 slave m2 0 0 1 disconnected
x1 10.0.0.6:6379@16379 handshake - 0 0 0 disconnected
x2 :0@0 slave,noaddr m1 0 0 0 disconnected
"""
STATE = "cluster_state:ok\r\ncluster_slots_ok:16384\r\ncluster_current_epoch:6\r\n"


def node(serve, **changes):
    told = {"INFO": f"{BASE}cluster_enabled:1\nrole:master\n", "CLUSTER NODES": NODES, "CLUSTER INFO": STATE}
    told |= {name.replace("_", " "): answer for name, answer in changes.items()}
    return f"redis://127.0.0.1:{serve(over_redis(told))}"


def test_a_node_of_redis_cluster(serve, limits):
    seen = look(redis.KIND, "membership", limits, url=node(serve))
    assert (seen.own, seen.leaders, seen.term, seen.quorum, seen.works) == ("m1", ("m1", "m2"), 6, 2, True)
    assert seen.members == (
        Member("m1", "", "10.0.0.1:6379", "leader", healthy=True),
        Member("m2", "", "10.0.0.2:6379", "leader", healthy=True),
        Member("m3", "", "10.0.0.3:6379", "", votes=False, healthy=False),
        Member("r1", "", "10.0.0.4:6379", "replica", False, "m1", True),
        Member("r2", "", "10.0.0.5:6379", "replica", False, "m2", False),
    )


def test_a_redis_cluster_that_does_not_serve_all(serve, limits):
    where = node(serve, CLUSTER_INFO="cluster_state:fail\ncluster_slots_ok:5461\n")
    seen = look(redis.KIND, "membership", limits, url=where)
    assert (seen.works, seen.trouble) == (False, "cluster_state:fail, 5461 of 16384 slots served")


@pytest.mark.parametrize("told", ["", "hello", NODES.replace("myself,", "")])
def test_no_list_of_nodes(serve, limits, told):
    assert (
        refusal(redis.KIND, "membership", limits, url=node(serve, CLUSTER_NODES=told)).reason is Reason.PROTOCOL_ERROR
    )


def test_nodes_that_the_audit_may_not_list(serve, limits):
    where = node(serve, CLUSTER_NODES=b"-NOPERM this user has no permissions to run the 'cluster|nodes' command")
    assert refusal(redis.KIND, "membership", limits, url=where).reason is Reason.FORBIDDEN


def test_a_master_and_its_replicas(serve, limits):
    told = "cluster_enabled:0\nrole:master\nmaster_replid:abc\nmaster_repl_offset:70\nconnected_slaves:1\n"
    rows = "slave0:ip=10.0.0.2,port=6379,state=online,offset=70,lag=0\nslave1:ip=10.0.0.3,port=1,state=wait_bgsave\n"
    seen = look(redis.KIND, "membership", limits, url=node(serve, INFO=f"{BASE}{told}{rows}"))
    assert (seen.cluster, seen.own, seen.position, seen.whole, seen.works) == ("abc", RUN, 70, False, True)
    assert [(one.id, one.role, one.healthy) for one in seen.members] == [
        (RUN, "leader", True),
        ("10.0.0.2:6379", "replica", True),
        ("10.0.0.3:1", "replica", False),
    ]


def test_a_replica_that_lost_its_master(serve, limits):
    told = "cluster_enabled:0\nrole:slave\nmaster_replid:abc\nslave_repl_offset:60\nmaster_repl_offset:1\n"
    told += "master_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:down\n"
    seen = look(redis.KIND, "membership", limits, url=node(serve, INFO=f"{BASE}{told}"))
    assert (seen.works, seen.trouble, seen.position) == (False, "the link to its master is down", 60)
    assert seen.members[1] == Member("10.0.0.1:6379", "", "10.0.0.1:6379", "leader", votes=False, healthy=False)


# --- Consul

SELF = {
    "Config": {"NodeID": "n1", "Server": True, "Version": "1.8.7"},
    "Member": {},
    "Stats": {
        "consul": {"leader_addr": "10.0.0.2:8300"},
        "raft": {
            "term": "3",
            "applied_index": "40",
            "latest_configuration": "[{Suffrage:Voter ID:n1 Address:10.0.0.1:8300} "
            "{Suffrage:Voter ID:n2 Address:10.0.0.2:8300} {Suffrage:Nonvoter ID:n3 Address:10.0.0.3:8300}]",
        },
    },
}
SEEN = [{"Name": f"s{n}", "Status": 1 if n < 3 else 4, "Tags": {"id": f"n{n}"}} for n in (1, 2, 3)]


def server(serve, **changes):
    told = {"/v1/agent/self": (200, SELF), "/v1/agent/members": (200, SEEN)}
    told |= {f"/v1/{path.replace('__', '/')}": answer for path, answer in changes.items()}
    return f"http://127.0.0.1:{serve(over_http(told))}"


def altered(**stats: dict[str, str]) -> tuple[int, dict]:
    return 200, {**SELF, "Stats": {**SELF["Stats"], **stats}}


def test_a_consul_server(serve, limits):
    seen = look(consul.KIND, "membership", limits, url=server(serve))
    assert (seen.own, seen.leaders, seen.term, seen.quorum, seen.position) == ("n1", ("n2",), 3, 2, 40)
    assert seen.members == (
        Member("n1", "s1", "10.0.0.1:8300", "follower", healthy=True),
        Member("n2", "s2", "10.0.0.2:8300", "leader", healthy=True),
        Member("n3", "s3", "10.0.0.3:8300", "learner", votes=False, healthy=False),
    )


def test_a_consul_server_without_a_leader(serve, limits):
    seen = look(consul.KIND, "membership", limits, url=server(serve, agent__self=altered(consul={"leader_addr": ""})))
    assert (seen.leaders, seen.works) == ((), False)


def test_agents_that_are_no_members_or_do_not_tell(serve, limits):
    client = (200, {**SELF, "Config": {**SELF["Config"], "Server": False}})
    assert refusal(consul.KIND, "membership", limits, url=server(serve, agent__self=client)).reason is (
        Reason.NO_OBSERVABLE
    )
    old = server(serve, agent__self=altered(raft={"term": "3"}))
    assert refusal(consul.KIND, "membership", limits, url=old).reason is Reason.UNSUPPORTED_VERSION
    for path in ("agent__self", "agent__members"):
        denied = server(serve, **{path: (403, b"Permission denied")})
        assert refusal(consul.KIND, "membership", limits, url=denied).reason is Reason.FORBIDDEN


# --- RabbitMQ

ROWS = [
    {"name": "rabbit@one", "running": True, "type": "disc", "partitions": []},
    {"name": "rabbit@two", "running": False, "type": "ram"},
]


def broker(serve, **changes):
    told = {
        "/api/overview": (200, {"rabbitmq_version": "3.13.0", "node": "rabbit@one", "cluster_name": "any"}),
        "/api/nodes": (200, ROWS),
        "/api/nodes/rabbit%40one": (200, {"name": "rabbit@one", "os_pid": "7", "uptime": 1000, "running": True}),
    }
    told |= {f"/api/{path}": answer for path, answer in changes.items()}
    return f"http://127.0.0.1:{serve(over_http(told))}"


def test_a_node_of_rabbitmq(serve, limits):
    seen = look(rabbitmq.KIND, "membership", limits, management=broker(serve))
    assert (seen.cluster, seen.own, seen.leaders, seen.quorum, seen.works) == ("", "rabbit@one", None, None, True)
    assert seen.members == (
        Member("rabbit@one", "rabbit@one", healthy=True),
        Member("rabbit@two", "rabbit@two", role="learner", votes=False, healthy=False),
    )


def test_a_node_that_is_cut_off(serve, limits):
    rows = [{**ROWS[0], "partitions": ["rabbit@two"]}, ROWS[1]]
    seen = look(rabbitmq.KIND, "membership", limits, management=broker(serve, nodes=(200, rows)))
    assert (seen.works, seen.trouble) == (False, "it is cut off from rabbit@two")


def test_nodes_that_the_audit_may_not_see(serve, limits):
    for changes in (
        {"nodes": (401, {"error": "not_authorised"})},
        {"overview": (200, {"rabbitmq_version": "3.13.0"})},
    ):
        told = refusal(rabbitmq.KIND, "membership", limits, management=broker(serve, **changes))
        assert told.reason is Reason.FORBIDDEN
    odd = broker(serve, nodes=(200, ROWS[1:]))
    assert refusal(rabbitmq.KIND, "membership", limits, management=odd).reason is Reason.PROTOCOL_ERROR
    told = refusal(rabbitmq.KIND, "membership", limits, amqp="amqp://127.0.0.1:1/%2F")
    assert told.reason is Reason.NO_OBSERVABLE
