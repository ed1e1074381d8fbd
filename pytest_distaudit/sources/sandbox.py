"""Other people's programs on other people's files: no network, no input, bounded time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

_NAMESPACES: Sequence[Sequence[str]] = (("unshare", "--net"), ("unshare", "--map-root-user", "--net"))
_ANSWER_S = 20.0


def run_apart(
    command: Sequence[str], folder: Path, seconds: float, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it in ``folder`` in a namespace without a network.

    Raises Unobservable: no such namespace can be had here, or it did not end within ``seconds``.
    """
    try:
        return subprocess.run(  # noqa: S603 - fixed commands; files are arguments
            [*_without_network(), *command],
            capture_output=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=environ,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Unobservable(Reason.TIMED_OUT, f"{command[0]} did not end within {seconds:g} s") from None


def answers(command: Sequence[str]) -> bool:
    """Whether a harmless command can be run and is content."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, capture_output=True, timeout=_ANSWER_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def _without_network() -> Sequence[str]:
    """The beginning of a command that has no network. Raises Unobservable where there is no such thing."""
    for namespace in _NAMESPACES:
        if shutil.which(namespace[0]) and answers((*namespace, "true")):
            return namespace
    raise Unobservable(Reason.FORBIDDEN, "no namespace without a network can be had here (unshare --net)")
