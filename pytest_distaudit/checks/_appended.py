"""What an activity appended to a stream, by the looks of readers that read it again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_distaudit.checks._watched import Watched
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.streams import Entry, StreamTail

Place = tuple[int, str]


class Appended(Watched[StreamTail]):
    """Entries behind the last one that was there before the activity.

    ``found`` can be read at the end; ``nonces``: of so many performances; ``lost`` were read before and are gone;
    ``pushed_out``: older ones that went meanwhile; ``changed`` have other bytes than before. ``moved``: how far the
    stream says that it was written (None: it does not say); ``overlooked``: more may have been appended than the
    readers' latest entries hold.
    """

    def __init__(self, looks: Sequence[Seen[StreamTail]], run: ActivityRun) -> None:
        super().__init__(looks, run, "stream", _extent)
        since = [look.fact for look in self._since]
        wanted = {one.nonce for one in run.runs if one.ok}
        starts = _behind(self.start.entries)
        new = [one for one in self.end.entries if order_of(one.position) > starts.get(one.partition, ())]
        self.found = len(new)
        self.nonces = len(wanted & {nonce for one in new for nonce in one.nonces})
        self.changed = self.end.changed + _changed(since)
        gone = _gone(since, self.end)
        lost = sum(order_of(position) > starts.get(number, ()) for number, position in gone)
        self.pushed_out = len(gone) - lost
        self.lost = lost + len(self.end.entries) - self.end.again - self.end.changed
        self.moved = _moved(self.start, self.end)
        self.overlooked = not _reaches_back(self.start, self.end)

    @property
    def told(self) -> str:
        """What was found, in words."""
        said = "" if self.moved is None else f"written {counted(self.moved, 'time')}, "
        return f"{said}{self.found} new to be read, {self.nonces} of them with a nonce, after {self.waited:.0f} s"


def performances(run: ActivityRun) -> str:
    """How many there were."""
    return counted(len(run.runs), "performance")


def order_of(position: str) -> tuple[int, ...]:
    """What positions of one partition are ordered by."""
    return tuple(int(part) for part in position.split("-"))


def _extent(tail: StreamTail) -> tuple[int, ...]:
    """Everything that only ever grows."""
    ends = tail.ends or {}
    last = dict(sorted(_behind(tail.entries).items()))
    return (*(ends[name] for name in sorted(ends)), *(part for order in last.values() for part in order))


def _behind(entries: Iterable[Entry]) -> dict[int, tuple[int, ...]]:
    """Partition -> its last position."""
    last: dict[int, tuple[int, ...]] = {}
    for one in entries:
        last[one.partition] = max(last.get(one.partition, ()), order_of(one.position))
    return last


def _from(entries: Iterable[Entry]) -> dict[int, tuple[int, ...]]:
    """Partition -> its first position."""
    first: dict[int, tuple[int, ...]] = {}
    for one in entries:
        first[one.partition] = min(first.get(one.partition, order_of(one.position)), order_of(one.position))
    return first


def _changed(looks: Sequence[StreamTail]) -> int:
    """Places that held different bytes at different looks."""
    held: dict[Place, str] = {}
    changed = set()
    for look in looks:
        for one in look.entries:
            place = one.partition, one.position
            if held.setdefault(place, one.digest) != one.digest:
                changed.add(place)
    return len(changed)


def _gone(looks: Sequence[StreamTail], end: StreamTail) -> set[Place]:
    """Places that were read and are no more: not merely older than the latest entries that the last reader read."""
    left = {(one.partition, one.position) for one in end.entries}
    first = _from(end.entries)
    gone = {
        (one.partition, one.position)
        for look in looks
        for one in look.entries
        if one.partition not in end.cut or order_of(one.position) > first.get(one.partition, ())
    }
    return gone - left


def _moved(start: StreamTail, end: StreamTail) -> int | None:
    if start.ends is None or end.ends is None:
        return None
    return sum(at - start.ends.get(name, 0) for name, at in end.ends.items())


def _reaches_back(start: StreamTail, end: StreamTail) -> bool:
    """Whether the last reader's latest entries begin before what is new, in every partition that holds more."""
    last, first = _behind(start.entries), _from(end.entries)
    return all(number in last and number in first and first[number] <= last[number] for number in end.cut)
