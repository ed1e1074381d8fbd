"""Start nginx in front of other systems, for one run."""

from __future__ import annotations

from pathlib import Path

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World
from pytest_distaudit.targets.recipes._gateway import OPTIONS, leads_to, own_sections

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_WHOLE = """pid {home}/nginx.pid;
error_log stderr;
daemon off;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    {temporary}
    server {{
        listen 127.0.0.1:{status};
        location = /status {{ stub_status; }}
    }}
    {sections}
}}
"""
_FRONT = """
    upstream back {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://back; }}
    }}
"""


class NginxRecipe:
    """A front that balances over ``to``, or servers of the project's own that listen on ``127.0.0.1:{port}``.

    The project's sections stand inside ``http``.
    """

    kind = "nginx"
    options = OPTIONS

    def missing(self) -> str | None:
        """What to install when there is no program."""
        return None if installed("nginx") else "no nginx on PATH; install the package nginx-light"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port for requests and the one for the status."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._spec, self._site = spec, site
        self.port, self._status = site.free_port(), site.free_port()
        self.endpoints = {
            "url": f"http://127.0.0.1:{self.port}",
            "status": f"http://127.0.0.1:{self._status}/status",
        }

    def prepare(self, world: World) -> Command:
        """Write the configuration. Raises StartFailed."""
        program = installed("nginx")
        if program is None:
            raise StartFailed("nginx is no longer installed")
        home = self._site.workdir
        configuration = home / "nginx.conf"
        configuration.write_text(self._configuration(home, world), "utf-8")
        argv = (program, "-e", "stderr", "-p", str(home), "-c", str(configuration))
        return Command(argv, home, minimal_environment(self._site.environ))

    def _configuration(self, home: Path, world: World) -> str:
        sections = own_sections(self._spec, self._site, world)
        servers = " ".join(f"server {place};" for _, place in leads_to(self._spec, world))
        if servers:
            sections += _FRONT.format(servers=servers, port=self.port)
        temporary = " ".join(f"{name}_temp_path {home}/{name};" for name in _TEMPORARY)
        return _WHOLE.format(home=home, temporary=temporary, status=self._status, sections=sections)

    def ready(self) -> bool:
        """Its status is there."""
        return http_ok(self._status, "/status")
