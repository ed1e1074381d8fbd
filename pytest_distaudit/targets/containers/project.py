"""A target's services in containers for one run: started, waited for, gone at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.targets import log
from pytest_distaudit.targets.containers import kept
from pytest_distaudit.targets.containers.control import ContainerControl
from pytest_distaudit.targets.containers.description import Described, Source, isolated
from pytest_distaudit.targets.containers.endpoints import endpoints
from pytest_distaudit.targets.containers.engine import Container, Engine
from pytest_distaudit.targets.containers.stack import Stack
from pytest_distaudit.targets.ground import Lot, reserved
from pytest_distaudit.targets.recipe import StartFailed
from pytest_distaudit.targets.yard import Yard

_POLL_S = 0.1
#: by which an engine is found
_REACHING = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of a project: ``run`` is what all that it makes is labelled with; ``ground`` is its own folder."""

    run: str
    ground: Path
    environ: Mapping[str, str] = field(repr=False)
    engine: Engine
    yard: Yard
    limit_s: float


#: what makes another one of a project before it is started: (project, engine, run)
Change = Callable[[Described, Engine, str], Described]
#: starts a project's services; returns "" or why not all of them were started, and never waits longer than the limit
Up = Callable[[Described, Launch], str]


@contextmanager
def running(
    source: Source,
    specs: Collection[SystemSpec],
    up: Up,
    lot: Lot,
    change: Change = lambda project, engine, run: project,
) -> Iterator[Stack]:
    """Have the project of ``source`` while the block runs; ``specs`` are the systems that are its services.

    ``change`` has the last word on the project before it is started.
    A service that exits, hangs or stays unhealthy is no error: its inventory and its log say so.
    """
    try:
        engine = Engine.reached(lot.environ)
        project, filled = source.read(lot.root, lot.environ, None)
        _refuse_missing(project, engine)
    except StartFailed as failure:
        yield Stack(unavailable={spec.name: (Reason.NOT_INSTALLED, f"{spec.name}: {failure}") for spec in specs})
        return
    ground = lot.ground / "containers"
    ground.mkdir(mode=0o700)
    launch = Launch(f"distaudit-{secrets.token_hex(6)}", ground, filled, engine, Yard(ground), source.start_limit_s)
    try:
        with _to_keep(source, up, lot, engine) as file:
            known = kept.read(file) if file is not None else None
            if known is not None and known.serves(engine, lot.keep_s):
                lot.on_notice(f"using the kept stack {known.run}")
                project = replace(project, whole=known.whole)
                with not_left_disturbed(known, lot):
                    yield _Fate(project, replace(launch, run=known.run), lot.on_progress).of(specs, "")
                return
            if known is not None:
                lot.on_notice(
                    f"the kept stack is too old, or not all of it is well: {kept.removed(known, lot.environ)}"
                )
            project = change(isolated(project, launch.run, lot.free_port), engine, launch.run)
            yield from _new(specs, project, up, lot, launch, file)
    finally:
        launch.yard.close()
        engine.close()


def not_left_disturbed(known: kept.Kept, lot: Lot) -> AbstractContextManager[None]:
    """A kept stack that is being disturbed when the run is killed is of no use to the next one: it goes."""
    if not lot.disturbs:
        return nullcontext()
    return lot.guard.promised("containers", run=known.run, environ=dict(known.reaching))


def _new(
    specs: Collection[SystemSpec], project: Described, up: Up, lot: Lot, launch: Launch, file: Path | None
) -> Iterator[Stack]:
    """Start the project; at the end it is removed, or remembered in ``file`` if all of it is well."""
    reaching = {name: launch.environ[name] for name in _REACHING if name in launch.environ}
    began = time.time()
    with lot.guard.promised("containers", run=launch.run, environ=reaching):
        try:
            lot.on_progress(f"starting {', '.join(project.services)} in containers")
            yield _Fate(project, launch, lot.on_progress).of(specs, up(project, launch))
        finally:
            launch.yard.close()
            new = file and kept.Kept(file, launch.run, began, project.whole, reaching)
            if new and new.serves(launch.engine, lot.keep_s):
                kept.keep(new)
                lot.on_notice(f"keeping {launch.run}; pytest --distaudit-down removes it")
            else:
                launch.engine.remove(launch.run)


@contextmanager
def _to_keep(source: Source, up: Up, lot: Lot, engine: Engine) -> Iterator[Path | None]:
    """The file of the stack if it is to be kept and is nobody else's now."""
    if not lot.keep_s:
        yield None
        return
    always, _ = source.read(lot.root, lot.environ, "the same each time")
    file = kept.folder(lot.environ) / f"{kept.digest(always, up.__module__, engine)}.json"
    with reserved(file) as free:
        if not free:
            lot.on_notice("another run uses the kept stack: this one has its own, which is not kept")
        yield file if free else None


