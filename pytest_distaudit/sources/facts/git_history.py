"""The history: which files were removed, and by which commit. Without git there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 10.0
_MOST_COMMITS = "2000"
_MOST_BYTES = 4 * 1024 * 1024
#: A repository's own configuration may name programs. None of them is run: no monitor, no hooks, no pager,
#: no signature program, no transport.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "log.showSignature=false",
    "protocol.allow=never",
)


def read_removed(root: Path) -> Mapping[str, str]:
    """Removed files with the abbreviated commit that removed them last; empty without a repository at ``root``."""
    listing = ("log", f"--max-count={_MOST_COMMITS}", "--no-renames", "--no-ext-diff", "--no-textconv")
    output = _git(root, *listing, "--diff-filter=D", "--name-only", "-z", "--format=%x01%h")
    return _parsed(output[:_MOST_BYTES].decode("utf-8", "replace"))


def head_of(root: Path) -> str:
    """The commit on which the history ends, and how much of it is there; "" without a repository at ``root``."""
    return _git(root, "log", f"--max-count={_MOST_COMMITS}", "--format=%H").decode("ascii", "replace")


def _git(root: Path, *arguments: str) -> bytes:
    """What git prints; nothing where there is no git, no repository, or no answer in time."""
    git = shutil.which("git")
    folder = root / ".git"
    if git is None or not folder.is_dir() or folder.is_symlink():
        return b""
    options = [part for setting in _HARMLESS for part in ("-c", setting)]
    command = [git, "--no-pager", *options, "-C", str(root), *arguments]
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the tree is an argument
            command, env=environ, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""


def _parsed(output: str) -> dict[str, str]:
    removed: dict[str, str] = {}
    for entry in output.split("\x01")[1:]:
        commit, _, names = entry.partition("\0")
        for name in names.split("\0"):
            if name.strip():
                removed.setdefault(name.strip("\n"), commit.strip())
    return removed
