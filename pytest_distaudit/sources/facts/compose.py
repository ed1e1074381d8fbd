"""Compose files of any name, with their layers, ``.env``, anchors and ``extends``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_distaudit.domain.facts import Build, Component, Healthcheck, Mount, Origin, Port, Reference, Setting
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.products import product_named, product_of_image
from pytest_distaudit.sources.facts.commented import commented_services
from pytest_distaudit.sources.facts.healthcheck import healthcheck
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.facts.values import (
    env_lines,
    expand,
    image_parts,
    ports_of,
    references,
    resolved,
    setting,
)
from pytest_distaudit.sources.facts.yaml_nodes import Node, Unreadable, read_documents

#: Cheap sign that a YAML file may be one; ``looks_like`` decides.
SIGN = re.compile(r"^services:", re.MULTILINE)
_NAMED = re.compile(r"(?:^|[._-])compose(?:[._-]|$)")
# fmt: off
_KEYS = frozenset((
    "image", "build", "ports", "environment", "depends_on", "volumes", "command", "networks", "extends",
    "deploy", "env_file", "restart", "healthcheck",
))
# fmt: on
_DEEPEST_EXTENDS = 8


def looks_like(file: str, node: Node) -> bool:
    """Whether a document is a compose file: services that are mappings and have an image, or a fitting name."""
    services = node.at("services").pairs.values()
    if any(service.at("image") or service.at("build") for service in services):
        return True
    named = bool(_NAMED.search(posixpath.basename(file)))
    return named and any(_KEYS & service.pairs.keys() for service in services)


def read_compose(reading: Reading, file: str, node: Node) -> Iterator[Component]:
    """The services of one file, also those that are commented out."""
    project = _Project(reading, file)
    for name, service in node.at("services").pairs.items():
        if not name.startswith("x-"):
            yield project.component(name, service, node.at("services"))
    text = reading.text(file) or ""
    for hidden in commented_services(text):
        yield replace(project.component(hidden.name, hidden.node, Node()), commented=True)


def read_env(reading: Reading, file: str) -> Iterator[Setting]:
    """The numbers and switches of a ``.env`` file."""
    for name, value, line in env_lines(reading.text(file) or ""):
        found = setting(name, value, Spot(file, line))
        if found:
            yield found


class _Project:
    """One compose file: its folder, its variables."""

    def __init__(self, reading: Reading, file: str) -> None:
        self.reading = reading
        self.file = file
        self.folder = posixpath.dirname(file)
        env = posixpath.join(self.folder, ".env")
        text = (reading.text(env, keep=True) or "") if env in reading.tree.files else ""
        self.variables: Mapping[str, str] = {name: value for name, value, _ in env_lines(text)}

    def component(self, name: str, service: Node, siblings: Node) -> Component:
        """One service as a component."""
        service = self._extended(service, siblings, _DEEPEST_EXTENDS)
        image = self._text(service.word("image"))
        repository, tag = image_parts(image)
        product = product_of_image(repository) if resolved(repository) else None
        if product is None and (service.at("build") or not image):
            # An image of one's own with a product's name holds that product, prepared.
            product = product_named(name)
        build = self._build(service.at("build"))
        environment = list(self._environment(service))
        mode = service.word("network_mode")
        return Component(
            name=name,
            spot=self._spot(service.key_line or service.line),
            origin=Origin.COMPOSE,
            system=self.folder,
            image=repository if resolved(repository) else "",
            product=product.name if product else "",
            version=tag,
            version_spot=self._spot(service.at("image").line) if tag else None,
            ports=tuple(self._ports(service)),
            build=build,
            mounts=tuple(self._mounts(service)),
            healthcheck=self._health(service.at("healthcheck")),
            replicas=self._replicas(service),
            replicas_spot=self._spot(service.at("deploy", "replicas").line or service.at("scale").line),
            container_name=self._spot(service.at("container_name").line) if service.word("container_name") else None,
            references=tuple(self._references(environment)),
            settings=tuple(self._settings(environment)),
            environment=tuple(name for name, _, _ in environment),
            aliases=tuple(self._aliases(service)),
            depends_on=tuple(service.at("depends_on").pairs) or tuple(service.at("depends_on").words()),
            profiles=tuple(service.at("profiles").words()),
            partial=not (image or build or service.at("extends")),
            sidecar=mode.startswith(("service:", "container:")),
            once=service.word("restart") == "no" and not service.at("ports"),
        )

    def _spot(self, line: int) -> Spot:
        return Spot(self.file, line)

    def _text(self, text: str) -> str:
        return expand(text, self.variables).strip()

    def _path(self, written: str) -> str:
        """A path of the tree; "" for one outside, of the home folder, or with a variable."""
        path = self._text(written)
        if not path or not resolved(path) or path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]", path):
            return ""
        joined = posixpath.normpath(posixpath.join(self.folder, path))
        return "" if joined.startswith("..") else joined

    def _extended(self, service: Node, siblings: Node, depth: int) -> Node:
        extends = service.at("extends")
        if not extends or not depth:
            return service
        name = extends.word("service") or extends.text or ""
        base, others = siblings.at(name), siblings
        if extends.word("file"):
            others = self._services_of(self._path(extends.word("file")))
            base = others.at(name)
        if not base or base is service:
            return service
        base = self._extended(base, others, depth - 1)
        pairs = {**base.pairs, **service.pairs}
        return Node(service.line, None, [], pairs, service.key_line, service.size)

    def _services_of(self, file: str) -> Node:
        if file not in self.reading.tree.files:
            return Node()
        try:
            documents = read_documents(self.reading.text(file, keep=True) or "")
        except Unreadable:
            return Node()
        return documents[0].at("services") if documents else Node()

    def _build(self, build: Node) -> Build | None:
        if not build:
            return None
        spot = self._spot(build.line if build.text else build.key_line or build.line)
        written = build.text or build.word("context") or "."
        if "dockerfile_inline" in build.pairs:
            return Build(self._path(written), "", spot, inline=True)
        if "://" in written or written.startswith("git@"):
            return Build("", "", spot)
        context = self._path(written)
        dockerfile = self._text(build.word("dockerfile")) or "Dockerfile"
        if not context or not resolved(dockerfile) or dockerfile.startswith("/"):
            return Build(context, "", spot)
        path = posixpath.normpath(posixpath.join(context, dockerfile))
        return Build(context, "" if path.startswith("..") else path, spot)

    def _ports(self, service: Node) -> Iterator[Port]:
        for published, key in ((True, "ports"), (False, "expose")):
            for item in service.at(key).items:
                written = item.text
                if written is None and item.pairs:
                    outside = item.word("published")
                    written = f"{outside}:{item.word('target')}" if outside else item.word("target")
                yield from ports_of(self._text(written or ""), self._spot(item.line), published=published)

    def _mounts(self, service: Node) -> Iterator[Mount]:
        for item in service.at("volumes").items:
            if item.text is None:
                source = item.word("source") if item.word("type") == "bind" else ""
                target, line = item.word("target"), item.line
            else:
                source, _, rest = self._text(item.text).partition(":")
                target, line = rest.split(":")[0], item.line
            if source.startswith((".", "/", "~", "$")) or "/" in source:
                yield Mount(self._path(source), target, self._spot(line), source)

    def _health(self, node: Node) -> Healthcheck | None:
        if not node:
            return None
        if node.word("disable").lower() == "true":
            return healthcheck([], self._spot(node.key_line))
        test = node.at("test")
        if not test:
            return None
        shell = ["CMD-SHELL", test.text] if test.text is not None else test.words()
        return healthcheck([self._text(word) for word in shell], self._spot(test.key_line or test.line))

    def _replicas(self, service: Node) -> int | None:
        written = self._text(service.word("deploy", "replicas") or service.word("scale"))
        return int(written) if written.isdigit() and len(written) < 6 else None

    def _environment(self, service: Node) -> Iterator[tuple[str, str, Spot]]:
        for item in (service.at("env_file"), *service.at("env_file").items):
            file = self._path(item.text or item.word("path"))
            text = self.reading.text(file, keep=True) if file in self.reading.tree.files else None
            for name, given, line in env_lines(text or ""):
                yield name, self._text(given), Spot(file, line)
        node = service.at("environment")
        for name, value in node.pairs.items():
            yield name, self._text(value.text or ""), self._spot(value.line or value.key_line)
        for item in node.items:
            name, equals, given = (item.text or "").partition("=")
            yield name, self._text(given if equals else self.variables.get(name, "")), self._spot(item.line)

    def _references(self, environment: list[tuple[str, str, Spot]]) -> Iterator[Reference]:
        for name, value, spot in environment:
            yield from references(name, value, spot)

    def _settings(self, environment: list[tuple[str, str, Spot]]) -> Iterator[Setting]:
        for name, value, spot in environment:
            found = setting(name, value, spot)
            if found:
                yield found

    def _aliases(self, service: Node) -> Iterator[str]:
        for key in ("hostname", "container_name"):
            if resolved(service.word(key)) and service.word(key):
                yield service.word(key)
        for network in service.at("networks").pairs.values():
            yield from network.at("aliases").words()
