"""Numbers of sentences beside those that manifests give."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_distaudit.domain.facts import Facts, Origin
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.inventory import Inventory, Service
from pytest_distaudit.domain.names import fold
from pytest_distaudit.domain.products import product_named
from pytest_distaudit.domain.proposal import Figure, Proposal

#: What a document may count that a compose file declares.
SERVICES = re.compile(
    r"(?:micro-?)?services?|applications?|apps?|containers?|instances?|nodes?|components?|brokers?|replicas?",
    re.IGNORECASE,
)
_INSTANCES = re.compile(r"instances?|nodes?|brokers?|replicas?|servers?|databases?|containers?", re.IGNORECASE)
#: Words that make a number one of a part, or no exact number.
PARTIAL = re.compile(
    r"\b(?:core|main|key|business|backend|back-end|frontend|front-end|other|following|additional|more|first|last|each|every|"
    r"at least|minimum|up to|about|around|approximately|over|nearly|almost|some|of the|both|these|those|supporting|"
    r"optional|example|sample|functional|domain|infrastructure|sets?|pairs?|copies|groups?|kinds?|types?|sorts?)\b|~|\d\s*\+(?!\s*\d)",
    re.IGNORECASE,
)
_ALIASES = {
    ".net": "dotnet",
    "netcore": "dotnet",
    "dotnetcore": "dotnet",
    "net": "dotnet",
    "aspnetcore": "dotnet",
    "nodejs": "node",
    "golang": "go",
    "jdk": "java",
    "openjdk": "java",
    "springboot": "spring-boot",
    "spring-boot": "spring-boot",
}
#: Folders whose documents speak of the whole system.
_WHOLE = frozenset(
    ("", ".", "docs", "doc", "documentation", ".github", "adr", "docs/adr", "docs/architecture", "architecture", "wiki")
)


@dataclass(frozen=True, slots=True)
class Counted:
    """A documented number beside the declared one. ``exact``: it counts the instances of one product."""

    said: int
    of: str
    found: int
    spot: Spot
    wrong: bool
    exact: bool = False


def applications(inventory: Inventory, proposal: Proposal) -> Iterator[Counted]:
    """The counts of a sentence that compose files can answer."""
    if proposal.pattern != "count":
        return
    figures = [
        figure
        for figure in proposal.figures
        if figure.value.isdigit() and 1 < int(figure.value) < 10_000 and not figure.unit
    ]
    for figure in figures[:1]:
        if inventory.named(proposal.component):
            yield from _instances(inventory, proposal, figure)
        elif _of_its_own(proposal, figure):
            return  # so many of something that no file declares: its absence is the finding
        elif SERVICES.search(figure.of) and not _partial(proposal, figure):
            yield from _all_services(inventory, proposal, figure)


def _of_its_own(proposal: Proposal, figure: Figure) -> bool:
    """Whether the sentence counts parts of what it names, not services of the whole."""
    if product_named(proposal.component):
        return True
    last = figure.of.lower().rpartition(" ")[2].removesuffix("s")
    named = fold(proposal.component) in fold(proposal.quote)
    return named and last in {"instance", "node", "broker", "replica", "server"}


def _partial(proposal: Proposal, figure: Figure) -> bool:
    """Whether words near the number make it one of a part; a list in brackets names which."""
    near = re.search(rf"[^.;,]{{0,25}}\b{re.escape(figure.value)}\b[^.;,]{{0,60}}", proposal.quote)
    text = re.split(r"\b(?:and|with|that|which|requires?|running)\b", near[0])[0] if near else proposal.quote
    return bool(
        PARTIAL.search(text)
        or PARTIAL.search(figure.of)
        or re.search(rf"{re.escape(figure.value)}[^.;,]{{0,40}}\(", proposal.quote)
    )


def _instances(inventory: Inventory, proposal: Proposal, figure: Figure) -> Iterator[Counted]:
    """The containers of one product; a chart may run any number of them."""
    product, services = product_named(proposal.component), inventory.named(proposal.component)
    counted = figure.of or proposal.quote
    if product is None or not _INSTANCES.search(counted) or _partial(proposal, figure):
        return
    if any(c.origin is Origin.HELM and c.product == product.name for c in inventory.facts.live()):
        return
    systems = {service.head.system for service in services}
    counts = {sum(s.instances for s in services if s.head.system == system) for system in systems}
    said, found = int(figure.value), max(counts)
    wrong = said not in counts and said != sum(s.instances for s in services)
    yield Counted(said, figure.of or "instances", found, services[0].spot, wrong, exact=True)


def _all_services(inventory: Inventory, proposal: Proposal, figure: Figure) -> Iterator[Counted]:
    """Against the largest system near the document: all services or without products, one file or all layers."""
    folder = scope(proposal.document)
    near = [s for s in inventory.services if folder and s.spot.file.startswith(f"{folder}/")] or inventory.services
    composed = [s for s in near if s.head.origin is Origin.COMPOSE] or list(near)
    if not composed:
        return
    system = Counter(s.head.system for s in composed).most_common(1)[0][0]
    services = [s for s in composed if s.head.system == system and not s.head.sidecar]
    own = [s for s in services if not s.product]
    said, counts = int(figure.value), _readings(services, own)
    if not own or said in counts:
        return
    found = len(services) if "container" in figure.of.lower() else len(own)
    # Fewer "services" than there are may be those that matter; "applications" and "containers" are counted whole.
    fewer = "service" not in figure.of.lower() and 0.6 * found <= said < found
    wrong = fewer or said > max(counts | _elsewhere(inventory))
    yield Counted(said, figure.of, found, min(s.spot for s in own), wrong)


def _elsewhere(inventory: Inventory) -> set[int]:
    """How many services other systems of the tree have, and all of them together."""
    sizes = Counter((s.head.origin, s.head.system) for s in inventory.services)
    return {*sizes.values(), len({fold(s.name) for s in inventory.services})}


def _readings(services: list[Service], own: list[Service]) -> set[int]:
    """Every number that an honest reader may count."""
    counts: set[int] = set()
    files = {s.spot.file for s in services}
    for chosen in (services, own):
        for kept in (chosen, *([s for s in chosen if s.spot.file == file] for file in files)):
            counts |= {len(kept), sum(s.instances for s in kept), len([s for s in kept if s.built])}
            counts.add(len([s for s in kept if not s.head.once]))
            counts.add(len([s for s in kept if not s.head.profiles]))
    return counts - {0}


@lru_cache(maxsize=2_000)
def version_facts(facts: Facts, component: str) -> Sequence[tuple[str, Spot]]:
    """The versions that files fix for a product or a language, with their places."""
    key = fold(component)
    name = _ALIASES.get(component.lower(), _ALIASES.get(key, key))
    product = product_named(component)
    found = [(tool.version, tool.spot) for tool in facts.toolchains if tool.product in (name, component.lower())]
    if product:
        found += [
            (c.version, c.version_spot or c.spot) for c in facts.live() if c.product == product.name and c.version
        ]
    return found


def within_scope(document: str, known: Sequence[tuple[str, Spot]]) -> Sequence[tuple[str, Spot]]:
    """What lies under the document's own folder, if anything does; a module's document speaks of its module."""
    folder = scope(document)
    near = [(version, spot) for version, spot in known if folder and spot.file.startswith(f"{folder}/")]
    return near or known


def scope(document: str) -> str:
    """The folder that a document speaks of; "" for the whole system."""
    folder = posixpath.dirname(document)
    return "" if folder.lower() in _WHOLE else folder
