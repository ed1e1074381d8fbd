"""The judge of databases of one's own, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.tenancy import KeptTable, LoggedIn, LoggedInElsewhere, Login, Tenancy

from .evidence import CHECKS, ask_of, claim, evidence, fact, failure, judged

LOGINS = "orders=o, users=u"
MAPPED = claim("data.per-service", activity="buy", logins=LOGINS)
GOOD = Performed("n", 110.0, 0.1, ok=True, status=200)
REFUTED, VERIFIED, UNVERIFIABLE = Verdict.REFUTED, Verdict.VERIFIED, Verdict.UNVERIFIABLE


def table(schema, who, readers=None, written=0, **more):
    writers = tuple(who)
    return KeptTable(schema, "kept", writers if readers is None else tuple(readers), writers, written, **more)


def base(*tables, database="shop", server="s1", logins="ou", almighty="", **more):
    known = tuple(Login(name, name in almighty) for name in logins)
    return Tenancy(server, database, known, tables, **more)


ORDERS, USERS = base(table("orders", "o"), database="orders"), base(table("users", "u"), database="users")
SHOP = base(table("orders", "o"), table("users", "u"))


def later(seen, *, by=None, wrote=3, **more):
    """The same database after the activity: every table written by its first writer, or by ``by``."""
    tables = tuple(replace(one, written=None if one.written is None else one.written + wrote) for one in seen.tables)
    who = {one.writers[0] for one in seen.tables if one.writers} if by is None else by
    sessions = tuple(LoggedIn(name, worked_at=1000.5) for name in sorted(who))
    return replace(seen, tables=tables, sessions=sessions, **more)


def look(system, at, seen):
    return fact(system, seen, at=at, logins="o,u")


def told(*stores, of=MAPPED, run=(GOOD,) * 3, also=(), ends=None, before=None):
    """Stores, each two looks before the activity and two after it."""
    names = [f"db{number}" for number in range(1, len(stores) + 1)]
    seen = []
    for place, (name, start) in enumerate(zip(names, stores, strict=True)):
        end = ends[place] if ends else later(start)
        seen += [look(name, 100, before or start), look(name, 109, start), look(name, 111.5, end), look(name, 121, end)]
    performed = fact("", ActivityRun("buy", 100.0, 110.0, 111.0, 121.0, run), activity="buy")
    roles = {"stores": (*names, *(one.system for one in also))}
    answer = judged(of, evidence(roles, *sorted((*seen, *also), key=lambda one: one.at), performed))
    return answer.verdict, answer.reason or answer.actual


def mapped(logins):
    return claim("data.per-service", activity="buy", logins=logins)


def test_each_with_a_database_of_its_own():
    assert told(ORDERS, USERS) == (VERIFIED, "2 services, each with a database of its own on one server")
    apart = replace(USERS, server="s2")
    assert told(ORDERS, apart) == (VERIFIED, "2 services, each with a database of its own on 2 servers")


def test_each_with_a_schema_of_its_own():
    assert told(SHOP) == (VERIFIED, "2 services, each with a schema of its own on one server")


def test_a_superuser_alone_on_his_server_shares_nothing():
    orders, users = (base(table(name, "p"), server=name, logins="p", almighty="p") for name in ("orders", "users"))
    assert told(orders, users, of=mapped("orders=p@db1, users=p@db2"))[0] is VERIFIED
    assert told(orders, users, of=mapped("orders=p, users=p")) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


@pytest.mark.parametrize(
    ("store", "actual"),
    [
        (base(table("orders", "o", "ou"), table("users", "u")), "users may read what orders keeps: orders.kept"),
        (base(table("orders", "ou"), table("users", "u")), "shared: orders.kept"),
        (base(table("orders", "ou"), table("users", "ou"), almighty="u"), "users is a superuser where orders keeps"),
        (base(table("orders", "ou"), table("users", "ou"), almighty="o"), "orders is a superuser where users keeps"),
        (base(table("orders", "o"), logins="o"), "users has no login: u is no role"),
        (base(table("orders", "o")), "users keeps nothing"),
    ],
)
def test_rights_that_refute(store, actual):
    verdict, why = told(store, run=(replace(GOOD, ok=False),))
    assert verdict is REFUTED
    assert why.startswith(actual)


def test_one_login_for_two_services():
    store = base(table("orders", "o"), table("users", "o"))
    assert told(store, of=mapped("orders=o, users=o+u")) == (
        REFUTED,
        "one login for two services: orders and users are both o",
    )
    assert told(store, of=mapped("orders=x, users=x"))[1].startswith("orders has no login")


def test_two_names_of_one_database():
    sited = mapped("orders=o@db1, users=u@db2")
    assert told(SHOP, SHOP, of=sited) == (REFUTED, "db1 and db2 are one database")
    assert told(SHOP, SHOP)[1] == "2 services, each with a schema of its own on one server"
    assert told(ORDERS, of=mapped("orders=o@db1, users=u@elsewhere")) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


def test_a_store_at_rest_is_not_used():
    at_rest = [later(ORDERS), USERS]
    assert told(ORDERS, USERS, ends=at_rest) == (REFUTED, "users writes nothing when the activity is performed")
    not_counted = [later(ORDERS), replace(USERS, reports_in_s=4)]
    assert told(ORDERS, USERS, ends=not_counted) == (UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_who_writes_must_be_who_is_said_to():
    both = [later(SHOP, by=("app",))]
    shop = base(table("orders", ("o", "app")), table("users", ("u", "app")), logins=("o", "u", "app"))
    assert told(shop, ends=[later(shop, by=("app",))]) == (
        REFUTED,
        "one login for orders, users: app writes the tables",
    )
    assert told(shop, ends=[later(shop, by=("o", "u", "app"))]) == (UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert told(shop, ends=[later(shop, by=("o", "app"))])[0] is UNVERIFIABLE
    assert told(SHOP, ends=both) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(SHOP, ends=[later(SHOP, by=())]) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    # one who may write nothing there
    assert told(SHOP, ends=[later(SHOP, by=("o", "u", "reader"))])[0] is VERIFIED


def test_a_login_that_worked_before_and_not_since_did_not_write():
    start = replace(SHOP, sessions=(LoggedIn("o", worked_at=1000.5), LoggedIn("u", worked_at=900.0)))
    assert told(start, ends=[later(SHOP)]) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    at_it = later(SHOP)
    at_it = replace(at_it, sessions=tuple(replace(one, busy=True) for one in at_it.sessions))
    assert told(start, ends=[at_it])[0] is VERIFIED


def test_hidden_sessions_and_rows_that_nobody_counts():
    masked = replace(later(SHOP), sessions=(LoggedIn("o"), LoggedIn("u")))
    assert told(SHOP, ends=[masked]) == (UNVERIFIABLE, Reason.FORBIDDEN)
    uncounted = base(table("orders", "o", written=None), table("users", "u", written=None))
    assert told(uncounted) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_a_database_that_was_busy_before():
    assert told(SHOP, before=later(SHOP, wrote=-1)) == (UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_performances_that_fail():
    assert told(SHOP, run=(GOOD, replace(GOOD, ok=False))) == (UNVERIFIABLE, Reason.BASELINE)


def test_tables_in_one_schema_and_tables_kept_elsewhere():
    mixed = base(KeptTable("public", "a", ("o",), ("o",), 0), KeptTable("public", "b", ("u",), ("u",), 0))
    assert told(mixed) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    foreign = base(*SHOP.tables, table("far", "", "u", elsewhere=True))
    assert told(foreign) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(base(*SHOP.tables, table("far", "", "", elsewhere=True)))[0] is VERIFIED


def test_two_in_a_database_that_the_claim_leaves_out():
    both = tuple(LoggedInElsewhere(login, "common") for login in "ou")
    assert told(replace(SHOP, elsewhere=both)) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(replace(SHOP, elsewhere=both[:1]))[0] is VERIFIED
    known = tuple(replace(one, database="users") for one in both)
    assert told(replace(ORDERS, elsewhere=known), USERS)[0] is VERIFIED


@pytest.mark.parametrize("logins", ["orders", "orders=o", "orders=o, orders=u", "orders=o+, users=u", "", "a=b=c, d=e"])
def test_a_mapping_that_cannot_be_read(logins):
    assert told(SHOP, of=mapped(logins)) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


def test_without_a_mapping_nobody_can_tell():
    silent = claim("data.per-service", activity="buy")
    assert told(SHOP, of=silent) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert dict(ask_of(silent).args) == {"logins": ""}
    assert dict(ask_of(MAPPED).args) == {"logins": "o,u"}


def test_every_service_of_the_claim_needs_a_login():
    of = replace(MAPPED, roles={"services": "*", "stores": "db*"})
    looks = [look("db1", 100, SHOP)]
    answer = judged(of, evidence({"stores": ("db1",), "services": ("orders", "users", "mail")}, *looks))
    assert (answer.reason, answer.actual) == (Reason.AMBIGUOUS_CLAIM, "no login is given for mail")


def test_a_store_that_cannot_be_seen_leaves_it_open_unless_another_refutes():
    gone = failure("db9", Tenancy, Reason.NOT_REACHABLE, at=121, logins="o,u")
    assert told(SHOP, also=[gone]) == (UNVERIFIABLE, Reason.NOT_REACHABLE)
    assert told(base(table("orders", "ou")), also=[gone])[0] is REFUTED
    assert told(of=MAPPED, also=[gone]) == (UNVERIFIABLE, Reason.NOT_REACHABLE)


def test_servers_that_do_not_tell_their_identity_may_be_one():
    assert told(replace(ORDERS, server=""), replace(USERS, server="")) == (UNVERIFIABLE, Reason.FORBIDDEN)
    assert told(replace(SHOP, server=""))[0] is VERIFIED


def test_verified_says_what_it_leaves_open():
    assert "too short to be seen" in CHECKS["data.per-service"].shows_not
