"""Files of the project as they were at another commit, read by git and laid out in a folder.

Only objects are read: no checkout, no filter, no hook, no transport. What the audited tree's own settings name is
not run; of the machine's own git settings only who may be trusted counts.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.sources.source_text import LARGEST

_SECONDS = 60.0
#: All that is laid out; documents and claims of the largest projects take a tenth of it.
_MOST_BYTES = 256 * 1024 * 1024
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "protocol.allow=never")
_SUFFIXES = frozenset(
    {
        *(".yaml", ".yml", ".toml", ".json", ".md", ".markdown", ".mdown", ".mkd", ".rst", ".adoc", ".asciidoc"),
        *(".asc", ".txt", ".mmd", ".mermaid", ".puml", ".plantuml", ""),
    }
)
_DOCUMENT = re.compile(rb"(?m)^\s*document:\s*[\"']?([^\"'\r\n#]+)")
_NO_GIT = "--distaudit-base needs git and a repository"


@dataclass(frozen=True, slots=True)
class _Blob:
    path: str
    name: str
    size: int


class _Git:
    """Git in one folder. Every failure is an InvalidInput that names the next step."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def run(self, *words: str, given: bytes = b"") -> bytes:
        """What it prints. Raises CalledProcessError where it refuses."""
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        own = dict.fromkeys(("GIT_NO_REPLACE_OBJECTS", "GIT_NO_LAZY_FETCH", "GIT_LITERAL_PATHSPECS"), "1")
        try:
            return subprocess.run(  # noqa: S603 - fixed words; what is foreign stands behind --end-of-options
                ["git", "--no-pager", *options, "-C", str(self._root), *words],  # noqa: S607 - the machine's own
                input=given,
                env={**kept, **own, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            ).stdout
        except FileNotFoundError:
            raise _refused(self._root, f"{_NO_GIT}; git is not installed") from None
        except subprocess.TimeoutExpired:
            raise _refused(self._root, f"git {words[0]} did not answer within {_SECONDS:g} s") from None


def merge_base(root: Path, ref: str) -> str:
    """The commit where HEAD left ``ref``. Raises InvalidInput: no repository, no such commit, a shallow clone."""
    git = _Git(root)
    try:
        git.run("rev-parse", "--git-dir")
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise _refused(root, f"{_NO_GIT}: {''.join(words)}") from None
    try:
        commit = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    except subprocess.CalledProcessError:
        words = f"--distaudit-base: there is no commit {ref!r} in this clone"
        raise _refused(root, f"{words}; fetch it first (git fetch origin <branch>), {_DEEP}") from None
    try:
        return git.run("merge-base", "HEAD", commit).decode().split()[0]
    except (subprocess.CalledProcessError, IndexError):
        shallow = git.run("rev-parse", "--is-shallow-repository").strip() == b"true"
        why = "this clone is shallow, so that" if shallow else "the two histories have nothing in common:"
        words = f"--distaudit-base: {why} no commit is known where HEAD left {ref!r}"
        raise _refused(root, f"{words}; {_DEEP}" if shallow else f"{words}; name another branch") from None


_DEEP = "or clone all of the history: fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab), git fetch --unshallow"


def lay_out(root: Path, commit: str, folder: Path, also: Iterable[str] = ()) -> None:
    """Put claims, documents and targets below ``root``, as they were at ``commit``, into ``folder``.

    ``also``: further paths, relative to ``root``. Links and larger files are left out. Raises InvalidInput.
    """
    git = _Git(root)
    try:
        blobs = {blob.path: blob for blob in _blobs(git.run("ls-tree", "-r", "-z", "-l", commit))}
        wanted = {path for path in blobs if PurePosixPath(path).suffix.lower() in _SUFFIXES} | set(also)
        written = _write(git, [blobs[path] for path in sorted(wanted & blobs.keys())], folder)
        named = {name.decode("utf-8", "replace").strip() for text in written for name in _DOCUMENT.findall(text)}
        _write(git, [blobs[path] for path in sorted((named - wanted) & blobs.keys())], folder)
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode("utf-8", "replace").split())[:300]
        raise _refused(root, f"--distaudit-base: {commit[:12]} cannot be read: {words}; {_DEEP}") from None


def _blobs(listing: bytes) -> Iterator[_Blob]:
    for entry in listing.split(b"\0"):
        told, _, path = entry.partition(b"\t")
        fields = told.split()
        if len(fields) == 4 and fields[0] in (b"100644", b"100755") and int(fields[3]) <= LARGEST:
            yield _Blob(os.fsdecode(path), fields[2].decode(), int(fields[3]))


def _write(git: _Git, blobs: list[_Blob], folder: Path) -> list[bytes]:
    """Write them below ``folder``; the contents of YAML files are returned."""
    if sum(blob.size for blob in blobs) > _MOST_BYTES:
        raise _refused(folder, f"--distaudit-base: claims and documents have more than {_MOST_BYTES} bytes")
    stream = git.run("cat-file", "--batch", given="".join(f"{blob.name}\n" for blob in blobs).encode())
    at, texts = 0, []
    for blob in blobs:
        at = stream.index(b"\n", at) + 1
        content, at = stream[at : at + blob.size], at + blob.size + 1
        path = folder / blob.path
        if not path.resolve().is_relative_to(folder.resolve()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if path.suffix in (".yaml", ".yml"):
            texts.append(content)
    return texts


def _refused(root: Path, message: str) -> InvalidInput:
    return InvalidInput([Problem(Place(str(root)), message)])
