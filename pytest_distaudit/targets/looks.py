"""Quick looks at a server that is coming up: True or False, never an error."""

from __future__ import annotations

import base64
import http.client

_SECONDS = 1.0


def http_ok(port: int, path: str, credentials: tuple[str, str] | None = None) -> bool:
    """Whether GET ``path`` on 127.0.0.1 is answered with 2xx. Proxies are not asked."""
    headers = {}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
