"""Start a RabbitMQ broker that shares nothing with any other on the machine, for one run."""

from __future__ import annotations

import secrets
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.dial import converse
from pytest_distaudit.targets.ground import account, hand_over, minimal_environment
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON, MEMBERS, SETTINGS, TEXT, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World
from pytest_distaudit.targets.recipes._company import Company, company

# Debian's wrapper on PATH insists on root or the account rabbitmq; the script below it does not.
_PLACES = ("/usr/lib/rabbitmq/bin", "/usr/lib/rabbitmq/lib/*/sbin", "/opt/rabbitmq/sbin", "/opt/homebrew/sbin")
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
_SMALL = "+S 1:1 +SDcpu 1:1 +SDio 1 +sbwt very_short +sbwtdio very_short"
_METHOD_FRAME = b"\x01"
#: no system's name
_EPMD = " epmd"


class RabbitmqRecipe:
    """A private broker on 127.0.0.1 with management and a generated administrator.

    ``cluster`` lists the systems that form one cluster, this one among them.
    """

    kind = "rabbitmq"
    options = {  # noqa: RUF012 - never changed; the protocol wants a property
        **COMMON,
        "user": TEXT,
        "password": TEXT,
        "settings": SETTINGS,
        "cluster": MEMBERS,
    }

    def missing(self) -> str | None:
        """What to install when there is no broker or no Erlang."""
        if _script() is None:
            return "no rabbitmq-server in /usr/lib/rabbitmq or on PATH; install the package rabbitmq-server"
        return None if shutil.which("erl") else "no erl on PATH; install Erlang (the package erlang-base)"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose four ports and the administrator."""
        return _Broker(spec, site)


class _Broker:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site = site
        self._settings = dict(flat(native.get("settings", {})))
        self._user: str = native.get("user", "distaudit")
        # Hexadecimal: the configuration file knows no quoting, and URLs need none either.
        self._company: Company | None = company(native, site) if "cluster" in native else None
        shared = self._company.secret if self._company else ""
        self._password: str = native.get("password") or shared or secrets.token_hex(12)
        self._account = account("rabbitmq")
        self.port = site.free_port()
        self._management, self._distribution, self._epmd = site.free_port(), site.free_port(), site.free_port()
        if self._company:
            self._company.ports[spec.name] = self.port
            # they find one another by one and the same
            self._epmd = self._company.ports.setdefault(_EPMD, self._epmd)
        credentials = f"{quote(self._user, safe='')}:{quote(self._password, safe='')}"
        self.endpoints = {
            "management": f"http://{credentials}@127.0.0.1:{self._management}",
            "amqp": f"amqp://{credentials}@127.0.0.1:{self.port}/%2F",
        }

    def prepare(self, world: World) -> Command:
        """Write the configuration; nothing outside the work directory is read or written."""
        home = self._site.workdir
        (home / "rabbitmq.conf").write_text(self._configuration(), "utf-8")
        (home / "enabled_plugins").write_text("[rabbitmq_management].\n", "utf-8")
        cookie = home / ".erlang.cookie"
        cookie.write_text(self._company.secret if self._company else secrets.token_hex(16), "utf-8")
        cookie.chmod(0o400)
        hand_over(home, self._account)
        script = _script()
        if script is None:
            raise StartFailed("rabbitmq-server is no longer installed")
        return Command(
            (str(script),),
            home,
            minimal_environment(self._site.environ) | self._environment(home),
            self._account,
            # Nobody needs its data again, and an orderly end takes seconds.
            stop_signal=signal.SIGKILL,
        )

    def _configuration(self) -> str:
        settings = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": str(self._management),
            "default_user": self._user,
            "default_pass": self._password,
            "default_user_tags.administrator": "true",
            "default_permissions.configure": ".*",
            "default_permissions.read": ".*",
            "default_permissions.write": ".*",
            "log.console": "true",
            "log.file": "false",
            **self._joining(),
        }
        return "".join(f"{name} = {value}\n" for name, value in {**settings, **self._settings}.items())

    def _joining(self) -> dict[str, str]:
        """Whom it forms a cluster with. Raises StartFailed."""
        if self._company is None:
            return {}
        found = enumerate(self._company.names, 1)
        nodes = {f"cluster_formation.classic_config.nodes.{n}": _node(self._company.port(name)) for n, name in found}
        return {"cluster_formation.peer_discovery_backend": "classic_config", **nodes}

    def _environment(self, home: Path) -> dict[str, str]:
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "HOME": str(home),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": _node(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # One thread of each sort: a lab broker shares its cores with everything else. They spin a
            # moment before they sleep, for a boot is 150,000 file operations, each handed from thread to
            # thread: waking a sleeper every time makes it twice as long (measured: 4.5-6 s, not 8-15 s).
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_SMALL} {loopback}",
            "ERL_CRASH_DUMP_SECONDS": "0",
            # The script then becomes the broker instead of waiting for it: its pid and exit code are ours.
            "detached": "true",
        }

    def ready(self) -> bool:
        """An AMQP handshake, and the management API knows the administrator."""
        try:
            greeting = converse("127.0.0.1", self.port, _AMQP_HEADER, 8, 1.0)
        except Unobservable:
            return False
        return greeting.startswith(_METHOD_FRAME) and http_ok(
            self._management, "/api/whoami", (self._user, self._password)
        )


def _node(port: int) -> str:
    return f"distaudit-{port}@localhost"


def _script() -> Path | None:
    found = [each for place in _PLACES for each in sorted(Path("/").glob(f"{place[1:]}/rabbitmq-server"), reverse=True)]
    on_path = shutil.which("rabbitmq-server")
    return next(iter([*found, *([Path(on_path)] if on_path else [])]), None)
