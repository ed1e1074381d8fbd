"""The audit's own nonces, recognised in whatever text a product gives back."""

from __future__ import annotations

import re

#: as the engine makes them for its activities
PATTERN = "distaudit-[0-9a-f]{32}"
_NONCE = re.compile(PATTERN)


def nonces_in(*texts: str) -> tuple[str, ...]:
    """Every nonce once, sorted."""
    return tuple(sorted({found for text in texts for found in _NONCE.findall(text)}))
