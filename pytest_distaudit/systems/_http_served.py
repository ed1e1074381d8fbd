"""Whole answers of an HTTP service to what is documented, each beside one to what cannot exist."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.rest import Served
from pytest_distaudit.systems._http_words import alike, alike_but_for_chance
from pytest_distaudit.systems._nonsense import nonce

if TYPE_CHECKING:
    from pytest_distaudit.systems.http import HttpSession

_TEXT = 400
_TOO_OFTEN = 429
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def served(session: HttpSession, ask: Ask) -> Served:
    """One GET and, where a status could deceive, a control or two beside it."""
    path = "/" + ask.arg("path", "/").lstrip("/")
    got = session.get(path)
    is_json, document = _json(got.body)
    return Served(
        path=path,
        status=got.status,
        content_type=got.headers.get("content-type", ""),
        is_json=is_json,
        document=document,
        text=got.text[:_TEXT],
        location=got.headers.get("location", ""),
        same_as_nonsense=_same_as_nonsense(session, path, ask.arg("template") or path),
    )


def _json(body: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(body, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return False, None


def _no_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _same_as_nonsense(session: HttpSession, path: str, template: str) -> bool:
    """Whether the operation is answered as one that nobody has documented."""
    got, controls, segment = session.get(path), [], ""
    for _ in range(2):
        name = nonce()
        control, segment = _undocumented(path, template, name)
        answer = session.get(control)
        if answer.status == _TOO_OFTEN != got.status:
            raise Unobservable(Reason.FORBIDDEN, f"a path that cannot exist, beside {path}, is answered {_TOO_OFTEN}")
        if answer.status != got.status:
            return False
        if alike(got.text, answer.text, segment, name):
            return True
        controls.append((answer.text, name))
    return alike_but_for_chance(got.text, segment, controls[0], controls[1])


def _undocumented(path: str, template: str, name: str) -> tuple[str, str]:
    """(the path with its last fixed segment replaced, that segment): values of placeholders are free."""
    plain, _, query = path.partition("?")
    parts, pattern = plain.strip("/").split("/"), template.partition("?")[0].strip("/").split("/")
    fixed = (
        [at for at, part in enumerate(pattern) if not _PLACEHOLDER.search(part)] if len(pattern) == len(parts) else []
    )
    at = fixed[-1] if fixed else len(parts) - 1
    replaced = parts[at]
    parts[at] = name
    return "/" + "/".join(parts) + (f"?{query}" if query else ""), replaced
