"""The audit's own nonces, recognised in whatever text a product gives back."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: as the engine makes them for its activities
PATTERN = "distaudit-[0-9a-f]{32}"
_NONCE = re.compile(PATTERN)


def nonces_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Every nonce in these texts once, sorted."""
    return tuple(sorted({found for text in texts for found in _NONCE.findall(text)}))
