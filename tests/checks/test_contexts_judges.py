"""The judge of bounded contexts, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.tenancy import KeptTable, LoggedIn, Login, TableLink, Tenancy

from .evidence import CHECKS, ask_of, claim, evidence, fact, failure, judged

REFUTED, VERIFIED, UNVERIFIABLE = Verdict.REFUTED, Verdict.VERIFIED, Verdict.UNVERIFIABLE
NAME = "architecture.bounded-contexts"
MAPPED = claim(NAME, contexts="orders=o+w, users=u")
UNMAPPED = claim(NAME)


def table(name, writers, readers=""):
    schema, _, own = name.partition(".")
    return KeptTable(schema, own, tuple(readers or writers), tuple(writers), 0)


def base(*tables, links=(), server="s1", database="shop", sessions="owu", logins="owu"):
    return Tenancy(
        server,
        database,
        tuple(Login(name) for name in logins),
        tables,
        tuple(TableLink(*link) for link in links),
        tuple(LoggedIn(name) for name in sessions),
    )


ORDERS, USERS = table("orders.kept", "ow"), table("users.kept", "u")
SHOP = base(ORDERS, USERS)


def told(*stores, of=MAPPED, also=()):
    names = [f"db{number}" for number in range(1, len(stores) + 1)]
    looks = [fact(name, store, logins="o,u,w") for name, store in zip(names, stores, strict=True)]
    answer = judged(of, evidence({"stores": (*names, *(one.system for one in also))}, *looks, *also))
    return answer.verdict, answer.reason or answer.actual


def test_contexts_that_keep_apart():
    assert told(SHOP) == (VERIFIED, "2 contexts, 2 tables, none shared and none linked")
    apart = [base(ORDERS, database="orders", sessions="o"), base(USERS, database="users", sessions="u")]
    assert told(*apart)[0] is VERIFIED
    assert dict(ask_of(MAPPED).args) == {"logins": "o,u,w"}
    # reading is no writing, and shows_not says so
    assert told(base(table("orders.kept", "ow", "owu"), USERS))[0] is VERIFIED
    assert "reads what another keeps" in CHECKS[NAME].shows_not


@pytest.mark.parametrize(
    ("store", "actual"),
    [
        (base(table("orders.kept", "wu"), USERS), "written by orders and users: orders.kept"),
        (
            base(ORDERS, USERS, links=[("users.kept", "orders.kept")]),
            "users.kept of users refers to orders.kept of orders",
        ),
        (
            # a table that neither writes, in a schema that is one's
            base(ORDERS, USERS, table("orders.years", ""), links=[("users.kept", "orders.years")]),
            "users.kept of users refers to orders.years of orders",
        ),
        (base(ORDERS, USERS, logins="ou"), "orders has no login: w is no role"),
    ],
)
def test_what_refutes(store, actual):
    assert told(store) == (REFUTED, actual)


def test_links_within_a_context_and_to_nobodys_tables():
    within = base(ORDERS, USERS, table("billing.kept", "o"), links=[("billing.kept", "orders.kept")])
    assert told(within)[0] is VERIFIED
    nobodys = base(ORDERS, USERS, table("geo.places", ""), links=[("orders.kept", "geo.places")])
    assert told(nobodys)[0] is VERIFIED
    mixed = base(
        table("public.a", "ow"), table("public.b", "u"), table("public.c", ""), links=[("public.a", "public.c")]
    )
    assert told(mixed)[0] is VERIFIED


def test_one_login_of_two_contexts():
    one = claim(NAME, contexts="orders=o, users=o+u")
    store = base(table("orders.kept", "o"), table("users.kept", "o"))
    assert told(store, of=one) == (REFUTED, "orders and users write with one login: o")
    assert told(store, replace(store, server="s2"), of=one) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    sited = claim(NAME, contexts="orders=o@db1, users=o@db2")
    assert told(base(ORDERS, sessions="o"), base(table("users.kept", "o"), server="s2", sessions="o"), of=sited) == (
        VERIFIED,
        "2 contexts, 2 tables, none shared and none linked",
    )
    assert told(base(ORDERS, logins="u"), of=claim(NAME, contexts="orders=x, users=x"))[1] == (
        "orders has no login: x is no role"
    )


def test_a_login_of_nobody_that_may_write():
    stranger = base(table("orders.kept", ("o", "w", "app")), USERS, sessions=("o", "u", "app"))
    assert told(stranger) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(base(ORDERS, USERS, sessions=("o", "u", "reader")))[0] is VERIFIED


def test_a_context_that_nobody_is_seen_to_live_in():
    assert told(base(ORDERS, USERS, sessions="o")) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(base(ORDERS)) == (UNVERIFIABLE, Reason.VACUOUS)


@pytest.mark.parametrize("links", [(), [("users.kept", "orders.kept")], [("users.kept", "users.more")]])
def test_without_a_map_nothing_is_decided(links):
    answer = judged(UNMAPPED, evidence({"stores": ("db",)}, fact("db", base(ORDERS, USERS, links=links), logins="")))
    assert (answer.verdict, answer.reason) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    crosses = any("orders" in link[1] for link in links)
    assert ("users.kept refers to orders.kept" in answer.because) == crosses


def test_a_database_that_cannot_be_seen():
    gone = failure("db9", Tenancy, Reason.FORBIDDEN, logins="o,u,w")
    assert told(SHOP, also=[gone]) == (UNVERIFIABLE, Reason.FORBIDDEN)
    assert told(SHOP, also=[gone], of=UNMAPPED) == (UNVERIFIABLE, Reason.FORBIDDEN)
    assert told(base(table("orders.kept", "ou")), also=[gone])[0] is REFUTED
    assert told(replace(SHOP, server=""), replace(SHOP, server=""))[1] is Reason.FORBIDDEN


@pytest.mark.parametrize("contexts", ["orders", "orders=o", "orders=o, users"])
def test_a_map_that_cannot_be_read(contexts):
    assert told(SHOP, of=claim(NAME, contexts=contexts)) == (UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
