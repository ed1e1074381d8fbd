"""Callers that let five calls at a time through to their dependency, and such as do not. ``/ask`` needs it, ``/free``
does not. The first argument says which.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from service import say, serve

MOST, TIMEOUT_S = 5, 1.0


class Full(Exception):
    """No room."""


def limited(most: int) -> Callable[[str], str]:
    room = threading.BoundedSemaphore(most)

    def ask(word: str) -> str:
        if not room.acquire(blocking=False):
            raise Full
        try:
            return say(word, TIMEOUT_S)
        finally:
            room.release()

    return ask


def unlimited(word: str) -> str:
    return say(word, TIMEOUT_S)


def free(word: str) -> str:
    return word


everything = threading.BoundedSemaphore(MOST)


def in_one_pool(does: Callable[[str], str]) -> Callable[[str], str]:
    """All requests share the same few workers, whatever they need."""

    def work(word: str) -> str:
        with everything:
            return does(word)

    return work


one_at_a_time = threading.Lock()


def in_one_loop(does: Callable[[str], str]) -> Callable[[str], str]:
    """As a blocking call inside an event loop is."""

    def work(word: str) -> str:
        with one_at_a_time:
            return does(word)

    return work


ways = {
    "genuine": (limited(MOST), free),
    "unlimited": (unlimited, free),
    "larger": (limited(4 * MOST), free),
    "pool": (in_one_pool(unlimited), in_one_pool(free)),
    "loop": (in_one_loop(unlimited), in_one_loop(free)),
    "needs": (limited(MOST), unlimited),
}
serve(*ways[sys.argv[1]])
