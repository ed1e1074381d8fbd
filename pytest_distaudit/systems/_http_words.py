"""What the body of a health answer says, and when two answers are the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_distaudit.ports.capabilities import HealthPart

_WORD_KEYS = ("status", "healthy", "state", "health", "ok")
_PART_KEYS = ("dependencies", "checks", "components", "services", "details", "entries")
_BAD = re.compile(
    r"\b(down|unhealthy|error|err|fail|fails|failed|failing|failure|degraded|critical|false|offline|broken"
    r"|unavailable|unreachable|disconnected|not[ _-]?(ok|ready|healthy|connected|available)|out[ _]of[ _]service)\b",
    re.IGNORECASE,
)
#: what differs from one answer to the next: ids and hashes, then numbers
_VOLATILE = re.compile(r"[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*|\d+")
#: some repeat an HTTP status in the body
_BAD_STATUS = range(400, 600)
_DETAIL = 200
#: whole values that are a word on health whatever their key is called
_BAD_WORD = re.compile(
    r"down|unhealthy|error|fail|failed|failing|offline|disconnected|unreachable|unavailable", re.IGNORECASE
)
_GOOD_WORD = re.compile(r"up|ok|healthy|connected|online|pass|passing|reachable|available", re.IGNORECASE)
_TOKEN = re.compile(r"[\w+/=.-]+|[^\w\s]")


def verdict_of(body: str) -> bool | None:
    """The body's own word: True, False, or None if it has none."""
    try:
        document = json.loads(body)
    except ValueError:
        return False if _says_bad(body.strip()[:40]) else None
    return _word(document)


def parts_of(body: str) -> tuple[HealthPart, ...]:
    """The dependencies that a JSON health answer lists, each with its own word."""
    try:
        document = json.loads(body)
    except ValueError:
        return ()
    if not isinstance(document, dict):
        return ()
    listed = tuple(part for key in _PART_KEYS for part in _parts(document.get(key)))
    beside = {
        key: value for key, value in document.items() if key not in (*_WORD_KEYS, *_PART_KEYS) and _is_word(value)
    }
    return (*listed, *_parts(beside))


def short(body: str) -> str:
    """A body's beginning on one line."""
    text = " ".join(body.split())
    return text if len(text) <= _DETAIL else text[:_DETAIL] + "..."


def alike(body: str, nonsense_body: str, segment: str, nonce: str) -> bool:
    """Whether two bodies say the same, apart from the path they repeat and what is never the same twice."""
    return _still(body.replace(segment, nonce) if segment else body) == _still(
        nonsense_body.replace(segment, nonce) if segment else nonsense_body
    ) or _still(body) == _still(nonsense_body.replace(nonce, segment))


def alike_but_for_chance(body: str, segment: str, nonsense: tuple[str, str], more_nonsense: tuple[str, str]) -> bool:
    """Whether ``body`` differs from nonsense only where two nonsenses (body, nonce) differ: tokens, dates."""
    told = _tokens(body)
    first, second = (_tokens(text.replace(nonce, segment)) for text, nonce in (nonsense, more_nonsense))
    if not len(told) == len(first) == len(second):
        return False
    return all(one == this for one, other, this in zip(first, second, told, strict=True) if one == other)


def _tokens(text: str) -> list[str]:
    """Its words; a clock may have stood still between two nonsenses and gone on until the third answer."""
    return [_still(token) for token in _TOKEN.findall(text)]


def _is_word(value: Any) -> bool:
    """Whether a value beside the status is a word on some part: "disconnected", {"status": "down"}."""
    if isinstance(value, str):
        return bool(_BAD_WORD.fullmatch(value.strip()) or _GOOD_WORD.fullmatch(value.strip()))
    return isinstance(value, Mapping) and any(isinstance(value.get(key), (bool, str)) for key in _WORD_KEYS)


def _still(body: str) -> str:
    return _VOLATILE.sub("#", body)


def _word(value: Any) -> bool | None:
    """The word of a JSON value: a flag, a text, or an object that holds one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return False if value in _BAD_STATUS else None
    if isinstance(value, str):
        return not _says_bad(value)
    if isinstance(value, Mapping):
        words = [_word(value[key]) for key in _WORD_KEYS if isinstance(value.get(key), (bool, int, str))]
        said = [word for word in words if word is not None]
        return all(said) if said else None
    return None


def _says_bad(text: str) -> bool:
    return _BAD.search(text.replace("_", " ")) is not None


def _parts(value: Any) -> Iterator[HealthPart]:
    """Parts from ``{name: word}``, ``{name: {status: word}}``, or a list of ``{name, status}``."""
    if isinstance(value, Mapping):
        rows = [(str(name), entry) for name, entry in value.items()]
    elif isinstance(value, list):
        rows = [(str(entry.get("name", "")), entry) for entry in value if isinstance(entry, Mapping)]
    else:
        return
    for name, entry in rows:
        word = _word(entry[0] if isinstance(entry, list) and entry else entry)
        if word is not None:
            yield HealthPart(name, word, short(entry if isinstance(entry, str) else json.dumps(entry)))
