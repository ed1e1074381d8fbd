"""The audit's own nonces, found again inside systems."""

from __future__ import annotations

import re
from collections.abc import Iterable

NONCE = re.compile(r"distaudit-[0-9a-f]{32}")


def nonces_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Every nonce in these texts once, sorted."""
    return tuple(sorted({found for text in texts for found in NONCE.findall(text)}))
