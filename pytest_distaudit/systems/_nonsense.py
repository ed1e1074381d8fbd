"""What a service answers to paths that cannot exist: shared by all who ask below the same folder at the same time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from pytest_distaudit.ports.fetch import Response

#: seconds for which an answer to nonsense tells what the service does: it may change its mind during a look
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Nonsense:
    """A last segment that cannot exist, and what came back for it."""

    nonce: str
    answer: Response


def nonce() -> str:
    """A name that nobody else has thought of."""
    return f"distaudit-{secrets.token_hex(16)}"


class NonsenseAnswers:
    """By folder, and several different ones of each. Thread-safe: who comes first asks, the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, int], tuple[float, Future[Nonsense]]] = {}

    def below(self, folder: str, which: int, get: Callable[[str], Response]) -> Nonsense:
        """``get`` is given the path, where nobody has asked lately. Raises what it raises."""
        now = time.monotonic()
        with self._lock:
            began, fate = self._asked.get((folder, which), (0.0, None))
            first = fate is None or now - began > FRESH_S
            if fate is None or first:
                fate = Future[Nonsense]()
                self._asked[folder, which] = now, fate
        if first:
            name = nonce()
            try:
                fate.set_result(Nonsense(name, get(f"{folder}/{name}")))
            except BaseException as error:  # noqa: BLE001 - all who wait are told
                with self._lock:
                    self._asked.pop((folder, which), None)
                fate.set_exception(error)
        return fate.result()
