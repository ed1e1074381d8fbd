"""Which program runs behind a system's address: the file that is executed and what it comes with."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.ports.programs import Program
from pytest_distaudit.systems import _local, _netns
from pytest_distaudit.systems._docker_words import shown
from pytest_distaudit.systems._program_code import FOREIGN, PYTHON, TEXTS, Code, Inside, code_of
from pytest_distaudit.systems._published import behind

if TYPE_CHECKING:
    import psutil

_INTERPRETER = re.compile(r"(?:python|pypy|perl|ruby|node|nodejs|java|php|bash|dash|sh)[\d.]*")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_LARGEST = 512 * 1024 * 1024
_TEXT, _MODULE, _JAR = ("-c", "-e"), "-m", "-jar"
_APPLICATION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?::[\w.()]+)?")
_FOLDER_OPTIONS = ("--app-dir", "--chdir")
_COMPILED = "it is compiled, or what it runs is not named by its command"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a command runs: ``file`` with its ``digest`` ("" where it only launches what is elsewhere), and the words
    behind it; ``text``: code in the command.

    ``source``: where its code begins, "" where none is seen. ``folder`` is where it looks for modules first.
    """

    file: str
    digest: str
    words: Sequence[str]
    source: str = ""
    folder: str = ""
    text: str | None = None


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
        argv, executable, seen = found.cmdline(), found.exe(), Inside(found.pid, found.cwd())
        entry = _entry(seen, argv, executable)
        code = _code(seen, entry, found)
        return Program(
            _local.boot(found), entry.file, entry.digest, shown(entry.words),
            code.code, code.unread, code.installed, code.unseen, code.beside,
        )  # fmt: skip
    except (psutil.AccessDenied, PermissionError):
        because = f"the program of process {found.pid} may not be looked at; run the audit as its user or as root"
        raise Unobservable(Reason.FORBIDDEN, because) from None
    except (psutil.Error, OSError) as error:
        because = f"the program of process {found.pid} cannot be read: {type(error).__name__}"
        raise Unobservable(Reason.NO_OBSERVABLE, because) from None


def _code(seen: Inside, entry: _Entry, found: psutil.Process) -> Code:
    if not entry.source:
        return Code(None, _COMPILED)
    # the only one of its variables that is read
    further = [folder for folder in found.environ().get("PYTHONPATH", "").split(":") if folder]
    return code_of(seen, entry.source, [entry.folder or seen.folder, *further], entry.text)


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


def _entry(seen: Inside, argv: Sequence[str], executable: str) -> _Entry:
    """An interpreter is no program, what it runs is; and neither is what runs the application that it is given."""
    name = executable.rpartition("/")[2]
    if not argv or not _INTERPRETER.fullmatch(name):
        return _Entry(executable, _digest(seen.path(executable)), argv[1:])
    python = bool(_PYTHON.fullmatch(name))
    for at, word in enumerate(argv[1:], 1):
        rest = argv[at + 1 :]
        if word in _TEXT and rest:
            digest = hashlib.sha256(rest[0].encode()).hexdigest()
            return _Entry(word, digest, rest[1:], word if python else "", text=rest[0] if python else None)
        if word == _MODULE and rest:
            return _module(seen, rest[0], rest[1:])
        if word == _JAR and rest and seen.is_file(rest[0]):
            return _Entry(seen.absolute(rest[0]), _digest(seen.path(rest[0])), rest[1:])
        if not word.startswith("-") and seen.is_file(word):
            return _script(seen, word, rest)
    return _Entry(executable, "", argv[1:])


def _script(seen: Inside, word: str, rest: Sequence[str]) -> _Entry:
    file = seen.real(word)
    if os.path.splitext(file)[1] in TEXTS and not FOREIGN.search(os.path.dirname(file) + "/"):
        return _Entry(file, _digest(seen.path(file)), rest, file, os.path.dirname(file))
    return _application(seen, _Entry(file, "", rest))


def _module(seen: Inside, name: str, rest: Sequence[str]) -> _Entry:
    """The module's own file where it lies below the working directory, else its name: it is an installed one."""
    inner = name.replace(".", "/")
    for written in (f"{inner}{PYTHON}", f"{inner}/__main__{PYTHON}"):
        if seen.is_file(written):
            file = seen.absolute(written)
            return _Entry(file, _digest(seen.path(written)), rest, file)
    return _application(seen, _Entry(f"-m {name}", "", rest))


def _application(seen: Inside, launcher: _Entry) -> _Entry:
    """The application of the project that an installed launcher is told to run, such as main:app."""
    words = list(launcher.words)
    folder = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in _FOLDER_OPTIONS), "")
    for word in sorted((each.rpartition("=")[2] for each in words), key=lambda one: ":" not in one):
        if not _APPLICATION.fullmatch(word):
            continue
        inner = os.path.join(folder, word.partition(":")[0].replace(".", "/"))
        for written in (f"{inner}{PYTHON}", f"{inner}/__init__{PYTHON}", f"{inner}/__main__{PYTHON}"):
            if seen.is_file(written):
                return replace(launcher, source=seen.absolute(written), folder=folder)
    return launcher


def _digest(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise OSError("the file is too large to be read")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
