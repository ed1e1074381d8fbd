"""Sessions with a PostgreSQL server: bounded, read-only, every error of psycopg mapped in one place."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal, unobservable
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems._listener import POSTGRES_SSL_REQUEST, stranger
from pytest_distaudit.systems._wire import Wire, without

if TYPE_CHECKING:
    import psycopg

Row = Mapping[str, Any]

#: what nobody may find changed by looking; the audit's writing sessions say otherwise
READ_ONLY = "-c default_transaction_read_only=on"
#: lifts a role's or database's own default; a standby refuses to write all the same. Waiting for a
#: synchronous standby would measure that one instead of the standby that is watched.
READ_WRITE = "-c default_transaction_read_only=off -c synchronous_commit=local"

_IDENTITY = """select (extract(epoch from pg_postmaster_start_time())::numeric(20, 6))::text as started"""
_CLUSTER = """select system_identifier::text as cluster from pg_control_system()"""


class Denied(Unobservable):
    """The server knows the audit's credentials for wrong, or does not let them in."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.FORBIDDEN, detail)


class TurnedAway(Unobservable):
    """The server turns everybody's session away, or this database's; ``words`` are its own."""

    def __init__(self, detail: str, words: str) -> None:
        super().__init__(Reason.NOT_REACHABLE, detail)
        self.words = words


class PostgresSession:
    """One look at one server. ``rows`` asks in a guarded session, which is opened at first use."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self.cluster = ""
        self._url = located.endpoints["url"]
        self._connection: psycopg.Connection[Row] | None = None
        self._failure: Unobservable | None = None

    def greet(self) -> None:
        """The product's handshake, before any login. Raises unless PostgreSQL answers."""
        host, port = address(self._url)
        self.ways.append("SSLRequest")
        with Wire(host, port, self.limits.ask_s, self.limits.connect_s) as wire:
            wire.send(POSTGRES_SSL_REQUEST)
            said = wire.read(self.limits.ask_s * 0.6)
        if said not in (b"S", b"N"):
            raise stranger(said, host, port, "PostgreSQL", "postgresql", self.limits)

    def rows(self, sql: str, *args: object) -> Sequence[Row]:
        """Ask the guarded session. Raises Unobservable; an answer is never missing silently."""
        return execute(self._guarded(), sql, self.limits.ask_s, self._url, *args)

    def row(self, sql: str) -> Row:
        """The only row of :meth:`rows`."""
        return self.rows(sql)[0]

    @contextmanager
    def like_the_application(self) -> Iterator[Callable[[str], Row]]:
        """A short session with the role's and the database's own settings, for what they do to it.

        The guarded session overrides them. Reads only, in a transaction that says so: nothing is
        set that a connection pool could hand on to others.
        """
        connection = connect(self._url, self.limits, "")
        try:
            execute(connection, "begin read only", self.limits.ask_s, self._url)
            yield lambda sql: execute(connection, sql, self.limits.ask_s, self._url)[0]
        finally:
            hang_up(connection)

    def close(self) -> None:
        """End the guarded session."""
        if self._connection is not None:
            hang_up(self._connection)
            self._connection = None

    def _guarded(self) -> psycopg.Connection[Row]:
        """Logged in once; a failure is remembered, so that a bad server costs its timeout once."""
        if self._failure is not None:
            raise self._failure
        if self._connection is None:
            milliseconds = int(self.limits.ask_s * 1000)
            try:
                self.ways.append("login")
                options = f"{READ_ONLY} -c statement_timeout={milliseconds}"
                self._connection = connect(self._url, self.limits, options)
                self._identify(self._connection)
            except Unobservable as error:
                self._failure = error
                raise
        return self._connection

    def _identify(self, connection: psycopg.Connection[Row]) -> None:
        started = execute(connection, _IDENTITY, self.limits.ask_s, self._url)[0]["started"]
        try:
            self.cluster = execute(connection, _CLUSTER, self.limits.ask_s, self._url)[0]["cluster"]
        except Unobservable as error:
            if error.reason is not Reason.FORBIDDEN:
                raise
        self.identity = f"{self.cluster}:{started}" if self.cluster else started


def connect(url: str, limits: Limits, options: str) -> psycopg.Connection[Row]:
    """Log in, in autocommit. Raises Refusal, Denied, TurnedAway or Unobservable."""
    import psycopg
    from psycopg.rows import dict_row

    parts = urlsplit(url)
    host, port = address(url)
    given = dict(parse_qsl(parts.query))
    # given one by one: libpq's own URL parser quotes what it cannot parse, passwords too, and what
    # is left out would be filled in from the environment (PGPASSWORD, PGHOSTADDR, ~/.pgpass)
    own: dict[str, Any] = {
        "host": host,
        "port": port,
        "hostaddr": "",
        "user": unquote(parts.username or "") or given.get("user", "postgres"),
        "password": _password(url),
        "dbname": database_of(url),
        "passfile": os.devnull + "/none",
        "gssencmode": "disable",
        "application_name": "distaudit",
        "options": " ".join(filter(None, (given.pop("options", ""), options))),
        "connect_timeout": max(2, round(limits.ask_s)),
    }
    given.pop("application_name", None)
    try:
        return psycopg.connect("", autocommit=True, row_factory=dict_row, **{**given, **own})
    except psycopg.Error as error:
        told = _told(error, f"login at {host}:{port}", url, late=False)
        # psycopg's error and its traceback hold one another, and with them the half-open connection
        # and the password; for the same reason the audit's own error is raised outside this block
        error.with_traceback(None)
    raise told


