"""Which program runs behind a system's address: the file that is executed and what it comes with.

Read through the process's own root, so that a container's files are found too. Only digests of files leave.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.ports.programs import Program
from pytest_distaudit.systems import _local, _netns
from pytest_distaudit.systems._docker_words import shown
from pytest_distaudit.systems._published import behind

if TYPE_CHECKING:
    import psutil

_INTERPRETER = re.compile(r"(?:python|pypy|perl|ruby|node|nodejs|java|php|bash|dash|sh)[\d.]*")
_SOURCES = {".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".sh", ".jar"}
#: installed launchers lie there: what lies beside them is not theirs
_FOREIGN = re.compile(r"/(?:s?bin|site-packages|dist-packages|node_modules)(?:/|$)")
_MOST_FILES, _MOST_BYTES = 500, 64 * 1024 * 1024
_TEXT, _MODULE, _JAR = ("-c", "-e"), "-m", "-jar"


def program(session: Any, ask: Ask) -> Program:
    """Of the process that listens, by inventory or by this host's tables. Raises Unobservable."""
    import psutil

    found = _process(session.located)
    if found is None:
        raise Unobservable(
            Reason.NO_OBSERVABLE, f"the program behind {session.located.system} cannot be seen from this host"
        )
    session.ways.append("process table")
    try:
        argv, executable, folder = found.cmdline(), found.exe(), found.cwd()
        seen = _Inside(found.pid, folder)
        file, digest, rest = _entry(seen, argv, executable)
        return Program(_local.boot(found), file, digest, _around(seen, file), shown(rest))
    except (psutil.AccessDenied, PermissionError):
        because = f"the program of process {found.pid} may not be looked at; run the audit as its user or as root"
        raise Unobservable(Reason.FORBIDDEN, because) from None
    except (psutil.Error, OSError) as error:
        because = f"the program of process {found.pid} cannot be read: {type(error).__name__}"
        raise Unobservable(Reason.NO_OBSERVABLE, because) from None


def _process(located: Located) -> psutil.Process | None:
    own = _local.serving_process(located)
    if own is not None:
        return own
    for url in located.endpoints.values():
        host, port = address(url)
        if port and _local.is_local(host) and (pid := _contained(host, port)):
            return _known(pid)
    return None


def _contained(host: str, port: int) -> int | None:
    """Who listens in a container of this host to which the port leads."""
    networks = _netns.networks()
    there = behind(host, port, networks)
    if there is None or networks is None:
        return None
    table = _netns.connections(networks[there.network]) or []
    pids = {one.pid for one in table if one.status == "LISTEN" and one.local in there.listened}
    return min((pid for pid in pids if pid is not None), default=None)


def _known(pid: int) -> psutil.Process | None:
    import psutil

    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


class _Inside:
    """Files as a process sees them."""

    def __init__(self, pid: int, folder: str) -> None:
        self._root, self.folder = Path(f"/proc/{pid}/root"), folder

    def path(self, written: str) -> Path:
        """Where this host finds what the process calls so."""
        return self._root / os.path.normpath(os.path.join(self.folder, written)).lstrip("/")

    def absolute(self, written: str) -> str:
        return os.path.normpath(os.path.join(self.folder, written))

    def is_file(self, written: str) -> bool:
        return bool(written) and self.path(written).is_file()


def _entry(seen: _Inside, argv: Sequence[str], executable: str) -> tuple[str, str, Sequence[str]]:
    """(file, its digest, the words behind it): an interpreter is no program, what it runs is."""
    if not argv or not _INTERPRETER.fullmatch(executable.rpartition("/")[2]):
        return executable, _digest(seen.path(executable)), argv[1:]
    for at, word in enumerate(argv[1:], 1):
        if word in _TEXT and at + 1 < len(argv):
            return word, hashlib.sha256(argv[at + 1].encode()).hexdigest(), argv[at + 2 :]
        if word == _MODULE and at + 1 < len(argv):
            return (*_module(seen, argv[at + 1]), argv[at + 2 :])
        if word == _JAR and at + 1 < len(argv) and seen.is_file(argv[at + 1]):
            return seen.absolute(argv[at + 1]), _digest(seen.path(argv[at + 1])), argv[at + 2 :]
        if not word.startswith("-") and seen.is_file(word):
            return seen.absolute(word), _digest(seen.path(word)), argv[at + 1 :]
    return executable, _digest(seen.path(executable)), argv[1:]


def _module(seen: _Inside, name: str) -> tuple[str, str]:
    """The module's own file where it lies below the working directory, else its name: it is an installed one."""
    inner = name.replace(".", "/")
    for written in (f"{inner}.py", f"{inner}/__main__.py"):
        if seen.is_file(written):
            return seen.absolute(written), _digest(seen.path(written))
    return f"-m {name}", hashlib.sha256(f"-m {name}".encode()).hexdigest()


def _digest(path: Path) -> str:
    if path.stat().st_size > 8 * _MOST_BYTES:
        raise OSError("the file is too large to be read")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _around(seen: _Inside, file: str) -> str:
    """The source files beside and below the program's own, or its working directory's where it is an installed one."""
    own = Path(file).suffix in _SOURCES and not _FOREIGN.search(file)
    folder = os.path.dirname(file) if own else seen.folder
    if folder in ("", "/") or _FOREIGN.search(folder):
        return ""
    told, read = hashlib.sha256(), 0
    for number, path in enumerate(_sources(seen.path(folder))):
        read += path.stat().st_size
        if number >= _MOST_FILES or read > _MOST_BYTES:
            return ""
        told.update(f"{path.name}\0{_digest(path)}\n".encode())
    return told.hexdigest() if read else ""


def _sources(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        yield from (Path(where, name) for name in sorted(files) if Path(name).suffix in _SOURCES)
