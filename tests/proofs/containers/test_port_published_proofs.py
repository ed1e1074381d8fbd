"""port.published on a real engine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

SERVE = ("httpd", "-f", "-p", "80")
APART = {"com.docker.compose.project": "distaudit-proof-apart"}
UDP = """
use Socket;
socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(53, INADDR_ANY)); recv(S, $_, 9, 0) while 1;
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def house(empty_dock: Dock) -> Iterator[SimpleNamespace]:
    dock, ports = empty_dock, {}

    def serve(
        name: str, *argv: str, to: str = "80/tcp", host: str = "127.0.0.1", image: str = "busybox:1.35", **options: Any
    ) -> None:
        ports[name] = free_port()
        dock.run(name, image, *(argv or SERVE), ports={to: (host, ports[name])}, **options)

    serve("web")
    serve("everywhere", host="0.0.0.0")
    serve("udp", "perl", "-e", UDP, to="53/udp", image="base:12")
    # facades
    serve("deaf", "sh", "-c", "httpd -f -p 81")
    serve("to-itself", "httpd", "-f", "-p", "127.0.0.1:80")
    serve("nc-loop", "sh", "-c", "while true; do echo ok | nc -l -p 80; done")
    serve("frozen", then=lambda container: container.pause())
    serve("ended", "sh", "-c", "exit 1")
    serve("deaf-udp", to="53/udp")
    dock.run("unpublished", "nginx:1.22")
    dock.run("direct", "busybox:1.35", *SERVE[:-1], str(free_port()), network_mode="host", labels=APART)
    # left over from a container that is gone: something holds the port, no container does
    squatter = socket.create_server(("127.0.0.1", 0))
    ports["squatted"] = squatter.getsockname()[1]
    dock.all_started()
    time.sleep(0.5)
    yield SimpleNamespace(dock=dock, ports=ports)
    squatter.close()


def judge(house: SimpleNamespace, port: str, **claim: Any) -> Any:
    return house.dock.judge("port.published", port=house.ports[port], **claim)


@pytest.mark.parametrize(
    ("port", "claim"),
    [
        ("web", {}),
        ("web", {"to": 80, "container": "web"}),
        ("web", {"reachable": False}),
        ("everywhere", {"reachable": True}),
        ("udp", {"protocol": "udp", "to": 53}),
    ],
)
def test_a_port_that_leads_to_somebody(house: SimpleNamespace, port: str, claim: dict[str, Any]) -> None:
    found = judge(house, port, **claim)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("port", "claim", "actual"),
    [
        ("deaf", {}, "nobody listens"),
        ("to-itself", {}, "nobody listens"),
        ("deaf-udp", {"protocol": "udp"}, "nobody listens"),
        ("nc-loop", {}, "does nothing"),
        ("frozen", {}, "paused"),
        ("ended", {}, "not published"),
        ("squatted", {}, "not published"),
        ("web", {"to": 81}, "leads to port 80"),
        ("web", {"container": "everywhere"}, "is distaudit-proof"),
        ("web", {"reachable": True}, "bound to loopback"),
        ("everywhere", {"reachable": False}, "open to other hosts"),
        ("web", {"protocol": "udp"}, "not published"),
    ],
)
def test_a_port_that_does_not(house: SimpleNamespace, port: str, claim: dict[str, Any], actual: str) -> None:
    found = judge(house, port, **claim)
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


def test_what_is_only_exposed(house: SimpleNamespace) -> None:
    found = house.dock.judge("port.published", port=80, container="unpublished")
    assert (found.verdict, found.actual) == (Verdict.REFUTED, "port 80 not published"), found


def test_a_container_in_its_hosts_network_publishes_nothing(house: SimpleNamespace) -> None:
    project = APART["com.docker.compose.project"]
    found = house.dock.judge("port.published", port=8080, container="direct", project=project)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found
