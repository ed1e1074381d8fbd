"""nginx configuration: upstreams, and where locations pass requests to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Pool, Route, Server
from pytest_distaudit.domain.finding import Spot

SIGN = re.compile(r"^[ \t]*(?:upstream\s+\S+\s*\{|proxy_pass\s|server\s*\{)", re.MULTILINE)
_UPSTREAM = re.compile(r"\bupstream\s+([^\s{]{1,200})\s*\{([^{}]{0,20000})\}")
_SERVER = re.compile(r"^[ \t]*server\s+([^\s;{]{1,300})([^;{\n]{0,300});", re.MULTILINE)
_METHOD = re.compile(r"^[ \t]*(least_conn|ip_hash|hash|random|least_time|fair)\b", re.MULTILINE)
_PASS = re.compile(
    r"^[ \t]*(?:proxy_pass|grpc_pass)\s+(?:https?|grpcs?)://([^\s;/:]{1,253})(?::([0-9]{1,5}))?", re.MULTILINE
)
_LOCATION = re.compile(r"\blocation\s+(?:[=~^*]+\s*)?([^\s{]{1,300})\s*\{")


def read_nginx(file: str, text: str) -> Iterator[Pool | Route]:
    """The pools and the routes of one file, comments left out."""
    text = re.sub(r"(?m)^([ \t]*)#.*$", r"\1", text)
    for match in _UPSTREAM.finditer(text):
        method = _METHOD.search(match[2])
        servers = tuple(_servers(file, text, match))
        dynamic = bool(re.search(r"\bresolve\b|service=", match[2]))
        yield Pool(match[1], "nginx", _spot(file, text, match.start()), servers, method[1] if method else "", dynamic)
    locations = [(match.start(), match[1]) for match in _LOCATION.finditer(text)]
    for match in _PASS.finditer(text):
        path = next((path for start, path in reversed(locations) if start < match.start()), "/")
        if "$" not in match[1]:
            yield Route(
                "nginx", path, path, _spot(file, text, match.start(1)), match[1], int(match[2]) if match[2] else None
            )


def _servers(file: str, text: str, upstream: re.Match[str]) -> Iterator[Server]:
    for match in _SERVER.finditer(upstream[2]):
        host, colon, port = match[1].rpartition(":")
        spot = _spot(file, text, upstream.start(2) + match.start(1))
        yield Server(
            host if colon else match[1], int(port) if colon and port.isdigit() else None, spot, "backup" in match[2]
        )


def _spot(file: str, text: str, offset: int) -> Spot:
    return Spot(file, text.count("\n", 0, offset) + 1)
