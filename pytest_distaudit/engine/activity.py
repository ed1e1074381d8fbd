"""Performing an activity with nonces while its traces are followed."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.domain.tracing import carries_trace, trace_headers, trace_of
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.ports.capabilities import ActivityRun, KeyValue, Performed, Queue
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.fetch import Fetch, Request, Response
from pytest_distaudit.ports.gateways import Gateway
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.registrations import Lookups
from pytest_distaudit.ports.streams import STREAM, StreamTail
from pytest_distaudit.ports.tenancy import Tenancy

_FIELD = re.compile(r"\{(\w+)\}")

#: records of what happens anyhow: they grow as long as somebody polls
_NEVER_RESTS = {Lookups.capability}
#: fields that come and go with those who look
_PASSING = {
    KeyValue.capability: {"clients", "keys"},
    Gateway.capability: {"own_answers"},
    Tenancy.capability: {"sessions", "logins", "elsewhere"},
}

#: how long work under way may take where no claim says it
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds.

    ``lag``: how far the watched statistics may be behind; ``patience``: how long work that is under
    way may take before it counts as stuck. ``runs`` is a prime: bursts of others rarely fit it. So many
    ``producers`` share them.
    """

    lag: float
    patience: float = PATIENCE_S
    runs: int = 7
    producers: int = 1
    sample: float = 0.5
    limit: float = 120.0

    @property
    def still(self) -> float:
        """Counters that did not move for this long have settled."""
        return self.lag + 1.5


def perform(
    activity: Activity,
    watched: Iterable[tuple[Located, Sequence[Ask]]],
    hub: Hub,
    fetch: Fetch,
    base_url: Callable[[str], str | None],
    pace: Pace,
) -> tuple[Observation, ...]:
    """Idle window, performances, settling, clean-up: every look and one ActivityRun observation.

    ``base_url`` gives the address of a system by name, None for a host that is not a system's.
    """
    watch = _Watch(hub, list(watched), pace)
    idle_from = time.time()
    watch.follow(pace.still)
    active_from = time.time()
    performer = Performer(activity, fetch, base_url)
    done = _performed(performer, pace)
    active_to = time.time()
    # as long as the idle window took, which on a busy machine is longer than it was meant to be
    watch.settle(active_to, max(pace.still, active_from - idle_from))
    runs = tuple(with_cleanup(run, performer.clean(answer)) for run, answer in done)
    run = ActivityRun(activity.name, idle_from, active_from, active_to, time.time(), runs)
    ask = ActivityRun.ask(activity=activity.name)
    value = hub.redactor.value(to_json(run))
    way = f"{activity.request.split(maxsplit=1)[0]} x {pace.runs}"
    return (*watch.seen, Observation("", ask, idle_from, time.time() - idle_from, way, value=value))


def _performed(performer: Performer, pace: Pace) -> list[tuple[Performed, Mapping[str, str]]]:
    """What each producer did, one after the other."""

    def produce(producer: int) -> list[tuple[Performed, Mapping[str, str]]]:
        own = range(producer, pace.runs, pace.producers)
        return [(replace(run, producer=producer), words) for run, words in (performer.perform() for _ in own)]

    with ThreadPoolExecutor(pace.producers, "distaudit-producer") as pool:
        return [one for part in pool.map(produce, range(pace.producers)) for one in part]


class _Watch:
    """Looks at everything watched, again and again, and keeps what it saw."""

    def __init__(self, hub: Hub, watched: Sequence[tuple[Located, Sequence[Ask]]], pace: Pace) -> None:
        self._hub, self._watched, self._pace = hub, watched, pace
        self.seen: list[Observation] = []
        self._moved_at = 0.0
        self._last: list[Any] = []

    def follow(self, seconds: float) -> None:
        """At least twice, however long a look takes: one alone cannot tell whether anything moves."""
        until = time.time() + seconds
        self._look()
        while True:
            time.sleep(self._pace.sample)
            self._look()
            if time.time() >= until:
                return

    def settle(self, since: float, still: float) -> None:
        """Follow until nothing has moved for longer than the statistics lag, and no work is under way."""
        self._moved_at = since
        under_way = _under_way(self.seen)
        while time.time() < since + self._pace.limit:
            looked_at = time.time()
            self._look()
            waiting = _under_way(self.seen) > under_way or _awaited(self.seen, since)
            patient = time.time() < since + self._pace.patience and waiting
            if looked_at - self._moved_at >= still and not patient:
                return
            time.sleep(self._pace.sample)

    def _look(self) -> None:
        now = [seen for located, asks in self._watched for seen in self._hub.watch(located, asks)]
        values = [_moving(seen) for seen in now if seen.ask.capability not in _NEVER_RESTS]
        if values != self._last:
            self._last, self._moved_at = values, time.time()
        self.seen.extend(now)


