"""Entering another network of this host, as a thread of its own that ends there. Needs Linux and root."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Callable
from typing import TypeVar

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET

T = TypeVar("T")


def within(pid: int, task: Callable[[], T]) -> T:
    """Do ``task`` in the network of ``pid``, in a thread of its own. Raises OSError if it may not be entered."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            _enter(pid)
            found.append(task())
        except BaseException as error:  # noqa: BLE001 - handed on to who waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def _enter(pid: int) -> None:
    """For the calling thread alone, until it ends."""
    library = ctypes.CDLL(None, use_errno=True)
    handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if not hasattr(library, "setns"):
            raise OSError(errno.ENOSYS, "this system has no networks to enter")
        if library.setns(handle, _NEW_NETWORK):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)