def _refuse_missing(project: Described, engine: Engine) -> None:
    """Half a project would look as if the other half were down. Raises StartFailed."""
    images = {str(service["image"]) for service in project.services.values() if not service.get("build")}
    if missing := engine.lacks(sorted(images)):
        raise StartFailed(f"neither here nor to be pulled: {', '.join(missing)}")


class _Fate:
    """What has become of each service, once that is known."""

    def __init__(self, project: Described, launch: Launch, on_progress: Callable[[str], None]) -> None:
        self._project, self._launch, self._tell = project, launch, on_progress
        self._began = time.monotonic()
        self._containers: Mapping[str, Container] = {}
        self._trouble = ""

    def of(self, specs: Collection[SystemSpec], trouble: str) -> Stack:
        """Wait for every system's container and find out where it is reached; ``trouble`` kept some from starting."""
        self._trouble, self._containers = trouble, self._launch.engine.containers(self._launch.run)
        stack = Stack()
        waiting = [spec for spec in specs if self._is_there(spec, stack)]
        while waiting:
            waiting = [spec for spec in waiting if not self._decided(spec, stack)]
            time.sleep(_POLL_S if waiting else 0)
        return stack

    def _is_there(self, spec: SystemSpec, stack: Stack) -> bool:
        """Whether the system has a container that was started; otherwise it is said why not."""
        service = spec.service or spec.name
        if service in self._project.hidden:
            profiles = " or ".join(self._project.hidden[service])
            self._down(spec, stack, f"service {service} is only started with profile {profiles}")
        elif service not in self._project.services:
            known = ", ".join(self._project.services)
            because = f"the compose files have no service {service!r}; they have {known}"
            stack.unavailable[spec.name] = (Reason.NOT_INSTALLED, because)
        elif not self._was_started(service):
            self._not_started(spec, service, stack)
        else:
            return True
        return False

    def _was_started(self, service: str) -> bool:
        container = self._containers.get(service)
        return container is not None and (not self._trouble or container.seen().was_started)

    def _not_started(self, spec: SystemSpec, service: str, stack: Stack) -> None:
        """Its own project's fault is evidence; what was missing here is not."""
        culprit = self._culprit(service)
        if culprit is None and self._trouble:
            because = f"service {service} could not be started: {self._trouble}"
            stack.unavailable[spec.name] = (Reason.NOT_INSTALLED, because)
        elif culprit is None:
            self._down(spec, stack, f"service {service} is scaled to no container")
        else:
            self._down(spec, stack, f"its container was never started: it waits for {culprit}")
        self._tell(f"{spec.name}: not started")

    def _culprit(self, service: str) -> str | None:
        """The service that it waits for in vain, directly or not, and what became of that."""
        for needed in self._project.services[service].get("depends_on") or {}:
            if further := self._culprit(needed):
                return further
            if self._was_started(needed) and (trouble := self._containers[needed].seen().trouble) != "":
                return f"{needed} ({trouble or 'not ready'})"
        return None

    def _down(self, spec: SystemSpec, stack: Stack, because: str) -> None:
        stack.endpoints[spec.name] = {}
        stack.inventories[spec.name] = lambda: Inventory(running=False, log_tail=because)

    def _decided(self, spec: SystemSpec, stack: Stack) -> bool:
        name = spec.service or spec.name
        container, service = self._containers[name], self._project.services[name]
        now = container.seen()
        trouble = now.trouble
        late = time.monotonic() - self._began > self._launch.limit_s
        places: dict[int, tuple[str, int] | None] = {}
        found = endpoints(spec.kind, service, lambda port: places.setdefault(port, now.reached_at(port)))
        # Nobody has waited for a service without a health check.
        listens = bool(service.get("healthcheck")) or all(map(now.listens, places))
        if trouble is None or (trouble == "" and not listens):
            if not late:
                return False
            trouble = f"not ready after {self._launch.limit_s:g} s"
        secrets = log.secrets_in(found) | self._project.secrets
        stack.endpoints[spec.name] = found
        stack.inventories[spec.name] = partial(container.inventory, secrets)
        stack.controls[spec.name] = ContainerControl(container)
        if not found and trouble == "":
            because = f"service {name} publishes no port, and its container cannot be reached from here"
            stack.unavailable[spec.name] = (Reason.NOT_REACHABLE, because)
        self._tell(f"{spec.name}: {trouble or 'ready'} ({time.monotonic() - self._began:.1f} s)")
        return True
