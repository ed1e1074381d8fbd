"""One reading of an operation's effect: whether what was asked with a nonce has been done, and how often."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.activity import addressed, fill
from pytest_distaudit.engine.workload import nonce_and_words
from pytest_distaudit.ports.fetch import Fetch, Request, Response

_GONE = (404, 410)
_WORDS = 120


@dataclass(frozen=True, slots=True)
class Reading:
    """``shown``: the effect is there. ``count``: how many are; None where that cannot be read."""

    shown: bool
    count: int | None = None


class EffectReader:
    """Asks for the effect that ``operation`` names. ``trouble``: how a reading failed last, "" if none did."""

    def __init__(self, operation: Operation, fetch: Fetch, base_url: Callable[[str], str | None]) -> None:
        self._operation, self._fetch, self._base_url = operation, fetch, base_url
        self.trouble = ""

    def read(self, nonce: str) -> Reading | None:
        """None if the answer tells neither that it is there nor that it is not."""
        _, words = nonce_and_words(nonce)
        method, url = fill(self._operation.effect, words).split(maxsplit=1)
        headers = {name: str(fill(value, words)) for name, value in self._operation.headers.items()}
        try:
            answer = self._fetch(Request(method, addressed(url, self._base_url), headers))
        except Unobservable as error:
            self.trouble = str(error)[:_WORDS]
            return None
        return self._told(answer, nonce)

    def _told(self, answer: Response, nonce: str) -> Reading | None:
        wanted = self._operation.effect_ok
        if answer.status in wanted or (not wanted and 200 <= answer.status < 300):
            count = self._counted(answer, nonce)
            return Reading(nonce in answer.text and count != 0, count)
        if answer.status in _GONE or 200 <= answer.status < 300:
            return Reading(shown=False)
        self.trouble = f"{answer.status} {answer.text[:_WORDS]}".rstrip()
        return None

    def _counted(self, answer: Response, nonce: str) -> int | None:
        pointer = self._operation.effect_count
        if pointer is None:
            return None
        try:
            count = _count(_pointed(answer.decoded("effect"), pointer), nonce)
        except Unobservable as error:
            self.trouble = str(error)[:_WORDS]
            return None
        if count is None:
            self.trouble = f"neither a list nor a whole number at {pointer!r} of the effect's answer"[:_WORDS]
        return count


def _count(found: Any, nonce: str) -> int | None:
    """A list counts by its entries that hold the nonce, a number by itself; None for anything else."""
    if isinstance(found, list):
        return sum(1 for one in found if nonce in json.dumps(one))
    if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
        return found
    return None


def _pointed(document: Any, pointer: str) -> Any:
    """What the JSON pointer (RFC 6901) names; None if that is not there."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document
