"""Start a Neo4j server of the community edition, for one run."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.options import COMMON, SETTINGS, TEXT, flat
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World

_USER = "neo4j"
#: what a new server has until it is changed; it does nothing else before
_FIRST = "neo4j"
_CHANGE = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
_SECONDS = 1.0
_ONE = {"statement": "SHOW DATABASES"}
_WARMING: tuple[tuple[dict[str, Any], str], ...] = (
    (_ONE, "system"),
    ({"statement": "MATCH (n) WITH n LIMIT 10 RETURN count(DISTINCT properties(n))"}, "neo4j"),
)


class Neo4jRecipe:
    """A private server on 127.0.0.1 with HTTP and Bolt, and a generated password."""

    kind = "neo4j"
    options = {**COMMON, "password": TEXT, "settings": SETTINGS}  # noqa: RUF012 - a property

    def missing(self) -> str | None:
        """How to get the program, which no package carries."""
        return None if installed("neo4j-server") else "no neo4j-server on PATH; ./run lab-extra neo4j makes it"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose ports and password."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site = site
        self._settings = dict(flat(native.get("settings", {})))
        self._password: str = native.get("password") or secrets.token_hex(16)
        self._changed = False
        self.port, self._bolt = site.free_port(), site.free_port()
        self.endpoints = {"url": f"http://{_USER}:{quote(self._password, safe='')}@127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Write the configuration. Raises StartFailed."""
        program = installed("neo4j-server")
        if program is None:
            raise StartFailed("neo4j-server is no longer installed")
        home = self._site.workdir
        settings = {
            "server.http.listen_address": f"127.0.0.1:{self.port}",
            "server.bolt.listen_address": f"127.0.0.1:{self._bolt}",
            "server.memory.pagecache.size": "32m",
            "db.tx_log.preallocate": "false",
            "dbms.usage_report.enabled": "false",
            **self._settings,
        }
        (home / "conf").mkdir()
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (home / "conf" / "neo4j.conf").write_text(text, "utf-8")
        # nobody needs its data again
        return Command((program, str(home)), home, minimal_environment(self._site.environ), grace_s=0.2)

    def ready(self) -> bool:
        """The password is set and taken, and the first statements, which take seconds, are behind it."""
        if not self._changed:
            statement = {"statement": _CHANGE, "parameters": {"old": _FIRST, "new": self._password}}
            self._changed = self._done(_FIRST, statement, "system") or self._done(self._password, _ONE, "system")
        return self._changed and all(self._done(self._password, *asked) for asked in _WARMING)

    def _done(self, password: str, statement: dict[str, Any], database: str) -> bool:
        login = base64.b64encode(f"{_USER}:{password}".encode()).decode()
        heads = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            body = json.dumps({"statements": [statement]})
            connection.request("POST", f"/db/{database}/tx/commit", body, heads)
            answer = connection.getresponse()
            return answer.status == 200 and json.loads(answer.read(1 << 20)).get("errors") == []
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
