"""Faults: what may be done to a disposable system, each with its undo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Fault(StrEnum):
    """What is done to one system, or to the link by which one caller reaches it.

    Of a system: a *crash* ends the processes that serve without a word, and whoever looks after them may start them
    again. An *outage* takes the whole system away in order and keeps it away. A *freeze* halts the processes that
    serve: their ports still accept connections, nobody answers.

    Of a link: a *cut* loses whatever is sent, and new connections come to nothing. *Half-open* accepts them and stays
    silent. *Refuse* resets those there are and refuses new ones. *Error* answers every request with 503, *reject* with
    400. *Delay* holds answers back. *Drip* passes answers on byte by byte. What was sent meanwhile is never delivered
    later.
    """

    CRASH = "crash"
    OUTAGE = "outage"
    FREEZE = "freeze"
    CUT = "cut"
    HALF_OPEN = "half-open"
    REFUSE = "refuse"
    ERROR = "error"
    DELAY = "delay"
    DRIP = "drip"
    REJECT = "reject"

    @property
    def of_link(self) -> bool:
        """Whether it is done between two systems, and both go on."""
        return self in _OF_LINK

    @property
    def of_http(self) -> bool:
        """Whether it takes a link that speaks HTTP."""
        return self in _OF_HTTP


_OF_HTTP = frozenset({Fault.ERROR, Fault.REJECT, Fault.DRIP})
_OF_LINK = _OF_HTTP | {Fault.CUT, Fault.HALF_OPEN, Fault.REFUSE, Fault.DELAY}


@dataclass(frozen=True, slots=True)
class Aim:
    """One fault of one system, or of the link by which ``caller`` reaches it; ``held`` stand still meanwhile, ``anew``
    crash and start while it lasts.
    """

    fault: Fault
    system: str
    caller: str = ""
    held: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What is done."""
        held = f" while {', '.join(self.held)} stands still" if self.held else ""
        anew = f" while {', '.join(self.anew)} starts anew" if self.anew else ""
        return f"{self.fault}{held}{anew}"

    @property
    def disturbed(self) -> tuple[str, ...]:
        """The systems that have to be disposable: of a link its caller, whose way is changed."""
        return (self.caller or self.system, *self.held, *self.anew)

    @property
    def place(self) -> str:
        """Where it is done."""
        return f"{self.caller} -> {self.system}" if self.caller else self.system


@dataclass(frozen=True, slots=True)
class Course:
    """How an experiment goes, in seconds.

    ``steady_s`` without a fault, before and after; the fault lasts ``hold_s``, is done ``times`` times, and after each
    the system has ``patience_s`` to serve again. ``rate``: how often a second each operation is asked. ``unaided``: no
    further round tells anything once the audit had to bring it back. ``after_s``: so long at least everything goes on
    after a fault. ``answer_s``: how long a request is waited for, 0 as long as any other one. ``delay_s``: by how much
    a delayed link holds an answer back; ``drip_s``: how long after one byte of an answer the next one comes, 0 where
    nobody minds. ``brief``: nobody looks at what comes after the fault. ``effects_s``: how long after the last request
    the effects of all are waited for (0: nobody reads them), ``rest_s``: how long that is watched at least. ``lags``:
    by so many times what the statistics of those watched may be behind, both ``steady_s`` and ``hold_s`` are longer.
    ``counts``: where an operation says how, the effects of each request are counted at last; before everything else two
    requests with one nonce show whether two effects show as two.
    """

    hold_s: float
    patience_s: float
    times: int = 1
    steady_s: float = 2.0
    rate: float = 20.0
    unaided: bool = False
    after_s: float = 0.0
    answer_s: float = 0.0
    delay_s: float = 0.0
    effects_s: float = 0.0
    rest_s: float = 0.0
    drip_s: float = 0.0
    brief: bool = False
    lags: float = 0.0
    counts: bool = False

    def behind(self, lag_s: float) -> Course:
        """The course where statistics may be so many seconds behind."""
        longer = self.lags * lag_s
        return replace(self, hold_s=self.hold_s + longer, steady_s=self.steady_s + longer, lags=0.0)

    def joined(self, other: Course) -> Course:
        """One that shows whatever either of them does."""
        return Course(
            max(self.hold_s, other.hold_s),
            max(self.patience_s, other.patience_s),
            max(self.times, other.times),
            max(self.steady_s, other.steady_s),
            max(self.rate, other.rate),
            self.unaided and other.unaided,
            max(self.after_s, other.after_s),
            max(self.answer_s, other.answer_s),
            max(self.delay_s, other.delay_s),
            max(self.effects_s, other.effects_s),
            max(self.rest_s, other.rest_s),
            # who waits for the next byte only must not wait for longer than any of them
            min((one for one in (self.drip_s, other.drip_s) if one), default=0.0),
            self.brief and other.brief,
            max(self.lags, other.lags),
            self.counts or other.counts,
        )

    @property
    def afterwards_s(self) -> float:
        """How long everything goes on after a fault, until the next one or the end."""
        return self.after_s if self.brief else max(self.steady_s, self.after_s)

    @property
    def least_s(self) -> float:
        """How long it takes if the system serves again at once."""
        return self.steady_s + self.times * (self.hold_s + self.afterwards_s) + self.rest_s