def _moving(seen: Observation) -> Any:
    """What of the look tells that something happened."""
    passing = _PASSING.get(seen.ask.capability, ())
    value = seen.value
    return {name: field for name, field in value.items() if name not in passing} if isinstance(value, dict) else value


def _under_way(seen: Sequence[Observation]) -> int:
    """Messages that the latest looks found in queues: waiting, or delivered and not acknowledged."""
    latest = {(one.system, one.ask): one.value for one in seen if one.ask.capability == Queue.capability and one.value}
    return sum((value["ready"] or 0) + (value["unacked"] or 0) for value in latest.values())


def _awaited(seen: Sequence[Observation], since: float) -> bool:
    """Whether a stream has not grown yet: events may be gathered and appended together, later."""
    streams = [one for one in seen if one.ask.capability == StreamTail.capability and one.value]
    for where in {(one.system, one.ask) for one in streams}:
        looks = [one for one in streams if (one.system, one.ask) == where]
        before = [one.value for one in looks if one.at < since]
        if before and looks[-1].value["form"] in ("", STREAM) and looks[-1].value == before[-1]:
            return True
    return False


class Performer:
    """Sends the activity's requests; one nonce each."""

    def __init__(self, activity: Activity, fetch: Fetch, base_url: Callable[[str], str | None]) -> None:
        self._activity, self._fetch, self._base_url = activity, fetch, base_url

    def perform(self) -> tuple[Performed, Mapping[str, str]]:
        """One performance, and the words that its clean-up may use."""
        nonce = f"distaudit-{secrets.token_hex(16)}"
        words = {"nonce": nonce}
        own = carries_trace(self._activity.headers)
        trace, headers = ("", {}) if own else (trace_of(nonce), trace_headers(nonce))
        at, started = time.time(), time.perf_counter()
        try:
            answer = self._fetch(self._request(self._activity.request, words, self._activity.json, headers))
        except Unobservable as error:
            taken = time.perf_counter() - started
            return Performed(nonce, at, taken, False, detail=str(error), trace=trace), words
        ok = answer.status in self._activity.ok if self._activity.ok else 200 <= answer.status < 300
        detail = "" if ok else answer.text[:200]
        performed = Performed(nonce, at, answer.elapsed, ok, answer.status, detail, trace=trace)
        return performed, {**_fields(answer), **words}

    def clean(self, words: Mapping[str, str]) -> bool | None:
        """None: nothing to clean or nothing known of what to clean."""
        if not self._activity.cleanup or _missing(self._activity.cleanup, words):
            return None
        try:
            return self._fetch(self._request(self._activity.cleanup, words, None)).status < 400
        except Unobservable:
            return False

    def _request(
        self, template: str, words: Mapping[str, str], json: Any, more: Mapping[str, str] | None = None
    ) -> Request:
        method, url = fill(template, words).split(maxsplit=1)
        headers = {name: str(fill(value, words)) for name, value in self._activity.headers.items()}
        return Request(method, addressed(url, self._base_url), {**headers, **(more or {})}, fill(json, words))


def addressed(url: str, base_url: Callable[[str], str | None]) -> str:
    """The URL with a system's name replaced by that system's address."""
    parts = urlsplit(url)
    base = base_url(parts.hostname or "")
    if base is None:
        return url
    there = urlsplit(base)
    return urlunsplit((there.scheme, there.netloc, there.path.rstrip("/") + parts.path, parts.query, ""))


def fill(template: Any, words: Mapping[str, str]) -> Any:
    """Replace ``{name}`` in every text of a JSON value; unknown names stay."""
    if isinstance(template, str):
        return _FIELD.sub(lambda found: words.get(found[1], found[0]), template)
    if isinstance(template, list):
        return [fill(entry, words) for entry in template]
    if isinstance(template, dict):
        return {key: fill(entry, words) for key, entry in template.items()}
    return template


def _missing(template: str, words: Mapping[str, str]) -> bool:
    return any(name not in words for name in _FIELD.findall(template))


def _fields(answer: Response) -> dict[str, str]:
    """The scalar fields of a JSON object answer, as text."""
    try:
        body = answer.decoded("activity")
    except Unobservable:
        return {}
    if not isinstance(body, dict):
        return {}
    return {str(name): str(value) for name, value in body.items() if isinstance(value, (str, int))}


def with_cleanup(run: Performed, cleaned: bool | None) -> Performed:
    """The performance, and whether what it made is removed."""
    return replace(run, cleaned=cleaned)
