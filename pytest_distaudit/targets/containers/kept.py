"""Stacks that outlive their run (``--distaudit-keep``), so that the next one need not start them again.

A kept stack is known by a digest of its description. What it was started with, passwords included, stands in a
file of its owner's state folder; ``--distaudit-down`` removes it. Two runs never share one at the same time: the
activities of one would be traffic to the other.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_distaudit.targets.containers.description import Described
from pytest_distaudit.targets.containers.engine import Engine
from pytest_distaudit.targets.ground import reserved, write_private
from pytest_distaudit.targets.recipe import StartFailed


@dataclass(frozen=True, slots=True)
class Kept:
    """One stack: ``whole`` is its isolated description, ``reaching`` the variables by which its engine is found."""

    file: Path
    run: str
    started: float
    whole: Mapping[str, Any] = field(repr=False)
    reaching: Mapping[str, str] = field(repr=False)

    def serves(self, engine: Engine, limit_s: float) -> bool:
        """Whether it is young enough and all of it is ready. A clock that was set back makes it old."""
        if not 0 <= time.time() - self.started <= limit_s:
            return False
        containers = engine.containers(self.run)
        return set(containers) == set(self.whole["services"]) and all(
            container.seen().trouble == "" for container in containers.values()
        )


def folder(environ: Mapping[str, str]) -> Path:
    """Where kept stacks are remembered."""
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME", "/")) / ".local" / "state"
    return Path(state) / "pytest-distaudit" / "kept"


def digest(project: Described, how: str, engine: Engine) -> str:
    """What tells one stack from another: its description, its images, and the files that it is made from or mounts.

    ``project`` must have been filled in with the same secrets each time.
    """
    services = project.services.values()
    images = engine.identities({str(service["image"]) for service in services if service.get("image")})
    sources = sorted({path for service in services for path in _sources(service)})
    told = [how, project.whole, images, [_state(path) for path in sources]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _sources(service: Mapping[str, Any]) -> Iterator[str]:
    """Folders and files of this machine that the service is made from."""
    if build := service.get("build"):
        yield build["context"]
    yield from (volume["source"] for volume in service.get("volumes") or () if volume.get("type") == "bind")


def _state(path: str) -> list[tuple[str, int, int]]:
    """Name, size and time of every file there: a server that was started before they changed is another one."""
    place = Path(path)
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]


def read(file: Path) -> Kept | None:
    """What is kept there; None if nothing is, or what stands there cannot be read."""
    try:
        told = json.loads(file.read_text("utf-8"))
        return Kept(file, told["run"], told["started"], told["whole"], told["reaching"])
    except (OSError, ValueError, KeyError):
        return None


def keep(kept: Kept) -> None:
    """Remember it, for its owner's eyes only."""
    told = {"run": kept.run, "started": kept.started, "whole": kept.whole, "reaching": kept.reaching}
    write_private(kept.file, told)


def _remove(kept: Kept, environ: Mapping[str, str]) -> None:
    """Raises StartFailed if its engine does not take it down; then it stays remembered."""
    engine = Engine.reached({**environ, **kept.reaching})
    try:
        engine.remove(kept.run)
    finally:
        engine.close()
    kept.file.unlink(missing_ok=True)


def remove_all(environ: Mapping[str, str]) -> Iterator[str]:
    """Take down every kept stack that no run uses; one sentence each."""
    files = sorted(folder(environ).glob("*.json"))
    if not files:
        yield "no stack is kept"
    for file in files:
        kept = read(file)
        with reserved(file) as free:
            if kept is None:
                file.unlink(missing_ok=True)
                yield f"{file.stem}: nothing that could be read; forgotten"
            elif not free:
                yield f"{kept.run}: a run uses it now; left alone"
            else:
                yield removed(kept, environ)


def removed(kept: Kept, environ: Mapping[str, str]) -> str:
    """Take it down, and say what came of it."""
    try:
        _remove(kept, environ)
    except StartFailed as failure:
        return f"{kept.run}: not removed: {failure}"
    return f"{kept.run}: removed ({', '.join(kept.whole['services'])})"
