"""What a Consul agent has done for others: look-ups and the key-value store, by its own counts or by its log."""

from __future__ import annotations

import re
from collections import Counter

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems._consul_monitor import listen
from pytest_distaudit.systems._consul_own import own_lookups
from pytest_distaudit.systems._consul_session import METRICS, ConsulSession, identify
from pytest_distaudit.systems._consul_words import seconds
from pytest_distaudit.systems._nonces import nonces_in

#: a count is forgotten when nothing was added for so long; below that, counts may begin anew while one looks
_RETAINED_S = 600.0
_COUNTS = {
    "look-ups": r"\w*(?:catalog|health)_(?:service|connect)_query\{[^}]*\}",
    "prepared queries": r"\w*prepared_query_execute_count\S*",
    "key-value reads": r"\w*(?:http_GET_v1_kv_+count|api_http_count\{method=\"GET\",path=\"v1_kv_+\"\})",
    "key-value writes": r"\w*fsm_kvs_count\{[^}]*\}",
    "transactions": r"\w*fsm_txn_count\S*",
    "sessions": r"\w*fsm_session_count\{op=\"create\"\}",
}
_SERIES = {name: re.compile(rf"^{pattern} (\S+)$", re.MULTILINE) for name, pattern in _COUNTS.items()}
_LOOKUPS, _READS = "look-ups", "key-value reads"

#: run of an agent -> how often this process has read its keys
_READ: Counter[str] = Counter()


def work(session: ConsulSession, ask: Ask) -> Work:
    """By the counts of a server that keeps them long enough, else by what the agent's log tells.

    Registrations, heartbeats and health checks come by themselves and are not counted; nor are lists of everything,
    for which the audit asks, too.
    """
    identify(session)
    nonces = _nonces(session)
    session.forget(METRICS)
    if not _counts(session):
        heard = listen(session)
        if heard.gaps:
            raise Unobservable(Reason.NO_OBSERVABLE, "the agent's log leaves requests out, and it keeps no counts")
        unseen = "writes, and all that was before the audit began to listen"
        return Work({_LOOKUPS: len(heard.lookups)}, nonces, unseen, way="the agent's log, as a stream")
    metrics = session.metrics() or ""
    counts = {name: round(sum(map(float, series.findall(metrics)))) for name, series in _SERIES.items()}
    counts[_LOOKUPS] -= own_lookups(session.identity, metrics)
    if counts[_READS]:  # some versions do not count requests in these words
        counts[_READS] -= _READ[session.identity]
    unseen = "lists of everything, and what other servers were asked"
    return Work({name: number for name, number in counts.items() if number}, nonces, unseen, way="/v1/agent/metrics")


def _counts(session: ConsulSession) -> bool:
    """Whether the agent counts what it is asked for, and for how long it remembers."""
    if session.metrics() is None:
        return False
    agent = session.agent()
    told = agent.get("DebugConfig", {}).get("Telemetry", {})
    retained = told.get("PrometheusRetentionTime") or told.get("PrometheusOpts", {}).get("Expiration")
    return bool(agent["Config"].get("Server") and retained) and seconds(str(retained)) >= _RETAINED_S


def _nonces(session: ConsulSession) -> tuple[str, ...] | None:
    """Nonces in keys; None where these may not be read or hold none: values are not read."""
    try:
        _READ[session.identity] += 1
        session.ways.append("GET /v1/kv/?keys")
        answer = session.ask("kv/?keys")
        told = answer.decoded("GET /v1/kv") if answer.status == 200 else ()
    except Unobservable:
        return None
    return nonces_in(map(str, told if isinstance(told, list) else ())) or None
