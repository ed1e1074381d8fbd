"""Whether somebody listens where instances are registered: a connection, opened and closed at once."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.dial import answers, dial
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local

Place = tuple[str, int]

_MOST, _TOGETHER_S, _EACH_S = 500, 6.0, 1.0


def knocked(located: Located, limits: Limits, places: Collection[Place]) -> Mapping[Place, bool | None]:
    """Place -> whether it accepts a connection; None where this cannot be told from here.

    Only private addresses are dialled, and loopback only for a registry of this very host: what it
    means elsewhere, or in a container, is another machine.
    """
    here = _local.serving_process(located) is not None
    near = [place for place in sorted(places) if _may_be_dialled(place, here)][:_MOST]
    if not near:
        return {}
    until = time.monotonic() + _TOGETHER_S
    with ThreadPoolExecutor(min(limits.connections, len(near))) as pool:
        heard = dict(zip(near, pool.map(lambda place: _accepts(place, until), near), strict=True))
    awake = {host for (host, _), accepts in heard.items() if accepts}
    own = address(located.endpoints["url"])[0]
    return {
        place: False if accepts is False and _is_refusal(place, awake, located, own) else accepts or None
        for place, accepts in heard.items()
    }


def _may_be_dialled(place: Place, here: bool) -> bool:
    host, port = place
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    if not port or ip.is_unspecified:
        return False
    return here if ip.is_loopback else ip.is_private


def _accepts(place: Place, until: float) -> bool | None:
    """True, False for a refusal, None for anything else or when time is up."""
    if time.monotonic() > until:
        return None
    try:
        dial(*place, _EACH_S).close()
    except Refusal:
        return False
    except Unobservable:
        return None
    return True


def _is_refusal(place: Place, awake: Collection[str], located: Located, own: str) -> bool:
    """Whether another port of that host answers, and none of datagrams has this number."""
    host, port = place
    others = [neighbour for neighbour in located.neighbours if neighbour[0] == host and neighbour[1] != port]
    if not (host in awake or host == own or any(answers(*other) for other in others)):
        return False
    return not (_local.is_local(host) and _speaks_udp(port))


def _speaks_udp(port: int) -> bool:
    import psutil

    try:
        return any(one.laddr and one.laddr.port == port for one in psutil.net_connections("udp"))
    except psutil.Error:
        return True
