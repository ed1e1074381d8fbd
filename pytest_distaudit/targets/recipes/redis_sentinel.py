"""Start a Redis Sentinel that watches a master of the target: alone, or with others."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.dial import converse
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.ground import account, hand_over, minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.options import COMMON, COUNT, MEMBERS, SETTINGS, TEXT, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Option, Site, StartFailed, World

_PROGRAMS = ("redis-server", "valkey-server")
_GROUP = re.compile(r"[\w.-]+")
#: a Sentinel knows no QUIT, and hangs up on what is no command
_QUESTION = b"INFO sentinel\r\n*x\r\n"
_SEEN = re.compile(rb"status=ok,address=\S+,slaves=\d+,sentinels=(\d+)")


class RedisSentinelRecipe:
    """A Sentinel on 127.0.0.1 that watches the system ``watch`` as ``group``.

    ``cluster`` lists the Sentinels that watch together, this one among them: it is ready when it knows as many.
    ``quorum`` is a majority of them unless it is given.
    """

    kind = "redis-sentinel"
    options = {  # noqa: RUF012 - a property
        **COMMON,
        "watch": Option("a system's name", TEXT.fits, required=True),
        "group": TEXT,
        "quorum": COUNT,
        "cluster": MEMBERS,
        "settings": SETTINGS,
    }

    def missing(self) -> str | None:
        """What to install when there is no server."""
        found = installed(*_PROGRAMS)
        return None if found else "no redis-server or valkey-server on PATH; install the package redis-server"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose a port. A replica is known at once if it runs before (``after``), else some ten seconds later."""
        return _Sentinel(spec, site)


class _Sentinel:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site, self._watched = site, native["watch"]
        self._group: str = native.get("group", "mymaster")
        self._many = len(native.get("cluster", (spec.name,)))
        self._quorum = int(native.get("quorum", self._many // 2 + 1))
        self._settings = dict(flat(native.get("settings", {})))
        self._account = account("redis")
        self.port = site.free_port()
        self.endpoints = {"url": f"redis://127.0.0.1:{self.port}/{self._group}"}

    def prepare(self, world: World) -> Command:
        """Write the configuration, which the Sentinel rewrites. Raises StartFailed."""
        program = installed(*_PROGRAMS)
        if program is None or not _GROUP.fullmatch(self._group):
            raise StartFailed("redis-server is no longer installed" if program is None else "native.group is no name")
        home, master = self._site.workdir, world.endpoints[self._watched]["url"]
        configuration = home / "sentinel.conf"
        configuration.write_text(self._configuration(master), "utf-8")
        configuration.chmod(0o600)
        hand_over(home, self._account)
        argv = (program, str(configuration), "--sentinel")
        return Command(argv, home, minimal_environment(self._site.environ), self._account)

    def _configuration(self, master: str) -> str:
        host, port = address(master)
        password = unquote(urlsplit(master).password or "")
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"dir {self._site.workdir}",
            f"sentinel monitor {self._group} {host} {port} {self._quorum}",
            *([f'sentinel auth-pass {self._group} "{password}"'] if password else []),
            *(f"sentinel {name} {self._group} {value}" for name, value in self._settings.items()),
        ]
        return "".join(f"{line}\n" for line in lines)

    def ready(self) -> bool:
        """It finds its master well, and knows the other Sentinels."""
        try:
            said = converse("127.0.0.1", self.port, _QUESTION, 8192, 1.0)
        except Unobservable:
            return False
        seen = _SEEN.search(said)
        return seen is not None and int(seen[1]) >= self._many
