"""Callers that try again with exponential backoff, and such as only say so. The first argument says which."""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import suppress

from service import Failed, get, say, serve
from tenacity import retry, stop_after_attempt, wait_exponential, wait_fixed, wait_incrementing, wait_random_exponential

TRIES = stop_after_attempt(5)
DOUBLING = wait_exponential(multiplier=0.1, exp_base=2)


def again(wait: object) -> object:
    return retry(stop=TRIES, wait=wait, reraise=True)  # type: ignore[call-overload]


@retry(stop=TRIES, wait=DOUBLING)
def swallows(word: str) -> str:
    """Decorated, and nothing ever reaches the decorator."""
    try:
        return say(word)
    except (OSError, Failed):
        return "later, perhaps"


def says_so(word: str) -> str:
    """Waits and tells, and does not try."""
    try:
        return say(word)
    except Failed:
        for number in range(4):
            logging.warning("trying again, %d", number + 2)
            time.sleep(0.1 * 2**number)
        raise


@retry(stop=TRIES, wait=DOUBLING, reraise=True)
def nameless(word: str) -> str:
    return say("up") and word


def in_the_background(word: str) -> str:
    """Tries again, and has answered long before."""
    try:
        return say(word)
    except Failed:
        threading.Thread(target=later, args=(word,), daemon=True).start()
        raise


def later(word: str) -> None:
    for wait_s in (0.1, 0.2, 0.4, 0.8):
        time.sleep(wait_s)
        with suppress(OSError, Failed):
            say(word)
            return


@retry(stop=TRIES, wait=DOUBLING, reraise=True)
def whatever(word: str) -> str:
    """Tries again whatever went wrong, also what will always go wrong."""
    status, text = get(word, 0.3)
    if status >= 400:
        raise Failed(text)
    return text


serve(
    {
        "genuine": again(DOUBLING)(say),  # type: ignore[operator]
        "jittered": again(wait_random_exponential(multiplier=0.3, max=3))(say),  # type: ignore[operator]
        "constant": again(wait_fixed(0.2))(say),  # type: ignore[operator]
        "linear": again(wait_incrementing(0.1, 0.1))(say),  # type: ignore[operator]
        "at-once": again(wait_fixed(0))(say),  # type: ignore[operator]
        "swallows": swallows,
        "says": says_so,
        "nameless": nameless,
        "background": in_the_background,
        "whatever": whatever,
    }[sys.argv[1]]
)
