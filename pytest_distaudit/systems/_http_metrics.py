"""What an HTTP service did for others, by its own metrics in the Prometheus text format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.work import Work

if TYPE_CHECKING:
    from pytest_distaudit.systems.http import HttpSession

_PATH = "/metrics"
_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>[^\s]+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
#: what instrumentations of HTTP servers call the number of requests; a histogram's _count counts them as well
_REQUESTS = re.compile(
    r"(?:[a-z]\w*_)?http_(?:server_)?requests?(?:_\w+)?_total|(?:[a-z]\w*_)?(?:http_)?requests_total"
    r"|(?:[a-z]\w*_)?http_(?:server_)?requests?_duration\w*_count"
)
_WHERE = ("handler", "path", "route", "http_route", "endpoint", "url", "uri", "path_template")
_STARTED = "process_start_time_seconds"
#: asked by monitors, orchestrators and the audit, and by nobody who wants the service's work
_HOUSEKEEPING = re.compile(r"/?(?:metrics|health\w*|healthz|livez?|readyz?|ready|ping|status|favicon\.ico)?/?")
_MOST = 200


def work(session: HttpSession, ask: Ask) -> Work:
    """Requests by handler, those of monitors left out. Without such metrics nothing can be told."""
    answer = session.get(_PATH)
    if 300 <= answer.status < 400:
        answer = session.get(_PATH + "/")
    if answer.status in (401, 403):
        raise Unobservable(Reason.FORBIDDEN, f"GET {_PATH} answers {answer.status}")
    if answer.status != 200:
        raise Unobservable(Reason.NO_OBSERVABLE, f"GET {_PATH} answers {answer.status}: the service counts no requests")
    samples = list(_samples(answer.text))
    if not session.header:
        session.identity = next((f"started {value:.2f}" for name, _, value in samples if name == _STARTED), "")
    counted, metric = _counted(samples)
    own = (session.located.health or "").partition("?")[0].strip("/")
    counts = {
        where: times
        for where, times in sorted(counted.items())
        if not _HOUSEKEEPING.fullmatch(where) and where.strip("/") != own
    }
    # a service that counts the asking for its metrics counts whatever it is asked
    whole = any(where.strip("/") == "metrics" for where in counted)
    unseen = "" if whole else "requests that its metrics do not count"
    if len(counts) > _MOST:
        counts = {metric: sum(counts.values())}
    return Work(counts, unseen=unseen, way=f"GET {_PATH}, {metric}")


def _counted(samples: list[tuple[str, Mapping[str, str], float]]) -> tuple[dict[str, int], str]:
    """Handler -> requests, by the first metric that counts requests by handler, and that metric's name."""
    named: dict[str, Counter[str]] = {}
    for name, labels, value in samples:
        where = next((labels[label] for label in _WHERE if label in labels), None)
        if where is not None and _REQUESTS.fullmatch(name):
            named.setdefault(name, Counter())[where] += int(value)
    if not named:
        raise Unobservable(Reason.NO_OBSERVABLE, f"GET {_PATH} counts no requests by handler")
    metric = min(named, key=lambda name: (name.endswith("_count"), name))
    return dict(named[metric]), metric


def _samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """(name, labels, value) of every sample. Raises protocol-error where none is one."""
    read = 0
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = _SAMPLE.fullmatch(line)
        if found is None:
            if not read:
                raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {_PATH}: not the Prometheus text format")
            continue
        read += 1
        try:
            value = float(found["value"])
        except ValueError:
            continue
        if value == value and abs(value) != float("inf"):
            yield found["name"], dict(_LABEL.findall(found["labels"] or "")), value
    if not read:
        raise Unobservable(Reason.NO_OBSERVABLE, f"GET {_PATH} holds no metrics")
