"""Who is connected to an agent: on this host, through the engine's proxy, from containers."""

from __future__ import annotations

import http.client
import ipaddress
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _consul_guests, _local, _netns, _published
from pytest_distaudit.systems._consul_guests import Guests, guests
from pytest_distaudit.systems._local import Connection
from pytest_distaudit.systems._published import Behind
from pytest_distaudit.systems.consul import KIND
from tests.lab import Lab

from .bad_days import located, look, wait_until

US = os.getpid()
AGENT, PROXY, CALLER, OTHER, MEMBER = 1001, 1002, 1003, 1004, 1005
NAMES = {CALLER: "app", OTHER: "other", MEMBER: "consul", PROXY: "docker-proxy"}
INSIDE, OUTSIDE, GATEWAY = "172.30.0.2:8500", "127.0.0.1:8500", "172.30.0.1"


def joined(one: str, other: str, pid: int | None, status="ESTABLISHED") -> Connection:
    return Connection(one, other, status, pid)


def listens(where: str, pid: int | None) -> Connection:
    return Connection(where, "", "LISTEN", pid)


@pytest.fixture
def machine(monkeypatch) -> SimpleNamespace:
    """Tables of a host, of the registry's container and of another container."""
    made = SimpleNamespace(
        host=[listens(OUTSIDE, PROXY)],
        inside=[listens("0.0.0.0:8500", AGENT), listens("127.0.0.1:8300", AGENT)],
        elsewhere=[],
        networks={"net:[7]": (AGENT, MEMBER), "net:[8]": (CALLER,)},
        behind=Behind("net:[7]", (ipaddress.ip_address("172.30.0.2"), 8500)),
        metrics=None,
    )
    tables = {(AGENT, MEMBER): "inside", (CALLER,): "elsewhere"}

    def process(pid: int) -> SimpleNamespace:
        argv = ["docker-proxy", "-proto", "tcp", "-container-ip", "172.30.0.2", "-container-port", "8500"]
        words = argv if pid == PROXY else ["x"]
        return SimpleNamespace(pid=pid, name=lambda: NAMES[pid], cmdline=words.copy, create_time=lambda: 1000.0)

    monkeypatch.setattr("psutil.Process", process)
    monkeypatch.setattr(_local, "tree", lambda one: (one,))
    monkeypatch.setattr(_local, "serving_process", lambda _: None)
    monkeypatch.setattr(_local, "connections", lambda: made.host)
    monkeypatch.setattr(_netns, "connections", lambda pids: getattr(made, tables.get(tuple(pids), ""), None))
    monkeypatch.setattr(_netns, "networks", lambda: made.networks)
    monkeypatch.setattr(_published, "behind", lambda *_: made.behind)
    monkeypatch.setattr(_consul_guests, "_QUESTION_S", 0.001)
    made.session = SimpleNamespace(
        located=located(KIND, url=f"http://{OUTSIDE}"), url=f"http://{OUTSIDE}", ways=[], metrics=lambda: made.metrics
    )
    return made


def through_the_proxy(machine, port: int, pid: int | None, *, here: bool = True) -> None:
    """Somebody of the host, or from beyond it, who is connected to the published port."""
    machine.inside.append(joined(INSIDE, f"{GATEWAY}:{port}", AGENT))
    machine.host.append(joined(f"{GATEWAY}:{port}", INSIDE, PROXY))
    far = f"127.0.0.1:{port + 1}" if here else f"192.0.2.9:{port + 1}"
    machine.host.append(joined(OUTSIDE, far, PROXY))
    if here:
        machine.host.append(joined(far, OUTSIDE, pid))


def seen(machine) -> Guests:
    return guests(machine.session)


def test_nobody_is_connected(machine):
    assert seen(machine) == Guests(())


def test_the_audits_own_connections_are_left_out(machine):
    through_the_proxy(machine, 5000, US)
    assert seen(machine) == Guests(())


