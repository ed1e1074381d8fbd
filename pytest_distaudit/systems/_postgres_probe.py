"""The audit's own rows: written on the primary, looked for on the standby, and removed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.capabilities import ReplicationProbe
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems._postgres_session import READ_WRITE, PostgresSession, Row, connect, execute, hang_up

if TYPE_CHECKING:
    import psycopg

_ROWS = 20
_BETWEEN_ROWS_S = 0.05
_POLL_S = 0.02
_PATIENCE_S = 10.0


@dataclass(slots=True)
class _Server:
    """A writing session with one server."""

    url: str
    seconds: float
    connection: psycopg.Connection[Row]

    def run(self, sql: str, *args: object) -> list[Row]:
        return list(execute(self.connection, sql, self.seconds, self.url, *args))

    def state(self, sql: str) -> str | None:
        """The SQLSTATE with which the server turned ``sql`` away; None if it did as told."""
        import psycopg

        try:
            self.connection.execute(sql)
        except psycopg.Error as error:
            return error.sqlstate or "?"
        return None


@dataclass(slots=True)
class _Race:
    """Rows under way: nonce -> when its commit was acknowledged."""

    pending: dict[str, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    written: int = 0

    def saw(self, nonces: list[str], at: float) -> None:
        for nonce in nonces:
            if nonce in self.pending:
                self.lags.append(max(0.0, at - self.pending.pop(nonce)))


def replication_probe(sessions: Mapping[str, PostgresSession], limits: Limits) -> ReplicationProbe:
    """Write nonces to role ``primary``, wait for them on role ``standby``, try to write there.

    Changes the servers: own tables ``distaudit_*`` only, always dropped again; ``cleaned`` says
    whether that worked. The caller has seen to it that both allow writing.
    """
    primary, standby = sessions["primary"], sessions["standby"]
    primary.row("select 1")
    standby.row("select 1")
    same = bool(primary.identity) and primary.identity == standby.identity
    table = f"distaudit_{secrets.token_hex(8)}"
    with _server(primary, limits) as source, _server(standby, limits) as replica:
        source.run(f"create table {table} (nonce text primary key)")
        try:
            race = _race(source, replica, table)
            refuses, cleaned = _refuses(replica)
        finally:
            dropped = _dropped(source, table)
        return ReplicationProbe(
            written=race.written,
            arrived=len(race.lags),
            lags_s=tuple(round(lag, 4) for lag in race.lags),
            standby_refuses=refuses,
            cleaned=dropped and cleaned,
            detail="both names lead to the same server" if same else "" if dropped else f"table {table} was left",
        )


@contextmanager
def _server(session: PostgresSession, limits: Limits) -> Iterator[_Server]:
    url = session.located.endpoints["url"]
    connection = connect(url, limits, f"{READ_WRITE} -c statement_timeout={int(limits.ask_s * 1000)}")
    try:
        yield _Server(url, limits.ask_s, connection)
    finally:
        hang_up(connection)


def _race(source: _Server, replica: _Server, table: str) -> _Race:
    """Lags of the rows that arrived. Both ends are timed by this host's monotonic clock."""
    race = _Race()
    started = time.monotonic()
    deadline = started + _ROWS * _BETWEEN_ROWS_S + _PATIENCE_S
    while time.monotonic() < deadline and (race.written < _ROWS or race.pending):
        if race.written < _ROWS and time.monotonic() >= started + race.written * _BETWEEN_ROWS_S:
            nonce = secrets.token_hex(16)
            source.run(f"insert into {table} values (%s)", nonce)  # noqa: S608 - the name is ours
            race.pending[nonce] = time.monotonic()
            race.written += 1
        race.saw(_arrived(replica, table), time.monotonic())
        time.sleep(_POLL_S)
    return race


def _arrived(replica: _Server, table: str) -> list[str]:
    """What the replica shows; the table itself travels like any row."""
    if not replica.run("select 1 from pg_class where relname = %s", table):
        return []
    return [row["nonce"] for row in replica.run(f"select nonce from {table}")]  # noqa: S608 - the name is ours


def _refuses(replica: _Server) -> tuple[bool | None, bool]:
    """(Whether the replica turns a write away for being read-only, whether nothing was left)."""
    table = f"distaudit_x_{secrets.token_hex(4)}"
    state = replica.state(f"create table {table} (n int)")
    if state is None:
        return False, _dropped(replica, table)
    # any other refusal (no right to create tables) says nothing about the server's part
    return (True if state == "25006" else None), True


def _dropped(server: _Server, table: str) -> bool:
    """Drop, in a new session if this one died."""
    sql = f"drop table if exists {table}"
    try:
        server.run(sql)
    except Unobservable:
        try:
            connection = connect(server.url, Limits(ask_s=server.seconds), READ_WRITE)
            execute(connection, sql, server.seconds, server.url)
        except Unobservable:
            return False
        hang_up(connection)
    return True
