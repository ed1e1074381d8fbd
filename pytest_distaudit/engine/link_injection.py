"""Doing a fault to a link, seeing that it took effect, and undoing it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from statistics import median
from typing import Final

from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.ports.links import Relay

#: what is not answered within this, and was before, is not answered
_SILENT_S = 1.0
_CONNECTS_S = 2.0
#: looks at a delay, and how much of it they have to show
_LOOKS = 5
_SHOWN = 0.8
#: bytes of an answer that drips
_DRIPS = 1.5
#: who serves at the other end is not looked at: nothing is done to it
_SERVES: Final = "it answers over the link"
_STATUS: Final = {Fault.ERROR: 503, Fault.REJECT: 400}
_ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class LinkInjection:
    """One fault of one link. ``inject`` may be left by an error: ``undo`` does no harm then. ``delay_s``: by how much
    answers, or each byte of them, are late.

    ``answering`` tells whether the system itself answers, past the relay; it serves if it does over the link, too.
    """

    def __init__(self, aim: Aim, relay: Relay, answering: Callable[[], bool], delay_s: float) -> None:
        self._aim, self._relay, self._answering, self._delay_s = aim, relay, answering, delay_s
        self.before = _SERVES
        #: nobody is killed
        self.struck: Final = None
        self._round_trip_s = 0.0

    def inject(self) -> None:
        """Do it. Raises Uncontrolled."""
        if self._aim.fault is Fault.DELAY:
            self._round_trip_s = self._typical_s()
        self._relay.stand(self._aim.fault, self._delay_s)

    def witness(self) -> str | None:
        """How a second channel showed that it took effect; None if nothing did."""
        if not self._answering():
            return None
        direct = f"while {self._aim.system} itself answers"
        match self._aim.fault:
            case Fault.REFUSE:
                return f"the link refuses connections, {direct}" if self._refused() else None
            case Fault.CUT:
                return f"connecting over the link comes to nothing, {direct}" if self._silent(connects=False) else None
            case Fault.HALF_OPEN:
                return f"the link accepts and stays silent, {direct}" if self._silent(connects=True) else None
            case Fault.ERROR | Fault.REJECT as fault:
                return f"the link answers {_STATUS[fault]}, {direct}" if self._answers(_STATUS[fault]) else None
            case Fault.DELAY:
                return self._delayed()
            case Fault.DRIP:
                return f"answers over the link come byte by byte, {direct}" if self._drips() else None
            case _:
                return None

    def undo(self) -> None:
        """Pass everything on. Raises Uncontrolled."""
        self._relay.stand(None)

    def serving(self) -> str:
        """That it serves, in words, if it answers over the link; else ""."""
        return _SERVES if self._hang_up(_CONNECTS_S) is not None and self._answering() else ""

    def _typical_s(self) -> float:
        return median(self._hang_up(_CONNECTS_S) or _CONNECTS_S for _ in range(_LOOKS))

    def _delayed(self) -> str | None:
        limit = _CONNECTS_S + self._delay_s
        found = [self._hang_up(limit) for _ in range(_LOOKS)]
        rose = median(limit if one is None else one for one in found) - self._round_trip_s
        if None in found or rose < _SHOWN * self._delay_s:
            return None
        return f"answers over the link came {rose:.3g} s later than before"

    def _hang_up(self, seconds: float) -> float | None:
        """How long the other end takes to hang up on who hangs up: a round trip in any protocol; None: it does not."""
        try:
            with closing(self._dialled(seconds)) as connection:
                began = time.monotonic()
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    connection.settimeout(max(0.001, began + seconds - time.monotonic()))
                return time.monotonic() - began
        except OSError:
            return None

    def _silent(self, connects: bool) -> bool:
        try:
            connection = self._dialled(_SILENT_S)
        except TimeoutError:
            return not connects
        except OSError:
            return False
        with closing(connection):
            try:
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
            except TimeoutError:
                return connects
            except OSError:
                return False
        return False

    def _refused(self) -> bool:
        try:
            self._dialled(_SILENT_S).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False

    def _answers(self, status: int) -> bool:
        try:
            with closing(self._dialled(_CONNECTS_S)) as connection:
                connection.sendall(_ASKS)
                return connection.recv(4096).startswith(b"HTTP/1.1 %d " % status)
        except OSError:
            return False

    def _drips(self) -> bool:
        """Whether something of an answer comes, and not more of it than may have come."""
        watched = _DRIPS * self._delay_s + _SILENT_S / 2
        came = 0
        try:
            with closing(self._dialled(_CONNECTS_S)) as connection:
                connection.sendall(_ASKS)
                began = time.monotonic()
                while (left := began + watched - time.monotonic()) > 0:
                    connection.settimeout(left)
                    if not (data := connection.recv(4096)):
                        return False
                    came += len(data)
        except TimeoutError:
            pass
        except OSError:
            return False
        return 0 < came <= 1 + (time.monotonic() - began) / self._delay_s

    def _dialled(self, seconds: float) -> socket.socket:
        """A connection from a port that is known to be the audit's own. Raises OSError."""
        host, _ = self._relay.address
        connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        connection.settimeout(seconds)
        connection.bind((host, 0))
        port = connection.getsockname()[1]
        self._relay.own(port)
        try:
            connection.connect(self._relay.address)
        except OSError:
            connection.close()
            self._relay.own(port, still=False)
            raise
        return connection
