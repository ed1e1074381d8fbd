"""Where relays are put: in the way of the links of which the target file says how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.domain.target import Link, Target
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.links import Relay

if TYPE_CHECKING:
    from pytest_distaudit.targets.relays.relay import Relays

#: (host, port) of a system, asked for when somebody wants to be connected; None: not to be had now
Find = Callable[[], tuple[str, int] | None]


class Placing:
    """The relays of one run. They end with ``stack``, and run only if a link wants one."""

    def __init__(self, target: Target, stack: ExitStack, wanted: bool) -> None:
        self._target, self._stack = target, stack
        self._links = tuple(link for link in target.links.values() if wanted and link.inject)
        self._relays: Relays | None = None
        self._placed: dict[str, dict[str, Relay]] = {}
        self._given_up: dict[str, dict[str, tuple[Reason, str]]] = {}

    def links(self, callers: Iterable[str]) -> tuple[Link, ...]:
        """Those of these callers that say how; only disposable callers: their way is changed."""
        disposable = {name for name in callers if self._target.systems[name].disposable}
        return tuple(link for link in self._links if link.source in disposable)

    def placed(self, system: str) -> Mapping[str, Relay]:
        """Caller -> the relay over which it reaches this system."""
        return self._placed.get(system, {})

    def given_up(self, system: str) -> Mapping[str, tuple[Reason, str]]:
        """Caller -> why no relay can be put in its way to this system: reason, sentence."""
        return self._given_up.get(system, {})

    def give_up(self, link: Link, reason: Reason, why: str) -> None:
        """Nothing leads ``link`` over its relay."""
        self._placed.get(link.to, {}).pop(link.source, None)
        self._given_up.setdefault(link.to, {})[link.source] = reason, why

    def put(self, link: Link, find: Find, speaks_http: bool, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """A relay in the way of ``link``; where the caller finds it, which is on the address ``host`` of this machine,
        at any free port or at this one.

        Raises OSError if the machine has no such address, or the port is taken.
        """
        if self._relays is None:
            from pytest_distaudit.targets.relays.relay import Relays

            self._relays = self._stack.enter_context(Relays().running())
        relay = self._relays.between(find, speaks_http, (host, port))
        self._placed.setdefault(link.to, {})[link.source] = relay
        return relay.address

    def refuse(self, problems: Iterable[str]) -> None:
        """Raise InvalidInput if there are any."""
        if found := [Problem(self._target.place, words) for words in problems]:
            raise InvalidInput(found)
