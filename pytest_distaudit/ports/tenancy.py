"""Who keeps data where in one database: logins, what they may read and write, and who is logged in."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Login:
    """A role that may log in. ``superuser``: itself, or by a role that it may become."""

    name: str
    superuser: bool = False


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table, and which of the logins may read and write it: by themselves, by a role that they may become, or
    through a view that lends them its owner's rights.

    ``written``: rows inserted, updated and deleted since the counters began; None: the server counts none.
    ``elsewhere``: its rows are kept by another server (a foreign table).
    """

    schema: str
    name: str
    readers: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    written: int | None = None
    elsewhere: bool = False

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class TableLink:
    """A foreign key from a table to another, both as ``schema.name``."""

    table: str
    refers_to: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session of somebody else. ``worked_at``: when it last began or ended a statement, seconds since the epoch by
    the server's clock; None: that may not be seen. ``busy``: a statement is under way."""

    login: str
    application: str = ""
    address: str = ""
    worked_at: float | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class LoggedInElsewhere:
    """A login, and another database of the same server in which it has a session."""

    login: str
    database: str


@dataclass(frozen=True, slots=True)
class Tenancy(Capability):
    """One database with its tenants. Args: ``logins``, names with a comma in between.

    ``server``: equal under every name of one server and its copies; "": it may not be seen. ``logins``: those asked
    for that exist, and those of ``sessions``. ``elsewhere``: of the logins asked for. ``reports_in_s``: in so many
    seconds the server has counted all that was written until now; 0: it has.
    """

    capability = "tenancy"
    server: str
    database: str
    logins: tuple[Login, ...] = ()
    tables: tuple[KeptTable, ...] = ()
    links: tuple[TableLink, ...] = ()
    sessions: tuple[LoggedIn, ...] = ()
    reports_in_s: int = 0
    elsewhere: tuple[LoggedInElsewhere, ...] = ()
