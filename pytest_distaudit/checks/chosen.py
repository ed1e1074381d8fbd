"""Which containers a claim is about, and in what words their state is told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pytest_distaudit.checks.idleness import Doing, doing
from pytest_distaudit.domain.check import Parameter, ParameterType, Role
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.judgement import refute
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.containers import Container, Containers

ENGINE = {"system": Role("the container engine")}
PROJECT = Parameter(ParameterType.TEXT, "only containers of this Compose project", None)
CONTAINER = Parameter(ParameterType.TEXT, "the container's name or its Compose service, or a glob over these")


def is_named(container: Container, pattern: str, project: str | None = None) -> bool:
    """Whether a name or glob means this container."""
    of_project = project is None or container.project == project
    return of_project and any(fnmatchcase(name, pattern) for name in (container.name, container.service) if name)


def chosen(claim: Claim, seen: Containers) -> Sequence[Container]:
    """The containers that the claim names, at least one: an engine lists all that it has."""
    found = [one for one in seen.containers if is_named(one, claim["container"], claim["project"])]
    if not found:
        refute(f"no container {claim['container']}", f"the engine has {names(seen.containers)}", remedy="start it")
    return found


def names(containers: Sequence[Container]) -> str:
    """Their names, the first ten."""
    return listed([one.name for one in containers])


def is_up(container: Container) -> bool:
    """An engine calls a container that restarts over and over, or is frozen, running too."""
    return container.state == "running"


def ended_well(container: Container) -> bool:
    """It was to end, others wait for that, and it did."""
    return container.state == "exited" and container.exit_code == 0 and bool(container.completes_for)


def state(container: Container) -> str:
    """Its state in words: ``web exited (137, out of memory)``."""
    if container.state == "created":
        return f"{container.name} was never started"
    if container.state == "restarting":
        return (
            f"{container.name} restarts over and over ({container.restarts} times, exit status {container.exit_code})"
        )
    if container.state == "exited":
        memory = ", out of memory" if container.out_of_memory else ""
        return f"{container.name} exited ({container.exit_code}{memory})"
    return f"{container.name} {container.state}"


def does(container: Container) -> Doing:
    """What its processes do, as far as that shows."""
    return doing(container.processes) if container.processes is not None else Doing.UNKNOWN


def commands(container: Container) -> str:
    """What runs in it, the last first: that is what the others keep."""
    listed = [process.command for process in container.processes or ()]
    return "; ".join(reversed(listed[-3:])) or "nothing that can be seen"
