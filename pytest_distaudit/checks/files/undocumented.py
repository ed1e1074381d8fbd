"""Services that run and that no document names in any way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_distaudit.domain.document import Document
from pytest_distaudit.domain.facts import Facts, Origin
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind
from pytest_distaudit.domain.inventory import Inventory, Service, role_free
from pytest_distaudit.domain.names import core_words, fold, words
from pytest_distaudit.domain.products import BY_NAME

#: So many services may be undocumented before the question is whether documents list services at all.
_FEW = 5
#: Words of services that do something once.
_ONE_SHOT = frozenset(
    ("init", "setup", "migrate", "migration", "migrations", "migrator", "seed", "seeder", "bootstrap", "wait", "topics")
)
#: Compose files that no document of the system need speak of.
_TRIAL = re.compile(r"(?:^|[/._-])(?:tests?|e2e|ci|examples?|samples?|benchmarks?|devcontainer)(?:[/._-])")
#: Last words of a name that make a service a part of the one named before them.
_HELPERS = frozenset(("db", "database", "datastore", "cache", "sidecar", "init", "migration", "migrations", "migrator"))


def findings(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """A service whose name, image, folder and product stand in no document."""
    if not facts.documents:
        return
    prefix = _project_prefix(inventory)
    composed = [s for s in inventory.services if s.head.origin is Origin.COMPOSE] or inventory.services
    distinct = {fold(service.name): service for service in reversed(composed)}
    judged = [s for s in distinct.values() if not (s.head.sidecar or s.head.once or _aside(s))]
    reached = {address.port for document in facts.documents for address in document.addresses}
    unnamed = [s for s in judged if not any(_documented(facts.documents, name) for name in _spellings(s, prefix))]
    unnamed = [s for s in unnamed if not _own_folder_named(facts.documents, s, inventory)]
    # A document that gives its address speaks of a service, by whatever name.
    silent = [service for service in unnamed if not reached & {port.host for port in service.ports}]
    own = [service for service in silent if not service.product]
    # Documents that name hardly any service describe the system, not its services.
    coarse = len(own) > _FEW and len(own) * 2 > len([service for service in judged if not service.product])
    for service in silent:
        if coarse and not service.product:
            continue
        yield Finding(
            kind=FindingKind.UNDOCUMENTED_COMPONENT,
            component=service.name,
            at=service.spot,
            message=f"{service.name} runs in this system and no document names it: describe it or remove it",
            confidence=Confidence.HIGH if not service.head.profiles else Confidence.MEDIUM,
            said="",
            found=service.name,
        )


def _aside(service: Service) -> bool:
    """Whether a service does its work once, or runs for tests and examples only."""
    return bool(_ONE_SHOT & set(words(service.name)) or _TRIAL.search(service.spot.file))


def _project_prefix(inventory: Inventory) -> str:
    """The word that most services or images of the project start with, as in ``shop-cart``, ``shop-orders``."""
    names = [name for s in inventory.services for name in (s.name, s.head.image.rsplit("/", 1)[-1])]
    firsts = [parts[0] for parts in map(words, names) if len(parts) > 1]
    best = max(sorted(set(firsts)), key=firsts.count, default="")
    return best if firsts.count(best) > 2 else ""


def _spellings(service: Service, prefix: str) -> Iterator[tuple[str, ...]]:
    """All that a document may call it, as words."""
    for name in sorted(service.names):
        yield from _forms(core_words(name), prefix)
    for layer in service.layers:
        image = core_words(layer.image.rsplit("/", 1)[-1])
        if image and not layer.product:
            yield from (image, image[1:] if image[0] == prefix else image)
    product = BY_NAME.get(service.product)
    yield from (tuple(spelling.split("-")) for spelling in (product.spellings if product else ()))


def _own_folder_named(documents: Sequence[Document], service: Service, inventory: Inventory) -> bool:
    """Whether a document names the folder that this service alone is built from."""
    for context in _contexts(service):
        users = [other for other in inventory.services if context in _contexts(other)]
        if len({fold(other.name) for other in users}) == 1 and _documented(
            documents, core_words(context.rpartition("/")[2])
        ):
            return True
    return False


def _contexts(service: Service) -> set[str]:
    return {layer.build.context for layer in service.layers if layer.build} - {"", "."}


def _forms(parts: tuple[str, ...], prefix: str) -> Iterator[tuple[str, ...]]:
    """A name's words; without the project's first word, without a last word that says what part it is."""
    yield parts
    if len(parts) == 1:
        yield (role_free(parts[0]),)
        return
    if parts and parts[0] == prefix:
        yield parts[1:]
    if parts and parts[-1] in _HELPERS:
        yield parts[:-1]


def _documented(documents: Sequence[Document], parts: tuple[str, ...]) -> bool:
    """Whether a document names it, or lies in a folder of its name."""
    joined = "".join(parts)
    return bool(joined) and any(
        document.mentions(parts) or joined in map(fold, document.file.split("/")[:-1]) for document in documents
    )
