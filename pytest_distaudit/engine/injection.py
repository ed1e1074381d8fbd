"""Doing a fault to a system, seeing that it took effect, and undoing it."""

from __future__ import annotations

import time
from dataclasses import replace

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.engine.presence import answers_now
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located, address

#: within this time a fault has to show
_SHOWS_S = 5.0
#: a system that does not answer within this, and did before, stands still
_SILENT_S = 1.0
_POLL_S = 0.05


class Injection:
    """One fault of one system. ``inject`` may be left by an error: ``undo`` does no harm then."""

    def __init__(self, fault: Fault, located: Located, kind: Kind, limits: Limits, redactor: Redactor) -> None:
        assert located.control is not None
        self._fault, self._located, self._control = fault, located, located.control
        self._kind, self._redactor = kind, redactor
        self._limits = limits
        self.before = ""
        #: when those that served were killed this time, by the monotonic clock; None if nobody was
        self.struck: float | None = None

    def inject(self) -> None:
        """Do it; who has ended by itself just now is not killed once more. Raises Uncontrolled."""
        self.before, self.struck = self._control.serving(), None
        if self._fault is Fault.OUTAGE:
            self._control.take_away()
        elif self._fault is Fault.FREEZE:
            self._control.freeze()
        elif self.before:
            self.struck = self._control.crash()

    def witness(self) -> str | None:
        """How a second channel showed that it took effect; None if nothing did in the time that it has."""
        deadline = time.monotonic() + _SHOWS_S
        while True:
            if seen := self._shown():
                return seen
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL_S)

    def undo(self) -> None:
        """Bring the system back. Raises Uncontrolled."""
        if self._fault is Fault.FREEZE:
            self._control.thaw()
        else:
            self._control.bring_back()

    def serving(self) -> str:
        """The processes that serve now, if the system answers as it should; else ""."""
        if self._control.frozen():
            return ""
        serving = self._control.serving()
        return serving if serving and self._answers(self._limits) else ""

    def _shown(self) -> str | None:
        if self._fault is Fault.FREEZE:
            return self._halted()
        serving = self._control.serving()
        if serving and serving == self.before:
            return None
        if serving:
            return "the processes that served are gone, and others serve"
        if any(answers(*address(url)) for url in self._located.endpoints.values()):
            return None
        return "the processes that served are gone, and connections are refused"

    def _halted(self) -> str | None:
        """What cannot be asked at all shows no more than that its processes stand still."""
        if not self._control.frozen():
            return None
        if not any(address(url)[1] for url in self._located.endpoints.values()):
            return "its processes stand still"
        quick = replace(self._limits, connect_s=_SILENT_S, ask_s=_SILENT_S, look_s=2 * _SILENT_S)
        return None if self._answers(quick) else f"its processes stand still, and no answer came within {_SILENT_S:g} s"

    def _answers(self, limits: Limits) -> bool:
        return answers_now(self._kind, self._located, limits, self._redactor)
