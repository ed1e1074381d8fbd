"""Documents against manifests: what is named and not there, there and not named, and figures that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_distaudit.checks.files.figures import Counted, applications, version_facts, within_scope
from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.document import Address
from pytest_distaudit.domain.facts import Component, Facts, Origin, Port
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.inventory import Inventory, Service, products_of
from pytest_distaudit.domain.names import fold
from pytest_distaudit.domain.products import product_named
from pytest_distaudit.domain.proposal import Figure, Proposal
from pytest_distaudit.domain.versions import agree, numbers

#: Patterns that say of a product that it is a part of the system.
# fmt: off
_PRESENT = frozenset((
    "running", "registered", "discovered", "routed", "load_balanced", "messaging", "event_streaming",
    "tracing", "metrics", "replicated", "clustered", "cache", "other", "lock", "leader_election",
    "db_per_service",
))
# fmt: on
#: Products that others stand in for without anybody calling that wrong.
_STAND_INS = {
    "mysql": ("mariadb",),
    "mariadb": ("mysql",),
    "redis": ("valkey",),
    "valkey": ("redis",),
    "elasticsearch": ("opensearch",),
    "kibana": ("opensearch-dashboards",),
    "prometheus": ("victoriametrics", "mimir"),
}
#: A product's name before one of these is a library's.
_LIBRARY = (
    r"[ -]?(?:jdbc|odbc|driver|connector|client|sdk|librar|dialect|starter|dependenc|plugin|adapter|orm|compatible|"
    r"format|metrics? |endpoint|exporter|annotation|protocol|syntax|style)"
)
#: Larger numbers in the place of a version are ports or dates.
_LARGEST_VERSION = 2100
#: Kubernetes opens these on its nodes; a compose file need not know them.
_NODE_PORTS = range(30_000, 32_768)
#: A service started by hand listens where its own defaults say.
_NATIVE = re.compile(
    r"without (?:docker|containers?)|outside (?:of )?docker|not in (?:a )?container|\bnpm\b|\byarn\b|\bIDE\b|\bmvnw?\b|"
    r"\bgradlew?\b|\bdev(?:elopment)? server\b|dotnet run|go run|cargo run|uvicorn|flask run|manual(?:ly)?\b",
    re.IGNORECASE,
)
_IMAGE_LINE = re.compile(r"\bimage:|\b(?:docker|podman) (?:build|push|pull|tag|run)\b|\bFROM\b|--image\b")
#: Words around a product that say it is not, not yet or not always there.
_CONDITIONAL = re.compile(
    r"\b(?:uncomment\w*|comment\w*|optional\w*|if you|could|can also|may|might|instead|no longer|not|without|set ?up|"
    r"alternativ\w*|install\w*|todo|plan\w*|remov\w*|deprecat\w*|replac\w*|disabl\w*|future|formerly|e\.g|such as|"
    r"like|or)\b|n't\b|\?",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\d\s*\+|or (?:later|newer|higher|above|greater)|at least|minimum|>=|≥|and up\b|or more", re.IGNORECASE
)


def findings(facts: Facts, inventory: Inventory, proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """All of this module's findings."""
    yield from _uncalled(facts, inventory)
    yield from _commented(facts, inventory)
    yield from _addresses(facts, inventory, proposals)
    for proposal in proposals:
        if proposal.expect is Expect.PRESENT:
            yield from absent(facts, inventory, proposal)
            yield from wrong_port(inventory, proposal)
            yield from wrong_count(inventory, proposal)
            yield from wrong_version(facts, proposal)


# what is not there


