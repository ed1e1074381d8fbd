"""What a container engine offers to checks: its containers and what each of them really does.

Times are seconds since the epoch by the engine's own clock. ``None`` means "this way of asking
cannot tell", as everywhere. Environment variables never leave the engine: they hold secrets.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability

#: commands are cut here: one of this length may go on
COMMAND_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class ContainerProcess:
    """One process of a container as the host's process table has it; those of an ``exec`` are left out.

    ``name`` is that of the program file, which a process cannot choose as it can its ``command``
    (words joined by spaces, values of options that speak of secrets cut out).
    """

    pid: int
    parent: int
    name: str
    command: str


@dataclass(frozen=True, slots=True)
class HealthTest:
    """A container's own health check and its last results; ``test`` is the command that decides.

    ``status``: "starting", "healthy" or "unhealthy". ``failing``: tests failed in a row.
    """

    status: str
    test: tuple[str, ...]
    interval_s: float = 0.0
    failing: int = 0
    last_exit_code: int | None = None
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the container that the engine makes a port of its host.

    ``listens``: whether the container has a socket there that others than itself can reach.
    ``dialled``: what came of connecting to the host's port: "open", "closed" (accepted, then hung
    up at once), "refused", "" (not tried or no way to tell).
    """

    host: str
    host_port: int
    port: int
    protocol: str = "tcp"
    listens: bool | None = None
    dialled: str = ""


@dataclass(frozen=True, slots=True)
class ImageWord:
    """A version that an image states of itself. ``about``: of what, as far as the image says so.

    A base image's words are inherited: without ``about`` it is not known whose version it is.
    """

    version: str
    source: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container. ``project`` and ``service`` are Compose's names, "" without it.

    ``state``: "created", "running", "paused", "restarting", "removing", "exited", "dead".
    ``restarts`` counts the engine's own since the container was last started by hand.
    ``argv`` is what was to be run, ``processes`` what runs (None: not running, or not told).
    ``completes_for``: services that wait for this one to end well. ``exposed`` are ports ("80/tcp")
    that the image only speaks of. ``tags``: all names of the image that it was made from.
    """

    name: str
    id: str
    image: str
    state: str
    image_id: str = ""
    tags: tuple[str, ...] = ()
    versions: tuple[ImageWord, ...] = ()
    project: str = ""
    service: str = ""
    exit_code: int | None = None
    out_of_memory: bool = False
    restarts: int = 0
    restart_policy: str = "no"
    created_at: float | None = None
    started_at: float | None = None
    argv: tuple[str, ...] = ()
    processes: tuple[ContainerProcess, ...] | None = None
    health: HealthTest | None = None
    ports: tuple[PublishedPort, ...] = ()
    exposed: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    completes_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Containers(Capability):
    """Every container of the engine, whatever its state. ``now``: the engine's clock at the look."""

    capability = "containers"
    containers: tuple[Container, ...]
    now: float
