"""Kubernetes objects: workloads, services, custom resources of operators; Kustomize files are lists of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from pytest_distaudit.domain.facts import Component, Health, Healthcheck, Origin, Port, Reference, Setting
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.products import product_named, product_of_image
from pytest_distaudit.sources.facts.healthcheck import healthcheck
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.facts.values import image_parts, references, resolved, setting
from pytest_distaudit.sources.facts.yaml_nodes import Node

SIGN = re.compile(r"^kind:\s*\S", re.MULTILINE)
# fmt: off
_WORKLOADS = frozenset((
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "Job", "CronJob",
    "Rollout",
))
# fmt: on
_ONCE = frozenset(("Job", "CronJob"))


def looks_like(node: Node) -> bool:
    """Whether a document is a Kubernetes object."""
    return bool(node.word("apiVersion") and node.word("kind"))


def read_kubernetes(reading: Reading, file: str, node: Node) -> Iterator[Component]:
    """What one object declares; a List holds several."""
    if node.word("kind") == "List":
        for item in node.at("items").items:
            yield from read_kubernetes(reading, file, item)
        return
    kind, name = node.word("kind"), node.word("metadata", "name")
    if not name or not resolved(name):
        return
    if kind in _WORKLOADS:
        yield from _workload(file, node, kind, name)
    elif kind == "Service":
        yield _service(file, node, name)
    else:
        product = product_named(kind)
        if product and "/" in node.word("apiVersion"):
            yield _resource(file, node, name, product.name)


def read_kustomization(reading: Reading, file: str, node: Node) -> None:
    """Say which resources a Kustomize file names that are not there."""
    folder = posixpath.dirname(file)
    for key in ("resources", "bases", "components"):
        for item in node.at(key).items:
            path = posixpath.normpath(posixpath.join(folder, item.text or ""))
            named = item.text and "://" not in item.text and not path.startswith("..")
            if named and reading.tree.knows(path) and not reading.tree.has(path):
                reading.skip(file, f"{item.text} is named as a resource and is not there", item.line)


def _workload(file: str, node: Node, kind: str, name: str) -> Iterator[Component]:
    template = node.at("spec", "jobTemplate", "spec") if kind == "CronJob" else node.at("spec")
    pod = node.at("spec") if kind == "Pod" else template.at("template", "spec")
    replicas = node.word("spec", "replicas")
    for position, container in enumerate(pod.at("containers").items):
        yield Component(
            name=name if position == 0 else container.word("name") or name,
            spot=Spot(file, node.at("metadata", "name").line),
            origin=Origin.KUBERNETES,
            system=posixpath.dirname(file),
            replicas=int(replicas) if replicas.isdigit() and len(replicas) < 6 else None,
            replicas_spot=Spot(file, node.at("spec", "replicas").line),
            sidecar=position > 0,
            once=kind in _ONCE,
            **_container(file, container),
        )


def _container(file: str, container: Node) -> dict[str, Any]:
    image = container.word("image")
    repository, tag = image_parts(image)
    product = product_of_image(repository) if resolved(repository) and "{{" not in repository else None
    env = container.at("env").items
    return {
        "image": repository,
        "product": product.name if product else "",
        "version": tag,
        "version_spot": Spot(file, container.at("image").line) if tag else None,
        "ports": tuple(_container_ports(file, container)),
        "healthcheck": _probe(file, container),
        "references": tuple(_references(file, env)),
        "settings": tuple(_settings(file, env)),
        "environment": tuple(item.word("name") for item in env),
    }


def _container_ports(file: str, container: Node) -> Iterator[Port]:
    for item in container.at("ports").items:
        port = _number(item.word("containerPort"))
        if port:
            yield Port(port, Spot(file, item.at("containerPort").line), _number(item.word("hostPort")))


def _probe(file: str, container: Node) -> Healthcheck | None:
    probe = container.at("readinessProbe") or container.at("livenessProbe")
    if not probe:
        return None
    spot = Spot(file, probe.key_line or probe.line)
    if probe.at("exec", "command"):
        return healthcheck(["CMD", *probe.at("exec", "command").words()], spot)
    if probe.at("tcpSocket"):
        return Healthcheck(Health.PORT, "tcpSocket", spot)
    port = _number(probe.word("httpGet", "port"))
    return Healthcheck(Health.PROBE, "probe", spot, ((port, probe.word("httpGet", "path") or "/"),) if port else ())


def _references(file: str, env: list[Node]) -> Iterator[Reference]:
    for item in env:
        yield from references(item.word("name"), item.word("value"), Spot(file, item.at("value").line))


def _settings(file: str, env: list[Node]) -> Iterator[Setting]:
    for item in env:
        found = setting(item.word("name"), item.word("value"), Spot(file, item.at("value").line))
        if found:
            yield found


def _service(file: str, node: Node, name: str) -> Component:
    """A Service adds ports to the workload of its name: the one that callers use, and the one inside."""
    selected = tuple(value.text for value in node.at("spec", "selector").pairs.values() if value.text)
    return Component(
        name=name,
        spot=Spot(file, node.at("metadata", "name").line),
        origin=Origin.KUBERNETES,
        system=posixpath.dirname(file),
        ports=tuple(port for item in node.at("spec", "ports").items for port in _service_ports(file, item)),
        aliases=selected,
        partial=True,
    )


def _service_ports(file: str, item: Node) -> Iterator[Port]:
    spot, outside = Spot(file, item.at("port").line), _number(item.word("nodePort"))
    for number in dict.fromkeys((_number(item.word("port")), _number(item.word("targetPort")))):
        if number:
            yield Port(number, spot, outside, published=bool(outside))


def _resource(file: str, node: Node, name: str, product: str) -> Component:
    version = node.at("spec", "version")
    replicas = node.word("spec", "replicas") or node.word("spec", "instances")
    return Component(
        name=name,
        spot=Spot(file, node.at("metadata", "name").line),
        origin=Origin.KUBERNETES,
        system=posixpath.dirname(file),
        product=product,
        version=version.text or "",
        version_spot=Spot(file, version.line) if version.text else None,
        replicas=int(replicas) if replicas.isdigit() and len(replicas) < 6 else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 6 and 0 < int(text) < 65536 else None
