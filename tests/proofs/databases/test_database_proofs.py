"""database.*, and what else is claimed of databases, on real PostgreSQL servers and what is passed off as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]

NATIVE = """
[targets.proof.systems.{name}]
kind = "postgres"
probes = "write"
[targets.proof.systems.{name}.native]
database = "shop"
settings = {{max_wal_senders = 30, wal_keep_size = "128MB"{settings}}}
{options}
"""

SERVERS = {
    "primary": "",
    "standby": 'replicate_from = "primary"',
    "paused": 'replicate_from = "primary"',
    "cut-off": 'replicate_from = "primary"',
    "delayed": 'replicate_from = "primary"',
    "let-go": 'replicate_from = "primary"',
    "follows-let-go": 'replicate_from = "primary"',
    "other": "",
}

SETTINGS = {
    "delayed": ', recovery_min_apply_delay = "3s"',
    "other": ", max_connections = 12, superuser_reserved_connections = 0",
}

ATTACHED = """
[targets.proof.systems.{name}]
kind = "postgres"
probes = "{probes}"
url = "{url}"
"""


class House:
    """The servers, seen with ``probes = "write"`` (``write``) and ``probes = "read"`` (``read``)."""

    def __init__(self, write: Room, read: Room) -> None:
        self.write, self.read = write, read

    def url(self, name: str) -> str:
        return self.write.located[name].endpoints["url"]

    def sql(self, name: str, *statements: str, database: str = "shop") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(name).rpartition("/")[0] + f"/{database}", autocommit=True) as session:
            for statement in statements:
                cursor = session.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def traffic(self, *names: str) -> Iterator[None]:
        """A row every 100 ms on each of these servers while the block runs."""
        over = threading.Event()

        def write(name: str) -> None:
            with psycopg.connect(self.url(name), autocommit=True) as session:
                while not over.wait(0.1):
                    session.execute("insert into orders (item) values ('bread')")

        with ThreadPoolExecutor(len(names)) as pool:
            writers = [pool.submit(write, name) for name in names]
            try:
                yield
            finally:
                over.set()
        for writer in writers:
            writer.result()

    @contextmanager
    def copier(self) -> Iterator[None]:
        """The facade's own replication: whatever appears on the primary is copied every 200 ms."""
        over = threading.Event()

        def copy() -> None:
            source = stack.enter_context(psycopg.connect(self.url("primary"), autocommit=True))
            sink = stack.enter_context(psycopg.connect(self.url("other"), autocommit=True))
            while not over.wait(0.2):
                for (table,) in source.execute("select relname from pg_stat_user_tables").fetchall():
                    with suppress(psycopg.errors.UndefinedTable):
                        rows = source.execute(f'select t::text from "{table}" t').fetchall()
                        sink.execute(f'create table if not exists "copy of {table}" (line text unique)')
                        for row in rows:
                            sink.execute(f'insert into "copy of {table}" values (%s) on conflict do nothing', row)

        with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
            copying = pool.submit(copy)
            try:
                yield
            finally:
                over.set()
        copying.result()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    text = "".join(
        NATIVE.format(name=name, options=options, settings=SETTINGS.get(name, "")) for name, options in SERVERS.items()
    )
    with ExitStack() as stack:
        write = stack.enter_context(Room(tmp_path_factory.mktemp("write"), text))
        urls = {name: located.endpoints["url"] for name, located in write.located.items()}
        primary = urls["primary"]
        password = urlsplit(primary).password or ""
        own = primary.partition("@")[2].rpartition("/")[0]
        urls |= {
            "primary-again": primary.replace("127.0.0.1", "localhost"),
            "without-rights": f"postgresql://clerk:clerk@{own}/shop",
            "strangled": f"postgresql://strangled:strangled@{own}/shop",
            "crowded-role": f"postgresql://crowded:crowded@{own}/shop",
            "crippled": f"postgresql://crippled:crippled@{own}/shop",
            "wrong-password": primary.replace(password, "wrong"),
            "no-such-database": f"{primary.rpartition('/')[0]}/nowhere",
            "closed-database": f"{primary.rpartition('/')[0]}/closed",
            "strangled-database": f"{primary.rpartition('/')[0]}/strangled",
            "frozen-database": f"{primary.rpartition('/')[0]}/frozen",
        }
        attached = "".join(ATTACHED.format(name=name, probes="read", url=url) for name, url in urls.items())
        read = stack.enter_context(Room(tmp_path_factory.mktemp("read"), attached))
        it = House(write, read)
        it.sql(
            "primary",
            "create table orders (id serial, item text)",
            *(f"create role {name} login password '{name}'" for name in ("clerk", "strangled", "crowded", "crippled")),
            "revoke execute on function pg_control_system() from public",
            "alter role strangled set statement_timeout = 1",
            "alter role crowded connection limit 0",
            "alter role crippled set session_preload_libraries = 'not_installed'",
            *(f"create database {name}" for name in ("closed", "strangled", "frozen")),
            "alter database closed allow_connections false",
            "alter database strangled set statement_timeout = 1",
            "alter database frozen set default_transaction_read_only = on",
        )
        it.sql("other", "create table orders (id serial, item text)")
        time.sleep(0.3)
        it.sql("paused", "select pg_wal_replay_pause()")
        behind = urlsplit(urls["let-go"])
        way = f"host=127.0.0.1 port={behind.port} user={behind.username} password={behind.password}"
        it.sql("follows-let-go", f"alter system set primary_conninfo = '{way}'", "select pg_reload_conf()")
        it.sql("cut-off", "alter system set primary_conninfo = 'host=127.0.0.1 port=1'", "select pg_reload_conf()")
        _until(lambda: it.sql("let-go", "select 1 from pg_stat_replication"))
        it.sql("let-go", "select pg_promote()")
        _until(lambda: it.sql("follows-let-go", "select 1 from pg_stat_wal_receiver where received_tli = 2"))
        yield it


