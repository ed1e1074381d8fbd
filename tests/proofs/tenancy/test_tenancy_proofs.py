"""Two-sided proofs of ``data.per-service`` and ``architecture.bounded-contexts`` on one PostgreSQL server.

Each way of keeping data has databases and logins of its own there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.systems import _postgres_tenancy
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["postgres"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
SERVER = """
[targets.server.systems.postgres]
kind = "postgres"
native = {}
"""
SYSTEM = """
[targets.miniature.systems."{name}"]
kind = "postgres"
url = "{url}"
"""
SERVICES = """
[targets.miniature.systems.services]
kind = "http"
native.argv = ["{{python}}", "{here}/services.py"]
native.env.PORT = "{{port}}"
native.env.WRITES = '''{writes}'''
"""
ACTIVITY = """
[targets.miniature.activities.{way}]
request = "GET http://services/{way}/{{nonce}}"
"""


PER_SERVICE, CONTEXTS = "data.per-service", "architecture.bounded-contexts"
APART = "2 contexts, 2 tables, none shared and none linked"


@dataclass(frozen=True)
class Way:
    """``verdict`` is what must come of it: the actual words of a refutation or a verification, or a reason.

    ``one``: both services are in one database. ``more`` is run by a superuser in the users' database.
    ``writers``: whose login writes the orders' and the users' tables; "" for nobody.
    """

    verdict: str | Reason
    one: bool = True
    more: str = ""
    writers: tuple[str, str] = ("{way}_orders", "{way}_users")
    stays: bool = True
    logins: str | None = "orders={way}_orders, users={way}_users"
    auditor: str = ""
    #: logins that keep their data in another database really, together
    shared: str = ""
    second_name: str = ""
    verified: bool = False
    #: what must come of the claim of bounded contexts; None: not asked
    contexts: str | Reason | None = None


WAYS = {
    "databases": Way(
        "2 services, each with a database of its own on one server", one=False, verified=True, contexts=APART
    ),
    "schemas": Way("2 services, each with a schema of its own on one server", verified=True, contexts=APART),
    "linked": Way(
        "2 services, each with a schema of its own on one server",
        more="alter table orders.kept add unique (name);"
        "alter table users.kept add bought text references orders.kept (name)",
        verified=True,
        contexts="users.kept of users refers to orders.kept of orders",
    ),
    "granted": Way(
        "users may read what orders keeps: orders.kept",
        more="grant usage on schema orders to {way}_users; grant select on orders.kept to {way}_users",
    ),
    "viewed": Way(
        "users may read what orders keeps: orders.kept",
        more="create view users.report as select * from orders.kept; grant select on users.report to {way}_users",
    ),
    "member": Way(
        "shared: orders.kept",
        more="alter role {way}_users noinherit; grant {way}_orders to {way}_users",
        contexts="written by orders and users: orders.kept",
    ),
    "almighty": Way(
        "users is a superuser where orders keeps its data", one=False, more="alter role {way}_users superuser"
    ),
    "same": Way(
        "one login for two services: orders and users are both same_orders",
        more="grant all on schema users to {way}_orders; grant all on users.kept to {way}_orders",
        writers=("{way}_orders", "{way}_orders"),
        logins="orders={way}_orders, users={way}_orders",
        contexts="orders and users write with one login: same_orders",
    ),
    "named": Way(
        "named-orders and named-users are one database",
        logins="orders={way}_orders@named-orders, users={way}_users@named-users",
        second_name="localhost",
    ),
    "unmoved": Way("users writes nothing when the activity is performed", one=False, writers=("{way}_orders", "")),
    "pooled": Way(
        "one login for orders, users: pooled_app writes the tables",
        more="create role {way}_app login password 'open'; grant all on schema orders, users to {way}_app;"
        "grant all on orders.kept, users.kept to {way}_app",
        writers=("{way}_app", "{way}_app"),
        contexts=Reason.NO_OBSERVABLE,
    ),
    "unsaid": Way(Reason.NO_OBSERVABLE, one=False, logins=None, contexts=Reason.AMBIGUOUS_CLAIM),
    "common": Way(Reason.NO_OBSERVABLE, shared="common_orders, common_users"),
    "hasty": Way(Reason.NO_OBSERVABLE, one=False, stays=False),
    "masked": Way(
        Reason.FORBIDDEN,
        more="create role {way}_auditor login password 'open';"
        "grant execute on function pg_control_system() to {way}_auditor",
        auditor="{way}_auditor",
    ),
}

Judged = Callable[[str], ClaimResult]


def prepared(url: str, name: str, way: Way) -> tuple[str, str, list[tuple[str, str, bool]]]:
    """Make the way's databases and logins; tells the targets' systems, the activity, and what the services write."""
    databases = [f"{name}_orders_db"] if way.one else [f"{name}_orders_db", f"{name}_users_db"]
    with psycopg.connect(url, autocommit=True) as session:
        for login in ("orders", "users"):
            session.execute(f"create role {name}_{login} login password 'open'")
        for database in databases:
            session.execute(f"create database {database}")
    homes = {"orders": databases[0], "users": databases[-1]}
    for service, database in homes.items():
        with psycopg.connect(at(url, database), autocommit=True) as session:
            session.execute(f"create schema {service} authorization {name}_{service}")
            session.execute(f"create table {service}.kept (name text)")
            session.execute(f"alter table {service}.kept owner to {name}_{service}")
    with psycopg.connect(at(url, homes["users"]), autocommit=True) as session:
        for statement in way.more.format(way=name).split(";"):
            session.execute(statement or "select 1")
    names = (
        {"orders": databases[0], "users": databases[-1]} if not way.one or way.second_name else {"all": databases[0]}
    )
    auditor = way.auditor.format(way=name)
    systems = "".join(
        SYSTEM.format(name=f"{name}-{part}", url=at(url, database, auditor, way.second_name if part == "users" else ""))
        for part, database in names.items()
    )
    writes = [
        (at(url, homes[service], login.format(way=name)), f"{service}.kept", way.stays)
        for service, login in zip(homes, way.writers, strict=True)
        if login
    ]
    if way.shared:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(f"create database {name}_real")
        with psycopg.connect(at(url, f"{name}_real"), autocommit=True) as session:
            session.execute("create table public.kept (name text)")
            session.execute(f"grant all on public.kept to {way.shared}")
        writes += [(at(url, f"{name}_real", login), "public.kept", True) for login in way.shared.split(", ")]
    return systems, ACTIVITY.format(way=name), writes


def at(url: str, database: str, login: str = "", host: str = "") -> str:
    parts = urlsplit(url)
    user = f"{login}:open" if login else parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(path=f"/{database}", netloc=f"{user}@{host or parts.hostname}:{parts.port}"))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    with Room(tmp_path_factory.mktemp("server"), SERVER) as server:
        url = server.located["postgres"].endpoints["url"]
        parts = {name: prepared(url, name, way) for name, way in WAYS.items()}
        writes = {name: part[2] for name, part in parts.items()}
        target = "".join(part[0] + part[1] for part in parts.values())
        target += SERVICES.format(here=HERE, writes=json.dumps(writes))
        with (
            pytest.MonkeyPatch.context() as patch,
            Room(tmp_path_factory.mktemp("miniature"), target) as room,
            ThreadPoolExecutor(2 * len(WAYS)) as pool,
        ):
            # the first row that a session writes after a rest is counted at once: no need to wait for the others
            patch.setattr(_postgres_tenancy, "_REPORTS_AFTER_S", 2.0)
            results = {}
            for name, way in WAYS.items():
                stores, who = {"stores": f"{name}-*"}, way.logins.format(way=name) if way.logins else None
                results[name] = pool.submit(room.judge, PER_SERVICE, roles=stores, activity=name, logins=who)
                if way.contexts:
                    results[f"{name} contexts"] = pool.submit(room.judge, CONTEXTS, roles=stores, contexts=who)
            yield lambda way: results[way].result()


def told(result: ClaimResult) -> tuple[Verdict, str | Reason]:
    return result.verdict, result.reason or result.actual


def expected(what: str | Reason, verified: bool) -> tuple[Verdict, str | Reason]:
    if isinstance(what, Reason):
        return Verdict.UNVERIFIABLE, what
    return Verdict.VERIFIED if verified else Verdict.REFUTED, what


@pytest.mark.parametrize("name", WAYS)
def test_per_service(judged: Judged, name: str) -> None:
    result, way = judged(name), WAYS[name]
    assert told(result) == expected(way.verdict, way.verified), result.because


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.contexts])
def test_bounded_contexts(judged: Judged, name: str) -> None:
    result, contexts = judged(f"{name} contexts"), WAYS[name].contexts
    assert contexts
    assert told(result) == expected(contexts, contexts == APART), result.because
