"""The miniature: one broker, its workers and its front."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
from api import Api

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.testing import Room

HERE = Path(__file__).parent
#: as many as the broker can serve without falling behind
AT_ONCE = 12

MINIATURE = f"""
[targets.miniature.systems.rabbitmq]
kind = "rabbitmq"
# counts every half second and is read every second, not every five: the audit need not wait so long
[targets.miniature.systems.rabbitmq.native.settings]
collect_statistics_interval = 500
"management.sample_retention_policies.global.minute" = 1
"management.sample_retention_policies.basic.minute" = 1
"management.sample_retention_policies.detailed.minute" = 1

[targets.miniature.systems.workers]
kind = "http"
native.argv = ["{{python}}", "{HERE}/workers.py"]
native.after = "rabbitmq"
native.env.AMQP_URL = "{{rabbitmq.amqp}}"
native.env.MANAGEMENT_URL = "{{rabbitmq.management}}"
native.start_limit = 30
native.env.PORT = "{{port}}"

[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.after = "workers"
native.env.AMQP_URL = "{{rabbitmq.amqp}}"
native.env.PORT = "{{port}}"
"""

ATTACHED = """
[targets.attached.systems.rabbitmq]
kind = "rabbitmq"
[targets.attached.systems.rabbitmq.endpoints]
{endpoints}
[targets.attached.systems.front]
kind = "http"
url = "{front}"
"""

ACTIVITY = """
[targets.{target}.activities.{name}]
request = "POST http://front/{way}/{queue}"
json = {{work = "{{nonce}}"}}
"""


def activity(way: str, queue: str, target: str = "miniature") -> str:
    return ACTIVITY.format(target=target, name=f"{way}-{queue}", way=way, queue=queue)


class House:
    """The running miniature. ``vhost`` makes a virtual host of the test's own, ``connect`` a connection into one."""

    def __init__(self, room: Room, root: Path) -> None:
        for name, located in room.located.items():
            log = located.inventory().log_tail if located.inventory else ""
            assert "not ready" not in log, f"{name}: {log}"
        self.room, self._root = room, root
        self.endpoints = room.located["rabbitmq"].endpoints
        self.api = Api(self.endpoints["management"])
        self._made = 0
        self._consumed: dict[tuple[str, str], Future[ClaimResult]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._connections: list[Any] = []

    def judge(self, check: str, **claim: Any) -> ClaimResult:
        return self.room.judge(check, system="rabbitmq", **claim)

    def begin(self, way: str, queue: str) -> None:
        """Start to judge ``queue.consumed``, next to others."""
        self._consumed[way, queue] = self._pool.submit(
            self.judge, "queue.consumed", queue=queue, activity=f"{way}-{queue}"
        )

    def consumed(self, way: str, queue: str) -> ClaimResult:
        return self._consumed[way, queue].result()

    def vhost(self) -> str:
        self._made += 1
        name = f"proof-{self._made}"
        self.api.vhost(name)
        return name

    def connect(self, vhost: str, name: str = "worker") -> Any:
        """A channel; closed with the house at the latest."""
        parameters = pika.URLParameters(self.endpoints["amqp"])
        parameters.virtual_host, parameters.heartbeat = vhost, 0
        parameters.client_properties = {"connection_name": name}
        connection = pika.BlockingConnection(parameters)
        self._connections.append(connection)
        return connection.channel()

    def address(self, kind: str, user: str | None = None, vhost: str = "%2F") -> str:
        """An endpoint's address for another user (whose password is the name)."""
        parts = urlsplit(self.endpoints[kind])
        login = f"{user}:{user}@" if user else f"{parts.username}:{parts.password}@"
        path = f"/{vhost}" if kind == "amqp" else ""
        return f"{parts.scheme}://{login}{parts.hostname}:{parts.port}{path}"

    def seen_through(self, *addresses: str, activities: str = "") -> Room:
        """The same broker through other addresses, attached to."""
        self._made += 1
        root = self._root / str(self._made)
        root.mkdir()
        kinds = {"http": "management", "amqp": "amqp"}
        endpoints = "\n".join(f'{kinds[url.partition(":")[0]]} = "{url}"' for url in addresses)
        front = self.room.located["front"].endpoints["url"]
        return Room(root, ATTACHED.format(endpoints=endpoints, front=front) + activities)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._connections:
            if connection.is_open:
                connection.close()
