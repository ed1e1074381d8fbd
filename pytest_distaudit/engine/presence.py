"""Whether a system answers just now, as its own product does."""

from __future__ import annotations

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.engine.observe import look
from pytest_distaudit.engine.plan import PRESENCE
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located


def answers_now(kind: Kind, located: Located, limits: Limits, redactor: Redactor) -> bool:
    """Whether the product itself answers; nothing of it is kept as evidence."""
    try:
        seen = next(look(kind, located, (PRESENCE,), limits, redactor))
    except Unobservable:
        return False
    return seen.reason is None and bool(seen.value["up"])
