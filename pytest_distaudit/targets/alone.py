"""Experiments have the target for themselves, also among runs that know nothing of one another.

What the audit has started is its own anyway. What ran before is reserved: on this machine, address by address, by
locks; between machines by a lease in the system that the target names for it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.lease import Lease
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.targets.ground import reserved

#: how long the experiments of one run wait for those of others, in all
_PATIENCE_S = 900.0
#: a lease outlives its run by this, and is prolonged so often
_LASTS_S, _EVERY_S = 15.0, 4.0
_POLL_S = 1.0
#: where what is not the audit's own comes from
_OTHERS = ("attach", "fixture")


class Alone:
    """Waits for other runs, and keeps them away. ``lease``: the system in which runs on several machines agree, None if
    there is none. ``tell`` gets a sentence for whom it waits.
    """

    def __init__(
        self,
        lease: str | None,
        kinds: Mapping[str, Kind],
        limits: Limits,
        tell: Callable[[str], None],
    ) -> None:
        self._lease, self._kinds, self._limits, self._tell = lease, kinds, limits, tell
        self._patience = _PATIENCE_S

    @contextmanager
    def __call__(self, bound: Mapping[str, Located]) -> Iterator[None]:
        """For a block that experiments on the target. Raises Unobservable where others did so too, and therefore at
        its end, too.
        """
        with ExitStack() as stack:
            for place in _places(bound.values()):
                self._reserved(place, stack)
            if self._lease is not None and bound[self._lease].source in _OTHERS:
                stack.enter_context(self._leased(bound[self._lease]))
            yield

    def _reserved(self, place: str, stack: ExitStack) -> None:
        """Until ``stack`` is left."""
        file = _folder() / hashlib.sha256(place.encode()).hexdigest()[:16]
        self._waiting(lambda: "" if stack.enter_context(reserved(file)) else "another run on this machine", place)

    @contextmanager
    def _leased(self, located: Located) -> Iterator[None]:
        make = self._kinds[located.kind].lease
        assert make is not None  # refused before anything was looked at
        if located.unavailable is not None:
            reason, why = located.unavailable
            raise Unobservable(reason, f"experiments need the lease in {located.system}: {why}")
        lease = make(located, self._limits, _holder(), _LASTS_S)
        try:
            self._waiting(lease.take, f"what {located.system} keeps the lease for")
            with _prolonged(lease, located.system):
                yield
        finally:
            lease.give_back()

    def _waiting(self, other: Callable[[], str], what: str) -> None:
        """Until nobody else has it, as long as there is patience. ``other`` tries, and says who has it."""
        told, asked = "", time.monotonic()
        while who := other():
            self._patience -= time.monotonic() - asked
            asked = time.monotonic()
            if self._patience <= 0:
                because = f"{who} experiments on {what}, and did so for {_PATIENCE_S:g} s; audit when it has ended"
                raise Unobservable(Reason.NOT_SAFE, because)
            if who != told:
                self._tell(f"waiting for {who}, which experiments on {what}")
                told = who
            time.sleep(_POLL_S)


def _folder() -> Path:
    """Where all runs of one user look, whatever temporary folder they were given."""
    places = (Path("/tmp"), Path(tempfile.gettempdir()))  # noqa: S108
    return next(place for place in places if place.is_dir()) / f"distaudit-experiments-{os.getuid()}"


def _places(systems: Iterable[Located]) -> list[str]:
    """What is not the audit's own, in an order that is everybody's: who waits has nothing that another waits for."""
    return sorted({
        _place(url)
        for located in systems
        if located.source in _OTHERS and not located.unavailable
        for url in located.endpoints.values()
    })  # fmt: skip


def _place(url: str) -> str:
    """Where a URL leads: without what would tell one user from another."""
    try:
        host, port = address(url)
    except ValueError:
        return url
    if not urlsplit(url).hostname:
        return url  # a socket, a program, a process
    return f"{'127.0.0.1' if host in ('localhost', '::1') else host}:{port}"


def _holder() -> str:
    """One name for one experiment of one run."""
    return f"run {os.getpid()} on {socket.gethostname()} ({secrets.token_hex(4)})"


@contextmanager
def _prolonged(lease: Lease, system: str) -> Iterator[None]:
    """Keep the lease while the block runs. Raises Unobservable at its end if it was lost meanwhile."""
    over, lost = threading.Event(), list[str]()

    def prolong() -> None:
        until = time.monotonic() + _LASTS_S
        while not over.wait(_EVERY_S):
            asked = time.monotonic()
            try:
                if not lease.prolong():
                    lost.append("somebody has taken it away")
                    return
                until = asked + _LASTS_S
            except Unobservable as error:
                if time.monotonic() > until:
                    lost.append(error.detail)
                    return

    keeper = threading.Thread(target=prolong, daemon=True, name="distaudit-lease")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
    if lost:
        because = f"the lease in {system} was lost meanwhile, so that another run may have experimented: {lost[0]}"
        raise Unobservable(Reason.NOT_SAFE, because)
