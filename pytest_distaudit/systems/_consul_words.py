"""What the lines of a Consul agent's log, and its checks' outputs, say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from pytest_distaudit.systems._consul_session import MARK

_HTTP = re.compile(
    r"(?P<at>\S+) +\[DEBUG\] +\S*http: Request finished: method=(?P<method>\S+) url=(?P<url>\S+)"
    r" from=(?P<source>\S+) latency=(?P<took>\S+)"
)
_DNS = re.compile(
    r"(?P<at>\S+) +\[DEBUG\] +\S*dns: request served from client: name=(?P<name>\S+)"
    r".*? latency=(?P<took>\S+) client=(?P<source>\S+)"
)
_FAILED = re.compile(r"\S+ +\[ERROR\] +\S*http: Request error: method=\S+ url=(?P<url>\S+) from=(?P<source>\S+) error=")
_DROPPED = re.compile(r"\bdropped \d+ logs?\b", re.IGNORECASE)

#: paths that end in the name of the service that is looked up
_OF_ONE = (
    *("health/service/", "catalog/service/", "health/connect/", "catalog/connect/", "health/ingress/"),
    *("health/checks/", "agent/health/service/name/", "discovery-chain/"),
)
#: paths whose answers may tell of any service
_OF_MANY = (
    *("catalog/services", "catalog/node", "health/state/", "health/node/", "agent/services", "agent/service/"),
    *("agent/health/service/id/", "internal/ui/", "query", "kv", "event/list"),
)
_ONE_IN_DNS, _MANY_IN_DNS = {"service", "connect", "ingress", "virtual"}, {"query", "node"}

_DURATION = re.compile(r"(?P<number>[\d.]+)(?P<unit>ns|µs|us|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

_ASKED = (
    re.compile(r"HTTP \w+ (?P<url>\S+): "),
    re.compile(r"TCP connect (?P<place>\S+): "),
    re.compile(r"gRPC check (?P<place>[^/\s]+)\S*: "),
    re.compile(r'^\w+ "?(?P<url>https?://[^"\s]+)"?: '),
    re.compile(r"^dial tcp (?P<place>\S+): "),
)
_CUSTOMARY = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """One finished request by the log: ``at`` (seconds since the epoch, the agent's clock) is its end.

    ``service``: what was looked up, "" for a list of many or what may name any, None if nothing was.
    ``mark`` is that of our own requests, ``target`` what was asked for as the agent wrote it.
    """

    at: float
    took: float
    way: str
    source: str
    service: str | None
    mark: str = ""
    target: str = ""


def request_of(line: str) -> Request | None:
    """The request that a line tells of; None if it tells of something else."""
    if found := _HTTP.match(line):
        mark = parse_qs(urlsplit(found["url"]).query).get(MARK, [""])[0]
        service = _looked_up(urlsplit(found["url"]).path) if found["method"] == "GET" else None
        took, source = seconds(found["took"]), found["source"]
        return Request(_stamp(found["at"]), took, "http", source, service, mark, found["url"])
    if found := _DNS.match(line):
        return Request(_stamp(found["at"]), seconds(found["took"]), "dns", found["source"], _resolved(found["name"]))
    return None


def failed_by(line: str) -> tuple[str, str] | None:
    """(source, target) of a request that the agent refuses or cannot answer; the line before the one of its end."""
    found = _FAILED.match(line)
    return (found["source"], found["url"]) if found else None


def tells_of_loss(line: str) -> bool:
    """Whether the agent says that it left lines out."""
    return _DROPPED.search(line) is not None


def _looked_up(path: str) -> str | None:
    rest = path.removeprefix("/v1/")
    for prefix in _OF_ONE:
        if rest.startswith(prefix):
            return unquote(rest.removeprefix(prefix)).strip("/")
    return "" if rest.startswith(_OF_MANY) else None


def _resolved(name: str) -> str | None:
    """The service of ``tag.worker.service.dc1.consul.`` or ``_worker._tcp.service.consul.``."""
    labels = name.lower().rstrip(".").split(".")
    for at in range(len(labels) - 1, 0, -1):
        if labels[at] in _ONE_IN_DNS:
            if labels[at - 1].startswith("_") and at > 1:
                return labels[at - 2].removeprefix("_")
            return labels[at - 1]
        if labels[at] in _MANY_IN_DNS:
            return ""
    return None


def _stamp(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def seconds(text: str) -> float:
    """A duration as Go writes it: ``1m2.5s``, ``449.1µs``."""
    return sum(float(part["number"]) * _SECONDS[part["unit"]] for part in _DURATION.finditer(text))


def counted(metrics: str, service: str) -> int:
    """How often the service was looked up by the agent's own count (Prometheus' text)."""
    return round(sum(_counts(metrics, service)))


def _counts(metrics: str, service: str) -> Iterator[float]:
    label = re.escape(service.replace("\\", "\\\\").replace('"', '\\"'))
    told = re.compile(
        rf'^\w*(?:catalog|health)_(?:service|connect)_query\{{(?:[^}}]*,)?service="{label}"[^}}]*\}} (\S+)$',
        re.MULTILINE | re.IGNORECASE,
    )
    for found in told.finditer(metrics):
        yield float(found[1])


def asked_by(output: str) -> str:
    """``host:port`` of what a check asked, by its output; "" where that does not tell."""
    for pattern in _ASKED:
        found = pattern.search(output)
        if found is None:
            continue
        named = found.groupdict()
        if "place" in named:
            return named["place"]
        try:
            parts = urlsplit(named["url"])
            port = parts.port or _CUSTOMARY.get(parts.scheme, 0)
        except ValueError:
            return ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{port}"
    return ""
