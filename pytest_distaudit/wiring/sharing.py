"""One process gathers for all: the controller of pytest-xdist has the systems, its workers ask it for evidence.

The broker listens on a local socket and answers whoever knows its key: where the systems are, what was observed.
So an audit costs as many requests with eight workers as with none.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.needs import Probe, Repeats
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.engine.arranged import Arrangement
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.gather import Gathering, Watched
from pytest_distaudit.ports.located import Inventory, Located

Provision = Callable[[Sequence[str]], AbstractContextManager[Mapping[str, Located]]]


_CLOSING_S = 2.0
#: Linux has sockets without a file: nothing of them can stay behind
_NO_FILE = "\0" if sys.platform == "linux" else ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens and what it wants to hear; plain text, so that it can be handed on."""

    path: str
    key: str


class Broker:
    """The process that gathers. ``provision`` is entered with the first question for systems, left by ``close``."""

    def __init__(self, provision: Provision, gathering: Gathering) -> None:
        self._provision, self._gathering = provision, gathering
        self._stack = ExitStack()
        key = secrets.token_hex(16)
        path = f"{_NO_FILE}distaudit-{secrets.token_hex(8)}" if _NO_FILE else None
        # no key: a stranger who says nothing must not keep the others waiting
        self._listener = Listener(path, "AF_UNIX")
        self.address = Address(os.fsdecode(self._listener.address), key)
        self._located: Future[Mapping[str, Located]] | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listening = threading.Thread(target=self._listen, daemon=True, name="distaudit-broker")
        self._listening.start()

    def close(self) -> None:
        """End the conversations and everything that was started."""
        self._over.set()
        # it waits for a connection, and would go on to when the socket is closed; it may be past that, too
        with suppress(OSError), socket.socket(socket.AF_UNIX) as last:
            last.connect(self.address.path)
        self._listening.join(_CLOSING_S)
        self._listener.close()
        self._stack.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            connection = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True, name="distaudit-worker").start()

    def _serve(self, connection: Connection) -> None:
        key = self.address.key.encode()
        with connection, suppress(EOFError, OSError, AuthenticationError):
            deliver_challenge(connection, key)
            answer_challenge(connection, key)
            while True:
                name, arguments = connection.recv()
                try:
                    answer: tuple[bool, Any] = (True, getattr(self, f"answer_{name}")(*arguments))
                except Exception as error:  # noqa: BLE001 - whoever asked has to say it
                    answer = (False, error if isinstance(error, InvalidInput) else _worded(error))
                connection.send(answer)

    def answer_provisioned(self, systems: Sequence[str]) -> dict[str, Located]:
        """Where the systems are; all who ask collect alike, so the first one's systems are everybody's."""
        return {name: _portable(located) for name, located in self._had(systems).items()}

    def answer_inventory(self, system: str) -> Inventory | None:
        """How the system's process is now."""
        inventory = self._had(())[system].inventory
        return inventory() if inventory else None

    def answer_prefetch(self, wanted: Sequence[tuple[Located, Sequence[Ask]]]) -> None:
        """Begin these looks."""
        self._gathering.prefetch([(self._ours(located), asks) for located, asks in wanted])

    def answer_facts(self, located: Located, asks: Sequence[Ask], newer_than: float | None) -> tuple[Observation, ...]:
        """One observation per ask."""
        return self._gathering.facts(self._ours(located), asks, newer_than)

    def answer_performed(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], patience: float, repeats: Repeats
    ) -> tuple[Observation, ...]:
        """The activity's one run."""
        ours = {name: self._ours(located) for name, located in bound.items()}
        return self._gathering.performed(activity, watched, ours, patience, repeats)

    def answer_alternated(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], effects_s: float, each: int
    ) -> tuple[Observation, ...]:
        """The activity's one alternation with rest."""
        ours = {name: self._ours(located) for name, located in bound.items()}
        return self._gathering.alternated(activity, watched, ours, effects_s, each)

    def answer_rested(self, watched: Watched, bound: Mapping[str, Located], seconds: float) -> tuple[Observation, ...]:
        """The one rest of that length."""
        return self._gathering.rested(watched, {name: self._ours(located) for name, located in bound.items()}, seconds)

    def answer_probed(self, need: Probe, players: Mapping[str, Located]) -> tuple[Observation, ...]:
        """The probe's one run."""
        return self._gathering.probed(need, {role: self._ours(located) for role, located in players.items()})

    def answer_disturbed(self, trial: Trial, bound: Mapping[str, Located], again: bool) -> tuple[Observation, ...]:
        """The one experiment, or the second one."""
        return self._gathering.disturbed(trial, {name: self._ours(located) for name, located in bound.items()}, again)

    def answer_arranged(
        self, arrangement: Arrangement, bound: Mapping[str, Located], again: bool
    ) -> tuple[Observation, ...]:
        """The arrangement's one run, or the second one."""
        ours = {name: self._ours(located) for name, located in bound.items()}
        return self._gathering.arranged(arrangement, ours, again)

    def _had(self, systems: Sequence[str]) -> Mapping[str, Located]:
        with self._lock:
            first = self._located is None
            fate = self._located = self._located or Future()
        if first:
            try:
                fate.set_result(self._stack.enter_context(self._provision(systems)))
            except BaseException as error:  # noqa: BLE001 - all who wait are told
                fate.set_exception(error)
        return fate.result()

    def _ours(self, located: Located) -> Located:
        """The same system with its inventory, which does not travel."""
        # one whose address comes from a fixture may be asked for before, or without, the target's systems
        fate = self._located
        known = fate.result().get(located.system) if fate is not None and fate.done() else None
        return known if known is not None and known.place == located.place else located


