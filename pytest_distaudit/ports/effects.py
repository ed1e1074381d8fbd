"""What came of requests: whether what was asked has been done, and when that was first to be seen."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of one request. Seconds since the epoch by the experiment's clock.

    ``first``: when the first reading that showed it was answered, None if none did; ``absent``: when the last reading
    that was answered without it had begun, None if there was none.
    """

    nonce: str
    first: float | None = None
    absent: float | None = None


@dataclass(frozen=True, slots=True)
class Effects(Capability):
    """The effects of an operation's requests during one experiment. Args: ``operation``, ``fault``, ``system``.

    ``invented``: an effect was shown of a nonce that nobody has ever sent, so that nothing it shows tells anything;
    None if that could not be asked. ``trouble``: how a reading failed, "" if none did.
    """

    capability = "effects"
    operation: str
    effects: tuple[Effect, ...]
    invented: bool | None = None
    trouble: str = ""
