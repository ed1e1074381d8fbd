"""Claims about servers of tools for agents: that they converse as their protocol wants."""

from __future__ import annotations

from collections.abc import Container, Iterator
from fnmatch import fnmatchcase

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.tools import SILENT, Conversation, Tools, ToolServer, ToolServers

_SHOWN = 3
#: so many servers may be in an engine that could not be looked into
_UNSEEN = 1000
_TALKS = "that an application calls its tools, or that a call does what the tool's name says"
_STARTED = "the process that serves others: the audit started the program itself to talk to it; nor " + _TALKS


@check(
    "mcp.alive",
    claims="the server converses, refuses what it does not know and lists tools that can be called",
    says="{match} speaks MCP",
    rung=Rung.HEALTHY,
    roles={"system": Role("the server, or the engine in whose containers servers are; a glob means each", many=True)},
    params={
        "match": Parameter(ParameterType.TEXT, "of an engine, only containers whose name is like this glob", "*"),
        "count": Parameter(ParameterType.NUMBER, "how many of them; without it all must, and one at least", None),
        "tools": Parameter(ParameterType.TEXT, "names of tools that each lists, separated by commas", None),
    },
    needs=lambda claim: (Look("system", ToolServers.ask()),),
    judges_presence=("system",),
    settles_s=5.0,
    cost_s=5.0,
    shows_not=_TALKS,
)
def alive(claim: Claim, evidence: Evidence) -> Judgement:
    """Two conversations under ids drawn now: a recording fails the ids, an echo the method that cannot exist."""
    servers = [one for one in _servers(evidence) if fnmatchcase(one.name, claim["match"]) or one.reason is not None]
    wanted = {name.strip() for name in (claim["tools"] or "").split(",")} - {""}
    dead = {one.name: why for one in servers if (why := _fault(one, wanted))}
    open_ = {one.name: doubt for one in servers if one.name not in dead and (doubt := _doubt(one))}
    well = [one for one in servers if one.name not in dead and one.name not in open_]
    lies = listed([f"{name}: {why}" for name, why in list(dead.items())[:_SHOWN]])
    if claim["count"] is not None:
        more = _UNSEEN if _unseen(evidence, open_) else len(open_)
        holds = {claim["count"].holds(len(well) + each) for each in range(more + 1)}
        many = f"{counted(len(well), 'server')} of {len(servers)} converse"
    else:
        holds = {not dead and bool(servers)} if dead or not open_ else {True, False}
        many = f"{counted(len(dead), 'server')} of {len(servers)} no server" if dead else "no server"
    if holds == {False}:
        waited = all(SILENT in why for why in dead.values()) and bool(dead)
        remedy = "start a server of the protocol there, or correct the document"
        refute(many, lies, remedy=remedy, conclusive=waited)
    if holds != {True}:
        reason, why = next(iter(open_.values()))
        unverifiable(reason, f"{listed(list(open_))} cannot be told", why)
    return _well(well, lies)


def _well(servers: list[ToolServer], lies: str) -> Judgement:
    seen = [one.tools for one in servers if one.tools is not None]
    tools = sum(len(one.conversations[0].tools or ()) for one in seen)
    told = listed([f"{one.name}: {one.tools.server} {one.tools.version}".rstrip() for one in servers if one.tools])
    because = f"{told}; not so {lies}" if lies else told
    shows_not = _STARTED if any(one.started for one in seen) else _TALKS
    return verified(f"{counted(len(servers), 'server')}, {counted(tools, 'tool')}", because, shows_not=shows_not)


def _servers(evidence: Evidence) -> Iterator[ToolServer]:
    for name, found in evidence.attempts(ToolServers, "system").items():
        if isinstance(found, Unobservable):
            yield ToolServer(name, None, found.reason, found.detail)
        else:
            yield from found.servers


def _unseen(evidence: Evidence, open_: Container[str]) -> bool:
    """Whether somebody could not be asked at all: an engine may hold any number of servers."""
    found = evidence.attempts(ToolServers, "system")
    return any(isinstance(one, Unobservable) and name in open_ for name, one in found.items())


def _fault(server: ToolServer, wanted: set[str]) -> str:
    """Why it is certainly no server of the protocol; "" if that cannot be said."""
    if server.tools is None:
        return server.detail if server.reason is Reason.WRONG_PRODUCT else ""
    faults = [fault for one in server.tools.conversations if (fault := _broken(one, wanted))]
    return faults[0] if faults else ""


def _broken(one: Conversation, wanted: set[str]) -> str:
    if one.unknown == "answered":
        return "answers a method that cannot exist"
    if one.fault:
        return one.fault
    if one.tools is None:
        return ""
    if not one.tools:
        return "lists no tools"
    bare = [tool.name for tool in one.tools if not tool.schema]
    if bare:
        return f"tools without a schema of an object: {listed(bare)}"
    missing = sorted(wanted - {tool.name for tool in one.tools})
    return f"lists no {listed(missing)}" if missing else ""


def _doubt(server: ToolServer) -> tuple[Reason, str] | None:
    """Why it cannot be told whether it is one; None if it is."""
    if server.tools is None:
        return server.reason or Reason.NO_OBSERVABLE, f"{server.name}: {server.detail}"
    for one in server.tools.conversations:
        if one.tools is None:
            return Reason.NO_OBSERVABLE, f"{server.name} does not list its tools: {one.refusal}"
        if one.unknown != "refused":
            because = f"{server.name} refuses a method that cannot exist with {one.unknown}; -32601 is the protocol's"
            return Reason.NO_OBSERVABLE, because
    return None if len(_complete(server.tools)) > 1 else (Reason.VACUOUS, f"{server.name}: one conversation alone")


def _complete(tools: Tools) -> list[Conversation]:
    return [one for one in tools.conversations if one.tools]