def _until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def replicated(room: Room, standby: str, primary: str = "primary", **more: str) -> ClaimResult:
    return room.judge("database.replicated", roles={"primary": primary, "standby": standby}, **more)


def words(result: ClaimResult) -> tuple[str, str | None, str, str]:
    return result.verdict.value, result.reason and result.reason.value, result.actual, result.because


def test_a_streaming_standby_shows_what_was_written(house: House) -> None:
    result = replicated(house.write, "standby")
    assert result.verdict is Verdict.VERIFIED, words(result)
    assert result.actual.startswith("20 of 20 rows")
    left = house.sql("primary", "select relname from pg_class where relname like 'distaudit%'")
    assert left == []


def test_a_streaming_standby_follows_by_positions(house: House) -> None:
    with house.traffic("primary"):
        result = replicated(house.read, "standby")
    assert result.verdict is Verdict.VERIFIED, words(result)


LIES = {
    "a server of its own, loaded from a dump": ("other", "two independent servers"),
    "two names of one server": ("primary-again", "two names of one server"),
    "a copy that was let go": ("let-go", "the standby accepts writes"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_standby_at_all(house: House, lie: str) -> None:
    name, actual = LIES[lie]
    rooms = [house.read] if name == "primary-again" else [house.read, house.write]
    for room in rooms:
        result = replicated(room, name)
        assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), words(result)


def test_a_server_that_rows_are_copied_to_is_no_standby(house: House) -> None:
    with house.copier():
        result = replicated(house.write, "other")
    assert result.verdict is Verdict.REFUTED, words(result)


def test_the_roles_are_swapped(house: House) -> None:
    assert replicated(house.read, "primary", primary="standby").verdict is Verdict.REFUTED
    assert replicated(house.read, "paused", primary="standby").actual == "the primary is itself a standby"


def test_a_standby_that_shows_nothing_new(house: House) -> None:
    """By rows, all at once: each waits as long as the audit is patient."""
    lies = {
        "paused": "replay is paused",
        "cut-off": "0 of 20 rows arrived",
        "delayed": "the standby waits 3 s",
        "follows-let-go": "0 of 20 rows arrived",
    }
    with ThreadPoolExecutor(len(lies)) as pool:
        results = dict(zip(lies, pool.map(lambda name: replicated(house.write, name, within="1s"), lies), strict=True))
    for name, actual in lies.items():
        assert results[name].verdict is Verdict.REFUTED, words(results[name])
        assert results[name].actual.startswith(actual), words(results[name])


@pytest.mark.parametrize("busy", [(), ("primary",), ("primary", "let-go")])
def test_a_standby_that_shows_nothing_new_by_positions(house: House, busy: tuple[str, ...]) -> None:
    lies = {"paused": "replay is paused", "cut-off": "", "follows-let-go": "", "delayed": "the standby waits 3 s"}
    with ExitStack() as stack, ThreadPoolExecutor(len(lies)) as pool:
        if busy:
            stack.enter_context(house.traffic(*busy))
        results = dict(zip(lies, pool.map(lambda name: replicated(house.read, name, within="2s"), lies), strict=True))
    for name, actual in lies.items():
        assert results[name].verdict is Verdict.REFUTED, (name, words(results[name]))
        assert results[name].actual.startswith(actual), words(results[name])


def test_a_claimed_delay_is_kept_or_not(house: House) -> None:
    with house.traffic("primary"):
        assert replicated(house.read, "standby", lag="<= 5 s", within="3s").verdict is Verdict.VERIFIED
        result = replicated(house.read, "standby", lag=">= 5 s", within="2s")
        assert result.verdict is Verdict.REFUTED, words(result)


def test_an_idle_pair_cannot_be_told_by_positions(house: House) -> None:
    for _ in range(10):
        time.sleep(3)  # the server's own housekeeping comes to rest
        before = house.sql("primary", "select pg_current_wal_lsn()")
        result = replicated(house.read, "standby", within="1s")
        if house.sql("primary", "select pg_current_wal_lsn()") == before:
            break
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), words(result)


