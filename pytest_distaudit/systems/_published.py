"""Which container of this host is behind a port that Docker's proxy publishes.

Without that proxy, on another machine and in rootless engines it is not known.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_distaudit.systems import _local, _netns

PROXY = "docker-proxy"


@dataclass(frozen=True, slots=True)
class Behind:
    """A container's network, and the address and port in it to which the published one leads."""

    network: str
    place: _netns.Place

    @property
    def listened(self) -> set[str]:
        """Where whoever serves that address may be bound."""
        return {_netns.written((ip, self.place[1])) for ip in (self.place[0], *_netns.EVERYWHERE)}


def behind(host: str, port: int, among: _netns.Networks | None = None) -> Behind | None:
    """What is behind ``port`` of this host; None unless exactly one network can be. ``among``: all that there are."""
    import psutil

    try:
        targets = {target(one.cmdline()) for one in _local.listeners(host, port)}
    except psutil.Error:
        return None
    place = targets.pop() if len(targets) == 1 else None
    networks = _netns.networks() if among is None else among
    if place is None or networks is None:
        return None
    try:
        found = [name for name, pids in networks.items() if _netns.has(pids, *place)]
    except OSError:
        return None
    return Behind(found[0], place) if len(found) == 1 else None


def target(argv: Sequence[str]) -> _netns.Place | None:
    """Where a proxy with this command line leads; None if it is no proxy, or none for TCP."""
    if not argv or argv[0].rpartition("/")[2] != PROXY:
        return None
    words = [part for word in argv[1:] for part in word.split("=", 1)]
    options = {word.lstrip("-"): after for word, after in pairwise(words) if word.startswith("-")}
    try:
        place = ipaddress.ip_address(options["container-ip"]), int(options["container-port"])
    except (KeyError, ValueError):
        return None
    return place if options.get("proto") == "tcp" else None
