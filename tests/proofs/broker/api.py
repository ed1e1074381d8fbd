"""The broker's management API, as far as a miniature must arrange things with it."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlsplit


class Api:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.user = parts.username or ""
        self._base = f"http://{parts.hostname}:{parts.port}/api"
        self._login = b64encode(f"{parts.username}:{parts.password}".encode()).decode()

    def call(self, method: str, *path: str, body: Any = None) -> None:
        where = "/".join((self._base, *(quote(part, safe="") for part in path)))
        headers = {"Authorization": f"Basic {self._login}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(where, data, headers, method=method)) as answer:
            answer.read()

    def vhost(self, name: str) -> None:
        self.call("PUT", "vhosts", name, body={})
        self.permit(self.user, name)

    def permit(self, user: str, vhost: str) -> None:
        self.call("PUT", "permissions", vhost, user, body=dict.fromkeys(("configure", "write", "read"), ".*"))

    def user_with(self, name: str, tags: str) -> None:
        self.call("PUT", "users", name, body={"password": name, "tags": tags})
