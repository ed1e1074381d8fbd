"""A workload: an operation of the target, asked at a rate that is fixed beforehand."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Self

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.activity import addressed, fill
from pytest_distaudit.engine.clients import client_for
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.fetch import Fetch, Request, Response
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

#: requests under way at once; where more are due, they are sent late, and their lateness is told
_MOST = 256
_WORDS = 120
_HEADER = "header:"
#: methods that have no effect: what failed of them failed
_READS = ("GET", "HEAD", "OPTIONS")


class Workload:
    """Asks ``operation`` while the block runs. Open loop: nothing waits for an earlier answer.

    ``base_url`` gives the address of a system by name; ``node`` is the header by which an instance names itself;
    ``many_clients``: each request comes from an address of its own, where that can be.
    """

    def __init__(
        self,
        operation: Operation,
        rate: float,
        fetch: Fetch,
        base_url: Callable[[str], str | None],
        clock: Clock,
        node: str = "",
        many_clients: bool = False,
    ) -> None:
        self._operation, self._rate, self._fetch, self._base_url = operation, rate, fetch, base_url
        self._clock, self._node, self._many = clock, node.lower(), many_clients
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(_MOST, f"distaudit-{operation.name}")
        self._sent: list[Future[Sent]] = []
        self._schedule = threading.Thread(target=self._send, daemon=True, name=f"distaudit-{operation.name}")

    def __enter__(self) -> Self:
        self._schedule.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._schedule.join()
        self._pool.shutdown()

    def traffic(self) -> Traffic:
        """What has been answered or given up so far."""
        done = tuple(fate.result() for fate in list(self._sent) if fate.done())
        return Traffic(self._operation.name, self._rate, done, bool(self._operation.degraded))

    def _send(self) -> None:
        began = self._clock.now()
        while not self._over.is_set():
            due = began + len(self._sent) / self._rate
            if self._over.wait(max(0.0, due - self._clock.now())):
                return
            self._sent.append(self._pool.submit(self._ask, due))

    def _ask(self, due: float) -> Sent:
        nonce, words = nonce_and_words()
        request = request_of(self._operation, words, self._base_url)
        if self._many:
            request = replace(request, source=client_for(request.url))
        sent, started = self._clock.now(), time.perf_counter()
        try:
            answer = self._fetch(request)
        except Unobservable as error:
            took = time.perf_counter() - started
            certain = isinstance(error, Refusal) or request.method in _READS
            outcome = Outcome.FAIL if certain else Outcome.INDETERMINATE
            return Sent(nonce, due, sent, took, outcome, detail=str(error)[:_WORDS], client=request.source)
        took = time.perf_counter() - started
        told = self._told(nonce, due, sent, took, request.method, answer)
        return replace(told, client=request.source) if request.source else told

    def _told(self, nonce: str, due: float, sent: float, took: float, method: str, answer: Response) -> Sent:
        outcome = self._outcome(answer.status, method)
        detail = "" if outcome is Outcome.OK else answer.text[:_WORDS]
        node = answer.headers.get(self._node, "")
        reduced = self._reduced(answer)
        return Sent(nonce, due, sent, took, outcome, answer.status, node, nonce in answer.text, detail, reduced)

    def _reduced(self, answer: Response) -> bool:
        """Whether it is an answer that the operation declares for when something is away."""
        marker = self._operation.marker
        if answer.status not in self._operation.degraded:
            return False
        if marker.startswith(_HEADER):
            return marker.removeprefix(_HEADER).strip().lower() in answer.headers
        return marker in answer.text

    def _outcome(self, status: int, method: str) -> Outcome:
        """By the operation's own lists; a read that is in neither had no effect."""
        if self._operation.succeeds(status):
            return Outcome.OK
        if status in self._operation.fail or method in _READS:
            return Outcome.FAIL
        return Outcome.INDETERMINATE


def nonce_and_words(nonce: str = "") -> tuple[str, dict[str, str]]:
    """A nonce, a new one if none is given, and what its next request is filled with: ``{request}`` is always new."""
    nonce = nonce or f"distaudit-{secrets.token_hex(16)}"
    return nonce, {"nonce": nonce, "request": f"distaudit-{secrets.token_hex(16)}"}


def request_of(operation: Operation, words: Mapping[str, str], base_url: Callable[[str], str | None]) -> Request:
    """One request of the operation with these words filled in."""
    method, url = fill(operation.request, words).split(maxsplit=1)
    headers = {name: str(fill(value, words)) for name, value in operation.headers.items()}
    return Request(method, addressed(url, base_url), headers, fill(operation.json, words))
