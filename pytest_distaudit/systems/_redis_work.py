"""What a Redis has done for others: commands that are neither housekeeping, replication nor the audit's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems._nonces import nonces_in
from pytest_distaudit.systems._redis_session import RedisSession

#: what servers, replicas, Sentinels, monitors and clients that introduce themselves send; a subcommand
#: ("client|list") counts as its command. Sentinel publishes, and nobody caches by publishing.
HOUSEKEEPING = {
    *("acl", "asking", "auth", "client", "cluster", "command", "config", "dbsize", "debug", "echo"),
    *("failover", "hello", "info", "lastsave", "latency", "lolwut", "memory", "module", "monitor", "ping"),
    *("psubscribe", "psync", "publish", "pubsub", "punsubscribe", "quit", "readonly", "readwrite", "replconf"),
    *("replicaof", "reset", "role", "save", "bgsave", "bgrewriteaof", "select", "shutdown", "slaveof"),
    *("slowlog", "ssubscribe", "subscribe", "sunsubscribe", "sync", "time", "unsubscribe", "wait", "waitaof"),
}
#: server by its run -> how often this process asked it for keys, to look for nonces
_SCANS: Counter[str] = Counter()
DATABASE = re.compile(r"db\d+")
_STATISTIC = "cmdstat_"
_MOST_KEYS, _A_STEP = 10_000, 1000


def calls(told: Mapping[str, Any]) -> dict[str, int]:
    """Command -> executions that did not fail, without what keeps house."""
    found: dict[str, int] = {}
    for name, row in told.items():
        command = name.removeprefix(_STATISTIC)
        if name.startswith(_STATISTIC) and command.partition("|")[0] not in HOUSEKEEPING:
            # failures are counted from 6.2 on; refused ones were never executed
            found[command] = int(row["calls"]) - int(row.get("failed_calls", 0))
    return {command: times for command, times in sorted(found.items()) if times}


def work(session: RedisSession, ask: Ask) -> Work:
    """Commands by clients. A replica also executes what its master was sent: there only reads are by clients."""
    told = session.info
    if not any(name.startswith(_STATISTIC) for name in told):
        raise Unobservable(Reason.NO_OBSERVABLE, "INFO shows the audit no commandstats")
    counts, own = calls(told), _SCANS[session.identity]
    if (scans := counts.pop("scan", 0) - own) > 0:
        counts["scan"] = scans
    unseen = [_published(session)]
    if told.get("role") == "slave":
        readers = _readers(session, counts)
        counts = {command: times for command, times in counts.items() if command in readers}
        unseen.append("what is no mere read of this replica")
    return Work(counts, _nonces(session, told), ", ".join(filter(None, unseen)), way="INFO commandstats")


def _published(session: RedisSession) -> str:
    """What is not counted: messages, where somebody waits for them. A Sentinel's channel is housekeeping."""
    try:
        heard, patterns = session.ask("PUBSUB", "CHANNELS"), session.ask("PUBSUB", "NUMPAT")
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return "what is published (who subscribes may not be seen)"
    if not isinstance(heard, list) or not isinstance(patterns, int):
        raise Unobservable(Reason.PROTOCOL_ERROR, "PUBSUB is answered with something else than was asked for")
    others = [name for name in heard if not str(name).startswith("__sentinel__")]
    return "what is published to subscribers" if others or patterns else ""


def _readers(session: RedisSession, counts: Mapping[str, int]) -> set[str]:
    """Those of these commands that never change anything, so that no master passes them on."""
    if not counts:
        return set()
    known = session.ask("COMMAND", "INFO", *counts)
    return {name for name in counts if name in known and "readonly" in known[name]["flags"]}


def _nonces(session: RedisSession, told: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Nonces in keys; None where these are too many or hide themselves, or hold none: reading a value would count."""
    rows = {name: int(row["keys"]) for name, row in told.items() if DATABASE.fullmatch(name)}
    if sum(rows.values()) > _MOST_KEYS:
        return None
    try:
        found = nonces_in(key for name in rows for key in _keys(session, name.removeprefix("db")))
        session.ask("SELECT", "0")
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None
    return found or None


def _keys(session: RedisSession, database: str) -> Iterator[str]:
    """Keys of one database that may hold a nonce, in a bounded number of steps."""
    session.ask("SELECT", database)
    cursor = 0
    for _ in range(2 * _MOST_KEYS // _A_STEP):
        _SCANS[session.identity] += 1
        cursor, keys = session.ask("SCAN", str(cursor), "MATCH", "*distaudit-*", "COUNT", str(_A_STEP))
        yield from keys
        if not int(cursor):
            return
