"""Who may look while somebody disturbs: nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Many look together; who disturbs is alone. Who waits to disturb comes before those that ask to look later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._looking = 0
        self._waiting = 0
        self._disturbing = False

    @contextmanager
    def looking(self) -> Iterator[None]:
        """For a block that only looks."""
        with self._changed:
            self._changed.wait_for(lambda: not self._disturbing and not self._waiting)
            self._looking += 1
        try:
            yield
        finally:
            with self._changed:
                self._looking -= 1
                self._changed.notify_all()

    @contextmanager
    def disturbing(self) -> Iterator[None]:
        """For a block that has the target to itself."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._disturbing and not self._looking)
            self._waiting -= 1
            self._disturbing = True
        try:
            yield
        finally:
            with self._changed:
                self._disturbing = False
                self._changed.notify_all()
