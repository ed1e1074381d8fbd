"""Start a Consul server of its own on loopback: a whole cluster of one, in memory, or one of several."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.looks import http_text
from pytest_distaudit.targets.options import COMMON, MEMBERS, TEXT
from pytest_distaudit.targets.placeholders import every_text
from pytest_distaudit.targets.recipe import Blueprint, Command, Option, Site, StartFailed, World
from pytest_distaudit.targets.recipes._company import Company, company

#: where `./run` puts the binary of a Debian package
_UNPACKED = "servers/consul/usr/bin/consul"
_VERSION = re.compile(r"Consul v(\d+)\.(\d+)")
_GRPC_TLS_SINCE = (1, 14)


def _is_json(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_json(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return all(_is_json(inner) for inner in value)
    return isinstance(value, (str, int, float))


def _is_services(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(one, Mapping) and isinstance(one.get("name"), str) and _is_json(one) for one in value
    )


class ConsulRecipe:
    """A server agent that is its own leader, or one of the systems in ``cluster`` that elect one.

    It keeps its counters for a day, so that look-ups can be counted.
    """

    kind = "consul"
    options = {  # noqa: RUF012 - never changed; the protocol wants a property
        **COMMON,
        "settings": Option(
            "a table as in Consul's own configuration", lambda value: isinstance(value, Mapping) and _is_json(value)
        ),
        "services": Option("a list of tables, each with a name, as in Consul's own configuration", _is_services),
        "token": TEXT,
        "cluster": MEMBERS,
        "dns": Option("true or false", lambda value: isinstance(value, bool)),
    }

    def missing(self) -> str | None:
        """How to get the one binary that is needed."""
        if _binary() is not None:
            return None
        return "no consul in CONSUL_BIN, on PATH or unpacked by ./run; install Consul (one binary)"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the ports that it needs; those for other data centres and gRPC stay closed, DNS unless asked for."""
        return _Agent(spec, site)


class _Agent:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site = site
        self._services = native.get("services", ())
        self._settings: Mapping[str, Any] = native.get("settings", {})
        self._token: str = native.get("token", "")
        self.port = site.free_port()
        self._ports = {"server": site.free_port(), "serf_lan": site.free_port()}
        self._company: Company | None = None
        if "cluster" in native:
            self._company = company(native, site)
            self._company.ports[spec.name] = self._ports["serf_lan"]
        login = f":{quote(self._token, safe='')}@" if self._token else ""
        self.endpoints = {"url": f"http://{login}127.0.0.1:{self.port}"}
        if native.get("dns"):
            self._ports["dns"] = site.free_port()
            self.endpoints["dns"] = f"dns://127.0.0.1:{self._ports['dns']}"

    def prepare(self, world: World) -> Command:
        """Write the configuration and the registrations. Raises StartFailed."""
        binary = _binary()
        if binary is None:
            raise StartFailed("consul is no longer installed")
        home = self._site.workdir
        # the agent registers what it is configured with as the service's own token may
        login = {"token": self._token} if self._token else {}
        services = [login | _port_as_number(every_text(one, world.resolve)) for one in self._services]
        for name, content in (
            ("10-own.json", self._configuration(home, binary)),
            ("20-services.json", {"services": services}),
            ("30-settings.json", self._settings),
        ):
            (home / name).write_text(json.dumps(every_text(content, str)), "utf-8")
        return Command(
            (str(binary), "agent", "-server" if self._company else "-dev", f"-config-dir={home}"),
            home,
            minimal_environment(self._site.environ) | {"HOME": str(home)},
            stop_signal=signal.SIGKILL,  # nobody needs its data again, and others would wait for its farewell
        )

    def _configuration(self, home: Path, binary: Path) -> dict[str, Any]:
        closed = ["dns", "https", "serf_wan", "grpc", *(["grpc_tls"] if _version(binary) >= _GRPC_TLS_SINCE else [])]
        tokens = {"master": self._token, "agent": self._token}
        return {
            "node_name": f"distaudit-{self.port}",
            "data_dir": str(home / "data"),
            "bind_addr": "127.0.0.1",
            "client_addr": "127.0.0.1",
            "ports": {"http": self.port, **dict.fromkeys(closed, -1), **self._ports},
            "disable_update_check": True,
            "disable_host_node_id": True,
            "log_level": "WARN",
            "performance": {"raft_multiplier": 1},
            "telemetry": {"prometheus_retention_time": "24h"},
            **self._joining(),
            **({"acl": {"enabled": True, "default_policy": "deny", "tokens": tokens}} if self._token else {}),
        }

    def _joining(self) -> dict[str, Any]:
        """Whom it elects a leader with. Raises StartFailed."""
        if self._company is None:
            return {}
        ports = [self._company.port(name) for name in self._company.names]
        return {
            "bootstrap_expect": len(ports),
            "retry_join": [f"127.0.0.1:{port}" for port in ports],
            "retry_interval": "500ms",
        }

    def ready(self) -> bool:
        """It has a leader, and its own registrations are in the catalog."""
        if not http_text(self.port, "/v1/status/leader").strip().strip('"'):
            return False
        token = {"X-Consul-Token": self._token} if self._token else {}
        catalog = http_text(self.port, "/v1/catalog/services?consistent", token)
        return all(f'"{one["name"]}"' in catalog for one in self._services)


def _port_as_number(service: dict[str, Any]) -> dict[str, Any]:
    """A port may have been a placeholder, or the address of a system by which it is reached."""
    port = service.get("port")
    return {**service, "port": int(port)} if isinstance(port, str) and port.isdecimal() else service


def _binary() -> Path | None:
    """The declared one, else the one on PATH, else the unpacked one."""
    declared = os.environ.get("CONSUL_BIN")
    if declared:
        return Path(declared) if os.access(declared, os.X_OK) else None
    found = shutil.which("consul") or shutil.which(str(Path(sys.prefix, _UNPACKED)))
    return Path(found) if found else None


def _version(binary: Path) -> tuple[int, int]:
    try:
        told = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartFailed(f"consul does not tell its version: {type(error).__name__}") from None
    found = _VERSION.search(told)
    return (int(found[1]), int(found[2])) if found else (0, 0)
