"""How much is tried: a fifth by default, all of it in ``./run test``, for mutants, and wherever CI says what it is."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("DISTAUDIT_THOROUGH") or os.environ.get("CI"))


def many(number: int) -> int:
    """So many examples or repetitions, or a fifth of them."""
    return number if THOROUGH else max(number // 5, 20)
