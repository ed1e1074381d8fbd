"""What stores of traces and of metrics hold: spans by service, targets by what was scraped from them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Times are seconds; ids are hex in lower case, ``parent`` "" for a root.

    ``instance``, ``host`` and ``pid``: what the reporting process tells of itself, "" where it does not.
    ``nonces``: those of the audit that stand in the span's attributes or name.
    """

    trace: str
    span: str
    parent: str
    service: str
    name: str
    start: float
    duration: float
    instance: str = ""
    host: str = ""
    pid: str = ""
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traces(Capability):
    """What a store of traces holds. Args: ``ids`` (separated by commas) of the traces that are wanted, else those of
    every service that began between ``since`` and ``until`` (epoch seconds; default: the last ``window`` seconds);
    ``after``: not before that moment.

    ``services`` are all that the store lists, ``own`` those of them that are the store itself; ``recent`` those of
    which there are spans of the window (empty where ids are asked for). ``whole`` false: there are more traces
    in the window than were read.
    """

    capability = "traces"
    services: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    recent: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Scrape:
    """One target of a metrics server. ``health`` is "up", "down" or "unknown" (not scraped yet).

    ``age``: seconds since the last scrape by the server's own clock, None before the first; ``every``: seconds
    between two scrapes; ``samples`` of the last one, None where that is not told.
    """

    job: str
    host: str
    port: int
    path: str
    health: str
    age: float | None = None
    every: float | None = None
    error: str = ""
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class Scrapes(Capability):
    """What a metrics server scrapes. ``own`` are the addresses (``host:port``) by which it is known itself."""

    capability = "scrapes"
    targets: tuple[Scrape, ...]
    own: tuple[str, ...] = ()
