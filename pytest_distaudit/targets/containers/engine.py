"""The Docker engine, as far as provisioning needs it: which containers a run has, and how each of them is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.failure import first_line
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.targets.containers.description import RUN_LABEL
from pytest_distaudit.targets.log import last_lines
from pytest_distaudit.targets.recipe import StartFailed

if TYPE_CHECKING:
    from docker import DockerClient

_USUAL = "unix:///var/run/docker.sock"
_ANSWER_S = 20.0
_LOG_LINES = 40
_AT_ONCE = 8
_ENDED = ("exited", "dead")
_RUNNING = ("running", "paused")


class Engine:
    """One engine. Thread-safe: its client is used by one thread at a time."""

    def __init__(self, client: DockerClient, address: str) -> None:
        self._client, self.address = client, address
        self._lock = threading.Lock()

    @classmethod
    def reached(cls, environ: Mapping[str, str]) -> Engine:
        """The engine that ``environ`` names. Raises StartFailed if none answers."""
        import docker
        from docker.errors import DockerException
        from docker.utils import kwargs_from_env

        named = kwargs_from_env(dict(environ))
        try:
            _refuse_silence(str(named.get("base_url") or _USUAL))
            client = docker.DockerClient(timeout=_ANSWER_S, **named)
            client.ping()
        except (DockerException, OSError) as error:
            where = environ.get("DOCKER_HOST", "the usual socket")
            raise StartFailed(f"no Docker engine answers at {where} ({first_line(error)}); start one") from error
        return cls(client, str(named.get("base_url", "")))

    @property
    def is_local(self) -> bool:
        """Whether the engine's own networks can be reached from here."""
        return not self.address or self.address.startswith(("unix:", "http+unix:"))

    def gateway(self) -> str | None:
        """The address of this machine that containers reach; None if the engine is elsewhere or tells none."""
        from docker.errors import DockerException

        if not self.is_local:
            return None
        with suppress(DockerException, OSError), self._lock:
            plans = (self._client.api.inspect_network("bridge").get("IPAM") or {}).get("Config") or ()
            return next((str(plan["Gateway"]) for plan in plans if plan.get("Gateway")), None)
        return None

    def containers(self, run: str) -> dict[str, Container]:
        """The run's containers by compose service, whatever their state. Raises StartFailed."""
        with self._lock:
            rows = self._client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run}"})
        return {
            row["Labels"].get("com.docker.compose.service", row["Names"][0].strip("/")): Container(self, row["Id"])
            for row in rows
        }

    def lacks(self, images: Collection[str]) -> list[str]:
        """Those of ``images`` that are neither here nor can be pulled; one that can be is pulled by who starts it."""
        from docker.errors import APIError, ImageNotFound

        missing = []
        for image in images:
            try:
                with self._lock:
                    self._client.images.get(image)
            except ImageNotFound:
                try:
                    with self._lock:
                        self._client.images.get_registry_data(image)
                except APIError:
                    missing.append(image)
        return missing

    def identities(self, images: Collection[str]) -> dict[str, str]:
        """The ids of those of ``images`` that are here."""
        from docker.errors import ImageNotFound

        found = {}
        for image in images:
            with suppress(ImageNotFound), self._lock:
                found[image] = str(self._client.images.get(image).id)
        return found

    def inspected(self, identity: str) -> dict[str, Any]:
        """Everything the engine knows of a container. Raises Unobservable if the engine does not answer."""
        from docker.errors import DockerException, NotFound

        try:
            with self._lock:
                found: dict[str, Any] = self._client.api.inspect_container(identity)
        except NotFound:
            return {}
        except (DockerException, OSError) as error:
            raise Unobservable(Reason.NOT_REACHABLE, f"the engine does not answer: {first_line(error)}") from error
        return found

    def order(self, identity: str, deed: str) -> None:
        """Do ``deed`` (stop, start, pause, unpause) to a container. Raises Uncontrolled."""
        from docker.errors import DockerException

        try:
            with self._lock:
                getattr(self._client.api, deed)(identity)
        except (DockerException, OSError) as error:
            raise Uncontrolled(f"the engine did not {deed} it: {first_line(error)}") from error

    def logs(self, identity: str) -> str:
        """A container's last lines; "" if they cannot be had."""
        with suppress(Exception), self._lock:
            return str(self._client.api.logs(identity, tail=_LOG_LINES).decode("utf-8", "replace"))
        return ""

    def volume(self, name: str, run: str) -> str:
        """The name of a volume of the run; made if it is not there."""
        with self._lock:
            self._client.volumes.create(name, labels={RUN_LABEL: run})
        return name

    def remove(self, run: str) -> None:
        """Take everything away that carries the run's label: containers, then networks, then volumes.

        Raises StartFailed if something stays, or if the engine does not answer.
        """
        from docker.errors import DockerException

        chosen, api = {"label": f"{RUN_LABEL}={run}"}, self._client.api
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                rows = api.containers(all=True, filters=chosen)
                list(pool.map(_forgiving(lambda row: api.remove_container(row["Id"], force=True, v=True)), rows))
                list(pool.map(_forgiving(lambda row: api.remove_network(row["Id"])), api.networks(filters=chosen)))
                volumes = api.volumes(filters=chosen)["Volumes"] or ()
                list(pool.map(_forgiving(lambda row: api.remove_volume(row["Name"], force=True)), volumes))
            stays = [row["Names"][0].strip("/") for row in api.containers(all=True, filters=chosen)]
        except (DockerException, OSError) as error:
            raise StartFailed(f"{run} could not be removed: {first_line(error)}") from error
        if stays:
            raise StartFailed(f"{run}: the engine does not remove {', '.join(stays)}")

    def close(self) -> None:
        """Let the client's connections go."""
        self._client.close()


