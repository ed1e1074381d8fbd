"""Which of the requests that failed after a fault are its doing, and which an accident at some other time."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.ports.traffic import Sent

#: of the requests, how many may fail outside the interruption (behaviours 3.6)
_ACCIDENTS = 0.01
#: of those within it, how many fail where something is missing, and how many have to
_SUFFERS, _SEVERAL = 0.1, 2


def interruption(sent: Sequence[Sent]) -> Sequence[Sent]:
    """The failed requests of the shortest time outside of which as good as none failed; () where none did.

    It reaches as far as all fail, to either side.
    """
    failed = [at for at, one in enumerate(sent) if not one.ok]
    spare = int(_ACCIDENTS * len(sent))
    if len(failed) <= spare:
        return ()
    ends = zip(failed[: spare + 1], failed[len(failed) - spare - 1 :], strict=True)
    first, last = min(ends, key=lambda pair: sent[pair[1]].ended - sent[pair[0]].sent)
    while first and not sent[first - 1].ok:
        first -= 1
    while last + 1 < len(sent) and not sent[last + 1].ok:
        last += 1
    return [one for one in sent[first : last + 1] if not one.ok]


def lasted(failed: Sequence[Sent]) -> float:
    """From the first of them to the end of the last, in seconds."""
    return failed[-1].ended - failed[0].sent if failed else 0.0


def within(failed: Sequence[Sent], sent: Sequence[Sent]) -> Sequence[Sent]:
    """All that was sent from the first of them to the last."""
    return [one for one in sent if failed[0].sent <= one.sent <= failed[-1].sent]


def dense(failed: Sequence[Sent], sent: Sequence[Sent]) -> bool:
    """Whether so many failed together that it was no accident."""
    return len(failed) >= _SEVERAL and len(failed) >= _SUFFERS * len(within(failed, sent))


def suffered(sent: Sequence[Sent]) -> bool:
    """Whether anything but accidents failed."""
    return dense([one for one in sent if not one.ok], sent) or dense(interruption(sent), sent)


def never_again(sent: Sequence[Sent]) -> bool:
    """Whether all of the last requests failed."""
    return bool(sent) and not any(one.ok for one in sent[-ENOUGH:])
