"""Flaws inside manifests, which no document is needed to see."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_distaudit.domain.facts import Component, Facts, Health, Healthcheck, Mount, Origin
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.inventory import Inventory, Service
from pytest_distaudit.domain.proposal import Proposal

#: Places inside containers where a missing file is a missing configuration, not data yet to come.
_CONFIG_TARGET = re.compile(r"^/(?:etc|config|conf|usr/local/etc|docker-entrypoint|opt/[^/]+/conf)")
_FILE_ENDING = re.compile(r"\.(?:ya?ml|json|toml|conf|cfg|ini|xml|properties|sql|sh|js|py|lua|hcl|tmpl|template|env)$")
_SCALING = frozenset(("load_balanced", "replicated", "clustered", "failover"))


def findings(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """All of this module's findings."""
    for component in facts.live():
        if component.origin is Origin.COMPOSE:
            yield from _mounts(facts, component)
            yield from _builds(facts, component)
        yield from _healthcheck(component.name, component.healthcheck)
    for dockerfile in facts.dockerfiles:
        folder = posixpath.basename(posixpath.dirname(dockerfile.file))
        yield from _healthcheck(folder or dockerfile.file, dockerfile.healthcheck)
    yield from _unmounted(facts, inventory)


def _mounts(facts: Facts, component: Component) -> Iterator[Finding]:
    for mount in component.mounts:
        if not mount.source or facts.tree.has(mount.source) or not facts.tree.knows(mount.source):
            continue
        if not _is_configuration(mount):
            continue
        above = posixpath.dirname(mount.source)
        yield Finding(
            kind=FindingKind.MOUNT_MISSING,
            component=component.name,
            at=mount.spot,
            against=Spot(above or "."),
            message=f"{component.name} mounts {mount.source}, which is not there; an empty folder would be made in its "
            "place: add the file or correct the path",
            confidence=Confidence.HIGH if not above or facts.tree.has(above) else Confidence.MEDIUM,
            said=mount.source,
            found="nothing",
        )


def _is_configuration(mount: Mount) -> bool:
    """A file by its ending, or something for a configuration folder; data folders are made when first used."""
    return bool(_FILE_ENDING.search(mount.source) or _CONFIG_TARGET.match(mount.target))


def _builds(facts: Facts, component: Component) -> Iterator[Finding]:
    build = component.build
    if build is None or build.inline or not build.dockerfile or not facts.tree.knows(build.dockerfile):
        return
    if facts.tree.has(build.dockerfile) or facts.tree.has(posixpath.join(build.context, "Containerfile")):
        return
    context = facts.tree.has(build.context)
    yield Finding(
        kind=FindingKind.BUILD_MISSING,
        component=component.name,
        at=build.spot,
        against=Spot(build.context) if context else Spot("."),
        message=f"{component.name} is built from {build.dockerfile}, which is not there: "
        + ("add it or name the right file" if context else f"the folder {build.context} is missing too"),
        # A tree without any Dockerfile may be a part of a project.
        confidence=Confidence.HIGH if facts.dockerfiles else Confidence.MEDIUM,
        said=build.dockerfile,
        found="nothing",
    )


def _healthcheck(name: str, check: Healthcheck | None) -> Iterator[Finding]:
    if check is None or check.kind not in (Health.CONSTANT, Health.PORT):
        return
    constant = check.kind is Health.CONSTANT
    what = "cannot fail" if constant else "only asks whether something listens"
    yield Finding(
        kind=FindingKind.VACUOUS_HEALTHCHECK,
        component=name,
        at=check.spot,
        message=f"the healthcheck of {name} ({check.shown}) {what}: ask something that a broken service cannot answer",
        confidence=Confidence.HIGH if constant else Confidence.MEDIUM,
        said="healthcheck",
        found=check.shown,
    )


