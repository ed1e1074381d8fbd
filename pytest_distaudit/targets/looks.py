"""Quick looks at a server that is coming up: True or False, never an error."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping

_SECONDS = 1.0
_MOST = 1 << 20


def http_ok(port: int, path: str, credentials: tuple[str, str] | None = None) -> bool:
    """Whether GET ``path`` on 127.0.0.1 is answered with 2xx. Proxies are not asked."""
    headers = {}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
    return _answer(port, path, headers) is not None


def http_text(port: int, path: str, headers: Mapping[str, str] | None = None) -> str:
    """The body of a 2xx answer to GET ``path`` on 127.0.0.1, else ""."""
    return (_answer(port, path, headers or {}) or b"").decode("utf-8", "replace")


def _answer(port: int, path: str, headers: Mapping[str, str]) -> bytes | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.read(_MOST) if 200 <= answer.status < 300 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
