"""Connections made from within another network of this host: by a thread that enters it, without any program there.

Needs Linux and root. Nothing is sent; each connection is closed as soon as its arrival was looked for.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from pytest_distaudit.ports.networks import ARRIVED, ELSEWHERE, REFUSED, SILENT, UNREACHABLE
from pytest_distaudit.systems import _netns
from pytest_distaudit.systems._netns_enter import within

#: longer than the kernel waits before it sends a lost first packet again
_DIAL_S = 1.1
#: whoever publishes a port connects on after it accepted
_ARRIVAL_S, _STEP_S = 0.5, 0.02
#: sockets at once
_BATCH = 128

#: (this host's process of a network stack, port): a socket of its table
Door = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Dial:
    """An address to connect to, and behind which door the connection is to arrive.

    ``passed_on``: another one accepts it, who then connects on from a port of its own.
    """

    place: _netns.Place
    door: Door
    passed_on: bool = False


def dialled(pid: int, dials: Sequence[Dial]) -> list[str]:
    """What came of each, in their order. Raises OSError if the network of ``pid`` may not be entered.

    What nobody answered is tried once more: a busy machine may have been late.
    """

    def task() -> list[str]:
        outcomes = _in_batches(dials)
        silent = [at for at, outcome in enumerate(outcomes) if outcome == SILENT]
        for at, outcome in zip(silent, _in_batches([dials[at] for at in silent]), strict=True):
            outcomes[at] = outcome
        return outcomes

    return within(pid, task)


def _in_batches(dials: Sequence[Dial]) -> list[str]:
    return [one for at in range(0, len(dials), _BATCH) for one in _batch(dials[at : at + _BATCH])]


def _batch(dials: Sequence[Dial]) -> list[str]:
    before = _inside({one.door for one in dials})
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        outcomes: dict[int, str] = {}
        wires: dict[int, socket.socket] = {}
        for at, one in enumerate(dials):
            family = socket.AF_INET if one.place[0].version == 4 else socket.AF_INET6
            wire = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            wire.setblocking(False)
            wires[at] = wire
            number = wire.connect_ex((str(one.place[0]), one.place[1]))
            if number in (0, errno.EINPROGRESS):
                selector.register(wire, selectors.EVENT_WRITE, at)
            else:
                outcomes[at] = _why(number)
        _wait(selector, outcomes)
        opened = {at: wires[at].getsockname()[1] for at, outcome in outcomes.items() if outcome == ELSEWHERE}
        for at in _arrivals(dials, opened, before):
            outcomes[at] = ARRIVED
    return [outcomes.get(at, SILENT) for at in range(len(dials))]


def _wait(selector: selectors.BaseSelector, outcomes: dict[int, str]) -> None:
    until = time.monotonic() + _DIAL_S
    while selector.get_map() and (left := until - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            wire: socket.socket = key.fileobj  # type: ignore[assignment]
            outcomes[key.data] = _why(wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            selector.unregister(wire)


def _why(number: int) -> str:
    """A connection counts as one to somebody else until it was seen to arrive."""
    if not number:
        return ELSEWHERE
    return {errno.ECONNREFUSED: REFUSED, errno.ETIMEDOUT: SILENT}.get(number, UNREACHABLE)


def _arrivals(dials: Sequence[Dial], opened: Mapping[int, int], before: Mapping[Door, set[_netns.Place]]) -> set[int]:
    """Those of the open ones (with their own port) that are seen behind their door.

    A filter may give a connection another address, and leaves its port as it is; who passes it on does not.
    """
    until, found = time.monotonic() + _ARRIVAL_S, set[int]()
    while waiting := set(opened) - found:
        now = _inside({dials[at].door for at in waiting})
        for at in waiting:
            new = now[dials[at].door] - before[dials[at].door]
            if (dials[at].passed_on and new) or any(port == opened[at] for _, port in new):
                found.add(at)
        if time.monotonic() > until:
            break
        time.sleep(_STEP_S)
    return found


def _inside(doors: Iterable[Door]) -> dict[Door, set[_netns.Place]]:
    """Door -> who is connected there, by the table of the door's own network."""
    wanted, tables = list(doors), dict[int, list[_netns.Socket]]()
    for pid, _ in wanted:
        if pid not in tables:
            tables[pid] = []
            with suppress(OSError):
                tables[pid] = _netns.sockets(pid)
    return {
        (pid, port): {one.remote for one in tables[pid] if one.state == _netns.ESTABLISHED and one.local[1] == port}
        for pid, port in wanted
    }
