"""What files alone can decide of a mined sentence.

Ports, counts, versions and names may be verified: they are claims at the rung "declared". Behaviour can
only be refuted: a file that would make it impossible. Everything else needs a running system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pytest_distaudit.checks.files import parity
from pytest_distaudit.checks.files.figures import applications, version_facts, within_scope
from pytest_distaudit.checks.files.wiring import clients_missing
from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.facts import CodeFlaw, Facts
from pytest_distaudit.domain.finding import Confidence, Finding, Spot
from pytest_distaudit.domain.inventory import Inventory, Service, inventory_of
from pytest_distaudit.domain.judgement import Judgement, verified
from pytest_distaudit.domain.names import words
from pytest_distaudit.domain.products import product_named
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.domain.versions import agree, numbers

_DECLARED = "that it runs"
#: patterns that say of a product that it is a part, not how it behaves
_PARTS = frozenset(("running", "messaging", "event_streaming", "cache", "tracing", "metrics", "other"))
_ALL = r"(?:system|platform|stack|project|architecture|solution)"
_OF_ALL = re.compile(rf"\W*(?:we|there(?: is| are|'s)|no|our {_ALL}|(?:the|this) (?:\w+ )?{_ALL})\b", re.IGNORECASE)
#: it is used, but not there, not so, or not always
_RESTRICTED = re.compile(
    rf"\b(?:for|as|to|by|with|when|if|unless|except|until|during|directly|yet|anymore|only|just)\b"
    rf"|\b(?:in|inside|within|on|at)\b(?! (?:this|the|our) {_ALL}\b)",
    re.IGNORECASE,
)


def decide(proposal: Proposal, facts: Facts) -> Judgement | None:
    """Verified or refuted with both places in ``because``; None where files cannot tell."""
    rule = _RULES.get(proposal.pattern) if proposal.expect is Expect.PRESENT else _not_there
    return rule(proposal, facts, inventory_of(facts)) if rule else None


def _port(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    found = next(parity.wrong_port(inventory, proposal), None)
    if found:
        return _refuted(found, f"port {found.found}") if found.confidence is Confidence.HIGH else None
    said = [int(figure.value) for figure in proposal.figures if figure.value.isdigit()]
    services = inventory.named(proposal.component) or _spoken_of(proposal, inventory)
    port = next((port for s in services for port in s.ports if said[:1] in ([port.host], [port.container])), None)
    return _verified(proposal, f"port {said[0]}", port.spot) if port and len(said) == 1 else None


def _spoken_of(proposal: Proposal, inventory: Inventory) -> tuple[Service, ...]:
    """The one service whose whole name stands in the sentence, where the component is known by another name."""
    spoken = set(words(proposal.quote))
    found = [s for s in inventory.services if not s.product and spoken.issuperset(words(s.name))]
    return tuple(found) if len(found) == 1 else ()


def _count(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    counted = next(applications(inventory, proposal), None)
    if counted is None:
        return None
    if counted.wrong:
        found = next(parity.wrong_count(inventory, proposal))
        return _refuted(found, f"{counted.found} {counted.of}") if found.confidence is Confidence.HIGH else None
    exact = counted.exact or counted.said == counted.found
    return _verified(proposal, f"{counted.said} {counted.of}", counted.spot) if exact else None


def _version(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    found = next(parity.wrong_version(facts, proposal), None)
    if found:
        return _refuted(found, f"version {found.found}") if found.confidence is Confidence.HIGH else None
    said = next((figure.value for figure in proposal.figures if numbers(figure.value)), "")
    known = within_scope(proposal.document, version_facts(facts, proposal.component))
    if not said or not known or not all(agree(said, version) for version, _ in known):
        return None
    return _verified(proposal, f"version {known[0][0]}", known[0][1])


def _messaging(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """A broker or tracer that no code of the tree can speak to."""
    services = inventory.named(proposal.component)
    found = [clients_missing(facts, inventory, service) for service in services]
    first = next((finding for finding in found if finding), None)
    return _refuted(first, "0 clients", proposal) if first and all(found) else None


def _several(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """A replicated or clustered system of which one container is declared."""
    services = inventory.named(proposal.component)
    if len(services) != 1 or any(c.commented and c.key == services[0].head.key for c in facts.components):
        return None
    service = services[0]
    if (
        not service.product
        or service.instances != 1
        or inventory.relatives(service)
        or service.head.origin.value != "compose"
    ):
        return None
    return Judgement(
        Verdict.REFUTED,
        "1 server",
        f"{_place(proposal)} says {proposal.pattern.replace('_', ' ')}; {service.spot} declares {service.name} once",
        "declare the other servers or correct the document",
        conclusive=True,
    )


def _balanced(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """Every pool that names the component has one server."""
    names = {proposal.component, *(name for s in inventory.named(proposal.component) for name in s.names)}
    pools = [pool for pool in facts.pools if pool.name in names or any(server.host in names for server in pool.servers)]
    if not pools or any(pool.dynamic or len(pool.servers) != 1 for pool in pools):
        return None
    if any(
        s.instances > 1 or s.head.origin.value != "compose" for p in pools for s in inventory.named(p.servers[0].host)
    ):
        return None
    because = f"{_place(proposal)} says {proposal.pattern.replace('_', ' ')}; {pools[0].spot} has one server"
    return Judgement(Verdict.REFUTED, "1 server", because, "add servers or correct the document", conclusive=True)


def _breaker(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """Every breaker that the code builds can never open."""
    kinds = (CodeFlaw.BREAKER_EXCLUDES_ALL, CodeFlaw.BREAKER_NOT_AWAITED)
    flaws = [flaw for flaw in facts.code.flaws if flaw.flaw in kinds]
    excluding = [flaw for flaw in flaws if flaw.flaw is CodeFlaw.BREAKER_EXCLUDES_ALL]
    if (
        not flaws
        or not facts.code.complete
        or len(excluding) < facts.code.breakers
        or set(facts.code.languages) - {".py"}
    ):
        return None
    return Judgement(
        Verdict.REFUTED,
        "breakers that never open",
        f"{_place(proposal)} says circuit breaker; {flaws[0].spot} excludes every exception from it",
        "count the failures that are meant to open it",
        conclusive=True,
    )


def _running(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """Declared nowhere: it cannot run."""
    found = next(parity.absent(facts, inventory, proposal), None)
    return _refuted(found, "not declared") if found and found.confidence is Confidence.HIGH else None


def _not_there(proposal: Proposal, facts: Facts, inventory: Inventory) -> Judgement | None:
    """A product that the whole system is said to do without; what is not used for one thing may be for another."""
    product = product_named(proposal.component)
    if product is None or not product.standalone or proposal.pattern not in _PARTS:
        return None
    if not _OF_ALL.match(proposal.quote) or _RESTRICTED.search(proposal.quote):
        return None
    services = inventory.named(product.name)
    if services:
        because = f"{_place(proposal)} says that there is none; {services[0].spot} declares {services[0].name}"
        remedy = "remove it or correct the document"
        return Judgement(Verdict.REFUTED, f"{services[0].name} is declared", because, remedy, conclusive=True)
    if not inventory.services or inventory.holds(product.name):
        return None
    return verified("not declared", f"{_place(proposal)}: no file declares {product.name}", shows_not="that none runs")


def _verified(proposal: Proposal, actual: str, spot: Spot) -> Judgement:
    return verified(actual, f"{_place(proposal)} and {spot} agree", shows_not=_DECLARED)


def _refuted(found: Finding, actual: str, proposal: Proposal | None = None) -> Judgement:
    at = _place(proposal) if proposal else str(found.at)
    against = found.at if proposal else found.against
    because = f"{at}: {found.message}" + (f" ({against})" if against else "")
    return Judgement(Verdict.REFUTED, actual, because, found.message.rpartition(": ")[2], conclusive=True)


def _place(proposal: Proposal) -> str:
    return str(Spot(proposal.document, proposal.line))


_Rule = Callable[[Proposal, Facts, Inventory], Judgement | None]
_RULES: Mapping[str, _Rule] = {
    "port": _port,
    "count": _count,
    "version": _version,
    "messaging": _messaging,
    "event_streaming": _messaging,
    "tracing": _messaging,
    "replicated": _several,
    "clustered": _several,
    "failover": _several,
    "leader_election": _several,
    "load_balanced": _balanced,
    "circuit_breaker": _breaker,
    "running": _running,
}
