"""Start HAProxy in front of other systems, for one run."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_text
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World
from pytest_distaudit.targets.recipes._gateway import OPTIONS, leads_to, own_sections

_PREAMBLE = """global
    maxconn 1000
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
listen statistics
    bind 127.0.0.1:{stats}
    stats enable
    stats uri /
    stats show-legends
"""
_FRONT = """frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    option redispatch
"""
_SERVER = "    server {name} {address} check inter 200ms fall 2 rise 1\n"


class HaproxyRecipe:
    """A front that balances over ``to``, or sections of the project's own that bind ``127.0.0.1:{port}``."""

    kind = "haproxy"
    options = OPTIONS

    def missing(self) -> str | None:
        """What to install when there is no program."""
        return None if installed("haproxy") else "no haproxy on PATH; install the package haproxy"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port for requests and the one for statistics."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._spec, self._site = spec, site
        self.port, self._stats = site.free_port(), site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}", "stats": f"http://127.0.0.1:{self._stats}/"}

    def prepare(self, world: World) -> Command:
        """Write the configuration. Raises StartFailed."""
        program = installed("haproxy")
        if program is None:
            raise StartFailed("haproxy is no longer installed")
        home = self._site.workdir
        text = _PREAMBLE.format(stats=self._stats) + own_sections(self._spec, self._site, world)
        servers = "".join(_SERVER.format(name=name, address=place) for name, place in leads_to(self._spec, world))
        if servers:
            text += "\n" + _FRONT.format(port=self.port) + servers
        configuration = home / "haproxy.cfg"
        configuration.write_text(f"{text.rstrip()}\n", "utf-8")
        return Command((program, "-db", "-f", str(configuration)), home, minimal_environment(self._site.environ))

    def ready(self) -> bool:
        """Its own statistics are there."""
        return http_text(self._stats, "/;csv").startswith("# pxname")
