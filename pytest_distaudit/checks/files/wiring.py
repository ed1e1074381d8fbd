"""Parts that are there and lead nowhere: brokers without clients, routers without applications, pools of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import CodeFlaw, Facts, Origin, Pool, ScrapeTarget
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.inventory import Inventory, Service
from pytest_distaudit.domain.products import BY_NAME, Product, speaks_to

_ALGORITHMS = re.compile(r"round[_-]?robin|least|hash|random|source|weight|first|consistent", re.IGNORECASE)
#: Exporters and agents answer Prometheus on ports that images open and compose files need not name.
_LOCAL = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal", "::1"))  # noqa: S104 - compared, not bound


def findings(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """Those that manifests alone show."""
    yield from _pools(facts)
    yield from _scrapes(facts, inventory)


def code_findings(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """Those for which source code is read."""
    yield from _clients(facts, inventory)
    yield from _routers(facts)
    yield from _always_healthy(facts)


def _pools(facts: Facts) -> Iterator[Finding]:
    for pool in facts.pools:
        working = [server for server in pool.servers if not server.backup]
        if (
            pool.dynamic
            or len(pool.servers) != 1
            or not working
            or not pool.algorithm
            or not _ALGORITHMS.match(pool.algorithm)
        ):
            continue
        yield Finding(
            kind=FindingKind.ONE_SERVER_POOL,
            component=pool.name,
            at=pool.spot,
            against=working[0].spot,
            message=f"the pool {pool.name} balances by {pool.algorithm} over one server ({working[0].host}), so "
            "nothing is balanced and nothing fails over: add a server or say that there is one",
            confidence=_pool_confidence(facts, pool),
            said=pool.algorithm,
            found="1 server",
        )


def _pool_confidence(facts: Facts, pool: Pool) -> Confidence:
    """A single name may stand for several containers where a service is replicated."""
    host = pool.servers[0].host
    many = any(c.name == host and ((c.replicas or 1) > 1 or c.origin is Origin.KUBERNETES) for c in facts.live())
    return Confidence.LOW if many else Confidence.HIGH


def _scrapes(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    if not any(service.head.origin is Origin.COMPOSE for service in inventory.services):
        return
    for target in facts.scrapes:
        if target.host in _LOCAL or "." in target.host or "$" in target.host or "{" in target.host:
            continue
        services = inventory.reached(target.host)
        if not services:
            yield _dead(target, None, "no such service", _near(facts, target))
        elif target.port is not None and all(_only_outside(service, target.port) for service in services):
            inside = next(port for port in services[0].ports if port.host == target.port)
            found = f"port {inside.container} inside"
            yield _dead(target, inside.spot, found, Confidence.HIGH)


def _near(facts: Facts, target: ScrapeTarget) -> Confidence:
    """A commented-out service of that name makes it certain."""
    return Confidence.HIGH if len(list(facts.live())) > 2 and target.port else Confidence.MEDIUM


def _only_outside(service: Service, port: int) -> bool:
    """Whether a port is the host's alone: inside, where Prometheus asks, the service has another."""
    inside = {item.container for item in service.ports}
    return port not in inside and any(item.host == port for item in service.ports)


def _dead(target: ScrapeTarget, against: Spot | None, found: str, confidence: Confidence) -> Finding:
    address = f"{target.host}:{target.port}" if target.port else target.host
    return Finding(
        kind=FindingKind.DEAD_SCRAPE_TARGET,
        component=target.host,
        at=target.spot,
        against=against,
        message=f"the job {target.job or 'without a name'} asks {address}, where nothing of this system answers "
        f"({found}): correct the target or remove it",
        confidence=confidence,
        said=address,
        found=found,
    )


def _clients(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    for service in inventory.services:
        found = clients_missing(facts, inventory, service)
        if found:
            yield found


def clients_missing(facts: Facts, inventory: Inventory, service: Service) -> Finding | None:
    """The finding that no code of the tree can speak to a broker or a tracer; None where it can or cannot be told."""
    product = BY_NAME.get(service.product)
    if product is None or product.kind not in ("broker", "tracing") or not product.clients:
        return None
    if not _code_is_here(facts, inventory, service) or uses(facts, product):
        return None
    broker = product.kind == "broker"
    return Finding(
        kind=FindingKind.BROKER_WITHOUT_CLIENT if broker else FindingKind.TRACER_WITHOUT_SDK,
        component=service.name,
        at=service.spot,
        message=f"{service.name} runs, but none of {facts.code.read} source files imports a client of {product.name} "
        f"and no manifest asks for one, so nothing {'is sent through it' if broker else 'reports traces to it'}: "
        "use it or remove it",
        confidence=Confidence.HIGH if facts.code.read > 5 else Confidence.MEDIUM,
        said=product.name,
        found="0 clients",
    )


def uses(facts: Facts, product: Product) -> bool:
    """Whether code imports a client of a product, or a manifest asks for one, directly or not."""
    modules = (item.module for item in facts.code.imports if item.reached is not False)
    return any(speaks_to(name, product) for name in (*modules, *(item.name for item in facts.dependencies)))


def _code_is_here(facts: Facts, inventory: Inventory, broker: Service) -> bool:
    """Whether all that could speak to a broker is built from this tree's code, and that code was read whole.

    An image from elsewhere that depends on the broker or names it may hold a client that cannot be seen.
    """
    if not facts.code.read or not facts.code.complete:
        return False
    others = [s for s in inventory.services if s is not broker and not s.product]
    built = [s for s in others if s.built]
    foreign = [s for s in others if not s.built]
    seen = any(layer.build and _has_code(facts, layer.build.context) for s in built for layer in s.layers)
    return seen and not any(_names(s, broker) for s in foreign)


def _has_code(facts: Facts, context: str) -> bool:
    return context == "." or context in facts.code.folders


def _names(service: Service, broker: Service) -> bool:
    hosts = {reference.host for layer in service.layers for reference in layer.references}
    needs = {name for layer in service.layers for name in layer.depends_on}
    return bool((hosts | needs) & broker.names) or broker.product in service.name


def _routers(facts: Facts) -> Iterator[Finding]:
    for flaw in facts.code.flaws:
        if flaw.flaw is CodeFlaw.ROUTER_NOT_INCLUDED:
            where = f" under {flaw.detail}" if flaw.detail else ""
            yield Finding(
                kind=FindingKind.ENDPOINT_UNMOUNTED,
                component=flaw.name,
                at=flaw.spot,
                message=f"the router {flaw.name}{where} is included by no application, so its endpoints answer 404: "
                "include it or remove it",
                confidence=Confidence.HIGH,
                said=flaw.detail or flaw.name,
                found="not included",
            )


def _always_healthy(facts: Facts) -> Iterator[Finding]:
    for flaw in facts.code.flaws:
        if flaw.flaw is not CodeFlaw.ALWAYS_HEALTHY:
            continue
        checks = (component.healthcheck for component in facts.live() if component.healthcheck)
        asked = next((check.spot for check in checks if flaw.detail in {path for _, path in check.addresses}), None)
        yield Finding(
            kind=FindingKind.VACUOUS_HEALTHCHECK,
            component=flaw.name,
            at=flaw.spot,
            against=asked,
            message=f"{flaw.name} answers 200 on {flaw.detail} even after an exception, so checks of it cannot "
            "fail: answer 503 where something is broken",
            confidence=Confidence.HIGH if asked else Confidence.MEDIUM,
            said=flaw.detail,
            found="always 200",
        )
