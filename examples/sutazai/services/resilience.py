"""What keeps a service upright while one that it calls is not: a bulkhead, a circuit breaker, another try."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import pybreaker
from plumbing import UNREACHABLE
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

Answer = TypeVar("Answer")


class Bulkhead:
    """So many calls at once and no more; who finds no room in a moment is turned away, and waits in nobody's way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._room = threading.BoundedSemaphore(most)

    @contextmanager
    def room(self) -> Iterator[None]:
        """Room for one call. Raises TimeoutError."""
        if not self._room.acquire(timeout=0.1):
            raise TimeoutError(f"{self._most} calls of it are under way already")
        try:
            yield
        finally:
            self._room.release()


class Breaker:
    """So many failures in a row open it; then nobody calls, until one call after so many seconds goes well."""

    def __init__(self, failures: int, seconds: float) -> None:
        self._breaker = pybreaker.CircuitBreaker(fail_max=failures, reset_timeout=seconds)

    def call(self, question: Callable[[], Answer]) -> Answer:
        """The answer. Raises what the question does, and CircuitBreakerError while it is open."""
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            # the breaker lets one in at a time: it is told how the call went, not to make it
            return self._breaker.call(outcome(question).result)
        return self._breaker.call(question)


def outcome(question: Callable[[], Answer]) -> Future[Answer]:
    """How it went, well or not."""
    told: Future[Answer] = Future()
    try:
        told.set_result(question())
    except Exception as error:  # noqa: BLE001 - whatever it is, the breaker is told
        told.set_exception(error)
    return told


def may_go_well(error: BaseException) -> bool:
    """Whether to ask again may help: not where the server understood, and said no."""
    return isinstance(error, UNREACHABLE) and getattr(error, "code", 500) >= 500


#: tried up to three times, after pauses that are drawn by lot: 0.3 to 0.5 s, then 0.3 to 1.5 s
persistent = retry(
    retry=retry_if_exception(may_go_well),
    stop=stop_after_attempt(3),
    wait=wait_random_exponential(multiplier=0.5, exp_base=3, min=0.3),
    reraise=True,
)
