"""Start a Redis server, a replica of one, or a node of a Redis Cluster, for one run."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.dial import converse
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.ground import account, hand_over, minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.options import COMMON, COUNT, MEMBERS, SETTINGS, TEXT, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World
from pytest_distaudit.targets.recipes._company import company
from pytest_distaudit.targets.recipes._redis_cluster import Node, port_with_bus

_PROGRAMS = ("redis-server", "valkey-server")


class RedisRecipe:
    """A private server on 127.0.0.1 with a generated password, which keeps nothing on disk.

    ``cluster`` lists the systems that form one Redis Cluster, this one among them; each of its masters, which come
    first, gets so many of ``replicas``.
    """

    kind = "redis"
    options = {  # noqa: RUF012 - a property
        **COMMON,
        "password": TEXT,
        "replicate_from": TEXT,
        "settings": SETTINGS,
        "cluster": MEMBERS,
        "replicas": COUNT,
    }

    def missing(self) -> str | None:
        """What to install when there is no server."""
        return None if _program() else "no redis-server or valkey-server on PATH; install the package redis-server"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose port and password; a replica has its primary's."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site = site
        self._settings = dict(flat(native.get("settings", {})))
        self._primary: str = site.endpoints[native["replicate_from"]]["url"] if "replicate_from" in native else ""
        shared = unquote(urlsplit(self._primary).password or "")
        self.port = port_with_bus(site.free_port) if "cluster" in native else site.free_port()
        self._node: Node | None = None
        if "cluster" in native:
            fellows = company(native, site)
            fellows.ports[spec.name], shared = self.port, fellows.secret
            self._node = Node(spec.name, fellows, int(native.get("replicas", 0)))
        self._password: str = native.get("password") or shared or secrets.token_hex(16)
        self._account = account("redis")
        self.endpoints = {"url": f"redis://:{quote(self._password, safe='')}@127.0.0.1:{self.port}/0"}

    def prepare(self, world: World) -> Command:
        """Write the configuration: on a command line the password would be seen by everybody."""
        program = _program()
        if program is None:
            raise StartFailed("redis-server is no longer installed")
        home = self._site.workdir
        configuration = home / "redis.conf"
        configuration.write_text(self._configuration(home), "utf-8")
        configuration.chmod(0o600)
        hand_over(home, self._account)
        return Command((program, str(configuration)), home, minimal_environment(self._site.environ), self._account)

    def _configuration(self, home: Path) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(home),
            "save": '""',
            "requirepass": _quoted(self._password),
            "masterauth": _quoted(self._password),
            "repl-diskless-sync-delay": "0",
        }
        if self._node:
            settings |= {"cluster-enabled": "yes", "cluster-node-timeout": "2000"}
        elif self._primary:
            settings["replicaof"] = " ".join(map(str, address(self._primary)))
        return "".join(f"{name} {value}\n" for name, value in {**settings, **self._settings}.items())

    def ready(self) -> bool:
        """The password is taken and PING answered; a replica is linked to its primary."""
        said = self._told("PING", "INFO replication")
        if "+PONG" not in said or (self._primary and "master_link_status:up" not in said):
            return False
        return self._node is None or self._node.joined(self._told)

    def _told(self, *commands: str) -> str:
        """What the server answers to these, one after the other; "" where it answers nothing."""
        lines = (f"AUTH {_quoted(self._password)}", *commands, "QUIT")
        try:
            said = converse("127.0.0.1", self.port, "".join(f"{line}\r\n" for line in lines).encode(), 65536, 1.0)
        except Unobservable:
            return ""
        return said.decode("utf-8", "replace")


def _quoted(text: str) -> str:
    """One word, in configuration files and inline commands alike."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _program() -> str | None:
    return installed(*_PROGRAMS)
