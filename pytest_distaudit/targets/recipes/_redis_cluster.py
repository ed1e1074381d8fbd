"""How a node of a Redis Cluster that is started with the others joins them: each node does its own part."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from pytest_distaudit.ports.dial import answers
from pytest_distaudit.targets.recipe import StartFailed
from pytest_distaudit.targets.recipes._company import Company

_SLOTS = 16384
#: the port of the bus is that of the clients and so many
_BUS = 10_000
_TRIES, _AGAIN_S = 200, 1.5
Told = Callable[..., str]


def port_with_bus(free_port: Callable[[], int]) -> int:
    """A port whose bus has one, too. Raises StartFailed."""
    for _ in range(_TRIES):
        port = free_port()
        if port + _BUS <= 65535 and _is_free(port + _BUS):
            return port
    raise StartFailed("no port that leaves one for the bus of a Redis Cluster")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


class Node:
    """One node: the first ones of the list are masters and share the slots, the others follow them in turn."""

    def __init__(self, name: str, fellows: Company, replicas: int) -> None:
        self._name, self._fellows = name, fellows
        self._index = fellows.names.index(name) if name in fellows.names else -1
        self._masters = max(1, len(fellows.names) // (1 + replicas))
        self._begun, self._met = False, 0.0

    def joined(self, told: Told) -> bool:
        """Do what is next; whether nothing is left to do. Raises StartFailed."""
        if self._index < 0:
            raise StartFailed(f"native.cluster does not name {self._name} itself")
        if not self._begun:
            self._begun = True
            told(*self._beginning())
        nodes = told("CLUSTER NODES")
        missing = [name for name in self._fellows.names if f":{self._fellows.port(name)}@" not in nodes]
        if missing or "handshake" in nodes:
            # one introduces all: nodes that meet twice at once may crash (seen with 7.0.15)
            ports = [self._fellows.port(name) for name in missing]
            late = time.monotonic() - self._met > _AGAIN_S
            if self._index == 0 and late and all(answers("127.0.0.1", port) for port in ports):
                self._met = time.monotonic()
                told(*(f"CLUSTER MEET 127.0.0.1 {port}" for port in ports))
            return False
        if self._index >= self._masters and not self._follows(told, nodes):
            return False
        return "cluster_state:ok" in told("CLUSTER INFO")

    def _beginning(self) -> list[str]:
        commands = [f"CLUSTER SET-CONFIG-EPOCH {self._index + 1}"]
        if self._index < self._masters:
            first, last = (_SLOTS * step // self._masters for step in (self._index, self._index + 1))
            slots = [str(slot) for slot in range(first, last)]
            # a line may have 64 KiB
            commands += [f"CLUSTER ADDSLOTS {' '.join(slots[at : at + 1000])}" for at in range(0, len(slots), 1000)]
        return commands

    def _follows(self, told: Told, nodes: str) -> bool:
        """Whether it follows its master, which it is told to unless it does."""
        if "role:slave" in (said := told("INFO replication")):
            return "master_link_status:up" in said
        master = self._fellows.port(self._fellows.names[self._index % self._masters])
        ids = [line.split()[0].strip() for line in nodes.splitlines() if f":{master}@" in line]
        told(*(f"CLUSTER REPLICATE {one}" for one in ids))
        return False
