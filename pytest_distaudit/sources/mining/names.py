"""The names of a project's own services, read from its manifests and folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pytest_distaudit.sources.mining.tree import files_of
from pytest_distaudit.sources.mining.vocabulary import Entry, Vocabulary, bare, key_of

_LARGEST = 1_000_000
_MOST = 2_000
_HOMES = frozenset({"src", "services", "service", "apps", "microservices", "packages", "cmd", "components", "modules"})
_BUILT = frozenset({"dockerfile", "pom.xml", "build.gradle", "build.gradle.kts", "go.mod", "package.json",
                    "cargo.toml", "requirements.txt", "pyproject.toml", "gemfile", "composer.json"})  # fmt: skip
#: Names that say nothing about what they name.
_EMPTY = frozenset(
    {
        *("app", "api", "web", "db", "database", "cache", "queue", "server", "client", "test", "tests", "main", "src"),
        *("docs", "common", "shared", "lib", "libs", "core", "utils", "util", "tools", "scripts", "deploy", "example"),
        *("examples", "demo", "root", "parent", "infra", "infrastructure", "config", "base", "default", "e2e", "it"),
        *(
            "service",
            "services",
            "volumes",
            "networks",
            "secrets",
            "configs",
            "bindings",
            "env",
            "protos",
            "proto",
            "pb",
            "data",
            "model",
            "models",
            "build",
            "local",
            "dev",
        ),
    }
)
_NAME = re.compile(r"[A-Za-z][\w.-]{1,60}$")
_SERVICES = re.compile(r"^services:\s*$", re.MULTILINE)
_KEY = re.compile(r"^(\s+)([\w.-]+):\s*(?:&\w+\s*)?(?:[{#].*)?$")
_LISTED = re.compile(r"^\s*-\s+name:\s*[\"']?([\w.-]+)")
_IMAGE = re.compile(r"^\s+(?:[\w.-]+:\s*\{\s*)?image:\s*[\"']?([^\s\"'}]+)")
#: ``- "8080:80"`` or ``published: 8080``
_PORT = re.compile(
    r"^\s+(?:-\s*[\"']?(?:[\d.]+:)?(?:\$\{\w+:-)?(\d{2,5})\}?:\d{2,5}(?!\d)|published:\s*[\"']?(\d{2,5})(?!\d))"
)
_WORKLOAD = re.compile(r"^kind:\s*(?:Deployment|StatefulSet|DaemonSet|Service)\s*$", re.MULTILINE)
_METADATA = re.compile(r"^metadata:\s*\n(?:\s+(?!name:).*\n){0,12}?\s+name:\s*[\"']?([\w.-]+)[\"']?\s*$", re.MULTILINE)
_POM_NOISE = re.compile(r"<(parent|dependencies|build|dependencyManagement)>.*?</\1>", re.DOTALL)
_POM_NAME = re.compile(r"<(?:artifactId|module)>\s*([\w.-]+)\s*</")


class _Service(NamedTuple):
    """What a manifest says of a service: its name, its image, the ports it publishes."""

    name: str
    image: str = ""
    ports: tuple[str, ...] = ()


def names_of(root: Path, known: Vocabulary | None = None) -> tuple[Entry, ...]:
    """The services of the tree below ``root`` as entries of a vocabulary.

    Compose services, Kubernetes workloads, modules and folders that hold a program. A service that runs a
    ``known`` product is another spelling of that product (``messagebroker`` with the image ``rabbitmq:3``).
    """
    found: dict[str, tuple[_Service, Entry | None]] = {}
    for service in _services(root):
        runs = _product(known, _image_name(service.image)) or _product(known, service.name)
        if _NAME.match(service.name) and (runs or key_of(service.name) not in _EMPTY):
            found.setdefault(key_of(service.name), (service, runs))
        if len(found) >= _MOST:
            break
    prefix = _common_prefix([service.name for service, runs in found.values() if runs is None])
    entries: list[Entry] = []
    for key, (service, runs) in found.items():
        if runs is None:
            entries += _own(service, prefix)
        else:
            spelled = runs.name if key in _EMPTY else service.name
            entries.append(Entry(runs.name, runs.kind, (spelled,), shy=_shy(spelled), runs=True, ports=service.ports))
    return tuple(entries)


def _product(known: Vocabulary | None, name: str) -> Entry | None:
    entry = known.of(name) if known is not None and name else None
    return None if entry is None or entry.own else entry


def _own(service: _Service, prefix: str) -> Iterator[Entry]:
    """A service by its names, those first that can be nothing else."""
    name = service.name
    short = name[len(prefix) :] if prefix and name.startswith(prefix) and len(name) > len(prefix) + 2 else name
    spellings = [word for word in dict.fromkeys((name, short, bare(short))) if key_of(word) not in _EMPTY]
    for shy in (False, True):
        if words := tuple(word for word in spellings if _shy(word) == shy):
            yield Entry(short, "service", words, own=True, shy=shy, ports=service.ports)


def _shy(name: str) -> bool:
    """One lower-case word is an English word until it stands out."""
    return not re.search(r"[a-z0-9][-_.][a-z]|[a-z][A-Z]|\d", name)


def _image_name(image: str) -> str:
    return image.rsplit("/", 1)[-1].split(":")[0].split("@")[0]


def _common_prefix(names: Iterable[str]) -> str:
    """What at least three names, and half of them, begin with, up to a hyphen."""
    counts: dict[str, int] = {}
    total = 0
    for name in names:
        total += 1
        parts = name.split("-")
        for size in range(1, len(parts)):
            prefix = "-".join(parts[:size]) + "-"
            counts[prefix] = counts.get(prefix, 0) + 1
    long = [prefix for prefix, count in counts.items() if count >= 3 and count * 2 >= total]
    return max(long, key=len, default="")


def _services(root: Path) -> Iterator[_Service]:
    """Everything that could be a service, the most telling sources first."""
    later: list[str] = []
    for path in files_of(root):
        if path.suffix.lower() in (".yml", ".yaml"):
            text = _text(path)
            yield from _of_compose(text)
            later += _of_kubernetes(text)
        elif path.name.lower() in _BUILT or path.suffix == ".csproj":
            later += _of_package(path, root)
    yield from (_Service(name) for name in later)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _of_compose(text: str) -> Iterator[_Service]:
    """Line by line, so that anchors, bombs and templates do not matter."""
    start = _SERVICES.search(text)
    if start is None:
        return
    depth = ""
    service: _Service | None = None
    for line in text[start.end() :].split("\n"):
        if line.strip() and not line[0].isspace() and not line.startswith(("-", "#")):
            break
        listed, key = _LISTED.match(line), _KEY.match(line)
        if listed or (key and (not depth or key[1] == depth)):
            if service is not None:
                yield service
            depth = key[1] if key else depth
            service = _Service(listed[1] if listed else key[2] if key else "")
        service = service and _with(service, line)
    if service is not None:
        yield service


def _with(service: _Service, line: str) -> _Service:
    """The service and what one more of its lines says: its image, a port it publishes."""
    if not service.image and (image := _IMAGE.match(line)):
        return service._replace(image=image[1])
    if port := _PORT.match(line):
        return service._replace(ports=(*service.ports, port[1] or port[2]))
    return service


def _of_kubernetes(text: str) -> Iterator[str]:
    if not _WORKLOAD.search(text):
        return
    for document in text.split("\n---"):
        if _WORKLOAD.search(document) and (name := _METADATA.search(document)):
            yield name[1]


def _of_package(path: Path, root: Path) -> Iterator[str]:
    """The folder that holds a program below a home of services, and the name that its manifest gives."""
    relative = path.relative_to(root)
    if (
        len(relative.parts) == 2
        or (len(relative.parts) == 3 and relative.parts[0].lower() in _HOMES)
        or (len(relative.parts) > 3 and {part.lower() for part in relative.parts[:-2]} & _HOMES)
    ):
        yield relative.parts[-2]
    if path.name == "pom.xml":
        yield from _POM_NAME.findall(_POM_NOISE.sub("", _text(path)))[:1]
    elif path.suffix == ".csproj":
        yield path.stem.split(".")[0]
    elif path.name == "package.json":
        yield from _of_json(path)


def _of_json(path: Path) -> Iterator[str]:
    try:
        name = json.loads(_text(path) or "{}").get("name", "")
    except (ValueError, AttributeError, RecursionError):
        return
    if isinstance(name, str):
        yield name.rsplit("/", 1)[-1]
