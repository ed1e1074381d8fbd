"""The engine's containers: listed, then each inspected, several at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.containers import (
    Container,
    ContainerProcess,
    Containers,
    HealthTest,
    PublishedPort,
)
from pytest_distaudit.systems._docker_inside import dialled, is_here, reachable_sockets
from pytest_distaudit.systems._docker_session import DockerSession, moment, refused
from pytest_distaudit.systems._docker_words import image_words, shown, shown_line
from pytest_distaudit.systems._wire import without

_MOST, _MOST_PROCESSES, _OUTPUTS = 1000, 200, 3
_COMPOSE = "com.docker.compose."
_COMPLETED = "service_completed_successfully"
_DEFAULT_INTERVAL_S = 30.0
_TOP = "?ps_args=" + quote("-ww -eo pid,ppid,comm,args")
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
_SHORT_ID = 12
_ALIVE = ("running", "paused")


def containers(session: DockerSession, ask: Ask) -> Containers:
    """All of them, whatever their state. One that goes meanwhile is simply gone."""
    now = moment(session.info().get("SystemTime")) or time.time()
    rows = session.read("/containers/json?all=1")
    if not isinstance(rows, list):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /containers/json: the answer is no list")
    if len(rows) > _MOST:
        raise Unobservable(Reason.TOO_LARGE, f"the engine has {len(rows)} containers; {_MOST} can be looked at")
    look = partial(_seen, session, time.monotonic() + session.limits.look_s)
    with ThreadPoolExecutor(session.limits.connections) as pool:
        found = [one for one in pool.map(look, (str(row.get("Id", "")) for row in rows)) if one is not None]
    waiting = [wait for container, waits in found for wait in waits]
    complete = [replace(container, completes_for=_awaited(container, waiting)) for container, _ in found]
    return Containers(tuple(sorted(complete, key=lambda one: (one.project, one.name))), now)


#: (project, service that is waited for, service that waits)
_Wait = tuple[str, str, str]


def _seen(session: DockerSession, deadline: float, identity: str) -> tuple[Container, list[_Wait]] | None:
    """One container, and for whose good end it waits; None if it is gone."""
    what = f"GET /containers/{identity[:_SHORT_ID]}/json"
    if time.monotonic() > deadline:
        raise Unobservable(Reason.TIMED_OUT, f"{what}: there are more containers than could be looked at in time")
    answer = session.get(f"/containers/{identity}/json")
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise refused(answer, what)
    seen = answer.decoded(what)
    return _container(session, seen), _waits(seen)


def _container(session: DockerSession, seen: Mapping[str, Any]) -> Container:
    state, config, host = seen["State"], seen["Config"], seen.get("HostConfig") or {}
    labels = config.get("Labels") or {}
    image = _image(session, str(seen.get("Image", "")))
    pid = int(state.get("Pid") or 0)
    networks = seen.get("NetworkSettings") or {}
    return Container(
        name=str(seen["Name"]).removeprefix("/"),
        id=str(seen["Id"])[:_SHORT_ID],
        image=str(config.get("Image", "")),
        state=str(state.get("Status", "")),
        image_id=str(seen.get("Image", "")),
        tags=tuple(tag for tag in image.get("RepoTags") or () if "<none>" not in tag),
        versions=image_words(
            (image.get("Config") or {}).get("Labels") or {}, (image.get("Config") or {}).get("Env") or ()
        ),
        project=str(labels.get(f"{_COMPOSE}project", "")),
        service=str(labels.get(f"{_COMPOSE}service", "")),
        exit_code=None if state.get("Status") in _ALIVE else state.get("ExitCode"),
        out_of_memory=bool(state.get("OOMKilled")),
        restarts=int(seen.get("RestartCount") or 0),
        restart_policy=str((host.get("RestartPolicy") or {}).get("Name") or "no"),
        created_at=moment(seen.get("Created")),
        started_at=moment(state.get("StartedAt")),
        argv=shown([seen.get("Path", ""), *(seen.get("Args") or ())]),
        processes=_processes(session, str(seen["Id"]), pid) if pid else None,
        health=_health(state.get("Health") or {}, config.get("Healthcheck") or {}),
        ports=_ports(session, str(seen["Id"]), pid, networks.get("Ports") or {}),
        exposed=tuple(sorted({*(config.get("ExposedPorts") or {}), *(networks.get("Ports") or {})})),
        networks=tuple(sorted(networks.get("Networks") or {})),
    )


def _image(session: DockerSession, identity: str) -> Mapping[str, Any]:
    """What the image says; nothing where it is gone or may not be seen."""
    if not identity:
        return {}
    answer = session.get(f"/images/{quote(identity, safe=':')}/json")
    seen = answer.decoded("GET /images/json") if answer.status == 200 else {}
    return seen if isinstance(seen, dict) else {}


def _processes(session: DockerSession, identity: str, main: int) -> tuple[ContainerProcess, ...] | None:
    """What runs in it; None where the engine does not tell or the container has just ended."""
    for form in (_TOP, ""):
        answer = session.get(f"/containers/{identity}/top{form}")
        if answer.status == 200:
            break
    else:
        return None
    seen = answer.decoded("GET /containers/top")
    titles, rows = seen.get("Titles") or [], seen.get("Processes") or []
    if "PID" not in titles or "PPID" not in titles or not rows:
        return None
    pid, parent = titles.index("PID"), titles.index("PPID")
    found = [
        ContainerProcess(int(row[pid]), int(row[parent]), without(row[2]) if form else "", shown_line(row[-1]))
        for row in rows
    ]
    return tuple(_of_the_container(found, main)[:_MOST_PROCESSES])


def _of_the_container(processes: list[ContainerProcess], main: int) -> list[ContainerProcess]:
    """Without what an exec brought in, such as a health test: only the main process and its descendants."""
    # Podman counts as the container does
    root = main if any(process.pid == main for process in processes) else 1
    own, size = {root}, 0
    while size < len(own):
        size = len(own)
        own |= {process.pid for process in processes if process.parent in own}
    return [process for process in processes if process.pid in own]


def _health(state: Mapping[str, Any], declared: Mapping[str, Any]) -> HealthTest | None:
    test = declared.get("Test") or []
    status = str(state.get("Status") or "none")
    if status == "none" or not test or test[0] == "NONE":
        return None
    log = [entry for entry in state.get("Log") or () if isinstance(entry, dict)]
    return HealthTest(
        status=status,
        test=shown(test),
        interval_s=(declared.get("Interval") or 0) / 1e9 or _DEFAULT_INTERVAL_S,
        failing=int(state.get("FailingStreak") or 0),
        last_exit_code=log[-1].get("ExitCode") if log else None,
        outputs=tuple(shown_line(str(entry.get("Output", ""))) for entry in log[-_OUTPUTS:]),
    )


def _ports(session: DockerSession, identity: str, pid: int, published: Mapping[str, Any]) -> tuple[PublishedPort, ...]:
    here = is_here(pid, identity)
    sockets = reachable_sockets(pid) if here else None
    found = []
    for written, bindings in sorted(published.items()):
        port, _, protocol = written.partition("/")
        for binding in bindings or ():
            place = _dialable(session, str(binding.get("HostIp", "")), here)
            host_port = int(binding.get("HostPort") or 0)
            tried = bool(place and host_port and pid and protocol == "tcp")
            found.append(
                PublishedPort(
                    host=str(binding.get("HostIp", "")),
                    host_port=host_port,
                    port=int(port),
                    protocol=protocol,
                    listens=None if sockets is None else (protocol, int(port)) in sockets,
                    dialled=dialled(place, host_port, session.limits.connect_s) if tried else "",
                )
            )
    return tuple(found)


def _dialable(session: DockerSession, host: str, here: bool) -> str:
    """Where the audit reaches a port that is bound to ``host`` of the engine's machine; "" if it cannot."""
    if here:
        return _EVERYWHERE.get(host, host)
    if not session.host:
        return ""  # a Unix socket may lead to another machine
    if host in _EVERYWHERE:
        return session.host
    return "" if host.startswith("127.") or host == "::1" else host


def _waits(seen: Mapping[str, Any]) -> list[_Wait]:
    labels = seen["Config"].get("Labels") or {}
    project, waiting = str(labels.get(f"{_COMPOSE}project", "")), str(labels.get(f"{_COMPOSE}service", ""))
    conditions = [entry.split(":") for entry in str(labels.get(f"{_COMPOSE}depends_on", "")).split(",")]
    return [(project, words[0], waiting) for words in conditions if words[1:2] == [_COMPLETED]]


def _awaited(container: Container, waiting: list[_Wait]) -> tuple[str, ...]:
    mine = (container.project, container.service)
    return tuple(sorted({who for project, awaited, who in waiting if (project, awaited) == mine and awaited}))
