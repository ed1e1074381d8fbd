"""Callers with a circuit breaker, and such as only have one installed. The first argument says which."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import suppress

import pybreaker
from service import Failed, get, say, serve

FAILURES, OPEN_S = 5, 0.5


class Open(Exception):
    """Not called: the breaker is open."""


class Breaker:
    """A textbook one: so many failures in a row open it; after the open time one call tries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures, self._until, self._trying = 0, 0.0, False

    def __call__(self, word: str) -> str:
        with self._lock:
            if self._failures >= FAILURES:
                if self._trying or time.monotonic() < self._until:
                    raise Open
                self._trying = True
        try:
            said = say(word)
        except (OSError, Failed):
            with self._lock:
                self._failures += 1
                self._until, self._trying = time.monotonic() + OPEN_S, False
            raise
        with self._lock:
            self._failures, self._trying = 0, False
        return said


class Forever(Breaker):
    """Opens, and never tries again."""

    def __call__(self, word: str) -> str:
        self._until = float("inf") if self._failures >= FAILURES else 0.0
        return super().__call__(word)


shared = pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=OPEN_S)
failures = 0


def unused(word: str) -> str:
    return say(word)


def around_a_coroutine(word: str) -> str:
    async def later() -> str:
        return await asyncio.to_thread(say, word)

    return asyncio.run(shared.call(later))


def one_for_each_request(word: str) -> str:
    return pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=OPEN_S).call(say, word)


def returns_errors(word: str) -> str:
    status, text = shared.call(get, word, 0.3)
    if status >= 500:
        raise Failed(text)
    return text


def says_so(word: str) -> str:
    """Counts, and tells that it is open; and calls."""
    global failures
    try:
        said = say(word)
    except (OSError, Failed):
        failures += 1
        raise (Open if failures > FAILURES else Failed) from None
    failures = 0
    return said


def nameless(word: str) -> str:
    """A genuine one, whose calls carry nothing of what was asked."""
    return genuine("up") and word


genuine = Breaker()
if sys.argv[1] == "polled":

    def poll() -> None:
        while True:
            time.sleep(0.005)
            with suppress(OSError):
                get("up", 0.3)

    for _ in range(3):
        threading.Thread(target=poll, daemon=True).start()
serve(
    {
        "genuine": genuine,
        "forever": Forever(),
        "unused": unused,
        "coroutine": around_a_coroutine,
        "each": one_for_each_request,
        "returns": returns_errors,
        "says": says_so,
        "polled": nameless,
    }[sys.argv[1]]
)