def _uncalled(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """A documented ``compose up NAME`` of a service that no compose file declares."""
    live = {name for s in inventory.services if s.head.origin is Origin.COMPOSE for name in (s.name, *s.names)}
    if not live:
        return
    hidden = {component.name: component for component in facts.components if component.commented}
    present = {file.rpartition("/")[2] for file in facts.tree.files}
    for document in facts.documents:
        for call in document.calls:
            if call.service not in live and present.issuperset(file.rpartition("/")[2] for file in call.files):
                against = hidden.get(call.service)
                yield _no_such(
                    call.service, call.spot, against or _hidden_product(facts, call.service), Confidence.HIGH
                )


def _commented(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """A product whose declaration is commented out, and which a document still speaks of as there."""
    for document in facts.documents:
        named: set[str] = set()
        for naming in document.namings:
            hidden = _hidden_product(facts, naming.product)
            if hidden is None or naming.product in named or inventory.holds(naming.product):
                continue
            if not _CONDITIONAL.search(naming.line):
                named.add(naming.product)
                yield _no_such(naming.product, naming.spot, hidden, Confidence.MEDIUM)


def absent(facts: Facts, inventory: Inventory, proposal: Proposal) -> Iterator[Finding]:
    """A product that runs only as a process of its own, claimed to be a part, which nothing declares."""
    product = product_named(proposal.component)
    if product is None or not product.standalone or proposal.pattern not in _PRESENT or not inventory.services:
        return
    if any(inventory.named(name) for name in (product.name, *_STAND_INS.get(product.name, ()))):
        return
    if _not_a_part(proposal, proposal.spelled or product.name):
        return
    hidden = _hidden_product(facts, product.name)
    if hidden is None and (
        proposal.pattern == "other" or inventory.holds(product.name) or not _service_layer(inventory, product.kind)
    ):
        return
    confidence = Confidence.HIGH if hidden and not inventory.holds(product.name) else Confidence.MEDIUM
    yield _no_such(product.name, Spot(proposal.document, proposal.line), hidden, confidence)


def _not_a_part(proposal: Proposal, spelled: str) -> bool:
    """Whether the words beside a product make it a library's name, or one of two that may be there."""
    name = re.escape(spelled)
    aside = rf"{name}{_LIBRARY}|\b(?:or|like|e\.g\.?|such as) `?{name}|{name}`? or\b|{name}[ -](?:like|compatible)"
    return bool(re.search(aside, proposal.quote, re.IGNORECASE))


def _service_layer(inventory: Inventory, kind: str) -> bool:
    """Whether the manifests are a place where the product would stand: they declare some product themselves."""
    return any(service.product for service in inventory.services) and kind not in ("quality", "sidecar")


def _hidden_product(facts: Facts, name: str) -> Component | None:
    product = product_named(name)
    wanted = product.name if product else fold(name)
    return next((c for c in facts.components if c.commented and (wanted in products_of(c) or c.key == wanted)), None)


def _no_such(name: str, at: Spot, hidden: Component | None, confidence: Confidence) -> Finding:
    reason = f"it is commented out at {hidden.spot}" if hidden else "no manifest declares it"
    return Finding(
        kind=FindingKind.DOCUMENTED_ABSENT,
        component=name,
        at=at,
        against=hidden.version_spot or hidden.spot if hidden else None,
        message=f"{name} is documented as a part of the system, but {reason}: declare it or correct the document",
        confidence=confidence,
        said=name,
        found="commented out" if hidden else "nothing",
    )


# ports


def _addresses(facts: Facts, inventory: Inventory, proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """``service:port`` in a document, where the service has other ports."""
    claimed = {(p.document, p.line, figure.value): p.component for p in proposals for figure in p.figures}
    for document in facts.documents:
        for address in document.addresses:
            services = [s for s in inventory.reached(address.host) if not s.product]
            if not services or _no_address(address):
                continue
            known = {port.container: port for s in services for port in s.ports}
            if address.port in _all_ports(inventory, services) or not known:
                continue
            component = claimed.get((address.spot.file, address.spot.line, str(address.port)), services[0].name)
            confidence = Confidence.MEDIUM if address.fenced else Confidence.HIGH
            yield _port_finding(component, address.spot, address.port, list(known.values()), services[0], confidence)


def _no_address(address: Address) -> bool:
    """Words and numbers around a colon that are no address of this system: an image's tag, another machine's name."""
    return "." in address.host or address.port < 80 or bool(_IMAGE_LINE.search(address.line))


def _all_ports(inventory: Inventory, services: Sequence[Service]) -> set[int]:
    """Every port that any file gives these services: declared, published, set, exposed, or used by others."""
    found = {port.container for s in services for port in s.ports} | {
        port.host or 0 for s in services for port in s.ports
    }
    names = {name for s in services for name in s.names}
    for service in services:
        for layer in service.layers:
            found |= {int(item.value) for item in layer.settings if item.value.isdigit()}
            found |= {port for port, _ in layer.healthcheck.addresses} if layer.healthcheck else set()
            dockerfile = layer.build.dockerfile if layer.build else ""
            found |= {p.container for d in inventory.facts.dockerfiles if d.file == dockerfile for p in d.exposed}
    for component in inventory.facts.live():
        found |= {ref.port or 0 for ref in component.references if ref.host in names}
    return found


def wrong_port(inventory: Inventory, proposal: Proposal) -> Iterator[Finding]:
    """A port that a sentence gives a service, which has others."""
    ports = [int(figure.value) for figure in proposal.figures if _is_port(figure, proposal)]
    services = inventory.named(proposal.component) or inventory.meant(proposal.component)
    if len(ports) != 1 or not services or len({fold(s.name) for s in services}) != 1:
        return
    known = [port for s in services for port in s.ports]
    if not known or ports[0] in _all_ports(inventory, services) or _NATIVE.search(" ".join(_around(proposal))):
        return
    if _elsewhere(inventory, proposal, ports[0]):
        return
    yield _port_finding(
        proposal.component,
        Spot(proposal.document, proposal.line),
        ports[0],
        known,
        services[0],
        _port_confidence(services[0]),
    )


def _around(proposal: Proposal) -> tuple[str, ...]:
    return (*proposal.headings, proposal.quote)


def _elsewhere(inventory: Inventory, proposal: Proposal, port: int) -> bool:
    """Whether a port may belong to something else: another service, a gateway in front, another deployment."""
    published = any(
        port == item.host or (port == item.container and s.product) for s in inventory.services for item in s.ports
    )
    foreign = re.search(rf"[A-Za-z0-9-]+\.[A-Za-z][A-Za-z0-9.-]*:{port}\b", proposal.quote)
    return published or bool(foreign) or port in _NODE_PORTS


def _is_port(figure: Figure, proposal: Proposal) -> bool:
    named = figure.of == "port" or (proposal.pattern == "port" and not figure.of)
    return named and figure.value.isdigit() and len(figure.value) < 6 and 9 < int(figure.value) < 65536


def _port_confidence(service: Service) -> Confidence:
    return Confidence.MEDIUM if service.product else Confidence.HIGH


def _port_finding(
    name: str, at: Spot, said: int, known: list[Port], service: Service, confidence: Confidence
) -> Finding:
    shown = ", ".join(
        dict.fromkeys(
            f"{p.host}:{p.container}" if p.host and p.host != p.container else str(p.container) for p in known
        )
    )
    return Finding(
        kind=FindingKind.WRONG_PORT,
        component=name,
        at=at,
        against=known[0].spot,
        message=f"port {said} is documented for {service.name}, which has {shown}: correct the one that is wrong",
        confidence=confidence,
        said=str(said),
        found=shown,
    )


# counts


def wrong_count(inventory: Inventory, proposal: Proposal) -> Iterator[Finding]:
    """A number of services that no reading of the manifests gives."""
    for counted in applications(inventory, proposal):
        if counted.wrong:
            yield Finding(
                kind=FindingKind.WRONG_COUNT,
                component=proposal.component,
                at=Spot(proposal.document, proposal.line),
                against=counted.spot,
                message=f"{counted.said} {counted.of} are documented, {counted.found} are declared: "
                "correct the number or the manifest",
                confidence=_count_confidence(counted),
                said=str(counted.said),
                found=str(counted.found),
            )


def _count_confidence(counted: Counted) -> Confidence:
    return Confidence.HIGH if abs(counted.said - counted.found) == 1 or counted.exact else Confidence.MEDIUM


# versions


def wrong_version(facts: Facts, proposal: Proposal) -> Iterator[Finding]:
    """A version that no manifest near the document uses."""
    said = next(
        (figure.value for figure in proposal.figures if figure.of == "version" or proposal.pattern == "version"), ""
    )
    known = within_scope(proposal.document, version_facts(facts, proposal.component))
    if not numbers(said) or numbers(said)[0] > _LARGEST_VERSION or not known:
        return
    judged = [(agree(said, version), version, spot) for version, spot in known]
    if any(verdict is not False for verdict, _, _ in judged):
        return
    if _AT_LEAST.search(proposal.quote) and any(numbers(version) > numbers(said) for version, _ in known):
        return
    _, version, spot = judged[0]
    yield Finding(
        kind=FindingKind.WRONG_VERSION,
        component=proposal.component,
        at=Spot(proposal.document, proposal.line),
        against=spot,
        message=f"{proposal.component} {said} is documented, {version} is used: correct the document or the manifest",
        confidence=Confidence.HIGH if len({numbers(version)[0] for version, _ in known}) == 1 else Confidence.MEDIUM,
        said=said,
        found=version,
    )
