"""What PostgreSQL says of logins, their rights, and who is logged in."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _postgres_tenancy
from pytest_distaudit.systems._postgres_tenancy import _becomes, _reports_in
from pytest_distaudit.systems.postgres import KIND

from .bad_days import closes, garbage, look, never_answers, refusal, speaks_http

ROLES = (
    "t_orders",
    "t_users",
    "t_almighty",
    "t_group",
    "t_heir",
    "t_boss",
    "t_viewer",
    "t_asks",
    "t_stranger",
    "t_out",
)
ASK = Ask.of("tenancy", logins=",".join((*ROLES, "t_nobody")))
SET_UP = """
create role t_orders login; create role t_users login; create role t_almighty login superuser; create role t_group;
create role t_heir login noinherit; grant t_orders to t_heir; create role t_boss login noinherit;
grant t_almighty to t_boss; create role t_viewer login; create role t_asks login; create role t_stranger login;
create role t_out login;
create schema orders authorization t_orders; create schema users authorization t_users;
create table orders.kept (name text primary key, price int); alter table orders.kept owner to t_orders;
create table users.kept (name text references orders.kept); alter table users.kept owner to t_users;
create table users.distaudit_own (name text); create table orders.parted (n int) partition by range (n);
create view users.report as select name from orders.kept; create view users.deeper as select * from users.report;
create view users.theirs with (security_invoker = true) as select name from orders.kept;
grant usage on schema users to t_viewer, t_asks; grant select on users.deeper to t_viewer;
grant select on users.theirs to t_asks;
grant select (price) on orders.kept to t_stranger; grant usage on schema orders to t_stranger;
grant all on orders.kept to t_out;
"""


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (garbage, Reason.PROTOCOL_ERROR),
        (speaks_http, Reason.TIMED_OUT),
        (closes, Reason.PROTOCOL_ERROR),
    ],
)
def test_a_bad_day_is_a_reason_and_no_answer(serve, limits, bad_day, reason):
    told = refusal(KIND, ASK, limits, url=f"postgresql://audit:x@127.0.0.1:{serve(bad_day)}/app")
    assert told.reason is reason


def test_until_when_sessions_report():
    assert _reports_in(150000, []) == 0
    assert _reports_in(150000, [0.2, 9.0]) == 11
    assert _reports_in(160000, [9.0, 30.0]) == 2
    assert _reports_in(150000, [10.6]) == 0
    # an older one does not when it rests
    assert _reports_in(140000, [30.0]) == 10
    assert _reports_in(140000, [61.0]) == 0


def test_who_becomes_a_role_is_told_apart_where_the_server_does():
    assert "member" in _becomes(150000, "m")
    assert "member" not in _becomes(160000, "m")


@pytest.fixture(scope="module")
def shop(postgres):
    """A database with tenants: its URL without user."""
    admin = postgres.primary.format("postgres")
    with psycopg.connect(admin, autocommit=True) as session:
        session.execute("create database tenants")
    where = postgres.primary.replace("/postgres", "/tenants")
    with psycopg.connect(where.format("postgres"), autocommit=True) as session:
        session.execute(SET_UP)
    yield where
    with psycopg.connect(admin, autocommit=True) as session:
        session.execute("drop database tenants with (force)")
        for role in ROLES:
            session.execute(f"drop role {role}")


@pytest.mark.live
class TestReal:
    def ask(self, where, user="postgres"):
        return look(KIND, ASK, Limits(), url=where.format(user))

    def test_rights_as_they_can_be_used(self, shop):
        seen = self.ask(shop)
        assert from_json(type(seen), to_json(seen)) == seen
        assert seen.server.isdigit()
        tables = {str(one): one for one in seen.tables}
        assert set(tables) == {"orders.kept", "orders.parted", "users.kept"}
        always = ("t_almighty", "t_boss")
        orders = tables["orders.kept"]
        # by inheriting, by becoming, by a view on a view, by a column; not by a view that lends no rights, and not
        # without the schema
        assert set(orders.readers) == {*always, "t_heir", "t_orders", "t_stranger", "t_viewer"}
        assert set(orders.writers) == {*always, "t_heir", "t_orders"}
        assert set(tables["users.kept"].writers) == {*always, "t_users"}
        assert {one.name for one in seen.logins if one.superuser} == set(always)
        assert {one.name for one in seen.logins} == set(ROLES)
        assert [(one.table, one.refers_to) for one in seen.links] == [("users.kept", "orders.kept")]

    def test_who_may_not_connect_reads_nothing(self, shop):
        with psycopg.connect(shop.format("postgres"), autocommit=True) as session:
            session.execute("revoke connect on database tenants from public")
            session.execute("grant connect on database tenants to t_orders")
            try:
                seen = self.ask(shop)
            finally:
                session.execute("grant connect on database tenants to public")
        orders = next(one for one in seen.tables if str(one) == "orders.kept")
        # those who would have to become another first do not get that far; postgres is this test's own session
        assert set(orders.readers) == {"t_almighty", "t_orders", "postgres"}

    def test_sessions_and_rows(self, shop):
        with closing(psycopg.connect(shop.format("t_orders"), autocommit=True, application_name="distaudit")) as own:
            own.execute("insert into orders.kept values ('bread', 1)")
            first = self.ask(shop)
            assert [one.login for one in first.sessions] == ["t_orders"]
            assert 0 < first.reports_in_s <= 11
            own.execute("select 1")
            assert self.ask(shop).sessions[0].worked_at > first.sessions[0].worked_at
        with closing(psycopg.connect(shop.format("t_users"), autocommit=True)):
            masked = self.ask(shop, "t_stranger")
            abroad = self.ask(shop.replace("/tenants", "/postgres"), "t_stranger")
        assert [(one.login, one.database) for one in abroad.elsewhere] == [("t_users", "tenants")]
        assert ("t_users", None) in [(one.login, one.worked_at) for one in masked.sessions]
        rows = {str(one): one.written for one in self.ask(shop).tables}
        assert rows["orders.kept"] == 1

    def test_work_does_not_overlook_hidden_sessions(self, shop):
        with closing(psycopg.connect(shop.format("t_users"), autocommit=True)):
            assert "pg_read_all_stats" in look(KIND, "work", Limits(), url=shop.format("t_stranger")).unseen

    def test_too_many_tables_are_not_cut_short(self, shop, monkeypatch):
        monkeypatch.setattr(_postgres_tenancy, "_MOST_TABLES", 2)
        assert refusal(KIND, ASK, Limits(), url=shop.format("postgres")).reason is Reason.TOO_LARGE