class Shared:
    """A worker's end: gathers through the broker, and by itself what only this process knows of."""

    def __init__(self, address: Address, own: Gathering) -> None:
        self._connection = Client(address.path, authkey=address.key.encode())
        self._lock = threading.Lock()
        self._own = own
        self._found: Mapping[str, Located] = {}

    def provisioned(self, systems: Sequence[str]) -> Mapping[str, Located]:
        """Where the systems are."""
        found = {
            name: replace(located, inventory=_Asked(self, name) if located.inventory else None)
            for name, located in self._ask("provisioned", systems).items()
        }
        self._found = found
        return found

    def inventory(self, system: str) -> Inventory:
        """How the system's process is now."""
        found: Inventory = self._ask("inventory", system)
        return found

    def prefetch(self, wanted: Iterable[tuple[Located, Iterable[Ask]]]) -> None:
        """Begin these looks."""
        pairs = [(located, list(asks)) for located, asks in wanted]
        self._ask("prefetch", [(_portable(located), asks) for located, asks in pairs if self._is_common(located)])
        self._own.prefetch([pair for pair in pairs if not self._is_common(pair[0])])

    def facts(self, located: Located, asks: Sequence[Ask], newer_than: float | None = None) -> tuple[Observation, ...]:
        """One observation per ask."""
        if not self._is_common(located):
            return self._own.facts(located, asks, newer_than)
        found: tuple[Observation, ...] = self._ask("facts", _portable(located), list(asks), newer_than)
        return found

    def performed(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], patience: float, repeats: Repeats
    ) -> tuple[Observation, ...]:
        """The activity's one run on these addresses."""
        if not all(map(self._is_common, bound.values())):
            return self._own.performed(activity, watched, bound, patience, repeats)
        portable = {name: _portable(located) for name, located in bound.items()}
        found: tuple[Observation, ...] = self._ask("performed", activity, watched, portable, patience, repeats)
        return found

    def alternated(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], effects_s: float, each: int
    ) -> tuple[Observation, ...]:
        """The activity's one alternation with rest on these addresses."""
        if not all(map(self._is_common, bound.values())):
            return self._own.alternated(activity, watched, bound, effects_s, each)
        portable = {name: _portable(located) for name, located in bound.items()}
        found: tuple[Observation, ...] = self._ask("alternated", activity, watched, portable, effects_s, each)
        return found

    def rested(self, watched: Watched, bound: Mapping[str, Located], seconds: float) -> tuple[Observation, ...]:
        """The one rest of that length, and the looks before and after it."""
        if not all(map(self._is_common, bound.values())):
            return self._own.rested(watched, bound, seconds)
        portable = {name: _portable(located) for name, located in bound.items()}
        found: tuple[Observation, ...] = self._ask("rested", watched, portable, seconds)
        return found

    def probed(self, need: Probe, players: Mapping[str, Located]) -> tuple[Observation, ...]:
        """The probe's one run on these addresses."""
        if not all(map(self._is_common, players.values())):
            return self._own.probed(need, players)
        portable = {role: _portable(located) for role, located in players.items()}
        found: tuple[Observation, ...] = self._ask("probed", need, portable)
        return found

    def disturbed(self, trial: Trial, bound: Mapping[str, Located], again: bool = False) -> tuple[Observation, ...]:
        """The one experiment of this fault on these addresses, or the second one."""
        if not all(map(self._is_common, bound.values())):
            return self._own.disturbed(trial, bound, again)
        portable = {name: _portable(located) for name, located in bound.items()}
        found: tuple[Observation, ...] = self._ask("disturbed", trial, portable, again)
        return found

    def arranged(
        self, arrangement: Arrangement, bound: Mapping[str, Located], again: bool = False
    ) -> tuple[Observation, ...]:
        """The arrangement's one run on these addresses, or the second one."""
        if not all(map(self._is_common, bound.values())):
            return self._own.arranged(arrangement, bound, again)
        portable = {name: _portable(located) for name, located in bound.items()}
        found: tuple[Observation, ...] = self._ask("arranged", arrangement, portable, again)
        return found

    def _is_common(self, located: Located) -> bool:
        """Whether the broker can look at it: not where a fixture brought an inventory of its own."""
        return located.inventory is None or self._found.get(located.system) is located

    def _ask(self, name: str, *arguments: Any) -> Any:
        with self._lock:
            self._connection.send((name, arguments))
            fine, answer = self._connection.recv()
        if fine:
            return answer
        raise answer if isinstance(answer, Exception) else BrokerFailed(answer)


class BrokerFailed(Exception):
    """The process that gathers could not answer; says why."""


class _Asked:
    """An inventory that the broker is asked for."""

    def __init__(self, shared: Shared, system: str) -> None:
        self._shared, self._system = shared, system

    def __call__(self) -> Inventory:
        return self._shared.inventory(self._system)


def _portable(located: Located) -> Located:
    """Without what does not travel; whether there is an inventory is told by one that is never called."""
    return replace(located, inventory=_untold if located.inventory else None, control=None, relays={})


def _untold() -> Inventory:
    raise AssertionError("an inventory is asked where it is")


def _worded(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
