"""What an HTTP service answers of paths that documents give to one service, and what it publishes of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.programs import Surface

if TYPE_CHECKING:
    from pytest_distaudit.systems.http import HttpSession

_DOCUMENT = "/openapi.json"
_MOST = 20
_MISSING, _UNTOLD = (404, 410), (401, 403, 429)


def surface(session: HttpSession, ask: Ask) -> Surface:
    """GET of each path beside one that cannot exist; another method than GET answers 405, which tells it too."""
    served, hidden = [], []
    for path in ask.arg("paths", "").split():
        found = _serves(session, path)
        if found is None:
            hidden.append(path)
        elif found:
            served.append(path)
    return Surface(tuple(served), tuple(hidden), _published(session))


def _serves(session: HttpSession, path: str) -> bool | None:
    try:
        status = session.get(path).status
        if status in _MISSING:
            return False
        if session.same_as_nonsense(path):
            return None if status in _UNTOLD or status >= 500 else False
    except Unobservable:
        return None
    return None if status >= 500 else True


def _published(session: HttpSession) -> tuple[str, ...] | None:
    try:
        answer = session.get(_DOCUMENT)
        document: Any = json.loads(answer.body) if answer.status == 200 else None
    except (Unobservable, ValueError, RecursionError):
        return None
    paths = document.get("paths") if isinstance(document, dict) and "openapi" in document else None
    if not isinstance(paths, dict):
        return None
    plain = (path for path, one in paths.items() if isinstance(one, dict) and "get" in one and "{" not in path)
    return tuple(sorted(path for path in plain if path.startswith("/") and " " not in path)[:_MOST])
