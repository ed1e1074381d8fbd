"""The miniature: a registry, another one, a worker behind it, and fronts that call the worker."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.testing import Room

HERE = Path(__file__).parent
#: as many as two cores can serve without falling behind
AT_ONCE = 8
SHELVED = 31

_FRONT = """
[targets.miniature.systems.{name}]
kind = "http"
native.argv = ["{{python}}", "{here}/front.py"]
native.after = ["consul", "elsewhere", "worker"]
native.env.CONSUL_URL = "{{consul.url}}"
native.env.ELSEWHERE_URL = "{{elsewhere.url}}"
native.env.DNS_URL = "{{consul.dns}}"
native.env.WORKER_URL = "{{worker.url}}"
native.env.PORT = "{{port}}"
"""

_ACTIVITY = """
[targets.miniature.activities.{name}]
request = "POST http://{front}/{way}/{service}"
json = {{work = "{{nonce}}"}}
"""


def _service(name: str, **more: str) -> str:
    parts = {"name": f'"{name}"', "address": '"127.0.0.1"', "port": '"{worker.port}"', **more}
    return "{" + ", ".join(f"{key} = {value}" for key, value in parts.items()) + "}"


def _registry(name: str, services: list[str], extra: str = "") -> str:
    head = f'[targets.miniature.systems.{name}]\nkind = "consul"\n[targets.miniature.systems.{name}.native]\n'
    return f'{head}after = "worker"\n{extra}\nservices = [{", ".join(services)}]\n'


def miniature(services: list[str], polled: list[str]) -> str:
    """``services`` are registered twice, in both registries, at the worker's address."""
    at_worker = [_service(name) for name in services]
    shelf = [f'{{name = "service-{number}", address = "10.0.0.{number}", port = 80}}' for number in range(SHELVED)]
    worker = '["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", "' + str(HERE) + '"]'
    poller = ", ".join(f'"{word}"' for word in ("{python}", f"{HERE}/poller.py", *polled))
    return f"""
[targets.miniature.systems.worker]
kind = "http"
native.argv = {worker}
{_registry("consul", at_worker, "dns = true")}
{_registry("elsewhere", at_worker)}
{_registry("shelf", shelf)}
{_registry("locked", [], 'token = "master-of-the-house"')}
{_FRONT.format(name="front", here=HERE)}
{_FRONT.format(name="still", here=HERE)}
native.env.STILL = "yes"
[targets.miniature.systems.poller]
kind = "process"
native.argv = [{poller}]
native.after = "consul"
native.env.CONSUL_URL = "{{consul.url}}"
"""


def activity(way: str, service: str, front: str = "front") -> str:
    return _ACTIVITY.format(name=f"{way}-{service}", way=way, service=service, front=front)


ATTACHED = """
[targets.attached.systems.consul]
kind = "consul"
url = "{url}"
"""


class House:
    """The running miniature."""

    def __init__(self, room: Room, root: Path) -> None:
        for name, located in room.located.items():
            log = located.inventory().log_tail if located.inventory else ""
            assert "not ready" not in log, f"{name}: {log}"
        self.room, self._root, self._made = room, root, 0
        self._queried: dict[tuple[str, str], Future[ClaimResult]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def url(self, system: str = "consul") -> str:
        return self.room.located[system].endpoints["url"]

    def port(self, system: str = "worker") -> int:
        return int(self.url(system).rpartition(":")[2])

    @property
    def spare_port(self) -> int:
        """Where somebody listens whom nobody registered."""
        return int(self.room.located["consul"].endpoints["dns"].rpartition(":")[2])

    def judge(self, check: str, system: str = "consul", **claim: Any) -> ClaimResult:
        return self.room.judge(check, roles={"system": system}, **claim)

    def begin(self, way: str, service: str, caller: str = "", system: str = "consul") -> None:
        """Start to judge ``registry.queried``, next to others."""
        roles = {"system": system, **({"caller": caller} if caller else {})}
        self._queried[way, service] = self._pool.submit(
            self.room.judge, "registry.queried", roles=roles, service=service, activity=f"{way}-{service}"
        )

    def queried(self, way: str, service: str) -> ClaimResult:
        return self._queried[way, service].result()

    def call(self, method: str, path: str, body: Any = None, system: str = "consul", token: str = "") -> Any:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        base = self.url(system).replace(":master-of-the-house@", "")
        asked = urllib.request.Request(f"{base}/v1/{path}", data, {"X-Consul-Token": token}, method=method)
        with urllib.request.urlopen(asked, timeout=5) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def register(self, name: str, **more: Any) -> None:
        """One instance, at the worker's address unless told otherwise."""
        entry = {
            "Name": name,
            "ID": f"{name}-{more.get('Port', 0)}",
            "Address": "127.0.0.1",
            "Port": self.port(),
            **more,
        }
        self.call("PUT", "agent/service/register", entry)

    def seen_through(self, url: str) -> Room:
        self._made += 1
        root = self._root / str(self._made)
        root.mkdir()
        return Room(root, ATTACHED.format(url=url))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