def test_replication_cannot_be_told_without_rights(house: House) -> None:
    result = replicated(house.read, "standby", primary="without-rights", within="1s")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN), words(result)


# --- database.reachable


@pytest.mark.parametrize("name", ["primary", "standby", "without-rights", "frozen-database"])
def test_a_session_works(house: House, name: str) -> None:
    result = house.read.judge("database.reachable", system=name)
    assert result.verdict is Verdict.VERIFIED, words(result)


@pytest.mark.parametrize(
    "lie",
    [
        "no-such-database",
        "closed-database",
        "strangled",
        "strangled-database",
        "crowded-role",
        "crippled",
    ],
)
def test_no_session_works(house: House, lie: str) -> None:
    result = house.read.judge("database.reachable", system=lie)
    assert result.verdict is Verdict.REFUTED, words(result)


def test_a_wrong_password_cannot_tell_whether_sessions_work(house: House) -> None:
    result = house.read.judge("database.reachable", system="wrong-password")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN), words(result)
    assert house.read.judge("system.running", system="wrong-password").verdict is Verdict.VERIFIED


@contextmanager
def taken(house: House, name: str, number: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            with suppress(psycopg.OperationalError):
                stack.enter_context(psycopg.connect(house.url(name)))
        yield


def test_every_connection_is_taken(house: House) -> None:
    with taken(house, "other", 12):
        result = house.read.judge("database.reachable", system="other")
        assert result.verdict is Verdict.REFUTED, words(result)
        assert house.read.judge("system.healthy", system="other").verdict is Verdict.REFUTED
        assert house.read.judge("system.running", system="other").verdict is Verdict.VERIFIED


# --- system.healthy, system.version, process.distinct, port.open


def test_a_database_is_healthy_or_only_looks_so(house: House) -> None:
    healthy = house.read.judge("system.healthy", system="primary,standby")
    assert healthy.verdict is Verdict.VERIFIED, words(healthy)
    frozen = house.read.judge("system.healthy", system="frozen-database")
    assert frozen.verdict is Verdict.REFUTED, words(frozen)
    with taken(house, "other", 10):
        crowded = house.read.judge("system.healthy", system="other")
        assert crowded.verdict is Verdict.REFUTED, words(crowded)


def test_the_server_is_of_the_version_that_it_says(house: House) -> None:
    (number,) = house.sql("primary", "show server_version_num")[0]
    major = int(str(number)) // 10000
    judge = house.read.judge
    for true in (str(major), f"v{major}", f">= {major}, < {major + 1}", f"{major}.x"):
        assert judge("system.version", system="primary", version=true).verdict is Verdict.VERIFIED, true
    for lie in (str(major + 1), str(major)[:1], f"< {major}", f"{major}.99", f"> {major}.99"):
        assert judge("system.version", system="primary,standby", version=lie).verdict is Verdict.REFUTED, lie
    locked = judge("system.version", system="wrong-password", version=str(major))
    assert (locked.verdict, locked.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN), words(locked)


def test_databases_are_processes_of_their_own_or_two_names_of_one(house: House) -> None:
    judge = house.read.judge
    genuine = judge("process.distinct", roles={"servers": "primary,standby,other,let-go"})
    assert genuine.verdict is Verdict.VERIFIED, words(genuine)
    assert judge("process.distinct", roles={"servers": "primary,primary-again"}).verdict is Verdict.REFUTED
    assert judge("system.count", roles={"servers": "primary,primary-again,standby"}, count=3).verdict is Verdict.REFUTED
    assert (
        judge("system.count", roles={"servers": "primary,primary-again,standby"}, count=2).verdict is Verdict.VERIFIED
    )


def test_a_database_serves_on_its_port(house: House) -> None:
    result = house.read.judge("port.open", system="primary")
    assert (result.verdict, result.actual.endswith("speaks postgresql")) == (Verdict.VERIFIED, True), words(result)


def test_a_database_whose_files_are_gone(house: House) -> None:
    where = "select current_setting('data_directory'), oid from pg_database where datname = 'shop'"
    ((folder, oid),) = house.sql("other", "checkpoint", where)
    files = Path(str(folder), "base", str(oid))
    gone = files.rename(files.with_name("gone"))
    try:
        result = house.read.judge("database.reachable", system="other")
    finally:
        gone.rename(files)
    assert result.verdict is Verdict.REFUTED, words(result)
