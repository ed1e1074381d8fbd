"""A target's compose files, read by Docker Compose itself, and made harmless for a run beside others."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.target import Compose
from pytest_distaudit.targets.ground import write_private
from pytest_distaudit.targets.recipe import StartFailed

#: every container, network and volume of a run carries it
RUN_LABEL = "pytest-distaudit.run"

#: stands for a password that is made up for each run
SECRET = "{secret}"  # noqa: S105 - the placeholder, not one
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|key|pw|credential")
_SHORTEST_SECRET = 4
_READ_LIMIT_S = 30.0
_NO_COMPOSE = ("unknown command: docker compose", "'compose' is not a docker command")
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Described:
    """A project as ``docker compose config`` gives it: everything merged, filled in, paths absolute.

    ``hidden``: service -> the profiles that it waits for, for services that are not started.
    """

    whole: Mapping[str, Any] = field(repr=False)
    hidden: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """Service -> how it is run."""
        found: Mapping[str, Mapping[str, Any]] = self.whole["services"]
        return found

    @property
    def secrets(self) -> frozenset[str]:
        """Values of variables that by their names are nobody's business: no log line shows them."""
        told = (service.get("environment") or {} for service in self.services.values())
        return frozenset(
            str(value)
            for environment in told
            for name, value in environment.items()
            if _SECRET_NAME.search(name) and len(str(value or "")) >= _SHORTEST_SECRET
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a project's description comes from.

    ``read(root, environ, secret)`` gives it with the environment in which it is started; passwords are made up unless
    ``secret`` is given. Raises StartFailed.
    """

    read: Callable[[Path, Mapping[str, str], str | None], tuple[Described, Mapping[str, str]]]
    start_limit_s: float


def of_compose(compose: Compose) -> Source:
    """The target's compose files."""

    def read(root: Path, environ: Mapping[str, str], secret: str | None) -> tuple[Described, Mapping[str, str]]:
        filled = filled_in(compose, environ, secret=secret)
        return described(compose, root, filled), filled

    return Source(read, compose.start_limit_s)


def filled_in(compose: Compose, environ: Mapping[str, str], *, secret: str | None = None) -> dict[str, str]:
    """The environment in which the files are read; ``{secret}`` made up anew unless it is given."""
    return {
        **environ,
        **{name: value.replace(SECRET, secret or secrets.token_hex(12)) for name, value in compose.env.items()},
    }


def described(compose: Compose, root: Path, environ: Mapping[str, str]) -> Described:
    """Read the project. Raises StartFailed with Compose's own words if it cannot be read."""
    chosen = _read(compose.files, [*_profiles(compose.profiles)], root, environ)
    everything = _read(compose.files, [*_profiles(("*",))], root, environ)
    hidden = {
        name: tuple(service.get("profiles", ()))
        for name, service in everything["services"].items()
        if name not in chosen["services"]
    }
    return Described(chosen, hidden)


def _profiles(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield from ("--profile", name)


def _read(files: tuple[str, ...], options: list[str], root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    named = [word for file in files for word in ("-f", str(root / file))]
    argv = ["docker", "compose", *named, *options, "config", "--format", "json"]
    try:
        done = subprocess.run(  # noqa: S603 - names of files, each behind its -f
            argv, cwd=root, env=dict(environ), capture_output=True, text=True, timeout=_READ_LIMIT_S, check=False
        )
    except FileNotFoundError:
        raise StartFailed("there is no docker on PATH; install Docker's command line and Compose") from None
    except subprocess.TimeoutExpired:
        raise StartFailed(f"docker compose config had not ended after {_READ_LIMIT_S:g} s") from None
    if any(words in done.stderr for words in _NO_COMPOSE):
        raise StartFailed("docker has no plugin compose; install Docker Compose v2")
    if done.returncode:
        raise StartFailed(f"docker compose config refuses {', '.join(files)}: {_last_words(done.stderr)}")
    read: dict[str, Any] = json.loads(done.stdout)
    return {**read, "services": read.get("services") or {}}


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and "level=warning" not in line]
    return (lines or ["it gave no reason"])[-1][:_WORDS]


def isolated(project: Described, name: str, free_port: Callable[[], int]) -> Described:
    """The same project under a name of its own: nothing of it can meet another run, or the user's own.

    Published ports move to free ones of 127.0.0.1, and stay there when a container is started again;
    names of containers, networks and volumes become the project's. External ones stay as they are.
    """
    services = {key: _isolated_service(service, name, free_port) for key, service in project.services.items()}
    whole = {**project.whole, "name": name, "services": services}
    for kind in ("networks", "volumes"):
        if kind in whole:
            whole[kind] = {key: _isolated_part(part, name) for key, part in (whole[kind] or {}).items()}
    return replace(project, whole=whole)


def _isolated_service(service: Mapping[str, Any], name: str, free_port: Callable[[], int]) -> dict[str, Any]:
    kept = {key: value for key, value in service.items() if key != "container_name"}
    if "ports" in kept:
        kept["ports"] = [
            {**port, "host_ip": "127.0.0.1", "published": str(free_port())}
            for port in {(port["target"], port.get("protocol")): port for port in kept["ports"]}.values()
        ]
    kept["labels"] = {**(kept.get("labels") or {}), RUN_LABEL: name}
    return kept


def _isolated_part(part: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    given = dict(part or {})
    if given.get("external"):
        return given
    given.pop("name", None)
    given["labels"] = {**(given.get("labels") or {}), RUN_LABEL: name}
    return given


def written(project: Described, folder: Path) -> Path:
    """The project as a compose file of its own, for its owner's eyes only: it holds passwords."""
    path = folder / "compose.json"
    write_private(path, project.whole)
    return path


def extra_hosts(service: Mapping[str, Any]) -> list[str]:
    """``NAME:ADDRESS`` of each name that the service is told beside the engine's own."""
    told = service.get("extra_hosts") or ()
    if isinstance(told, Mapping):
        each = [(name, one) for name, some in told.items() for one in ([some] if isinstance(some, str) else some)]
        return [f"{name}:{one}" for name, one in each]
    return [entry.replace("=", ":", 1) for entry in told]
