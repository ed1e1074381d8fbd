"""The JVM's manifests: Maven's ``pom.xml`` and Gradle's build files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.xml_elements import Element, read_elements

_JAVA = ("java.version", "maven.compiler.release", "maven.compiler.source", "maven.compiler.target")
_COORDINATES = re.compile(r"[\"']([\w.-]+):([\w.-]+)(?::([\w.+-]+))?[\"']")
_CONFIGURATION = re.compile(
    r"^[ \t]*(?:implementation|api|compile|compileOnly|runtimeOnly|testImplementation)\b", re.MULTILINE
)
_GRADLE_JAVA = re.compile(
    r"(?:JavaLanguageVersion\.of\(|(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.VERSION_)?[\"']?)([0-9]+)"
)
_GRADLE_BOOT = re.compile(r"org\.springframework\.boot[\"')]+\s*(?:version\s*)?[\"']([0-9][\w.]*)")


def read_pom(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """Dependencies with properties filled in; Java's and Spring Boot's version."""
    elements = list(read_elements(text))
    properties = {item.path[-1]: item.text.strip() for item in elements if item.path[-2:-1] == ("properties",)}
    for item in elements:
        if item.path[-1] in _JAVA and item.path[-2:-1] == ("properties",):
            yield from _toolchain("java", item.text.strip().removeprefix("1."), Spot(file, item.line))
        elif item.path[-1] in ("dependency", "parent"):
            yield from _maven(file, item, properties)
    for item in elements:
        if item.path[-2:-1] == ("properties",) and re.fullmatch(r"spring-?boot\.?-?version", item.path[-1]):
            yield from _toolchain("spring-boot", item.text.strip(), Spot(file, item.line))


def _maven(file: str, item: Element, properties: dict[str, str]) -> Iterator[Dependency | Toolchain]:
    name, version = item.word("artifactId"), item.word("version")
    if version.startswith("${") and version.endswith("}"):
        version = properties.get(version[2:-1], "")
    if name:
        spot = Spot(file, item.children["artifactId"].line)
        yield Dependency("maven", f"{item.word('groupId')}:{name}", version, spot)
        if name in ("spring-boot-starter-parent", "spring-boot-dependencies"):
            yield from _toolchain("spring-boot", version, spot)


def read_gradle(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """Dependencies and versions that stand literally in a build script, which is not run."""
    for match in _CONFIGURATION.finditer(text):
        end = text.find("\n", match.end())
        found = _COORDINATES.search(text, match.end(), end if end >= 0 else len(text))
        if found:
            yield Dependency("maven", f"{found[1]}:{found[2]}", found[3] or "", _spot(file, text, match.start()))
    for name, pattern in (("java", _GRADLE_JAVA), ("spring-boot", _GRADLE_BOOT)):
        for match in pattern.finditer(text):
            yield from _toolchain(name, match[1], _spot(file, text, match.start(1)))


def _toolchain(name: str, version: str, spot: Spot) -> Iterator[Toolchain]:
    if re.match(r"[0-9]", version):
        yield Toolchain(name, version, spot)


def _spot(file: str, text: str, offset: int) -> Spot:
    return Spot(file, text.count("\n", 0, offset) + 1)
