"""One conversation of the Model Context Protocol, in the era that the server speaks."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.tools import Conversation, Tool
from pytest_distaudit.systems._mcp_links import Fault, Link
from pytest_distaudit.systems._wire import without

#: the last version that begins with ``initialize``, the first one that knows no beginning
SHAKEN, UNSHAKEN = "2025-11-25", "2026-07-28"
_META = "io.modelcontextprotocol/"
_US = {"name": "distaudit", "version": "1"}
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")
_UNKNOWN_METHOD = -32601
_MOST_PAGES, _MOST_TOOLS = 50, 2000


@dataclass(frozen=True, slots=True)
class Opening:
    """Who answered, by its own words."""

    server: str
    version: str
    protocol: str
    capabilities: tuple[str, ...]


class Refused(Exception):
    """A JSON-RPC error."""

    def __init__(self, error: object) -> None:
        told = error if isinstance(error, dict) else {}
        self.code = told.get("code")
        super().__init__(without(f"error {self.code} {told.get('message', '')}".strip()))


class Talk:
    """Questions over one link, each under an id of its own that nobody can guess."""

    def __init__(self, link: Link, patience: float, start_patience: float) -> None:
        self._link, self._patience, self._next = link, patience, start_patience
        self.slowest_s = 0.0
        self.ways: list[str] = []

    def ask(self, method: str, **params: Any) -> Mapping[str, Any]:
        """The result. Raises Refused, Fault, Unobservable."""
        own = f"distaudit-{secrets.token_hex(16)}"
        if self._link.version == UNSHAKEN:
            params["_meta"] = {
                f"{_META}protocolVersion": UNSHAKEN,
                f"{_META}clientInfo": _US,
                f"{_META}clientCapabilities": {},
            }
        message = {"jsonrpc": "2.0", "id": own, "method": method, "params": params}
        self.ways.append(method)
        began, patience, self._next = time.monotonic(), self._next, self._patience
        try:
            return self._answer(message, patience)
        finally:
            if patience == self._patience:
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def _answer(self, message: Mapping[str, Any], patience: float) -> Mapping[str, Any]:
        for reply in self._link.exchange(message, patience):
            if "method" in reply and reply.get("id") == message["id"]:
                raise Fault("it echoes what it is told")
            if "method" in reply:
                continue  # a notification, or a question of the server's own
            if reply.get("error") is not None and reply.get("id") in (message["id"], None):
                raise Refused(reply["error"])
            if reply.get("id") != message["id"]:
                raise Fault(f"{message['method']} is answered under an id that nobody asked with")
            if not isinstance(reply.get("result"), dict):
                raise Fault(f"the answer to {message['method']} has no result")
            return reply["result"]  # type: ignore[no-any-return]
        raise Fault(f"{message['method']} is not answered")

    def shake_hands(self) -> Opening:
        """As all versions up to 2025-11-25 begin."""
        told = self.ask("initialize", protocolVersion=SHAKEN, capabilities={}, clientInfo=_US)
        version, server, can = told.get("protocolVersion"), told.get("serverInfo"), told.get("capabilities")
        if not (isinstance(version, str) and _VERSION.fullmatch(version) and _named(server) and isinstance(can, dict)):
            raise Fault("the answer to initialize tells no protocolVersion, serverInfo and capabilities")
        self._link.version = version
        for _ in self._link.exchange({"jsonrpc": "2.0", "method": "notifications/initialized"}, self._patience):
            pass
        return _opening(server, version, can)

    def discover(self) -> Opening:
        """As versions from 2026-07-28 on introduce themselves."""
        self._link.version = UNSHAKEN
        told = self.ask("server/discover")
        versions, can = told.get("supportedVersions"), told.get("capabilities")
        if not isinstance(versions, list) or not isinstance(can, dict):
            raise Fault("the answer to server/discover tells no supportedVersions and capabilities")
        if UNSHAKEN not in versions:
            raise Unobservable(Reason.UNSUPPORTED_VERSION, without(f"the server speaks {versions}"))
        meta = told.get("_meta")
        return _opening((meta if isinstance(meta, dict) else {}).get(f"{_META}serverInfo"), UNSHAKEN, can)

    def ping(self) -> None:
        """A question of the era with a beginning. Raises Refused, Fault, Unobservable."""
        self.ask("ping")

    def unknown(self) -> str:
        """What a method that cannot exist brings."""
        try:
            self.ask(f"distaudit/{secrets.token_hex(8)}")
        except Refused as error:
            return "refused" if error.code == _UNKNOWN_METHOD else str(error)
        return "answered"

    def conversation(self) -> Conversation:
        """Everything after the opening."""
        tools, fault, refusal, unknown = None, "", "", ""
        try:
            unknown = self.unknown()
            tools = self._tools()
        except Refused as error:
            tools, refusal = (() if error.code == _UNKNOWN_METHOD else None), str(error)
        except Fault as error:
            fault = str(error)
        return Conversation(tools, unknown, fault, refusal, round(self.slowest_s, 3))

    def _tools(self) -> tuple[Tool, ...]:
        found: list[Tool] = []
        cursors: set[str] = set()
        cursor = None
        while cursor is None or cursor:
            told = self.ask("tools/list", **({"cursor": cursor} if cursor else {}))
            rows = told.get("tools")
            if not isinstance(rows, list):
                raise Fault("the answer to tools/list has no list of tools")
            found += [_tool(row) for row in rows]
            cursor = str(told.get("nextCursor") or "")
            if cursor in cursors:
                raise Fault("tools/list leads in a circle")
            cursors.add(cursor)
            if len(found) > _MOST_TOOLS or len(cursors) > _MOST_PAGES:
                raise Unobservable(Reason.TOO_LARGE, f"more than {_MOST_TOOLS} tools or {_MOST_PAGES} pages of them")
        return tuple(found)


def _tool(row: object) -> Tool:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
        raise Fault("tools/list lists a tool without a name")
    schema = row.get("inputSchema")
    return Tool(without(row["name"]), isinstance(schema, dict) and schema.get("type") == "object")


def _named(server: object) -> bool:
    return isinstance(server, dict) and bool(server.get("name"))


def _opening(server: object, protocol: str, capabilities: Mapping[str, Any]) -> Opening:
    told = server if isinstance(server, dict) else {}
    names = tuple(sorted(without(str(name)) for name in capabilities))
    return Opening(without(str(told.get("name", ""))), without(str(told.get("version", ""))), protocol, names)
