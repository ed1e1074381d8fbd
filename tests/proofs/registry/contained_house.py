"""The miniature in containers: two registries, a worker, fronts, and whoever polls from where."""

from __future__ import annotations

import itertools
import json
import os
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_house import AT_ONCE, HERE, activity

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.testing import Room
from tests.lab import Lab

if TYPE_CHECKING:
    from docker.models.containers import Container

_NUMBERS = itertools.count(1)
_RETENTION = 'telemetry { prometheus_retention_time = "1h" }'
_SYSTEM = """
[targets.miniature.systems.{name}]
kind = "{kind}"
url = "{url}"
"""
#: the kinds of fronts: the first answers many at a time, the others sleep until they are called
STILL = ("still", "accompanied", "attended")
EVERY_S = 0.7


class ContainedHouse:
    """Everything listens on port 8000 or 8500 of a container of its own; only loopback reaches it."""

    def __init__(self, lab: Lab, root: Path, services: list[str], acts: list[tuple[str, str, str]]) -> None:
        self._lab, self._network = lab, lab.network(f"distaudit-registry-{os.getpid()}-{next(_NUMBERS)}").name
        self._containers: dict[str, Container] = {}
        self._queried: dict[tuple[str, str], Future[ClaimResult]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)
        list(self._pool.map(self._registry, ("consul", "elsewhere")))
        for name, registry in itertools.product(services, ("consul", "elsewhere")):
            self._register(registry, name)
        list(self._pool.map(self._python, ("worker", "front", *STILL)))
        self._room = Room(root, self._target() + "".join(activity(*act) for act in acts)).__enter__()

    def _registry(self, name: str) -> None:
        argv = "consul", "agent", "-dev", "-client", "0.0.0.0", "-hcl", _RETENTION
        self._start(name, "consul:1.8", *argv, ports={"8500/tcp": ("127.0.0.1", None)})
        _until_answered(f"{self.url(name)}/v1/health/service/consul?passing", b"consul")

    def _python(self, name: str) -> None:
        serves = ["-m", "http.server", "8000", "--directory", "/here"] if name == "worker" else ["/here/front.py"]
        still = {"STILL": "yes"} if name in STILL else {}
        self._start(name, "python:3.11", "python3", *serves, **self._options(still), ports=_PUBLISHED)
        _until_answered(self.url(name))

    def poller(self, service: str, beside: str = "") -> None:
        """A container that polls; ``beside``: in the network of that one."""
        network = {"network": f"container:{self._containers[beside].id}"} if beside else {}
        polls = ["python3", "/here/poller.py", f"{service}={EVERY_S}"]
        self._start(f"poller-of-{service}", "python:3.11", *polls, **(self._options() | network))

    def poll_inside(self, name: str, service: str) -> None:
        """Polling as a health check would, brought into a running container."""
        self._containers[name].exec_run(["python3", "/here/poller.py", f"{service}={EVERY_S}"], detach=True)

    def _options(self, more: dict[str, str] | None = None) -> dict[str, Any]:
        addresses = {"CONSUL_URL": "http://consul:8500", "ELSEWHERE_URL": "http://elsewhere:8500"}
        place = {"WORKER_URL": "http://worker:8000", "HOST": "0.0.0.0", "PORT": "8000"}
        return {"environment": addresses | place | (more or {}), "volumes": [f"{HERE}:/here:ro"]}

    def _start(self, name: str, image: str, *argv: str, **options: Any) -> None:
        options.setdefault("network", self._network)
        made = self._lab.create(image, *argv, **options)
        if options["network"] == self._network:
            network = self._lab.client.networks.get(self._network)
            network.disconnect(made)
            network.connect(made, aliases=[name])
        made.start()
        made.reload()
        self._containers[name] = made

    def url(self, name: str) -> str:
        ports = self._containers[name].ports
        return f"http://127.0.0.1:{next(iter(ports.values()))[0]['HostPort']}"

    def _register(self, registry: str, name: str) -> None:
        entry = json.dumps({"Name": name, "ID": name, "Address": "worker", "Port": 8000}).encode()
        asked = urllib.request.Request(f"{self.url(registry)}/v1/agent/service/register", entry, method="PUT")
        urllib.request.urlopen(asked, timeout=5).read()

    def _target(self) -> str:
        kinds = {"consul": "consul", "elsewhere": "consul", **dict.fromkeys(("front", *STILL), "http")}
        return "".join(_SYSTEM.format(name=name, kind=kind, url=self.url(name)) for name, kind in kinds.items())

    def begin(self, way: str, service: str, caller: str, system: str) -> None:
        """Start to judge ``registry.queried``, next to others."""
        roles, act = {"system": system, "caller": caller}, f"{way}-{service}"
        self._queried[way, service] = self._pool.submit(
            self._room.judge, "registry.queried", roles=roles, service=service, activity=act
        )

    def queried(self, way: str, service: str) -> ClaimResult:
        return self._queried[way, service].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._room.__exit__(None, None, None)


_PUBLISHED = {"8000/tcp": ("127.0.0.1", None)}


def _until_answered(url: str, with_: bytes = b"") -> None:
    """Whoever answers at all is up."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError):
            try:
                if with_ in urllib.request.urlopen(url, timeout=1).read():
                    return
            except urllib.error.HTTPError:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
