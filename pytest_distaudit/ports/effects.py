"""What came of requests: whether what was asked has been done, and when that was first to be seen."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of one request. Seconds since the epoch by the experiment's clock.

    ``first``: when the first reading that showed it was answered, None if none did; ``absent``: when the last reading
    that was answered without it had begun, None if there was none. ``count``: the most effects of it that a reading
    showed, None if none could be counted; ``counted``: when the reading that counted them after everything else had
    begun, None if it was not counted then.
    """

    nonce: str
    first: float | None = None
    absent: float | None = None
    count: int | None = None
    counted: float | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """What came of ``asked`` requests with one nonce, before anything else: so many ``succeeded``, and of their effects
    so many at most were ``shown`` at once. None: nothing could be counted, or not all of them succeeded; ``trouble``
    says why.
    """

    asked: int
    succeeded: int
    shown: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Effects(Capability):
    """The effects of an operation's requests during one experiment. Args: ``operation``, ``fault``, ``system``.

    ``invented``: an effect was shown of a nonce that nobody has ever sent, so that nothing it shows tells anything;
    None if that could not be asked. ``trouble``: how a reading failed, "" if none did. ``repeated``: whether two
    effects show as two; None where effects were not counted.
    """

    capability = "effects"
    operation: str
    effects: tuple[Effect, ...]
    invented: bool | None = None
    trouble: str = ""
    repeated: Repeated | None = None
