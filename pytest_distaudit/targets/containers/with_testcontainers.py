"""Start a project's services one by one with testcontainers, each as soon as those that it waits for are ready."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.comparison import Quantity
from pytest_distaudit.ports.failure import first_line
from pytest_distaudit.targets.containers.description import RUN_LABEL, Described, extra_hosts
from pytest_distaudit.targets.containers.project import Launch
from pytest_distaudit.targets.recipe import StartFailed

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.network import Network

_SERVICE_LABEL = "com.docker.compose.service"
_POLL_S = 0.1
_NANO = 1_000_000_000
#: what a service's description may say of how it runs, and the engine's client calls alike
_KEPT = (
    *("user", "working_dir", "entrypoint", "hostname", "cap_add", "cap_drop"),
    *("init", "read_only", "shm_size", "stop_signal"),
)


def up(project: Described, launch: Launch) -> str:
    """Start every service; "" or what kept some from starting."""
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.network import Network

    # The run's label and its end are the reaper; another one would have to be pulled first.
    testcontainers_config.ryuk_disabled = True
    try:
        order = list(TopologicalSorter({name: _needed(one) for name, one in project.services.items()}).static_order())
    except CycleError as error:
        return f"no start order: {' waits for '.join(error.args[1])}"
    network = Network(docker_client_kw=_reached(launch), docker_network_kw={"labels": {RUN_LABEL: launch.run}}).create()
    starting = _Starting(project, launch, network)
    fates: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(max(1, len(order)), "distaudit-container") as pool:
        for name in order:
            fates[name] = pool.submit(starting.start, name, dict(fates))
    return "; ".join(str(fate.exception()) for fate in fates.values() if fate.exception() is not None)


def _reached(launch: Launch) -> dict[str, Any]:
    """The engine of this run, whatever this process's own environment says."""
    return {"environment": launch.environ}


class _Starting:
    """One start of one project."""

    def __init__(self, project: Described, launch: Launch, network: Network) -> None:
        self._project, self._launch, self._network = project, launch, network
        self._deadline = time.monotonic() + launch.limit_s

    def start(self, name: str, fates: Mapping[str, Future[None]]) -> None:
        """Wait for those it needs, then start it. Raises StartFailed."""
        service = self._project.services[name]
        for needed, condition in _conditions(service).items():
            if fates[needed].exception() is not None:
                raise StartFailed(f"{name} waits for {needed}, which was not started")
            self._wait_for(needed, condition, name)
        try:
            self._container(name, service).start()
        except Exception as error:
            raise StartFailed(f"{name}: {first_line(error)}") from error

    def _wait_for(self, needed: str, condition: str, name: str) -> None:
        container = self._launch.engine.containers(self._launch.run)[needed]
        while (met := container.seen().meets(condition)) is None and time.monotonic() < self._deadline:
            if self._launch.yard.closing.wait(_POLL_S):
                break
        if not met:
            raise StartFailed(f"{name} waits for {needed} ({condition}): {container.seen().trouble or 'it never came'}")

    def _container(self, name: str, service: Mapping[str, Any]) -> DockerContainer:
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(self._image(name, service), docker_client_kw=_reached(self._launch))
        container.with_network(self._network).with_network_aliases(name, *_aliases(service))
        container.with_envs(**{key: _plain(value) for key, value in (service.get("environment") or {}).items()})
        if service.get("command") is not None:
            container.with_command(_words(service["command"]))
        published: dict[str, Any] = {
            f"{port['target']}/{port.get('protocol', 'tcp')}": (port["host_ip"], int(port["published"]))
            for port in service.get("ports") or ()
        }
        container.ports = published
        for volume in service.get("volumes") or ():
            source = self._source(volume)
            if source:
                container.with_volume_mapping(source, volume["target"], "ro" if volume.get("read_only") else "rw")
        labels = {**(service.get("labels") or {}), RUN_LABEL: self._launch.run, _SERVICE_LABEL: name}
        kept = {word: service[word] for word in _KEPT if service.get(word) is not None}
        if "entrypoint" in kept:
            kept["entrypoint"] = _words(kept["entrypoint"])
        return container.with_kwargs(
            labels=labels,
            restart_policy=_restart(service),
            extra_hosts=extra_hosts(service),
            **kept,
            **_healthcheck(service.get("healthcheck")),
        )

    def _source(self, volume: Mapping[str, Any]) -> str:
        """A folder of this machine, or the run's own volume of that name; "" for a volume without a name."""
        source = str(volume.get("source") or "")
        if not source or volume.get("type") != "volume":
            return source
        return self._launch.engine.volume(f"{self._launch.run}_{source}", self._launch.run)

    def _image(self, name: str, service: Mapping[str, Any]) -> str:
        """The image that the service names, if it can be had; else the one built for it."""
        image, build = service.get("image"), service.get("build")
        if build and (not image or self._launch.engine.lacks([image])):
            from testcontainers.core.image import DockerImage

            made = DockerImage(
                build["context"],
                tag=f"{self._launch.run}-{name}",
                dockerfile_path=build.get("dockerfile", "Dockerfile"),
                buildargs=build.get("args") or {},
                labels={RUN_LABEL: self._launch.run},
                rm=True,
            )
            return str(made.build())
        if not image:
            raise StartFailed(f"{name} has neither an image nor a build")
        return str(image)


def _conditions(service: Mapping[str, Any]) -> dict[str, str]:
    needed = service.get("depends_on") or {}
    return {name: one.get("condition", "service_started") for name, one in needed.items() if one.get("required", True)}


def _needed(service: Mapping[str, Any]) -> list[str]:
    return list(_conditions(service))


def _aliases(service: Mapping[str, Any]) -> list[str]:
    networks = (service.get("networks") or {}).values()
    return [alias for network in networks for alias in (network or {}).get("aliases") or ()]


def _restart(service: Mapping[str, Any]) -> dict[str, Any] | None:
    """The restart policy as the engine wants it; ``deploy`` counts where both are written, as in Compose."""
    deployed = (service.get("deploy") or {}).get("restart_policy")
    if deployed:
        condition, most = str(deployed.get("condition", "any")), deployed.get("max_attempts")
        name = {"any": "always", "none": "no"}.get(condition, condition)
    else:
        name, _, most = str(service.get("restart") or "no").partition(":")
    if name == "no":
        return None
    return {"Name": name, "MaximumRetryCount": int(most)} if most else {"Name": name}


def _plain(value: object) -> str:
    """Compose keeps its escape for a dollar where the file is to be read again."""
    return "" if value is None else str(value).replace("$$", "$")


def _words(words: str | list[str]) -> str | list[str]:
    return _plain(words) if isinstance(words, str) else [_plain(word) for word in words]


def _healthcheck(check: Mapping[str, Any] | None) -> dict[str, Any]:
    """The description's health check as the engine wants it: times in nanoseconds."""
    if not check:
        return {}
    if check.get("disable"):
        return {"healthcheck": {"test": ["NONE"]}}
    times = ("interval", "timeout", "start_period")
    found: dict[str, Any] = {name: _nanoseconds(check[name]) for name in times if name in check}
    if "retries" in check:
        found["retries"] = int(check["retries"])
    if "test" in check:
        found["test"] = _words(check["test"])
    return {"healthcheck": found}


def _nanoseconds(text: str) -> int:
    """``1m30s`` as Compose writes it."""
    parts = re.findall(r"[\d.]+[a-zµ]+", text)
    seconds = sum(Quantity.parse(part.replace("m", "min") if part.endswith("m") else part).value for part in parts)
    return int(seconds * _NANO)
