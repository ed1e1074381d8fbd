"""Callers that give up after half a second, and such as only say so. The first argument says which."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from service import say, serve

TIMEOUT_S = 0.5
pool = ThreadPoolExecutor(200)


def genuine(word: str) -> str:
    return say(word, TIMEOUT_S)


def none(word: str) -> str:
    """The constant is there."""
    return say(word, None)


def only_the_wait(word: str) -> str:
    """Answers in time, and the call goes on."""
    return pool.submit(say, word, None).result(TIMEOUT_S)


def each_of_seven(word: str) -> str:
    """Each try has a timeout; the whole takes seven times as long."""
    for _ in range(6):
        try:
            return say(word, TIMEOUT_S)
        except OSError:
            pass
    return say(word, TIMEOUT_S)


def late(word: str) -> str:
    return say(word, 2.6 * TIMEOUT_S)


serve({"genuine": genuine, "none": none, "wait": only_the_wait, "seven": each_of_seven, "late": late}[sys.argv[1]])
