"""Kong's declarative files: services, their routes, upstreams and targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pytest_distaudit.domain.facts import Pool, Route, Server
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.yaml_nodes import Node

SIGN = re.compile(r"^_format_version:", re.MULTILINE)


def read_kong(file: str, node: Node) -> Iterator[Pool | Route]:
    """The routes and the pools of one file."""
    for upstream in node.at("upstreams").items:
        targets = [item for item in upstream.at("targets").items if item.word("target")]
        servers = tuple(_server(item.word("target"), Spot(file, item.at("target").line)) for item in targets)
        spot = Spot(file, upstream.at("name").line)
        yield Pool(upstream.word("name"), "kong", spot, servers, upstream.word("algorithm"))
    for service in node.at("services").items:
        host, port = _address(service)
        for route in service.at("routes").items:
            yield _route(file, service.word("name"), route, host, port)


def _route(file: str, service: str, route: Node, host: str, port: int | None) -> Route:
    path = next(iter(route.at("paths").words()), "/")
    return Route("kong", route.word("name") or service, path, Spot(file, route.line), host, port)


def _address(service: Node) -> tuple[str, int | None]:
    try:
        url = urlsplit(service.word("url"))
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    written = service.word("port")
    return host or service.word("host"), port or (int(written) if written.isdigit() and len(written) < 6 else None)


def _server(target: str, spot: Spot) -> Server:
    host, _, port = target.rpartition(":")
    return Server(host or target, int(port) if port.isdigit() and len(port) < 6 else None, spot)