def test_the_agents_own_connections_are_left_out(machine):
    machine.inside += [
        joined("127.0.0.1:8300", "127.0.0.1:6000", AGENT),
        joined("127.0.0.1:6000", "127.0.0.1:8300", AGENT),
    ]
    assert seen(machine) == Guests(())


def test_other_ports_of_the_container_are_nobodys(machine):
    machine.inside += [listens("0.0.0.0:22", MEMBER), joined("172.30.0.2:22", "172.30.0.3:6000", MEMBER)]
    machine.inside.append(joined("172.30.0.2:7000", "172.30.0.3:80", AGENT))
    assert seen(machine) == Guests(())


def test_another_process_of_the_registrys_container_is_a_stranger(machine):
    machine.inside += [
        joined("127.0.0.1:8500", "127.0.0.1:6000", AGENT),
        joined("127.0.0.1:6000", "127.0.0.1:8500", MEMBER),
    ]
    assert seen(machine) == Guests(("consul (pid 1005)",), {"127.0.0.1:6000": "consul (pid 1005)"})


def test_a_process_of_the_host_comes_through_the_proxy(machine):
    through_the_proxy(machine, 5000, US)
    through_the_proxy(machine, 5010, CALLER)
    found = seen(machine)
    assert found.names == ("app (pid 1003)",)
    assert found.get(f"{GATEWAY}:5010", "") == "app (pid 1003)"


def test_which_of_two_callers_of_the_proxy_asked_is_not_guessed(machine):
    through_the_proxy(machine, 5000, OTHER)
    through_the_proxy(machine, 5010, CALLER)
    found = seen(machine)
    assert found.names == ("app (pid 1003)", "other (pid 1004)")
    assert found.get(f"{GATEWAY}:5000", "") == "app (pid 1003) or other (pid 1004)"


def test_another_host_comes_through_the_proxy(machine):
    through_the_proxy(machine, 5000, None, here=False)
    assert seen(machine).names == ("192.0.2.9",)


def test_a_process_of_another_account_comes_through_the_proxy(machine):
    through_the_proxy(machine, 5000, None)
    assert seen(machine).names == ("a process of another account",)


def test_a_process_of_the_host_comes_directly(machine):
    for port, pid in ((5000, US), (5010, CALLER)):
        machine.inside.append(joined(INSIDE, f"{GATEWAY}:{port}", AGENT))
        machine.host.append(joined(f"{GATEWAY}:{port}", INSIDE, pid))
    assert seen(machine).names == ("app (pid 1003)",)


def test_one_port_of_the_host_may_have_two_owners(machine):
    """The kernel gives a port to several who connect to different places."""
    machine.inside.append(joined(INSIDE, f"{GATEWAY}:5000", AGENT))
    machine.host += [joined(f"{GATEWAY}:5000", "172.30.0.9:80", US), joined(f"{GATEWAY}:5000", INSIDE, CALLER)]
    assert seen(machine).names == ("app (pid 1003)",)
    machine.host[-1] = joined(f"{GATEWAY}:5000", "192.0.2.1:8500", CALLER)  # its address was translated
    assert seen(machine).names == ("app (pid 1003)",)


def test_a_process_of_another_container(machine):
    machine.inside.append(joined(INSIDE, "172.30.0.3:6000", AGENT))
    machine.elsewhere.append(joined("172.30.0.3:6000", INSIDE, CALLER))
    assert seen(machine) == Guests(("app (pid 1003)",), {"172.30.0.3:6000": "app (pid 1003)"})


def test_somebody_of_whom_nothing_is_known(machine):
    machine.inside.append(joined(INSIDE, "172.30.0.4:6000", AGENT))
    assert seen(machine).names == ("172.30.0.4",)


def test_who_asks_and_goes_is_nobody(machine, monkeypatch):
    machine.inside.append(joined(INSIDE, "172.30.0.4:6000", AGENT))
    looks = iter(range(100))

    def connections() -> list[Connection]:
        if next(looks) > 1:
            machine.inside[-1] = joined(INSIDE, "172.30.0.4:6001", AGENT)
        return machine.host

    monkeypatch.setattr(_local, "connections", connections)
    assert seen(machine) == Guests(())


