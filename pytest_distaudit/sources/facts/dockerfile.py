"""Dockerfiles: the last stage's base, exposed ports, what is copied, the versions that images fix."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dockerfile, Healthcheck, Mount, Port, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.names import words
from pytest_distaudit.sources.facts.healthcheck import healthcheck
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.facts.values import expand, image_parts, ports_of

NAMED = re.compile(r"(?:^|/)(?:(?:[\w.-]+[.-])?Dockerfile(?:[.-][\w.-]+)?|Containerfile)$", re.IGNORECASE)
_LINE = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_MOST = 2000
#: Base images that fix a language's version.
LANGUAGES = {
    "python": "python",
    "node": "node",
    "golang": "go",
    "go": "go",
    "rust": "rust",
    "ruby": "ruby",
    "php": "php",
    "openjdk": "java",
    "temurin": "java",
    "corretto": "java",
    "jdk": "java",
    "jre": "java",
    "java": "java",
    "sdk": "dotnet",
    "aspnet": "dotnet",
    "elixir": "elixir",
}


def read_dockerfile(reading: Reading, file: str) -> tuple[Dockerfile, tuple[Toolchain, ...]] | None:
    """Read one Dockerfile; build arguments with defaults are filled in."""
    text = reading.text(file)
    if text is None:
        return None
    arguments: dict[str, str] = {}
    base, exposed, copies, tools = "", list[Port](), list[Mount](), list[Toolchain]()
    health: Healthcheck | None = None
    for line, command, rest in _instructions(text):
        spot = Spot(file, line)
        if command in ("ARG", "ENV"):
            name, _, value = rest.partition("=")
            arguments[name.strip()] = value.strip().strip("\"'")
        elif command == "FROM":
            base = expand(next((word for word in rest.split() if not word.startswith("--")), ""), arguments)
            tools.extend(_toolchain(base, spot))
            health = None
        elif command == "HEALTHCHECK":
            health = _health(rest, spot)
        elif command == "EXPOSE":
            exposed.extend(
                port for word in rest.split() for port in ports_of(expand(word, arguments), spot, published=False)
            )
        elif command in ("COPY", "ADD") and "--from" not in rest:
            copies.extend(_copies(rest, spot))
    return Dockerfile(file, base, tuple(exposed), tuple(copies), health), tuple(tools)


def _health(rest: str, spot: Spot) -> Healthcheck:
    """``HEALTHCHECK --interval=5s CMD ...``, in either form, or ``NONE``."""
    _, found, command = rest.partition("CMD")
    if not found:
        return healthcheck(["NONE"], spot)
    try:
        words = json.loads(command)
    except ValueError:
        words = None
    if isinstance(words, list):
        return healthcheck(["CMD", *map(str, words)], spot)
    return healthcheck(["CMD-SHELL", command.strip()], spot)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Logical lines with the number of their first."""
    pending, start = "", 0
    for number, line in enumerate(text.split("\n")[:_MOST], 1):
        if line.lstrip().startswith("#"):
            continue
        start = start or number
        pending += line.rstrip().removesuffix("\\") + " "
        if line.rstrip().endswith("\\"):
            continue
        match = _LINE.match(pending)
        if match:
            yield start, match[1].upper(), match[2].strip()
        pending, start = "", 0


def _toolchain(base: str, spot: Spot) -> Iterator[Toolchain]:
    repository, tag = image_parts(base)
    version = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", tag)
    for word in reversed(words(posixpath.basename(repository))):
        if word in LANGUAGES and version:
            yield Toolchain(LANGUAGES[word], version[1], spot)
            return


def _copies(rest: str, spot: Spot) -> Iterator[Mount]:
    parts = [part for part in re.sub(r'[\[\],"]', " ", rest).split() if not part.startswith("--")]
    for source in parts[:-1]:
        if "$" not in source and "*" not in source and "://" not in source:
            yield Mount(source, parts[-1], spot, source)
