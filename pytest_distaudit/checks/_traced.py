"""What is wrong with one trace, and whether its services are as many processes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.telemetry import Span

#: clocks of two hosts may differ by this much
_SKEW_S = 0.005
#: the first process of a container: the same number everywhere
_FIRST = "1"

Edge = tuple[str, str]


def same(name: str) -> str:
    """A service's name as it compares: stores change case, systems spell it their way."""
    return name.lower().replace("_", "-")


def fault(spans: Sequence[Span], outside: str, least: int, wanted: Collection[str], edges: Sequence[Edge]) -> str:
    """Why these spans are no whole trace of ``least`` services; "" if they are. ``outside``: the caller's span."""
    services = sorted({same(span.service) for span in spans})
    if len(services) < least:
        return f"{counted(len(services), 'service')}: {listed(services)}"
    if missing := sorted({same(name) for name in wanted} - set(services)):
        return f"no span of {listed(missing)}"
    known = {span.span for span in spans}
    orphans = [span for span in spans if span.parent not in (known | {"", outside})]
    if orphans:
        return f"{counted(len(orphans), 'span')} of {listed(_services(orphans))} with a parent that is not there"
    roots = [span for span in spans if span.parent not in known or span.parent == span.span]
    if len({span.span for span in roots}) != 1:
        return f"{len(roots)} roots: {listed(_services(roots))}"
    if early := _before_their_parents(spans):
        return f"{counted(len(early), 'span')} of {listed(_services(early))} before the parent"
    seen = set(calls_of(spans))
    gone = [f"{one} -> {other}" for one, other in edges if (same(one), same(other)) not in seen]
    return f"no call {listed(gone)}" if gone else ""


def _services(spans: Sequence[Span]) -> list[str]:
    return sorted({same(span.service) for span in spans})


def _by_id(spans: Sequence[Span]) -> Mapping[str, list[Span]]:
    """Span id -> spans: caller and callee may share one."""
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(span.span, []).append(span)
    return found


def _before_their_parents(spans: Sequence[Span]) -> list[Span]:
    known = _by_id(spans)
    return [
        span
        for span in spans
        if span.parent in known and span.start < min(one.start for one in known[span.parent]) - _SKEW_S
    ]


def calls_of(spans: Sequence[Span]) -> Iterator[Edge]:
    """(caller, callee) over a parent, or over an id that both share."""
    known = _by_id(spans)
    for span in spans:
        for above in (*known.get(span.parent, ()), *known[span.span]):
            if same(above.service) != same(span.service):
                yield same(above.service), same(span.service)


def posing(spans: Sequence[Span]) -> str:
    """Services that one process reports for, as ``a and b``; "" if there are none."""
    for one, other in combinations(_services(spans), 2):
        if _numbers(spans, one) & _numbers(spans, other):
            return f"{one} and {other}"
    return ""


def _numbers(spans: Sequence[Span], service: str) -> set[tuple[str, str]]:
    """(host, pid) of those who report for the service, where both tell something."""
    return {(span.host, span.pid) for span in spans if same(span.service) == service and span.host and _tells(span.pid)}


def _tells(pid: str) -> bool:
    return pid not in ("", _FIRST)


def unclear(spans: Sequence[Span]) -> str:
    """Services of which it cannot be told that they are two processes, as ``a and b``; "" if there are none."""
    for one, other in combinations(_services(spans), 2):
        of_one = [span for span in spans if same(span.service) == one]
        of_other = [span for span in spans if same(span.service) == other]
        if not all(_apart(left, right) for left in of_one for right in of_other):
            return f"{one} and {other}"
    return ""


def _apart(one: Span, other: Span) -> bool:
    if one.host and other.host and one.host != other.host:
        return True
    if one.host and other.host and one.pid and other.pid and one.pid != other.pid:
        return True
    return bool(one.instance and other.instance and one.instance != other.instance)
