"""An engine inside a container: which one answers, and the servers in its own containers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.nesting import Nesting
from pytest_distaudit.ports.tools import ToolServer, ToolServers
from pytest_distaudit.systems._docker_session import DockerSession

#: so many at once: each that is silent is waited for, and one look has its limit
_AT_ONCE = 32
#: what tells no two containers apart: the engine makes it up
_OWN = "HOSTNAME="


def nesting(session: DockerSession, ask: Ask) -> Nesting:
    """The ids of both engines, and whether the inner one names the container as its host."""
    outer, name = session.outer, session.located.container
    if outer is None:
        because = f'{session.located.system} is not said to live in a container; declare inside = "ENGINE"'
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    info, around = session.info(), outer.info()
    seen = outer.container(name) or {}
    host = str((seen.get("Config") or {}).get("Hostname") or "")
    own = str(info.get("Name") or "")
    return Nesting(str(info["ID"]), str(around["ID"]), name, host == own if host and own else None, _alike(session))


def _alike(session: DockerSession) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in session.read("/containers/json?all=1"):
        answer = session.get(f"/containers/{row['Id']}/json")
        if answer.status == 200:
            seen = answer.decoded("GET /containers/json")
            groups[_what(seen)].append(str(seen["Name"]).removeprefix("/"))
    return tuple(tuple(sorted(names)) for names in groups.values() if len(names) > 1)


def _what(seen: Mapping[str, Any]) -> str:
    """All that makes a container what it is. It stays here: environments hold secrets."""
    config = seen.get("Config") or {}
    environment = sorted(line for line in config.get("Env") or () if not line.startswith(_OWN))
    mounts = sorted(f"{one.get('Source')}:{one.get('Destination')}" for one in seen.get("Mounts") or ())
    return json.dumps([seen.get("Image"), seen.get("Path"), seen.get("Args"), environment, mounts])


def tool_servers(session: DockerSession, ask: Ask) -> ToolServers:
    """Those of the containers that are said to be some, talked to by running what they run once more."""
    nested = session.located.nested
    if nested is None or nested.kind != "mcp":
        because = f'{session.located.system} has no `systems = {{match = "...", kind = "mcp"}}`'
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    if nested.transport not in (None, "stdio"):
        because = f"transport {nested.transport!r} is not spoken into containers; declare each server with its url"
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    rows = session.read("/containers/json")
    names = sorted(str(row["Names"][0]).removeprefix("/") for row in rows if row.get("Names"))
    meant = [name for name in names if fnmatchcase(name, nested.match)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return ToolServers(tuple(pool.map(partial(_server, session), meant)))


def _server(session: DockerSession, name: str) -> ToolServer:
    from pytest_distaudit.systems.mcp import McpSession, tools_of

    engine = session.located
    located = Located(name, "mcp", {}, probes=engine.probes, inside=engine, container=name)
    limits = replace(session.limits, look_s=2 * session.limits.ask_s)
    talking = McpSession(located, limits, engine=session)
    try:
        return ToolServer(name, tools_of(talking))
    except Unobservable as error:
        return ToolServer(name, None, error.reason, error.detail)