def _refuse_silence(address: str) -> None:
    """Raise OSError where nobody listens: the client would leave its socket open."""
    scheme, _, path = address.partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


class Container:
    """One container of a run."""

    def __init__(self, engine: Engine, identity: str) -> None:
        self._engine, self._id = engine, identity

    def seen(self) -> Snapshot:
        """What the engine knows of it now."""
        return Snapshot(self._engine.inspected(self._id), self._engine.is_local)

    def ordered(self, deed: str) -> None:
        """Have it stopped, started, paused or unpaused. Raises Uncontrolled."""
        self._engine.order(self._id, deed)

    def inventory(self, secrets: Collection[str] = ()) -> Inventory:
        """Its state now. Without a pid: that belongs to the engine's host."""
        seen = self.seen()
        state = seen.state
        # one in the freezer runs, and does not answer
        if state.get("Status") in _RUNNING:
            return Inventory(running=True, run=f"{self._id[:12]} {seen.run}")
        words = last_lines(self._engine.logs(self._id), secrets)
        return Inventory(running=False, exit_code=state.get("ExitCode"), log_tail=words)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A container at one moment, as the engine's API tells it; ``told`` is empty for one that is gone.

    ``near``: the engine's networks can be reached from here.
    """

    told: Mapping[str, Any] = field(repr=False)
    near: bool

    @property
    def state(self) -> Mapping[str, Any]:
        """Its State; empty once it is gone."""
        found: Mapping[str, Any] = self.told.get("State") or {}
        return found

    @property
    def run(self) -> str:
        """Since when it runs, as no other run of it does; "" while it does not."""
        return f"since {self.state.get('StartedAt', '')}" if self.state.get("Status") in _RUNNING else ""

    @property
    def was_started(self) -> bool:
        """Whether it ever ran."""
        return bool(self.state.get("Status", "created") != "created")

    @property
    def trouble(self) -> str | None:
        """Why it is not ready: "" if it is, None while it may still become so."""
        status = self.state.get("Status")
        if status is None:
            return "it is gone"
        if status in _ENDED:
            return f"exited with {self.state['ExitCode']}"
        if status != "running" or self._health == "starting":
            return None
        return "its health check fails" if self._health == "unhealthy" else ""

    def meets(self, condition: str) -> bool | None:
        """Whether Compose's ``condition`` of others is met; None while it may still be."""
        status = self.state.get("Status")
        if condition == "service_completed_successfully":
            return self.state["ExitCode"] == 0 if status == "exited" else None
        if status is None or status in _ENDED:
            return False
        if condition == "service_healthy":
            return {"healthy": True, "starting": None}.get(self._health, False)
        return status == "running" or None

    def reached_at(self, port: int) -> tuple[str, int] | None:
        """(host, port) of its TCP ``port``: as published, else on its own address where that can be reached."""
        for binding in (self._network.get("Ports") or {}).get(f"{port}/tcp") or ():
            everywhere = binding["HostIp"] in ("", "0.0.0.0", "::")  # noqa: S104
            return "127.0.0.1" if everywhere else binding["HostIp"], int(binding["HostPort"])
        return self._own_address(port)

    def dialled_at(self, port: int) -> tuple[str, int] | None:
        """(host, port) of its TCP ``port``: inside, where that can be; outside, the engine itself answers."""
        return self._own_address(port) or self.reached_at(port)

    def listens(self, port: int) -> bool:
        """Whether somebody listens there."""
        place = self.dialled_at(port)
        return place is None or answers(*place)

    def _own_address(self, port: int) -> tuple[str, int] | None:
        networks = (self._network.get("Networks") or {}).values()
        addresses = [one["IPAddress"] for one in networks if one.get("IPAddress")]
        return (addresses[0], port) if addresses and self.near else None

    @property
    def _network(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.told.get("NetworkSettings") or {}
        return found

    @property
    def _health(self) -> str:
        return str((self.state.get("Health") or {}).get("Status", "none"))


def _forgiving(remove: Callable[[Any], object]) -> Callable[[Any], None]:
    """What cannot be removed must not keep the rest."""

    def attempt(row: Any) -> None:
        with suppress(Exception):
            remove(row)

    return attempt
