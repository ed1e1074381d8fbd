"""The addresses of a service in a container, from its kind and what its description sets. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

#: port inside the container -> (host, port) where it is reached from here; None: not at all
Reach = Callable[[int], tuple[str, int] | None]
Service = Mapping[str, Any]

_PORT_VARIABLES = ("PORT", "HTTP_PORT", "SERVER_PORT")


def endpoints(kind: str, service: Service, reach: Reach) -> dict[str, str]:
    """Endpoint name -> URL; empty where no port of it can be reached."""
    return _ENDPOINTS.get(kind, _http)(service, reach)


def _http(service: Service, reach: Reach) -> dict[str, str]:
    for port in http_ports(service):
        if place := reach(port):
            return {"url": f"http://{place[0]}:{place[1]}"}
    return {}


def http_ports(service: Service) -> list[int]:
    """Ports inside the container on which it may answer HTTP, the likeliest first."""
    environment = service.get("environment") or {}
    named = [int(value) for name in _PORT_VARIABLES if str(value := environment.get(name) or "").isdecimal()]
    published = [int(port["target"]) for port in service.get("ports") or ()]
    exposed = [int(str(port).partition("/")[0]) for port in service.get("expose") or ()]
    return list(dict.fromkeys([*published, *exposed, *named]))


def _postgres(service: Service, reach: Reach) -> dict[str, str]:
    environment = service.get("environment") or {}
    user = environment.get("POSTGRES_USER") or "postgres"
    password = environment.get("POSTGRES_PASSWORD") or environment.get("PGPASSWORD") or ""
    name = environment.get("POSTGRES_DB") or user
    place = reach(5432)
    return {"url": f"postgresql://{_login(user, password)}{_at(place)}/{quote(name)}"} if place else {}


def _rabbitmq(service: Service, reach: Reach) -> dict[str, str]:
    environment = service.get("environment") or {}
    user = environment.get("RABBITMQ_DEFAULT_USER") or "guest"
    login = _login(user, environment.get("RABBITMQ_DEFAULT_PASS") or "guest")
    vhost = quote(environment.get("RABBITMQ_DEFAULT_VHOST") or "/", safe="")
    found = {}
    if place := reach(5672):
        found["amqp"] = f"amqp://{login}{_at(place)}/{vhost}"
    if _has_management(service) and (place := reach(15672)):
        found["management"] = f"http://{login}{_at(place)}"
    return found


def _has_management(service: Service) -> bool:
    """Whether the description speaks of the management plugin: not every image has it."""
    return "management" in str(service.get("image")) or 15672 in http_ports(service)


def _redis(service: Service, reach: Reach) -> dict[str, str]:
    place = reach(6379)
    return {"url": f"redis://{_login('', _redis_password(service))}{_at(place)}/0"} if place else {}


def _redis_password(service: Service) -> str:
    command = service.get("command") or ()
    words = shlex.split(command) if isinstance(command, str) else list(command)
    after = words[words.index("--requirepass") + 1 :] if "--requirepass" in words else []
    return str(after[0]) if after else str((service.get("environment") or {}).get("REDIS_PASSWORD") or "")


def _consul(service: Service, reach: Reach) -> dict[str, str]:
    place = reach(8500)
    return {"url": f"http://{_at(place)}"} if place else {}


def _kafka(service: Service, reach: Reach) -> dict[str, str]:
    place = reach(9092)
    return {"url": f"kafka://{_at(place)}"} if place else {}


def _neo4j(service: Service, reach: Reach) -> dict[str, str]:
    place = reach(7474)
    user, _, password = str((service.get("environment") or {}).get("NEO4J_AUTH") or "").partition("/")
    return {"url": f"http://{_login(user if password else '', password)}{_at(place)}"} if place else {}


def _gateway(own: str, port: int, path: str) -> Callable[[Service, Reach], dict[str, str]]:
    """Of a gateway, whose own endpoint (what it tells of itself) is at the port and path that its manual uses."""

    def found(service: Service, reach: Reach) -> dict[str, str]:
        requests = (reach(each) for each in http_ports(service) if each != port)
        place, told = next(filter(None, requests), None), reach(port) if port in http_ports(service) else None
        url = {"url": f"http://{_at(place)}"} if place else {}
        return url | ({own: f"http://{_at(told)}{path}"} if told else {})

    return found


def _login(user: str, password: str) -> str:
    if not password:
        return f"{quote(user, safe='')}@" if user else ""
    return f"{quote(user, safe='')}:{quote(password, safe='')}@"


def _at(place: tuple[str, int] | None) -> str:
    assert place is not None
    return f"{place[0]}:{place[1]}"


_ENDPOINTS: Mapping[str, Callable[[Service, Reach], dict[str, str]]] = {
    "http": _http,
    "haproxy": _gateway("stats", 8404, "/stats"),
    "kong": _gateway("admin", 8001, ""),
    "nginx": _gateway("status", 8080, "/stub_status"),
    "postgres": _postgres,
    "rabbitmq": _rabbitmq,
    "redis": _redis,
    "consul": _consul,
    "kafka": _kafka,
    "neo4j": _neo4j,
}
