"""A Docker engine, or one that answers its API: presence, health, its process, its containers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Listener, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.systems._docker_containers import containers
from pytest_distaudit.systems._docker_nesting import nesting, tool_servers
from pytest_distaudit.systems._docker_networks import neighbourhood
from pytest_distaudit.systems._docker_session import DockerSession
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._wire import without

_PODMAN = "Podman"
_OVER_TCP = listener_of({"url": "http"})


def presence(session: DockerSession, ask: Ask) -> Presence:
    """The engine's account of itself, which a proxy that lets nothing else through passes on, too."""
    if why := session.absent():
        return Presence(up=False, witness=why)
    seen = session.version()
    parts = [str(part.get("Name", "")) for part in seen.get("Components") or () if isinstance(part, dict)]
    product = _PODMAN if any(part.startswith(_PODMAN) for part in parts) else "Docker"
    return Presence(up=True, product=product, version=without(str(seen.get("Version", ""))))


def health(session: DockerSession, ask: Ask) -> Health:
    """Its ping, beside a path that cannot exist."""
    answer, nonsense = session.get("/_ping"), session.get(f"/distaudit-{secrets.token_hex(16)}")
    return Health(
        healthy=answer.status == 200 and answer.text.strip() == "OK",
        detail=f"{answer.status} {without(answer.text)}",
        discerning=(answer.status, answer.body) != (nonsense.status, nonsense.body),
        way="GET /_ping",
    )


def process(session: DockerSession, ask: Ask) -> ServerProcess:
    """The engine's id, which outlives a restart; with the process behind it where that is of this host."""
    engine, run = str(session.info()["ID"]), session.engine_run()
    session.identity = f"{engine} {run}".strip()
    pid = run.partition(":")[0]
    how = "the engine's id, its pid and its start" if run else "the engine's id"
    return ServerProcess(identity=session.identity, how=how, pid=int(pid) if pid else None)


def listener(session: DockerSession, ask: Ask) -> Listener:
    """Only where it is reached over TCP."""
    if not session.host:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{session.located.system} is not reached over TCP: it has no port")
    found: Listener = _OVER_TCP(session, ask)  # type: ignore[assignment]
    return found


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener,
    "process": process,
    "containers": containers,
    "neighbourhood": neighbourhood,
    "nesting": nesting,
    "tool-servers": tool_servers,
}

KIND = Kind(
    name="docker",
    endpoints={"url": ("unix", "tcp", "http", "https")},
    connect=DockerSession,
    answers=_ANSWERS,
)
