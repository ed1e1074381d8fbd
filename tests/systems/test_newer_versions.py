"""What a version may tell that is newer than any known here, and what an older one does not tell yet.

Newer: another number, and in each answer parts that nobody has heard of. The same facts are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import chromadb as chroma
from pytest_distaudit.systems import (
    consul,
    etcd,
    haproxy,
    kong,
    nginx,
    ollama,
    postgres,
    qdrant,
    rabbitmq,
    redis,
    redis_sentinel,
)

from ..standins.kong import Node, start
from . import test_chromadb_kind, test_ollama_kind, test_qdrant_kind
from .bad_days import look, refusal
from .canned_api import canned
from .saying import over_redis
from .test_consul_kind import NODE, SELF, SERVICE, agent
from .test_etcd_kind import HEADER, ROWS, STATUS, member
from .test_gateway_kinds import COLUMNS, PAGE, haproxy_says, says
from .test_gateway_kinds import ROWS as STATISTICS
from .test_rabbitmq_kind import OVERVIEW, QUEUE, TASKS, api
from .test_redis_kind import INFO, saying
from .test_sentinel_kind import SENTINEL, sentinel
from .test_telemetry_kinds import ANSWERS, ASKS, KINDS, WANTED, server

LATER = "99.0.0"
NEWS = {"added_later": {"by": ["a newer version"], "count": 7}}


@pytest.fixture
def limits() -> Limits:
    """Nobody is slow on purpose here."""
    return Limits(connect_s=5.0, ask_s=10.0, look_s=30.0, body_bytes=100_000)


def grown(value: Any) -> Any:
    """The JSON with a part more in each object."""
    if isinstance(value, dict):
        return {key: grown(one) for key, one in value.items()} | NEWS
    return [grown(one) for one in value] if isinstance(value, list) else value


def same(kind, limits, asks, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """What both are asked, they answer alike, but for the version and the moments of two looks."""
    for ask in asks:
        one, other = look(kind, ask, limits, **before), look(kind, ask, limits, **after)
        if is_dataclass(one) and hasattr(one, "version"):
            assert (other.version, one.version != other.version) == (LATER, True)
            one, other = (replace(each, version="", started_at=None) for each in (one, other))
        # where it is asked, and what its own words add up to
        for name in ("own", "digest"):
            if hasattr(one, name):
                one, other = (replace(each, **{name: ""}) for each in (one, other))
        assert one == other, ask


STORES = {
    "chromadb": (chroma.KIND, test_chromadb_kind, "/api/v2/version"),
    "qdrant": (qdrant.KIND, test_qdrant_kind, "/"),
    "ollama": (ollama.KIND, test_ollama_kind, "/api/version"),
}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.variant("chromadb", "newer", "another number, unknown parts in answers")
@pytest.mark.variant("qdrant", "newer", "another number, unknown parts in answers")
@pytest.mark.variant("ollama", "newer", "another number, unknown parts in answers")
def test_newer_stores(serve, limits, name):
    kind, known, where = STORES[name]
    answers = {path: told if callable(told) else (told[0], grown(told[1])) for path, told in known.SERVER.items()}
    status, told = answers[where]
    answers[where] = (status, told | {"version": LATER} if isinstance(told, dict) else LATER)
    asks = [ask for ask in known.ALL if ask not in ("process", "work")]
    urls = [{"url": known.at(canned(serve, one).port)} for one in (known.SERVER, answers)]
    same(kind, limits, asks, *urls)


#: by a name: nobody is dialled
AWAY = SERVICE | {"Address": "elsewhere.invalid"}


def registering(change: Any) -> dict[str, Any]:
    """What an agent tells of itself and of one service."""
    services = {"w1": change(AWAY), "c": {"ID": "c", "Service": "consul"}}
    return {
        "agent__self": (200, change(SELF)),
        "agent__services": (200, {"w1": change(AWAY)}),
        "catalog__nodes": (200, [change(NODE)]),
        "catalog__node__n1": (200, {"Node": change(NODE), "Services": services}),
    }


@pytest.mark.variant("consul", "newer", "another number, unknown parts in answers")
def test_newer_consul(serve, limits):
    known, newer = registering(dict), registering(grown)
    newer["agent__self"][1]["Config"]["Version"] = LATER
    asks = ("presence", "health", "registry")
    same(consul.KIND, limits, asks, {"url": agent(serve, **known)}, {"url": agent(serve, **newer)})


@pytest.mark.variant("etcd", "newer", "another number, unknown parts in answers")
def test_newer_etcd(serve, limits):
    changes = {
        "version": (200, grown({"etcdserver": LATER, "etcdcluster": LATER})),
        "health": (200, grown({"health": "true", "reason": ""})),
        "v3__maintenance__status": (200, grown(STATUS)),
        "v3__cluster__member__list": (200, grown({"header": HEADER, "members": ROWS})),
        "v3__kv__range": (200, grown({"header": HEADER})),
    }
    asks = ("presence", "health", "membership")
    same(etcd.KIND, limits, asks, {"url": member(serve)}, {"url": member(serve, **changes)})


@pytest.mark.parametrize("of", ["prometheus", "zipkin"])
@pytest.mark.variant("prometheus", "newer", "another number, unknown parts in answers")
@pytest.mark.variant("zipkin", "newer", "another number, unknown parts in answers")
def test_newer_telemetry(serve, limits, of):
    where = {"prometheus": "api/v1/status/buildinfo", "zipkin": "info"}[of]
    inner = {"prometheus": "data", "zipkin": "zipkin"}[of]
    changes = {path: (status, grown(body)) for path, (status, body) in ANSWERS[of].items() if isinstance(body, dict)}
    changes.pop("health", None)  # there parts are components, and each has its word
    changes[where] = (200, {**changes[where][1], inner: {**changes[where][1][inner], "version": LATER}})
    changes = {path.replace("/", "__").replace(".", "_dot_"): told for path, told in changes.items()}
    asks = [WANTED if ask == "traces" else ask for ask in ASKS[of] if ask != "work"]
    same(KINDS[of], limits, asks, {"url": server(serve, of)}, {"url": server(serve, of, **changes)})


@pytest.mark.variant("rabbitmq", "newer", "another number, unknown parts in answers")
def test_newer_rabbitmq(serve, limits):
    before = {"overview": (200, OVERVIEW), "queues/%2F/tasks": (200, QUEUE)}
    after = {"overview": (200, grown(OVERVIEW) | {"rabbitmq_version": LATER}), "queues/%2F/tasks": (200, grown(QUEUE))}
    same(
        rabbitmq.KIND,
        limits,
        ("presence", TASKS),
        *({"management": api(serve, told)} for told in (before, after)),
    )


@pytest.mark.variant("redis", "newer", "another number, unknown lines in INFO")
def test_newer_redis(serve, limits):
    later = INFO.replace("redis_version:7.2.4", f"redis_version:{LATER}\nadded_later:yes")
    later += "cmdstat_laterget:calls=0,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0,added_later=7\n"
    same(redis.KIND, limits, ("presence", "health"), *({"url": saying(serve, told)} for told in (INFO, later)))


@pytest.mark.variant("redis-sentinel", "newer", "another number, unknown fields in tables")
def test_newer_sentinel(serve, limits):
    told = {name: [[*row, "added-later", "7"] for row in rows] if isinstance(rows, list) else rows
            for name, rows in SENTINEL.items()}  # fmt: skip
    told["INFO"] = SENTINEL["INFO"].replace("7.0.15", LATER) + "\nadded_later:7\n"
    later = f"redis://127.0.0.1:{serve(over_redis(told))}"
    asks = ("presence", "health", "membership")
    same(redis_sentinel.KIND, limits, asks, {"url": sentinel(serve)}, {"url": later})


@pytest.mark.variant("redis-sentinel", "older", "before 6.2: no SENTINEL MYID")
def test_older_sentinel(serve, limits):
    where = sentinel(serve, SENTINEL_MYID=b"-ERR Unknown sentinel subcommand 'myid'")
    assert look(redis_sentinel.KIND, "presence", limits, url=where).product == "Redis Sentinel"
    assert look(redis_sentinel.KIND, "health", limits, url=where).healthy


@pytest.mark.variant("haproxy", "newer", "another number, unknown columns in the statistics")
def test_newer_haproxy(serve, limits):
    columns = COLUMNS.replace("mode,-", "mode,added_later,-")
    rows = STATISTICS.replace("http,,", "http,7,,").replace("tcp,,", "tcp,7,,")
    before = haproxy_says(serve, COLUMNS + STATISTICS)
    after = haproxy_says(serve, columns + rows, PAGE.replace(b"2.6.12-1", LATER.encode()))
    same(haproxy.KIND, limits, ("presence", "health", Ask.of("gateway"), "work"), before, after)


@pytest.mark.variant("nginx", "newer", "another number")
def test_newer_nginx(serve, limits):
    later = {"url": f"http://127.0.0.1:{serve(says(404, b'', f'Server: nginx/{LATER}{chr(13)}{chr(10)}'))}"}
    assert look(nginx.KIND, "presence", limits, **later).version == LATER


@pytest.mark.parametrize(
    ("of", "path", "told"),
    [
        pytest.param(
            "jaeger",
            "",
            (200, '<script>JAEGER_VERSION = {"gitCommit":"x","gitVersion":"v1.35.0"};</script>'),
            marks=pytest.mark.variant("jaeger", "older", "1.35, with its first API alone"),
        ),
        pytest.param(
            "zipkin",
            "info",
            (200, {"zipkin": {"version": "2.24.3"}}),
            marks=pytest.mark.variant("zipkin", "older", "2.24"),
        ),
    ],
)
def test_older_stores_of_traces(serve, limits, of, path, told):
    where = server(serve, of, **{path: told})
    assert look(KINDS[of], "presence", limits, url=where).version in ("1.35.0", "2.24.3")
    assert [span.service for span in look(KINDS[of], WANTED, limits, url=where).spans] == ["front"]


@pytest.mark.variant("prometheus", "older", "before 2.14, which says nothing of its build: called another product")
def test_older_prometheus(serve, limits):
    where = server(serve, "prometheus", api__v1__status__buildinfo=(404, "404 page not found\n"))
    for ask in ("presence", "health", "work"):
        assert refusal(KINDS["prometheus"], ask, limits, url=where).reason is Reason.WRONG_PRODUCT, ask
    assert look(KINDS["prometheus"], "scrapes", limits, url=where).targets


@pytest.mark.variant("ollama", "older", "before 0.1.33: no list of loaded models")
def test_older_ollama(serve, limits):
    answers = {path: told for path, told in test_ollama_kind.SERVER.items() if path != "/api/ps"}
    where = test_ollama_kind.at(canned(serve, answers).port)
    assert look(ollama.KIND, "presence", limits, url=where).up
    known, seen = (
        look(ollama.KIND, test_ollama_kind.LLAMA, limits, url=url) for url in (test_ollama_kind.url(serve), where)
    )
    assert (known.loaded, replace(known, loaded=None)) == (False, seen)


ROW = {
    "standby": False,
    "position": "0/1",
    "received": None,
    "timeline": 1,
    "receiving": None,
    "paused": None,
    "apply_delay": None,
    "subscribed": 0,
    "may_see": True,
}


def of_version(number: int) -> Any:
    """A session with a PostgreSQL that has that version and nobody who follows it."""
    return SimpleNamespace(
        ways=[], cluster="7", identity="7", rows=lambda sql: [], row=lambda sql: {"number": number, **ROW}
    )


@pytest.mark.variant("postgres", "older", "9.6: other names for positions")
@pytest.mark.variant("postgres", "newer", "19")
def test_other_postgres():
    ask = Ask.of("replication")
    with pytest.raises(Unobservable) as refused:
        postgres.KIND.answers["replication"](of_version(90624), ask)
    assert (refused.value.reason, "9 is older than 10" in refused.value.detail) == (Reason.UNSUPPORTED_VERSION, True)
    assert postgres.KIND.answers["replication"](of_version(190001), ask).position == "0/1"


class Other(Node):
    """A node of another version: ``change`` makes of each answer what that one says."""

    change: Any = staticmethod(grown)

    def told(self, path, query):
        said = super().told(path, query)
        return None if said is None else self.change(said)


def older(said: Any) -> Any:
    """2.x: plugins without particulars, no pids, no hash of the configuration."""
    gone = ("pids", "configuration_hash", "memory")
    said = {key: value for key, value in said.items() if key not in gone}
    if "version" in said:
        said |= {"version": "2.8.5", "plugins": {"available_on_server": {"prometheus": True}, "enabled_in_cluster": []}}
    return said


CONFIGURED = {
    "services": [{"name": "tasks", "host": "127.0.0.1"}],
    "routes": [{"name": "t", "paths": ["/tasks"], "service": {"id": "id-tasks"}}],
}


@pytest.mark.parametrize("change", [grown, older])
@pytest.mark.variant("kong", "newer", "unknown parts in answers")
@pytest.mark.variant("kong", "older", "2.8: no pids, no hash of the configuration")
def test_other_kongs(limits, change):
    node = Other(**CONFIGURED)
    node.change = change
    places, servers = [], []
    for one in (Node(**CONFIGURED), node):
        servers.extend(pair := start(one))
        url, admin = (f"http://127.0.0.1:{each.server_address[1]}" for each in pair)
        places.append({"url": url, "admin": admin})
    try:
        known, other = (look(kong.KIND, "gateway", limits, **place) for place in places)
        assert (known.routes, [one.name for one in known.backends]) == (
            other.routes,
            [one.name for one in other.backends],
        )
        assert look(kong.KIND, "presence", limits, **places[1]).product == "Kong"
    finally:
        for each in servers:
            each.shutdown()
            each.server_close()
