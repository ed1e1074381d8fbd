"""PostgreSQL: presence, health, database, replication, and a probe of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import (
    Database,
    Health,
    HealthPart,
    Presence,
    ReplicaFeed,
    Replication,
    ServerProcess,
)
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._postgres_probe import replication_probe
from pytest_distaudit.systems._postgres_session import Denied, PostgresSession, TurnedAway, database_of
from pytest_distaudit.systems._postgres_tenancy import tenancy
from pytest_distaudit.systems._postgres_work import work

_PRODUCT = "PostgreSQL"
_CROWDED = 0.9
#: wal functions got their present names in 10
_OLDEST = 100000

_PRESENCE = """
select current_setting('server_version') as version,
       extract(epoch from pg_postmaster_start_time())::float8 as started
"""
# numbers of sessions are public, unlike pg_stat_activity's columns
_SESSIONS = """
select (select coalesce(sum(numbackends), 0) from pg_stat_database)::int as sessions,
       current_setting('max_connections')::int as places,
       (select coalesce(sum(checksum_failures), 0) from pg_stat_database)::int as damaged
"""
_SETTINGS = """
select pg_is_in_recovery() as standby,
       current_setting('default_transaction_read_only') = 'on' as read_only
"""
_TABLES = """
select current_database()::text as name, count(*)::int as tables
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and n.nspname not like 'pg_temp%' and c.relname not like 'distaudit%'
"""
#: longer than a strangling statement_timeout, shorter than any honest one
_ORDINARY_STATEMENT = "select 1 as one from pg_sleep(0.05)"

_VERSION = "select current_setting('server_version_num')::int as number"
# CASE guards the functions that only a primary, or only a standby, may call
_REPLICATION = """
select pg_is_in_recovery() as standby,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                            else pg_current_wal_lsn() end, '0/0')::bigint as position,
       case when pg_is_in_recovery()
            then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint end as received,
       case when pg_is_in_recovery()
            then coalesce((select received_tli from pg_stat_wal_receiver),
                          (select timeline_id from pg_control_checkpoint()))
            else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline,
       case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end as paused,
       extract(epoch from coalesce(current_setting('recovery_min_apply_delay', true), '0')::interval)::float8
         as apply_delay,
       coalesce((select coalesce(status = 'streaming', pid is not null) from pg_stat_wal_receiver), false)
         as receiving,
       (select count(distinct subid) from pg_stat_subscription where pid is not null)::int as subscribed,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may_see
"""
_FEEDS = """
select application_name as application, coalesce(state, '') as state, coalesce(host(client_addr), '') as address,
       client_port as port, pg_wal_lsn_diff(replay_lsn, '0/0')::bigint as replayed
from pg_stat_replication order by 1, 3, 4
"""


def presence(session: PostgresSession, ask: Ask) -> Presence:
    """The wire protocol's own handshake, then a login for version and start."""
    session.greet()
    try:
        row = session.row(_PRESENCE)
    except Denied:
        return Presence(up=True, product=_PRODUCT, authenticated=False)
    except TurnedAway:
        return Presence(up=True, product=_PRODUCT)
    return Presence(up=True, product=_PRODUCT, version=row["version"], started_at=row["started"])


def health(session: PostgresSession, ask: Ask) -> Health:
    """The server has no word on its health: what it must be able to do, one part each."""
    session.ways.append("SELECT 1, settings, pg_stat_database")
    try:
        numbers = session.row(_SESSIONS)
        with session.like_the_application() as query:
            settings = query(_SETTINGS)
    except TurnedAway as error:
        return Health(healthy=False, detail=error.words, parts=(HealthPart("queries", False, error.words),), way="SQL")
    sessions, places, damaged = numbers["sessions"], numbers["places"], numbers["damaged"]
    stuck = settings["read_only"] and not settings["standby"]
    parts = (
        HealthPart("queries", True),
        HealthPart("writes", not stuck, "default_transaction_read_only is on" if stuck else ""),
        HealthPart("sessions", sessions < _CROWDED * places, f"{sessions} of {places}"),
        HealthPart("checksums", not damaged, f"{damaged} failures" if damaged else ""),
    )
    role = "standby" if settings["standby"] else "primary"
    return Health(healthy=all(part.healthy for part in parts), detail=role, parts=parts, way="SQL")


def database(session: PostgresSession, ask: Ask) -> Database:
    """A session with the role's own settings, and a statement of ordinary length in it."""
    session.ways.append("an ordinary statement, pg_class")
    name = database_of(session.located.endpoints["url"])
    try:
        with session.like_the_application() as query:
            query(_ORDINARY_STATEMENT)
            row = query(_TABLES)
    except TurnedAway as error:
        return Database(usable=False, name=name, refusal=error.words)
    except Unobservable as error:
        # its own statement_timeout: the server is alive and lets no statement through
        if "canceling statement" not in error.detail:
            raise
        return Database(usable=False, name=name, refusal=error.detail.partition(": ")[2])
    return Database(usable=True, name=row["name"], tables=row["tables"])


def replication(session: PostgresSession, ask: Ask) -> Replication:
    """The server's own view, physical and logical. Masked columns are told by ``may_see_feeds``."""
    session.ways.append("pg_stat_replication, pg_stat_wal_receiver, pg_stat_subscription")
    number = session.row(_VERSION)["number"]
    if number < _OLDEST:
        raise Unobservable(Reason.UNSUPPORTED_VERSION, f"PostgreSQL {number // 10000} is older than 10")
    row = session.row(_REPLICATION)
    if not session.cluster:
        raise Unobservable(Reason.FORBIDDEN, "the audit's role may not call pg_control_system()")
    return Replication(
        cluster=session.cluster,
        server=session.identity,
        standby=row["standby"],
        position=row["position"],
        received=row["received"],
        timeline=row["timeline"],
        receiving=row["receiving"],
        replay_paused=row["paused"],
        apply_delay_s=row["apply_delay"],
        feeds=tuple(ReplicaFeed(**feed) for feed in session.rows(_FEEDS)),
        subscribed=row["subscribed"],
        may_see_feeds=row["may_see"],
    )


def process(session: PostgresSession, ask: Ask) -> ServerProcess:
    """Which server answers, by its own account: equal under any of its names."""
    session.row(_PRESENCE)
    own = _local.listening_process(*address(session.located.endpoints["url"]))
    how = "system identifier and start time" if session.cluster else "start time"
    return ServerProcess(
        identity=session.identity,
        how=how,
        pid=own.pid if own else None,
        listens_on=_local.listens_on([own]) if own else (),
    )


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "postgresql"}),
    "process": process,
    "database": database,
    "replication": replication,
    "work": work,
    "tenancy": tenancy,
}

KIND = Kind(
    name="postgres",
    endpoints={"url": ("postgresql", "postgres")},
    connect=PostgresSession,
    answers=_ANSWERS,
    probes={"replication-probe": replication_probe},
    statistics_lag_s=1.0,
    only_answers=True,
)