def _unmounted(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """A configuration of a product that runs in compose, which no service mounts, copies or builds in."""
    for config in facts.configs:
        users = [s for s in inventory.services if s.product == config.product and s.head.origin is Origin.COMPOSE]
        if len(users) != 1 or _delivered(facts, config.file) or users[0].built:
            continue
        user = users[0]
        yield Finding(
            kind=FindingKind.UNMOUNTED_CONFIG,
            component=user.name,
            at=Spot(config.file),
            against=user.spot,
            message=f"{config.file} configures {config.product}, but {user.name} does not mount it and no image copies "
            "it, so it has no effect: mount it or remove it",
            confidence=Confidence.MEDIUM if _elsewhere(facts, config.file) else Confidence.HIGH,
            said=config.file,
            found="not mounted",
        )


def _delivered(facts: Facts, file: str) -> bool:
    folders = {file, ".", *_above(file)}
    mounted = any(m.source and m.source in folders for c in facts.components for m in c.mounts)
    unknown = any(not m.source and posixpath.basename(file) in m.written for c in facts.components for m in c.mounts)
    copied = any(
        posixpath.normpath(posixpath.join(posixpath.dirname(d.file), m.source)) in folders
        or file.endswith(f"/{m.source.lstrip('./')}")
        or m.source.lstrip("./") in folders
        for d in facts.dockerfiles
        for m in d.copies
    )
    return mounted or unknown or copied


def _elsewhere(facts: Facts, file: str) -> bool:
    """Whether another configuration of the same product is delivered: then this one may be an alternative."""
    product = next(config.product for config in facts.configs if config.file == file)
    return any(c.product == product and c.file != file and _delivered(facts, c.file) for c in facts.configs)


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def unscalable(facts: Facts, inventory: Inventory, proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """More than one instance is wanted of a service that has a fixed name or a fixed port of the host."""
    wanting = _wanting(inventory, proposals)
    for service in inventory.services:
        fixed = _fixed(service) if service.head.origin is Origin.COMPOSE else None
        if not fixed:
            continue
        wanted = next((layer for layer in service.layers if (layer.replicas or 0) > 1), None)
        if wanted and wanted.replicas_spot:
            yield _scaled(service, wanted.replicas_spot, f"{wanted.replicas} replicas", fixed, Confidence.HIGH)
        for proposal in wanting.get(service.spot, ()):
            spot = Spot(proposal.document, proposal.line)
            yield _scaled(service, spot, proposal.pattern.replace("_", " "), fixed, Confidence.LOW)


def _wanting(inventory: Inventory, proposals: Sequence[Proposal]) -> Mapping[Spot, Sequence[Proposal]]:
    """The statements that want several instances, by the place of the one service that they can mean."""
    found: dict[Spot, list[Proposal]] = {}
    for proposal in proposals:
        if proposal.pattern in _SCALING and _only(inventory, proposal):
            found.setdefault(inventory.named(proposal.component)[0].spot, []).append(proposal)
    return found


def _only(inventory: Inventory, proposal: Proposal) -> bool:
    """Whether the claim can mean this service alone, and speaks of its instances."""
    named = inventory.named(proposal.component)
    return (
        len(named) == 1
        and not named[0].product
        and bool(re.search(r"instances?|replicas?|scal", proposal.quote, re.IGNORECASE))
    )


def _fixed(service: Service) -> tuple[str, Spot] | None:
    for layer in service.layers:
        if layer.container_name:
            return "container_name", layer.container_name
    for port in service.ports:
        if port.host is not None:
            return f"the host's port {port.host}", port.spot
    return None


def _scaled(service: Service, at: Spot, said: str, fixed: tuple[str, Spot], confidence: Confidence) -> Finding:
    return Finding(
        kind=FindingKind.UNSCALABLE,
        component=service.name,
        at=at,
        against=fixed[1],
        message=f"{service.name} is to have {said}, but {fixed[0]} can be had by one container alone: "
        "remove one of the two",
        confidence=confidence,
        said=said,
        found=fixed[0],
    )
