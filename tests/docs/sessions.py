"""What a reader types: sessions of commands and files, told by comments on the page.

``<!-- session: START -->`` begins one; ``console`` blocks and files up to the next such comment belong to it. START is

* ``checkout``: an empty folder in which ``pytest-distaudit`` is the checkout,
* ``empty``: an empty folder,
* a folder of the repository: a copy of it.

``, live`` says that it starts servers, ``, needs KIND`` which ones have to be installed, ``, needs pip`` that pip is.
A line ``**PATH**`` before a block: the reader writes the block to PATH; ``**PATH**, at its end``: adds it there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from docs.generate.source import ROOT
from tests.docs.pages import README, Block, blocks, written

_SESSION = re.compile(r"<!-- session: (?P<words>.+?) -->")
_FILE = re.compile(r"\*\*(?P<path>[\w./-]+)\*\*(?P<end>, at its end)?")
#: the first screen of the README begins without a word about tests
_FIRST_SCREEN = "examples/sutazai, live, needs rabbitmq"
#: what is installed here for other tests, and not where a reader begins
_OTHERS = ("randomly", "xdist", "rerunfailures", "timeout", "hypothesispytest", "anyio", "cacheprovider")
_MARK = "----- a step ends with"
_LIMIT_S = 240


@dataclass(frozen=True, slots=True)
class Step:
    """A command with the lines that the page shows of its output, or a file with its text."""

    line: int
    command: str = ""
    shown: tuple[str, ...] = ()
    file: str = ""
    text: str = ""
    appended: bool = False


@dataclass(slots=True)
class Session:
    """One reader's way through a page, or a part of it."""

    page: str
    line: int
    start: str
    live: bool
    needs: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def sessions(page: str) -> list[Session]:
    """The page's sessions. Raises ValueError for a block that belongs to none and a comment nobody understands."""
    found = [_session(page, 1, _FIRST_SCREEN)] if page == README else []
    file: re.Match[str] | None = None
    for block in blocks(page):
        if begins := _SESSION.fullmatch(block.text):
            found.append(_session(page, block.line, begins["words"]))
        elif block.tag and (file or block.tag == "console"):
            if not found:
                raise ValueError(f"{page}:{block.line}: write <!-- session: START --> before this block")
            found[-1].steps.extend(_file(block, file) if file else _commands(block))
        elif "<!-- session" in block.text:
            raise ValueError(f"{page}:{block.line}: this comment is not understood; write <!-- session: START -->")
        file = None if block.tag else _FILE.fullmatch(block.text)
    return [session for session in found if session.steps]


def _session(page: str, line: int, words: str) -> Session:
    start, *more = (word.strip() for word in words.split(","))
    needs = tuple(word.removeprefix("needs ") for word in more if word.startswith("needs "))
    if unknown := [word for word in more if word != "live" and not word.startswith("needs ")]:
        raise ValueError(f"{page}:{line}: {unknown} of a session is not known; write live or needs KIND")
    return Session(page, line, start, "live" in more, needs)


def _file(block: Block, told: re.Match[str]) -> Iterator[Step]:
    yield Step(block.line, file=told["path"], text=block.text, appended=told["end"] is not None)


def _commands(block: Block) -> Iterator[Step]:
    command, line, shown = "", 0, list[str]()
    for at, text in enumerate(block.text.splitlines(), block.line + 1):
        if text.startswith("$ "):
            if command:
                yield Step(line, command, tuple(shown))
            command, line, shown = text[2:], at, []
        elif not command:
            raise ValueError(f"{block.page}:{at}: a console block begins with '$ ' and a command")
        elif text.strip() not in ("", "..."):
            shown.append(text.rstrip())
    yield Step(line, command, tuple(shown))


def all_sessions() -> list[Session]:
    """Those of every page."""
    return [session for page in written() for session in sessions(page)]


def follow(session: Session, folder: Path) -> None:
    """Type the whole session in one shell and hold what it prints against the page. Raises AssertionError."""
    tree = _started(session.start, folder)
    printed = _typed(session.steps, tree, folder)
    for step, (status, output) in zip(session.steps, printed, strict=False):
        where = f"{session.page}:{step.line}: $ {step.command}"
        assert status in ("0", "1"), f"{where}\nended with {status}\n{output}"
        lines = iter(line.rstrip() for line in output.splitlines())
        for shown in step.shown:
            found = any(fnmatchcase(line, pattern(shown)) for line in lines)
            assert found, f"{where}\nthe page shows, and this is not printed here:\n{shown}\nbut\n{output}"
    assert len(printed) == len(session.steps), f"{session}: the shell ended after {len(printed)} steps"


def pattern(line: str) -> str:
    """The line as it must be printed; ``…`` stands for anything."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in line).replace("…", "*")


def _started(start: str, folder: Path) -> Path:
    tree = folder / "here"
    if start in ("empty", "checkout"):
        tree.mkdir()
        if start == "checkout":
            (tree / "pytest-distaudit").symlink_to(ROOT)
        return tree
    tree = folder / Path(start).name
    shutil.copytree(ROOT / start, tree, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def _typed(steps: list[Step], tree: Path, folder: Path) -> list[tuple[str, str]]:
    """(exit status, output) of every step: one shell for all, so that folders and variables stay."""
    lines = []
    for at, step in enumerate(steps):
        if step.file:
            text = folder / f"text-{at}"
            text.write_text(step.text, "utf-8")
            path, into = shlex.quote(step.file), ">>" if step.appended else ">"
            lines.append(f'mkdir -p "$(dirname {path})" && cat {shlex.quote(str(text))} {into} {path}')
        else:
            lines.append(step.command)
        lines.append(f'printf "\\n{_MARK} %s\\n" $?')
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=tree,
        env=_environ(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    parts = re.split(rf"\n{_MARK} (\d+)\n", done.stdout)
    return list(zip(parts[1::2], parts[::2], strict=False))


def _environ(folder: Path) -> dict[str, str]:
    """A reader's shell with this checkout installed; pip takes nothing from a network and installs into ``folder``."""
    site = folder / "site"
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DISTAUDIT", "PIP_"))},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, (site, ROOT))),
        "PYTEST_ADDOPTS": " ".join(f"-p no:{name}" for name in _OTHERS),
        "COLUMNS": "100",
        "PIP_PYTHON": sys.executable,
        "PIP_TARGET": str(site),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
