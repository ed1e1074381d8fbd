"""How much is tried: a fifth by default, all of it in ``./run test``, for mutants, and wherever CI says what it is.

``DISTAUDIT_THOROUGH=no`` is a fifth there, too.
"""

from __future__ import annotations

import os

THOROUGH = (os.environ.get("DISTAUDIT_THOROUGH") or os.environ.get("CI") or "no") != "no"


def many(number: int) -> int:
    """So many examples or repetitions, or a fifth of them."""
    return number if THOROUGH else max(number // 5, 20)
