"""Helm: charts and their dependencies are read; templates are programs, which helm renders where it is installed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Component, Origin
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.names import words
from pytest_distaudit.domain.products import Product, product_named
from pytest_distaudit.sources.facts.reading import Reading
from pytest_distaudit.sources.facts.values import resolved
from pytest_distaudit.sources.facts.yaml_nodes import Node

_VALUES = re.compile(r"(?:^|/)([a-z0-9][a-z0-9-]*)[.-]values\.ya?ml$")
_KIND = re.compile(r"^kind:\s*([A-Z]\w+)\s*$", re.MULTILINE)
_IMAGE = re.compile(r"^[ \t]*(?:-\s*)?image:\s*[\"']?([A-Za-z0-9./_-]+)(?::[\w.-]+)?[\"']?\s*$", re.MULTILINE)


def is_template(file: str, files: frozenset[str]) -> bool:
    """Whether a file is a template of a chart of this tree."""
    before, found, _ = file.rpartition("/templates/")
    return bool(found) and any(
        f"{folder}/Chart.yaml" in files for folder in (before, before.rpartition("/templates")[0])
    )


def read_chart(file: str, node: Node) -> Iterator[Component]:
    """The chart and what it depends on."""
    for item in (node, *node.at("dependencies").items):
        name = item.word("name")
        if name and resolved(name):
            yield _component(name, Spot(file, item.at("name").line))


def read_values_name(file: str) -> Iterator[Component]:
    """``loki.values.yaml`` is the values of a chart that somebody else wrote."""
    match = _VALUES.search(file)
    if match:
        yield _component(match[1], Spot(file))


def read_template(reading: Reading, file: str) -> Iterator[Component]:
    """What a template shows without being run: kinds of operators' resources and whole image names."""
    reading.skip(file, "a Helm template; only helm can render it")
    text = reading.text(file) or ""
    for match in _KIND.finditer(text):
        found = product_named(match[1])
        if found:
            yield _component(found.name, Spot(file, text.count("\n", 0, match.start()) + 1))
    for match in _IMAGE.finditer(text):
        yield _component(match[1].rsplit("/", 1)[-1], Spot(file, text.count("\n", 0, match.start(1)) + 1))


def _component(name: str, spot: Spot) -> Component:
    product = _product(name)
    folder = posixpath.dirname(spot.file)
    return Component(name, spot, Origin.HELM, folder, product=product.name if product else "", partial=True)


def _product(name: str) -> Product | None:
    parts = words(name)
    spans = (
        (start, end) for size in range(3, 0, -1) for start in range(len(parts)) if (end := start + size) <= len(parts)
    )
    return next((found for start, end in spans if (found := product_named("-".join(parts[start:end])))), None)
