"""Addresses from which requests can come as from many clients."""

from __future__ import annotations

import secrets
import socket
from functools import cache
from ipaddress import IPv4Address
from urllib.parse import urlsplit

#: all of it is this machine's own; some gateways tell clients apart by the first three bytes alone
_FIRST, _LAST = int(IPv4Address("127.1.0.0")), int(IPv4Address("127.254.255.255"))


def client_for(url: str) -> str:
    """An address that nobody else comes from; "" where the way there does not go over IPv4's loopback."""
    host = urlsplit(url).hostname or ""
    if not (host.startswith("127.") and _many()):
        return ""
    return str(IPv4Address(_FIRST + secrets.randbelow(_LAST - _FIRST)))


@cache
def _many() -> bool:
    """Whether this system lets anybody use all of those addresses."""
    with socket.socket() as probe:
        try:
            probe.bind((str(IPv4Address(_LAST)), 0))
        except OSError:
            return False
    return True
