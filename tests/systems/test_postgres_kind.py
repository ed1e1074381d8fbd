from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, suppress

import psycopg
import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems._postgres_session import Denied, TurnedAway, _told
from pytest_distaudit.systems.postgres import KIND

from .bad_days import (
    SECRET,
    closes,
    dribbles_login,
    free_port,
    garbage,
    greets_like_ssh,
    located,
    look,
    never_answers,
    refusal,
    resets,
    speaks_http,
    speaks_postgres,
    wait_until,
)


def url(port: int, host: str = "127.0.0.1") -> str:
    return f"postgresql://audit:{SECRET}@{host}:{port}/app"


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (speaks_postgres, Reason.TIMED_OUT),
        (dribbles_login, Reason.TIMED_OUT),
        (garbage, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.WRONG_PRODUCT),
        (speaks_http, Reason.WRONG_PRODUCT),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
    ],
)
def test_every_bad_day_is_one_reason_in_time(serve, limits, bad_day, reason):
    started = time.monotonic()
    assert refusal(KIND, "presence", limits, url=url(serve(bad_day))).reason is reason
    # libpq waits two seconds for a login at the least
    assert time.monotonic() - started < 10


def test_a_closed_port_is_a_refusal_for_every_ask(limits):
    port = free_port()
    for name in ("presence", "health", "database", "replication", "process", "listener", "tenancy"):
        assert isinstance(refusal(KIND, name, limits, url=url(port)), Refusal), name


def test_an_unknown_host_is_not_reachable(limits):
    for name in ("presence", "database"):
        told = refusal(KIND, name, limits, url=url(1, "nowhere.invalid"))
        assert told.reason is Reason.NOT_REACHABLE
        assert not isinstance(told, Refusal)


@pytest.mark.parametrize("odd", [f"p@{SECRET}", f"%zz{SECRET}", f"a:{SECRET}", f"{SECRET}?"])
def test_a_password_that_breaks_urls_is_never_repeated(limits, odd):
    address = f"postgresql://audit:{odd.replace('?', '%3F')}@127.0.0.1:{free_port()}/app?nonsense=1"
    assert refusal(KIND, "database", limits, url=address).reason in (Reason.NOT_REACHABLE, Reason.PROTOCOL_ERROR)


def test_a_listener_says_which_protocol_it_speaks(serve, limits):
    seen = look(KIND, "listener", limits, url=url(serve(speaks_http)))
    assert (seen.open, seen.protocol, seen.expected) == (True, "http", "postgresql")
    assert look(KIND, "listener", limits, url=url(serve(never_answers))).protocol == "silent"
    assert look(KIND, "listener", limits, url=url(serve(closes))).protocol == "closed"


def test_a_refused_port_is_closed_only_with_a_second_witness(serve, limits):
    own, gone = serve(speaks_postgres), free_port()
    seen = look(KIND, Ask.of("listener", port=gone), limits, url=url(own))
    assert not seen.open
    assert str(own) in seen.witness
    assert isinstance(refusal(KIND, "listener", limits, url=url(gone)), Refusal)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ('FATAL:  password authentication failed for user "x"', Denied),
        ("FATAL:  the database system is starting up", TurnedAway),
        ("connection to server failed: Connection refused", Refusal),
    ],
)
def test_of_several_addresses_the_one_that_answered_counts(words, meant):
    import psycopg

    refused = f"connection failed: Connection refused, {SECRET}"
    for last, other in ((words, refused), (refused, words)):
        text = f"{last}\nMultiple connection attempts failed. All failures were:\n- 1: {other}\n- 2: {last}"
        told = _told(psycopg.OperationalError(text), "login", url(1), late=False)
        assert type(told) is meant
        assert SECRET not in told.detail


# --- real servers


