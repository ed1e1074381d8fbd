"""One question at a time on this host, where the answer lies in what else happens meanwhile."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_LOCK = "pytest-distaudit-asking.lock"
_PATIENCE_S = 60.0
_here = threading.RLock()


@contextmanager
def undisturbed() -> Iterator[None]:
    """No other thread, and no other audit on this host, is inside at the same time.

    Where the host's lock cannot be had, or not in a minute, the threads of this audit alone are kept apart.
    """
    from filelock import FileLock, Timeout

    with _here, ExitStack() as stack:
        with suppress(OSError, Timeout, NotImplementedError):
            stack.enter_context(FileLock(Path(tempfile.gettempdir(), _LOCK), timeout=_PATIENCE_S, mode=0o666))
        yield
