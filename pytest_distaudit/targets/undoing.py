"""How what a run has promised to undo is undone by somebody else: by its guard, or by a later run."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

#: one line of a journal: its ``number``, the sort of ``undo``, and what that needs
Promise = Mapping[str, Any]

_LATE_S = 1.0
_SOON_S = 0.05
_ANSWER_S = 5.0
#: what is refused once may be granted a moment later, when something else has been undone
PATIENT = (0.0, _LATE_S, _LATE_S)
#: answers of a registry that no longer has what is to be taken away
_NOT_THERE = (404, 410)


def undo(promises: Iterable[Promise], pauses: Iterable[float] = PATIENT) -> list[Promise]:
    """Undo all, the first one first; after each pause once more what could not be. What is left then, each with the
    reason as ``because``.
    """
    left = list(promises)
    for pause in pauses:
        time.sleep(pause if left else 0.0)
        left = [{**one, "because": why} for one in left if (why := _hindrance(one))]
    return left


def told(promise: Promise) -> str:
    """What is to be undone, in words."""
    _, words = _UNDO.get(promise["undo"], (None, promise["undo"]))
    return words.format(**{name: shlex.join(value) if name == "rule" else value for name, value in promise.items()})


def _hindrance(promise: Promise) -> str:
    """Why it could not be undone; "" if it is."""
    try:
        does, _ = _UNDO[promise["undo"]]
        does(promise)
    except Exception as error:  # noqa: BLE001 - one that cannot be undone must not keep the others
        return f"{type(error).__name__}: {error}"
    return ""


def _processes(promise: Promise) -> None:
    from pytest_distaudit.targets.yard import kill_leftovers

    kill_leftovers(promise["mark"], Path(promise["ground"]))


def _containers(promise: Promise) -> None:
    from pytest_distaudit.targets.containers.engine import Engine

    engine = Engine.reached(promise["environ"])
    # what was being made while the rest went appears a moment later
    for pause in (_LATE_S, _LATE_S, 0.0):
        engine.remove(promise["run"])
        time.sleep(pause)


def _folder(promise: Promise) -> None:
    shutil.rmtree(promise["path"], ignore_errors=True)
    if os.path.lexists(promise["path"]):
        raise OSError("something in it cannot be removed")


def _request(promise: Promise) -> None:
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    asked = Request(promise["url"], method=promise["method"], headers=promise["headers"])  # noqa: S310 - the audit's own
    try:
        build_opener(ProxyHandler({})).open(asked, timeout=_ANSWER_S).close()
    except HTTPError as error:
        if error.code not in _NOT_THERE:
            raise
    except OSError:
        if not promise["ends"]:
            raise


def _redirect(promise: Promise) -> None:
    from pytest_distaudit.targets.relays.redirect import NotUndone, is_gone, undo

    _made(Path(promise["making"]))
    for pause in (_LATE_S, _LATE_S, 0.0):
        with suppress(NotUndone):
            undo(promise["rule"])
            return
        time.sleep(pause)
    if not is_gone(promise["rule"]):
        raise NotUndone("it may still be there")


def _made(making: Path) -> None:
    """Wait for whoever is making something at the end of the run: a lock on this file is held meanwhile."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    deadline = time.monotonic() + _ANSWER_S
    with suppress(FileNotFoundError), making.open() as lock:
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                flock(lock, LOCK_EX | LOCK_NB)
                return
            time.sleep(_SOON_S)


#: sort -> how it is undone, and what that is in words. To undo it twice must do no harm.
_UNDO: Mapping[str, tuple[Callable[[Promise], None], str]] = {
    "processes": (_processes, "processes that work in {ground}"),
    "containers": (_containers, "containers, networks and volumes of {run}"),
    "folder": (_folder, "the folder {path}"),
    #: ``ends``: whether the server ends with the run, and what it was told with it
    "request": (_request, "{method} {url}"),
    "redirect": (_redirect, "the firewall's rule {rule}"),
}
