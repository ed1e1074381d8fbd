"""Versions as documents and manifests write them: ``15``, ``v3.1``, ``16-alpine``, ``10.x``."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)", re.IGNORECASE)


def numbers(text: str) -> tuple[int, ...]:
    """The numbers at the start of a version; empty for ``latest`` or a commit."""
    match = _NUMBERS.match(text.strip().lstrip("=~^> "))
    return tuple(int(part) for part in match[1].split(".")[:4] if len(part) < 9) if match else ()


def agree(one: str, other: str) -> bool | None:
    """Whether two versions agree as far as both are written; None where one of them is no number."""
    left, right = numbers(one), numbers(other)
    if not left or not right:
        return None
    size = min(len(left), len(right))
    return left[:size] == right[:size]
