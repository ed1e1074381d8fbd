"""Callers that give up after half a second, and such as only say so. The first argument says which."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from socket import SHUT_RDWR

from service import DEPENDENCY, Failed, say, serve

TIMEOUT_S = 0.5
pool = ThreadPoolExecutor(200)


def genuine(word: str) -> str:
    """Gives up when nothing comes for so long: not when something does."""
    return say(word, TIMEOUT_S)


def deadline(word: str) -> str:
    """Gives up when the whole takes longer, whatever comes meanwhile."""
    connection = HTTPConnection(DEPENDENCY.hostname or "", DEPENDENCY.port, timeout=TIMEOUT_S)

    def give_up() -> None:
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(SHUT_RDWR)

    timer = threading.Timer(TIMEOUT_S, give_up)
    timer.start()
    try:
        connection.request("GET", f"/say?word={word}")
        text = connection.getresponse().read().decode()
    finally:
        timer.cancel()
        connection.close()
    if word not in text:
        raise Failed(text)
    return text


def persistent(word: str) -> str:
    """Each try has a timeout, and whoever refuses is asked again."""
    while True:
        try:
            return say(word, TIMEOUT_S)
        except ConnectionRefusedError:
            time.sleep(0.1)


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


WAYS = {
    "genuine": genuine, "deadline": deadline, "persistent": persistent, "none": none, "wait": only_the_wait,
    "seven": each_of_seven, "leaves": genuine,
}  # fmt: skip
if sys.argv[1] == "leaves":  # as a server does that begins as root
    os.setgroups([])
serve(WAYS[sys.argv[1]])
