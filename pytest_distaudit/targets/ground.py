"""What a run has of this machine: private work directories, free ports, unprivileged accounts."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_distaudit.targets.guard import Guard

#: What a started program inherits; everything else it is told by its ``native.env``.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
#: how the names of private directories begin
PRIVATE = "distaudit-"
#: where the container engine is
_ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "XDG_STATE_HOME")


_random = random.SystemRandom()


class FreePorts:
    """Ports of 127.0.0.1 that nobody uses, outside the kernel's own range; never the same one twice."""

    def __init__(self) -> None:
        import port_for

        self._pool: set[int] = port_for.available_good_ports()

    def __call__(self) -> int:
        """A port. Raises port_for.PortForException when none is left."""
        import port_for

        # Drawn from the system's randomness: two runs with one seed would choose the same ports.
        drawn = _random.sample(sorted(self._pool), min(len(self._pool), 100))
        port: int = port_for.select_random(set(drawn))
        self._pool.discard(port)
        return port


def private_path() -> Path:
    """Where nothing is yet, in a place through which every account may pass."""
    places = private_places()
    base = next((place for place in places if _passable(place)), places[0])
    return base / f"{PRIVATE}{secrets.token_hex(8)}"


def private_places() -> tuple[Path, ...]:
    """Where runs of this machine have private paths; their names begin with ``PRIVATE``."""
    return tuple(dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"))))  # noqa: S108


@contextmanager
def private_directory(path: Path) -> Iterator[Path]:
    """A new directory, removed at the end; other accounts may pass through it but not list it."""
    path.mkdir(mode=0o700)
    try:
        path.chmod(0o711)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _passable(path: Path) -> bool:
    """Whether every account can reach ``path``; servers that run as another one must."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in [path, *path.resolve().parents])


@dataclass(frozen=True, slots=True)
class Lot:
    """What starting systems needs: where they live, who cleans up after the run, and whom to tell."""

    root: Path
    environ: Mapping[str, str] = field(repr=False)
    ground: Path
    guard: Guard
    free_port: Callable[[], int]
    on_progress: Callable[[str], None]
    on_notice: Callable[[str], None]
    #: seconds for which containers may outlive the run; 0: not at all
    keep_s: float = 0.0
    #: whether systems may be disturbed
    disturbs: bool = False


def write_private(path: Path, value: Any) -> None:
    """Write JSON for its owner's eyes only; an earlier file is replaced as a whole."""
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(value, stream)
    draft.replace(path)


@contextmanager
def reserved(file: Path) -> Iterator[bool]:
    """Whether what ``file`` stands for is this run's alone while the block runs; it is not waited for."""
    from filelock import FileLock, Timeout

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(file.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def account(*preferred: str) -> str | None:
    """The unprivileged account for a server that refuses root; None when we are not root ourselves.

    Raises LookupError if root finds none of ``preferred`` and no ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    found = next((name for name in (*preferred, "nobody") if name in known), None)
    if found is None:
        raise LookupError(f"none of the accounts {', '.join(preferred)}, nobody exists")
    return found


def hand_over(path: Path, user: str | None) -> None:
    """Make ``path`` and all below it belong to ``user`` alone (None: leave the owner)."""
    if user is None:
        return
    import pwd

    entry = pwd.getpwnam(user)
    for each in (path, *path.rglob("*")):
        os.chown(each, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def minimal_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs need to run at all; Python programs write their logs at once."""
    return {name: environ[name] for name in _INHERITED if name in environ} | {"PYTHONUNBUFFERED": "1"}


def harmless_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a stranger's services may be started with: no variable of ours but where things are on this machine."""
    return minimal_environment(environ) | {name: environ[name] for name in _ENGINE if name in environ}
