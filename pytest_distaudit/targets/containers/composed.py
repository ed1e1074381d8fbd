"""A compose project of its own for one run: up, waited for, gone at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pytest_distaudit.domain.target import Compose, SystemSpec
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.targets import log
from pytest_distaudit.targets.containers import description
from pytest_distaudit.targets.containers.endpoints import Service, endpoints
from pytest_distaudit.targets.containers.engine import Container, Engine
from pytest_distaudit.targets.containers.stack import Stack
from pytest_distaudit.targets.recipe import Command, StartFailed
from pytest_distaudit.targets.yard import Yard

_POLL_S = 0.1


@contextmanager
def composed(
    compose: Compose,
    specs: Collection[SystemSpec],
    *,
    root: Path,
    ground: Path,
    environ: Mapping[str, str],
    free_port: Callable[[], int],
    on_progress: Callable[[str], None],
) -> Iterator[Stack]:
    """Have the project of ``compose`` while the block runs; ``specs`` are the systems that are its services.

    A service that exits, hangs or stays unhealthy is no error: its inventory and its log say so.
    """
    filled = description.filled_in(compose, environ)
    try:
        engine = Engine.reached(filled)
        project = description.described(compose, root, filled)
    except StartFailed as failure:
        yield Stack(unavailable={spec.name: (Reason.NOT_INSTALLED, f"{spec.name}: {failure}") for spec in specs})
        return
    run = f"distaudit-{secrets.token_hex(6)}"
    project = description.isolated(project, run, free_port)
    yard = Yard(ground)
    try:
        on_progress(f"docker compose: starting {', '.join(project.services)}")
        trouble = _up(description.written(project, ground), yard, ground / "compose.log", filled, compose.start_limit_s)
        yield _Fate(engine.containers(run), project, trouble, compose.start_limit_s, on_progress).of(specs)
    finally:
        yard.close()
        engine.remove(run)
        engine.close()


def _up(file: Path, yard: Yard, output: Path, environ: Mapping[str, str], seconds: float) -> str:
    """Run Compose; "" or its last words, when it failed: what has started goes on all the same."""
    from testcontainers.compose import DockerCompose

    words = DockerCompose(file.parent, file.name).docker_compose_command()
    try:
        yard.run(Command((*words, "up", "--detach"), file.parent, environ), output, seconds)
    except StartFailed as failure:
        last = log.tail(output, ()).splitlines()[-1:]
        return ": ".join([str(failure), *last])
    return ""


class _Fate:
    """What has become of each service, once that is known."""

    def __init__(
        self,
        containers: Mapping[str, Container],
        project: description.Described,
        trouble: str,
        limit_s: float,
        on_progress: Callable[[str], None],
    ) -> None:
        self._containers, self._project, self._trouble = containers, project, trouble
        self._began, self._limit_s, self._tell = time.monotonic(), limit_s, on_progress

    def of(self, specs: Collection[SystemSpec]) -> Stack:
        """Wait for every system's container and find out where it is reached."""
        stack = Stack()
        waiting = [spec for spec in specs if self._is_there(spec, stack)]
        while waiting:
            waiting = [spec for spec in waiting if not self._decided(spec, stack)]
            time.sleep(_POLL_S if waiting else 0)
        return stack

    def _is_there(self, spec: SystemSpec, stack: Stack) -> bool:
        """Whether the system has a container; otherwise it is said why not."""
        service = spec.service or spec.name
        if service in self._containers:
            return True
        if service in self._project.hidden:
            because = f"service {service} is only started with profile {' or '.join(self._project.hidden[service])}"
        elif service in self._project.services:
            because = f"service {service} was not started: {self._trouble or 'it is scaled to no container'}"
        else:
            known = ", ".join(self._project.services)
            stack.unavailable[spec.name] = (
                Reason.NOT_INSTALLED, f"the compose files have no service {service!r}; they have {known}"
            )  # fmt: skip
            return False
        stack.endpoints[spec.name] = {}
        stack.inventories[spec.name] = lambda: Inventory(running=False, log_tail=because)
        return False

    def _decided(self, spec: SystemSpec, stack: Stack) -> bool:
        name = spec.service or spec.name
        container, service = self._containers[name], self._project.services[name]
        trouble = container.trouble(starting=not self._trouble)
        late = time.monotonic() - self._began > self._limit_s
        found = endpoints(spec.kind, service, container.reached_at)
        if trouble is None or (trouble == "" and not _accepts(service, container)):
            if not late:
                return False
            trouble = f"not ready after {self._limit_s:g} s"
        secrets = log.secrets_in(found)
        stack.endpoints[spec.name] = found
        stack.inventories[spec.name] = partial(container.inventory, secrets)
        if not found and trouble == "":
            because = f"service {name} publishes no port, and its container cannot be reached from here"
            stack.unavailable[spec.name] = (Reason.NOT_REACHABLE, because)
        self._tell(f"{spec.name}: {trouble or 'ready'} ({time.monotonic() - self._began:.1f} s)")
        return True


def _accepts(service: Service, container: Container) -> bool:
    """Whether a service without a health check accepts connections: Compose has not waited for that."""
    if service.get("healthcheck"):
        return True
    places = [container.reached_at(int(port["target"])) for port in service.get("ports") or ()]
    return all(answers(*place) for place in places if place)
