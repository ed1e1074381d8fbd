"""What a log of events offers: its extent, who reads it, who has what in work, and what the audit read of it twice."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability

#: what :attr:`Stream.form` is where there is one
STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Partition:
    """One ordered part of a stream, from position ``first`` to ``last`` ("": it holds nothing).

    Positions are numbers joined by "-" that only grow: "17", "1690000000000-3". ``held``: how many entries can be
    read; ``appended``: how many ever were there, those removed since included.
    """

    number: int
    first: str = ""
    last: str = ""
    held: int | None = None
    appended: int | None = None


@dataclass(frozen=True, slots=True)
class ReaderGroup:
    """A named group of readers with positions of its own: partition -> the position that it has reached."""

    name: str
    members: int | None = None
    positions: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Stream(Capability):
    """One stream by name. Args: ``name``.

    ``form``: what has the name: "stream", or in the product's own words something else ("list", "channel", "classic
    queue"); "" where nothing has it. ``internal``: the product's own. ``kept_s``: for how many seconds an entry is
    certainly kept, by configuration; ``kept_for_ever``: it is never removed by itself; ``also_limited``: what may
    remove it earlier, in words. ``oldest_at``: when the oldest entry still held was appended (seconds since the
    epoch). ``groups`` leaves out the audit's own.
    """

    capability = "stream"
    name: str
    form: str
    internal: bool = False
    partitions: tuple[Partition, ...] | None = None
    kept_s: float | None = None
    kept_for_ever: bool = False
    also_limited: str = ""
    oldest_at: float | None = None
    groups: tuple[ReaderGroup, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was read: ``digest`` of its bytes, and the audit's nonces in them."""

    partition: int
    position: str
    digest: str
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamTail(Capability):
    """The latest entries of a stream, read by the audit without leaving a trace for others. Args: ``name``; ``count``:
    how many of each partition, a hundred where it is not said.

    ``entries``: by partition and position, the latest so many of each; ``cut``: partitions that hold older ones.
    A second reader found ``again`` of them at the same places with the same bytes, ``changed`` with other bytes.
    ``ends``: partition -> how far it has ever been written, only growing; None: that is not told.
    ``form`` as of :class:`Stream`; of what is no stream nothing is read.
    """

    capability = "stream-tail"
    name: str
    form: str
    entries: tuple[Entry, ...] = ()
    cut: tuple[int, ...] = ()
    again: int = 0
    changed: int = 0
    ends: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A consumer of a group by its name, and for how many seconds it has asked for nothing."""

    name: str
    idle_s: float


@dataclass(frozen=True, slots=True)
class InHand:
    """An entry that was handed to ``member`` ``idle_s`` seconds ago, the last time, and not acknowledged since.

    ``nonces``: the audit's own in it; none, too, where it is older than the latest entries, which alone are read.
    """

    position: str
    member: str
    idle_s: float
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamGroup(Capability):
    """A named group of readers among whom the entries of a stream are divided. Args: ``name``, ``group``.

    ``exists``: whether the stream has such a group; ``form`` as of :class:`Stream`. ``appended``: how many entries ever
    were (None: that is not told), ``end``: the position of the last one, ``reached``: up to where they were handed out.
    ``in_hand``: all that were handed out and are not acknowledged.
    """

    capability = "stream-group"
    name: str
    form: str
    group: str
    exists: bool = False
    appended: int | None = None
    end: str = ""
    reached: str = ""
    members: tuple[Member, ...] = ()
    in_hand: tuple[InHand, ...] = ()

    @property
    def drained(self) -> bool:
        """Whether everything was handed out and acknowledged."""
        return self.exists and self.reached == self.end and not self.in_hand
