"""What the audit changes of what a Consul agent holds: its own instances, and the maintenance of others."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._consul_session import MARK, ConsulSession

#: the agent connects this often, and what refuses it for so long is forgotten (a minute is the least)
_EVERY, _FORGOTTEN = "1s", "1m"


class ConsulRegistrar:
    """Implements ports.registrar.Registrar on the agent that the audit is told of."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self._session = ConsulSession(located, limits)

    def entry(self, service: str, name: str, host: str, port: int) -> Request:
        """With the tags of another instance: callers may want those."""
        held = self._session.read("agent/services").values()
        like: dict[str, Any] = next((one for one in held if one["Service"] == service), {})
        check = {
            "TCP": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "Interval": _EVERY,
            "Timeout": _EVERY,
            "Status": "passing",
            "DeregisterCriticalServiceAfter": _FORGOTTEN,
        }
        told = {
            "Name": service,
            "ID": name,
            "Address": host,
            "Port": port,
            "Tags": [*(like.get("Tags") or ()), MARK],
            "Meta": {**(like.get("Meta") or {}), MARK: "1"},
            "Check": check,
        }
        return self._session.change("agent/service/register", told)

    def withdrawal(self, name: str) -> Request:
        """By the agent."""
        return self._session.change(f"agent/service/deregister/{quote(name, safe='')}")

    def pause(self, name: str) -> Request:
        """Maintenance, which the agent knows for its own instances alone."""
        return self._session.change(f"agent/service/maintenance/{quote(name, safe='')}?enable=true&reason={MARK}")

    def resume(self, name: str) -> Request:
        """Out of maintenance."""
        return self._session.change(f"agent/service/maintenance/{quote(name, safe='')}?enable=false")

    def send(self, request: Request) -> None:
        """Send one of these. Raises Unobservable unless it was done."""
        answer = self._session.send(request)
        if answer.status != 200:
            raise self._session.refused(answer, f"{request.method} {request.url.partition('?')[0]}")

    def close(self) -> None:
        """Nothing is kept open."""
        self._session.close()