@pytest.mark.parametrize(
    "change",
    [
        {"behind": None},
        {"networks": None},
        {"networks": {}},
        {"inside": None},
        {"inside": [listens("0.0.0.0:8500", None)]},
        {"inside": [listens("127.0.0.1:8500", AGENT)]},
        {"inside": [listens("0.0.0.0:8500", AGENT), listens("172.30.0.2:8500", None)]},
        {"host": None},
        {"metrics": "process_start_time_seconds 2000"},
    ],
)
def test_what_cannot_be_seen_is_not_nobody(machine, change):
    for name, value in change.items():
        setattr(machine, name, value)
    assert seen(machine) == Guests(None)


def test_connections_that_cannot_be_seen_any_more_are_not_nobody(machine, monkeypatch):
    machine.inside.append(joined(INSIDE, "172.30.0.4:6000", AGENT))
    looks = iter([machine.host, None])
    monkeypatch.setattr(_local, "connections", lambda: next(looks))
    assert seen(machine) == Guests(None)


def test_an_agent_that_began_when_it_says(machine):
    machine.metrics = "process_start_time_seconds 1000.5"
    assert seen(machine) == Guests(())


def test_an_agent_of_the_host_itself(machine, monkeypatch):
    monkeypatch.setattr(_local, "serving_process", lambda _: SimpleNamespace(pid=AGENT))
    monkeypatch.setattr(_local, "listens_on", lambda _: (OUTSIDE,))
    machine.host = [listens(OUTSIDE, AGENT)]
    for port, pid in ((5000, US), (5001, CALLER), (5002, None)):
        machine.host += [joined(OUTSIDE, f"127.0.0.1:{port}", AGENT), joined(f"127.0.0.1:{port}", OUTSIDE, pid)]
    assert seen(machine).names == ("a process of another account", "app (pid 1003)")


# --- a real agent in a container

HOLDS = "import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=60)"


@contextmanager
def holding(url: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", HOLDS, url]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees into containers")
def test_who_is_connected_to_an_agent_in_a_container():
    with Lab.reached("consul:1.8", "python:3.11") as lab:
        argv = "consul", "agent", "-dev", "-client", "0.0.0.0"
        agent = lab.run("consul:1.8", *argv, ports={"8500/tcp": ("127.0.0.1", None)})
        url = f"http://127.0.0.1:{agent.ports['8500/tcp'][0]['HostPort']}"
        wait_until(lambda: _answers(url), 20)
        waits = "/v1/health/service/consul?wait=60s&index=1000000"

        def connected() -> tuple[str, ...] | None:
            return look(KIND, Ask.of("lookups", service="worker"), Limits(), url=url).connected

        with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as ours:
            ours.request("GET", waits)
            time.sleep(0.2)
            assert connected() == ()
        with holding(url + waits) as process:
            wait_until(lambda: connected() != (), 5)
            assert [name.partition(" ")[2] for name in connected()] == [f"(pid {process.pid})"]
        inside = agent.attrs["NetworkSettings"]["IPAddress"]
        with holding(f"http://{inside}:8500{waits}") as process:
            wait_until(lambda: connected() != (), 5)
            assert [name.partition(" ")[2] for name in connected()] == [f"(pid {process.pid})"]
        wait_until(lambda: connected() == (), 5)
        caller = lab.run("python:3.11", "python3", "-c", HOLDS, f"http://{inside}:8500{waits}")
        wait_until(lambda: connected() != (), 5)
        (name,) = connected()
        assert int(name.partition("(pid ")[2].rstrip(")")) in {int(row[1]) for row in caller.top()["Processes"]}


def _answers(url: str) -> bool:
    with suppress(OSError):
        return len(urllib.request.urlopen(f"{url}/v1/status/leader", timeout=1).read()) > 2
    return False
