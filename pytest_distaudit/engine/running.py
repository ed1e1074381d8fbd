"""The course of one experiment: steady state, fault, return."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.injection import Injection
from pytest_distaudit.engine.link_injection import LinkInjection
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.experiments import Experiment, Round

_POLL_S = 0.1
#: what was disturbed just now may need so many looks to be steady again; what was steady in between gets so many
_SETTLES, _SETTLES_MOST = 3, 6


class Running:
    """The course of one experiment. Whatever happens, the fault is undone when ``run`` is left, what stands still
    meanwhile is let go, and what was started anew serves.
    """

    def __init__(
        self,
        aim: Aim,
        course: Course,
        injection: Injection | LinkInjection,
        held: Sequence[Injection],
        loads: Sequence[Workload],
        clock: Clock,
        tell: Callable[[str], None],
        anew: Sequence[Running] = (),
    ) -> None:
        self._aim, self._course, self._injection, self._halted = aim, course, injection, held
        self._loads, self._clock, self._tell, self._anew = loads, clock, tell, anew

    def run(self) -> Experiment:
        """Steady state first; then round after round, until the system does not serve again."""
        self._say(f"steady state, {self._course.steady_s:g} s")
        began, trouble = self._unsteady()
        steady, rounds = not trouble, list[Round]()
        try:
            while steady and self._another(rounds):
                rounds.append(self._round(len(rounds) + 1))
                self._pause(self._course.afterwards_s)
        except Uncontrolled as error:
            trouble = str(error)
        finally:
            if steady:
                self._all_undone()
        course, aim = self._course, self._aim
        return Experiment(
            aim.what, aim.system, began, self._clock.now(), steady,
            course.hold_s, course.patience_s, tuple(rounds), trouble, aim.caller,
        )  # fmt: skip

    def _another(self, rounds: Sequence[Round]) -> bool:
        """Whether one more round can be done, and tells anything."""
        if not rounds:
            return True
        tells = rounds[-1].by_itself or not self._course.unaided
        return len(rounds) < self._course.times and rounds[-1].back is not None and tells

    def _unsteady(self) -> tuple[float, str]:
        """When the last look at the steady state began, and why there is nothing to disturb, or ""."""
        ever: set[str] = set()
        for look in range(1, _SETTLES_MOST + 1):
            began = self._clock.now()
            self._pause(self._course.steady_s)
            flows = [load.traffic().part(began, self._clock.now()) for load in self._loads]
            steady = {flow.operation for flow in flows if flow.steady}
            ever |= steady
            # of many operations on a busy machine hardly ever all are; those that never work keep nobody waiting
            if len(steady) == len(flows) or (look >= _SETTLES and steady == ever):
                break
        if not self._injection.serving():
            return began, f"{self._aim.place} did not serve before anything was done to it"
        # one operation that works is enough: each claim looks at its own again
        works = not flows or any(flow.steady for flow in flows)
        return began, "" if works else "; ".join(flow.told for flow in flows)

    def _round(self, number: int) -> Round:
        clock = self._clock
        self._say(f"{self._aim.what}, {number} of {self._course.times}")
        held = self._halt()
        injected = clock.now()
        self._injection.inject()
        witness = self._injection.witness()
        if witness is None:
            self._undone()
            return Round(injected, None, "nothing showed that it took effect", clock.now(), None)
        seen = clock.now()
        anew = tuple(one._round(1) for one in self._anew)
        back = self._held(clock.now())
        undone = None
        if back is None:
            undone = clock.now()
            self._say("bringing it back")
            self._undone()
            back = self._awaited(undone + self._course.patience_s)
        self._say("serves again" if back else f"does not serve {self._course.patience_s:g} s after it was brought back")
        serving = self._injection.serving()
        self._let_go()
        struck = None if self._injection.struck is None else clock.at(self._injection.struck)
        return Round(injected, seen, witness, undone, back, self._injection.before, serving, held, anew, struck)

    def _halt(self) -> float | None:
        """Have what is to be held stand still; from when on it did. Raises Uncontrolled."""
        if not self._halted:
            return None
        for one in self._halted:
            one.inject()
            if one.witness() is None:
                raise Uncontrolled(f"nothing showed that {', '.join(self._aim.held)} stands still")
        held = self._clock.now()
        self._pause(self._course.hold_s)
        return held

    def _let_go(self) -> None:
        for one in self._halted:
            one.undo()

    def _held(self, since: float) -> float | None:
        """Let the fault last; when the system served again by itself, where anybody may expect it to."""
        until = since + self._course.hold_s
        if self._aim.fault in (Fault.CRASH, Fault.FREEZE):
            return self._awaited(until)
        self._pause(until - self._clock.now())
        return None

    def _awaited(self, until: float) -> float | None:
        """When the system serves again; None if it does not until then."""
        while True:
            if self._injection.serving():
                return self._clock.now()
            if self._clock.now() > until:
                return None
            self._pause(_POLL_S)

    def _undone(self) -> None:
        """Leave nothing as the fault has made it; what cannot be undone shows in whatever is judged next."""
        try:
            self._injection.undo()
        except Uncontrolled as error:
            self._say(f"could not be brought back: {error}")

    def _all_undone(self) -> None:
        try:
            self._undone()
            for one in self._anew:  # they may not start without what was undone first
                one._undone()
        finally:
            self._let_go()

    def _pause(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def _say(self, what: str) -> None:
        self._tell(f"{self._aim.place}: {what}")