def database_of(url: str) -> str:
    """The database that ``url`` names: the user's own where it names none."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    named = unquote(parts.path.strip("/")) or given.get("dbname", "")
    return named or unquote(parts.username or "") or given.get("user", "postgres")


def _password(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.password or "") or dict(parse_qsl(parts.query)).get("password", "")


def execute(connection: psycopg.Connection[Row], sql: str, seconds: float, url: str, *args: object) -> Sequence[Row]:
    """Run one statement within ``seconds``, whether or not the server is alive. Raises as ``connect``."""
    import psycopg

    with _watched(connection, seconds) as late:
        try:
            cursor = connection.execute(sql, args or None)
            return cursor.fetchall() if cursor.description else ()
        except psycopg.Error as error:
            told = _told(error, " ".join(sql.split())[:60], url, late=late.is_set())
    raise told


def hang_up(connection: psycopg.Connection[Row]) -> None:
    """Close, whatever state it is in."""
    import psycopg

    with suppress(psycopg.Error, OSError):
        connection.close()


@contextmanager
def _watched(connection: psycopg.Connection[Row], seconds: float) -> Iterator[threading.Event]:
    """Cut the connection after ``seconds``: statement_timeout needs a server that still runs."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        try:
            with socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        except Exception:  # noqa: BLE001,S110 - it ended by itself at that very moment
            pass

    # a little later than the server's own statement_timeout, whose words say more
    timer = threading.Timer(seconds + 0.2, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


_SAID = re.compile(r"(?:FATAL|ERROR):\s+(?P<words>.*)")

#: SQLSTATE (class) -> what it means to an audit; known after the login only
_STATES = {
    "42501": Denied,
    "28": Denied,
    "53300": TurnedAway,
    "57P01": TurnedAway,
    "57P02": TurnedAway,
    "57P03": TurnedAway,
    "3D000": TurnedAway,
}
#: psycopg knows no SQLSTATE of a failed login: the text is all there is
_WORDS: tuple[tuple[str, type[Unobservable] | Reason], ...] = (
    (
        r"authentication failed|no password supplied|pg_hba\.conf|role \".*\" does not exist"
        r"|not permitted to log in|permission denied for database|no such user",
        Denied,
    ),
    (
        r"database \".*\" does not exist|too many (clients|connections)|connection slots are reserved"
        r"|is starting up|is shutting down|in recovery mode|not (yet |currently )?accepting connections",
        TurnedAway,
    ),
    (r"timeout expired|statement timeout|timed out", Reason.TIMED_OUT),
    (r"could not translate host name|failed to resolve host|No route to host|unreachable", Reason.NOT_REACHABLE),
    (r"certificate verify failed|server certificate|root certificate", Reason.TLS_UNTRUSTED),
    (r"server closed the connection|Connection reset", Reason.PROTOCOL_ERROR),
)


def _told(error: psycopg.Error, what: str, url: str, late: bool) -> Unobservable:
    """The audit's word for any error of psycopg, without the password."""
    if late:
        return Unobservable(Reason.TIMED_OUT, f"{what}: no answer in time")
    # a name with several addresses: the one that answered counts, not those that refused
    last, _, attempts = str(error).partition("Multiple connection attempts failed")
    spoke = next((line for line in attempts.splitlines() if "FATAL" in line), last)
    text = without(spoke if "FATAL" not in last else last, urlsplit(url).password, _password(url))
    if "Connection refused" in text:
        return Refusal(f"{what}: connection refused")
    said = _SAID.search(text)
    words = said["words"] if said else text
    detail = f"{what}: {words}"
    state = error.sqlstate or ""
    meant = _STATES.get(state) or _STATES.get(state[:2]) or _by_words(text)
    if meant is None and said and said.group().startswith("FATAL"):
        meant = TurnedAway  # whatever it is, it ends every session like this one
    if meant is Denied:
        return Denied(detail)
    if meant is TurnedAway:
        return TurnedAway(detail, words)
    if isinstance(meant, Reason):
        return Unobservable(meant, detail)
    return Unobservable(unobservable(error, what).reason, detail)


def _by_words(text: str) -> type[Unobservable] | Reason | None:
    return next((meant for pattern, meant in _WORDS if re.search(pattern, text)), None)
