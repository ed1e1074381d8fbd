"""Start a member of etcd: alone, or one of several that wait for no other."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON, MEMBERS
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World


class EtcdRecipe:
    """A member on 127.0.0.1. ``cluster`` lists the systems that form one cluster, this one among them."""

    kind = "etcd"
    options = {**COMMON, "cluster": MEMBERS}  # noqa: RUF012 - a property

    def missing(self) -> str | None:
        """What to install when there is no server."""
        return None if installed("etcd") else "no etcd on PATH; install the package etcd-server"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose two ports: for clients and for the other members."""
        return _Member(spec, site)


class _Member:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._name, self._site = spec.name, site
        self._cluster: tuple[str, ...] = tuple((spec.native or {}).get("cluster", (spec.name,)))
        self.port, peer = site.free_port(), site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}", "peer": f"http://127.0.0.1:{peer}"}

    def prepare(self, world: World) -> Command:
        """The command; everything is said on it. Raises StartFailed."""
        program = installed("etcd")
        if program is None:
            raise StartFailed("etcd is no longer installed")
        home, own, peer = self._site.workdir, self.endpoints["url"], self.endpoints["peer"]
        options = {
            "name": self._name,
            "data-dir": str(home / "data"),
            "listen-client-urls": own,
            "advertise-client-urls": own,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": ",".join(f"{name}={url}" for name, url in self._peers(world.endpoints).items()),
            "initial-cluster-token": str(urlsplit(peer).port) if len(self._cluster) == 1 else "-".join(self._cluster),
            "logger": "zap",
        }
        argv = (program, *(f"--{name}={value}" for name, value in options.items()), "--unsafe-no-fsync")
        environment = minimal_environment(self._site.environ) | {"HOME": str(home)}
        return Command(argv, home, environment, stop_signal=signal.SIGKILL)  # nobody needs its data again

    def _peers(self, endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Name -> address for members, of all that are meant."""
        missing = [name for name in self._cluster if "peer" not in endpoints.get(name, {})]
        if missing or self._name not in self._cluster:
            raise StartFailed(f"native.cluster names {', '.join(missing) or 'other systems'}, not etcd started here")
        return {name: endpoints[name]["peer"] for name in self._cluster}

    def ready(self) -> bool:
        """It reads with a quorum, so that it knows a leader."""
        return http_ok(self.port, "/health")
