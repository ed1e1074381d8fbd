"""An engine in a container of the lab's engine, with containers of its own: genuine servers and loops."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tests.lab import Lab, named

#: as much as an engine in an engine needs, short of --privileged
CAPABILITIES = (
    *("SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "MKNOD", "SYS_CHROOT", "SETFCAP", "AUDIT_WRITE"),
    *("DAC_READ_SEARCH", "IPC_LOCK", "SYS_NICE", "LINUX_IMMUTABLE"),
)
UNCONFINED = ("seccomp=unconfined", "apparmor=unconfined")
IMAGE = "busybox:1.35"

#: a small server of the protocol: one line in, one line out
SERVER = r"""
{ id = $0; sub(/.*"id": *"/, "", id); sub(/".*/, "", id) }
!/"id":/ { next }
/"method": *"initialize"/ {
  told = "\"result\":{\"protocolVersion\":\"2025-06-18\",\"serverInfo\":{\"name\":\"" ENVIRON["NAME"] \
    "\",\"version\":\"1\"},\"capabilities\":{\"tools\":{}}}" }
/"method": *"tools\/list"/ {
  told = "\"result\":{\"tools\":[{\"name\":\"look\",\"inputSchema\":{\"type\":\"object\"}}]}" }
!/"method": *"(initialize|tools\/list)"/ { told = "\"error\":{\"code\":-32601,\"message\":\"unknown\"}" }
{ print "{\"jsonrpc\":\"2.0\",\"id\":\"" id "\"," told "}"; fflush() }
"""
LOOP = "while true; do echo ok | nc -l -p 11090; done"
JOB = "while true; do wget -q -O /dev/null http://127.0.0.1:1/; sleep 30; done"


class Nest:
    """``outer`` is the container's name in the lab; the inner engine is filled over a published port."""

    def __init__(self, lab: Lab, outer: str) -> None:
        self._lab, self.outer = lab, outer
        self._made = lab.run(
            "dind:20.10",
            name=outer,
            cgroupns="private",
            security_opt=list(UNCONFINED),
            device_cgroup_rules=["a *:* rwm"],
            cap_add=list(CAPABILITIES),
            ports={"2375/tcp": ("127.0.0.1", None)},
        )
        self.client = self._reached()
        image = io.BytesIO(b"".join(lab.client.images.get(named(IMAGE)).save(named=named(IMAGE))))
        self.client.images.load(image)

    def _reached(self) -> Any:
        import docker

        deadline = time.monotonic() + 60
        while True:
            self._made.reload()
            assert self._made.status == "running", self._made.logs().decode()
            with suppress(Exception):
                port = self._made.ports["2375/tcp"][0]["HostPort"]
                client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{port}", timeout=30)
                client.ping()
                return client
            assert time.monotonic() < deadline, self._made.logs().decode()
            time.sleep(0.1)

    @property
    def address(self) -> str:
        """Where other containers reach the inner engine."""
        return f"tcp://{self._made.attrs['NetworkSettings']['IPAddress']}:2375"

    def fill(self, *wanted: tuple[str, list[str], dict[str, Any]]) -> None:
        """(name, command, options) each, several at once."""
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(self._run, wanted))

    def _run(self, wanted: tuple[str, list[str], dict[str, Any]]) -> None:
        name, command, options = wanted
        self.client.containers.run(named(IMAGE), command, name=name, detach=True, network_mode="none", **options)

    def commands(self, prefix: str) -> list[str]:
        """Everything that runs in the inner engine's containers of such names."""
        containers = self.client.containers.list(filters={"name": prefix})
        return sorted(row[-1] for one in containers for row in one.top(ps_args="-eo pid,args")["Processes"])

    def close(self) -> None:
        """The container goes with the lab's others."""
        self.client.close()


def server(name: str, **options: Any) -> tuple[str, list[str], dict[str, Any]]:
    return name, ["awk", SERVER], {"stdin_open": True, "environment": {"NAME": name}, **options}


def shell(name: str, script: str, **options: Any) -> tuple[str, list[str], dict[str, Any]]:
    return name, ["sh", "-c", script], options
