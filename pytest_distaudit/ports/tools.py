"""What servers of tools for agents offer to checks: whether they converse, and which tools they list."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Capability

#: how an adapter says of a program that was given all the time it may take
SILENT = "stays silent"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by name. ``schema``: whether its arguments are described by a JSON schema of an object."""

    name: str
    schema: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation, opened as the protocol wants and answered under the ids that were asked with.

    ``unknown``: what a method that cannot exist brought: "refused" (JSON-RPC error -32601), "answered" (with a
    result), else the error in words. ``tools`` None: they were not listed; ``refusal`` is then the server's word.
    ``fault``: the rule that an answer broke, "" if none. ``slowest_s``: the longest that one question took.
    """

    tools: tuple[Tool, ...] | None
    unknown: str = ""
    fault: str = ""
    refusal: str = ""
    slowest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tools:
    """A server by its own words, and what two conversations with it showed.

    ``started``: the audit started the program to talk to it, so that it is not the process that serves others.
    """

    server: str
    version: str
    protocol: str
    capabilities: tuple[str, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    started: bool = False


@dataclass(frozen=True, slots=True)
class ToolServer:
    """One place where a server is meant to be; ``tools`` None: it did not converse, for that ``reason``."""

    name: str
    tools: Tools | None
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ToolServers(Capability):
    """The servers of a system: one, or those in its containers."""

    capability = "tool-servers"
    servers: tuple[ToolServer, ...]