@pytest.mark.live
class TestReal:
    def ask(self, ask, where, user="postgres", limits=None):
        return look(KIND, ask, limits or Limits(), url=where.format(user))

    def test_presence_and_health(self, postgres):
        seen = self.ask("presence", postgres.primary)
        assert seen.up
        assert seen.version.startswith("15.")
        assert abs(seen.started_at - time.time()) < 600
        assert from_json(type(seen), to_json(seen)) == seen
        health = self.ask("health", postgres.standby, "plain")
        assert health.healthy
        assert health.detail == "standby"

    @pytest.mark.parametrize("login", [f"guarded:{SECRET}x", "guarded", f"nobody:{SECRET}"])
    def test_a_refused_login_is_running_and_the_rest_is_forbidden(self, postgres, limits, login):
        where = postgres.primary.format(login)
        seen = look(KIND, "presence", limits, url=where)
        assert (seen.up, seen.authenticated, seen.product) == (True, False, "PostgreSQL")
        for name in ("health", "database", "replication", "process", "work", "tenancy"):
            assert refusal(KIND, name, limits, url=where).reason is Reason.FORBIDDEN

    def test_rows_of_others_are_work_and_looking_is_none(self, postgres):
        before = self.ask("work", postgres.primary)
        assert self.ask("work", postgres.primary).counts == before.counts
        with psycopg.connect(postgres.primary.format("postgres"), autocommit=True) as connection:
            connection.execute("create table if not exists worked (name text)")
            connection.execute("insert into worked values ('one'), ('two')")
        inserted = before.counts.get("rows inserted", 0) + 2
        wait_until(lambda: self.ask("work", postgres.primary).counts.get("rows inserted", 0) >= inserted)
        with psycopg.connect(postgres.primary.format("postgres"), autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(1)")
            assert self.ask("work", postgres.primary).unseen
            connection.execute("drop table worked")

    def test_the_environment_lends_no_password(self, postgres, limits, monkeypatch):
        monkeypatch.setenv("PGPASSWORD", SECRET)
        monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
        where = postgres.primary.format("guarded")
        assert refusal(KIND, "database", limits, url=where).reason is Reason.FORBIDDEN

    def test_a_missing_database_is_unusable_on_a_running_server(self, postgres):
        where = postgres.primary.replace("/postgres", "/nowhere")
        assert self.ask("presence", where).up
        seen = self.ask("database", where)
        assert not seen.usable
        assert seen.refusal == 'database "nowhere" does not exist'

    def test_a_database_in_which_every_statement_is_cancelled(self, postgres):
        seen = self.ask("database", postgres.primary, "strangled")
        assert not seen.usable
        assert "statement timeout" in seen.refusal
        assert self.ask("database", postgres.primary, "plain").usable

    def test_a_primary_whose_role_cannot_write_is_not_healthy(self, postgres):
        seen = self.ask("health", postgres.primary, "stuck")
        assert [part.name for part in seen.parts if not part.healthy] == ["writes"]

    def test_a_crowded_server_turns_sessions_away(self, postgres):
        import psycopg

        where = postgres.primary.format("plain")
        with suppress(psycopg.OperationalError):
            crowd = []
            while True:
                crowd.append(psycopg.connect(where))
        try:
            seen = self.ask("database", postgres.primary, "plain")
            assert not seen.usable
            assert "slots" in seen.refusal or "too many" in seen.refusal
            presence = self.ask("presence", postgres.primary, "plain")
            assert presence.up
            assert presence.authenticated
        finally:
            for session in crowd:
                session.close()

    def test_replication_is_told_from_both_ends(self, postgres):
        primary, standby = (self.ask("replication", where) for where in (postgres.primary, postgres.standby))
        assert primary.cluster == standby.cluster
        assert primary.server != standby.server
        assert (primary.standby, standby.standby) == (False, True)
        assert [feed.state for feed in primary.feeds] == ["streaming"]
        assert standby.receiving
        assert standby.position <= primary.position + 1_000_000
        assert (primary.timeline, standby.timeline) == (1, 1)

    @pytest.mark.variant("postgres", "managed", "without pg_monitor: masked columns")
    def test_masked_columns_are_said_to_be_masked(self, postgres):
        seen = self.ask("replication", postgres.primary, "plain")
        assert not seen.may_see_feeds
        assert seen.feeds[0].state == ""
        assert seen.feeds[0].replayed is None

    def test_two_names_of_one_server_are_one_process(self, postgres):
        named = postgres.primary.replace("127.0.0.1", "localhost")
        first, second = (self.ask("process", where) for where in (postgres.primary, named))
        assert first.identity == second.identity
        assert first.identity != self.ask("process", postgres.standby).identity
        assert first.listens_on == (f"127.0.0.1:{postgres.port}",)

    def test_looking_cannot_write(self, postgres):
        session = KIND.connect(located(KIND, url=postgres.primary.format("postgres")), Limits())
        with closing(session), pytest.raises(Unobservable) as caught:
            session.rows("create table distaudit_no (n int)")
        assert "read-only" in caught.value.detail

    def test_a_server_that_freezes_after_the_login_times_out(self, postgres, serve, limits):
        frozen = threading.Event()
        port = serve(lambda connection: _relay(connection, postgres.port, frozen))
        session = KIND.connect(located(KIND, url=f"postgresql://postgres@127.0.0.1:{port}/postgres"), limits)
        with closing(session):
            session.row("select 1")
            frozen.set()
            started = time.monotonic()
            with pytest.raises(Unobservable) as caught:
                session.row("select 2")
            assert caught.value.reason is Reason.TIMED_OUT
            assert time.monotonic() - started < 8

    def probe(self, postgres, primary, standby):
        sessions = {
            "primary": KIND.connect(located(KIND, url=primary.format("postgres")), Limits()),
            "standby": KIND.connect(located(KIND, url=standby.format("postgres")), Limits()),
        }
        try:
            return KIND.probes["replication-probe"](sessions, Limits())
        finally:
            for session in sessions.values():
                session.close()

    def test_the_probe_follows_its_rows_and_takes_them_away(self, postgres):
        seen = self.probe(postgres, postgres.primary, postgres.standby)
        assert (seen.written, seen.arrived, len(seen.lags_s)) == (20, 20, 20)
        assert seen.standby_refuses is True
        assert seen.cleaned
        session = KIND.connect(located(KIND, url=postgres.primary.format("postgres")), Limits())
        with closing(session):
            assert not session.rows("select 1 from pg_class where relname like 'distaudit%'")

    def test_the_probe_sees_a_standby_that_takes_writes(self, postgres):
        seen = self.probe(postgres, postgres.primary, postgres.primary)
        assert seen.standby_refuses is False
        assert "same server" in seen.detail
        assert seen.cleaned


def _relay(client: socket.socket, port: int, frozen: threading.Event) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server, suppress(OSError):
        back = threading.Thread(target=_pump, args=(server, client, frozen), daemon=True)
        back.start()
        _pump(client, server, frozen)
        server.shutdown(socket.SHUT_RDWR)
        back.join(5)


def _pump(source: socket.socket, sink: socket.socket, frozen: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if not frozen.is_set():
                sink.sendall(data)
