"""The systems of a first target: what the manifests declare, as kinds that the audit can ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_distaudit.domain.facts import Component, Facts
from pytest_distaudit.domain.inventory import Inventory, Service
from pytest_distaudit.reports.target_toml import FoundSystem

_HOST = "127.0.0.1"
#: where Kong tells of itself; without it only its requests can be asked for
_KONG_ADMIN = 8001
#: products whose published port is an HTTP interface that a person may open
_SPEAK_HTTP = {
    *("elasticsearch", "grafana", "haproxy", "keycloak", "kibana", "kong", "minio", "nginx", "opensearch"),
    *("traefik", "vault"),
}


def found_systems(facts: Facts) -> Iterator[FoundSystem]:
    """Every declared service once, by name."""
    seen: dict[str, FoundSystem] = {}
    for service in sorted(Inventory(facts).services, key=lambda one: one.name):
        found = _system(service)
        if found.name not in seen or (found.endpoints and not seen[found.name].endpoints):
            seen[found.name] = found
    yield from seen.values()


def _system(service: Service) -> FoundSystem:
    kind = service.product or ("http" if service.built or service.ports else "")
    published = {port.container: port.host for port in service.ports if port.host}
    where = str(service.spot)
    if service.product in _SPEAK_HTTP and not (kind == "kong" and _KONG_ADMIN in published):
        kind = "http"
    elif service.product and service.product not in _ADDRESSES:
        return FoundSystem(service.name, kind, where, why=f"no kind asks {service.product} yet")
    if not published:
        return FoundSystem(
            service.name, kind, where, why="it publishes no port; give the address by which it is reached"
        )
    return FoundSystem(service.name, kind or "http", where, tuple(_ADDRESSES.get(kind, _http)(service, published)))


_Endpoints = Sequence[tuple[str, str]]
_Published = Mapping[int, int]


def _http(service: Service, published: _Published) -> _Endpoints:
    return [("url", f"http://{_HOST}:{next(iter(published.values()))}")]


def _postgres(service: Service, published: _Published) -> _Endpoints:
    user, password, name = (_variable(service, word) for word in ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"))
    port = published.get(5432, next(iter(published.values())))
    return [("url", f"postgresql://{user}:{password}@{_HOST}:{port}/{name}")]


def _rabbitmq(service: Service, published: _Published) -> _Endpoints:
    who = f"{_variable(service, 'RABBITMQ_DEFAULT_USER')}:{_variable(service, 'RABBITMQ_DEFAULT_PASS')}"
    found = []
    if 5672 in published:
        found.append(("amqp", f"amqp://{who}@{_HOST}:{published[5672]}/%2F"))
    if 15672 in published:
        found.append(("management", f"http://{who}@{_HOST}:{published[15672]}"))
    return found


def _at(form: str, port: int) -> Callable[[Service, _Published], _Endpoints]:
    """Of products without credentials of their own, which have one address; ``port`` is the product's."""

    def endpoints(service: Service, published: _Published) -> _Endpoints:
        return [("url", form.format(f"{_HOST}:{published.get(port, next(iter(published.values())))}"))]

    return endpoints


def _kong(service: Service, published: _Published) -> _Endpoints:
    requests = [("url", f"http://{_HOST}:{published[8000]}")] if 8000 in published else []
    return [*requests, ("admin", f"http://{_HOST}:{published[_KONG_ADMIN]}")]


def _neo4j(service: Service, published: _Published) -> _Endpoints:
    if 7474 not in published:
        return []
    return [("url", f"http://neo4j:{_variable(service, 'NEO4J_PASSWORD')}@{_HOST}:{published[7474]}")]


def _jaeger(service: Service, published: _Published) -> _Endpoints:
    """Its query API; what it counts itself stands elsewhere in each version."""
    metrics = next((published[port] for port in (8888, 14269) if port in published), None)
    url = f"http://{_HOST}:{published.get(16686, next(iter(published.values())))}"
    return [("url", url), *([("metrics", f"http://{_HOST}:{metrics}")] if metrics else [])]


def _variable(service: Service, name: str) -> str:
    """A reference to the variable: by the image's own name where the service sets it, else with the service's."""
    given = {one for layer in service.layers for one in _environment(layer)}
    return (
        f"${{{name}}}" if name in given else f"${{{service.name.upper().replace('-', '_')}_{name.rpartition('_')[2]}}}"
    )


def _environment(component: Component) -> tuple[str, ...]:
    return component.environment


_ADDRESSES: Mapping[str, Callable[[Service, _Published], _Endpoints]] = {
    "chromadb": _at("http://{}", 8000),
    "consul": _at("http://{}", 8500),
    "etcd": _at("http://{}", 2379),
    "http": _http,
    "jaeger": _jaeger,
    "kafka": _at("kafka://{}", 9092),
    "kong": _kong,
    "neo4j": _neo4j,
    "ollama": _at("http://{}", 11434),
    "postgres": _postgres,
    "prometheus": _at("http://{}", 9090),
    "qdrant": _at("http://{}", 6333),
    "rabbitmq": _rabbitmq,
    "redis": _at("redis://{}/0", 6379),
    "zipkin": _at("http://{}", 9411),
}
