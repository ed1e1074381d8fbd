"""One look at one system: every ask once, each answered or honestly not."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.crowd import Asking, Seen, observe_all
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.capabilities import Capability, Presence
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.failure import Refusal, unobservable
from pytest_distaudit.ports.kind import Kind, Limits, Session
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.ports.timing import Startup

PRESENCE = Presence.ask()
STARTUP = Startup.ask()


def look(
    kind: Kind,
    located: Located,
    asks: Sequence[Ask],
    limits: Limits,
    redactor: Redactor,
    known: Observation | None = None,
) -> Iterator[Observation]:
    """Observations for ``asks``, presence first. A system that is not there is not asked further.

    ``known``: its presence, where that has been observed and is not asked for again.
    """
    presence = known
    if presence is None or PRESENCE in asks:
        presence = _observe(located, PRESENCE, redactor, partial(_presence, kind, located, limits))
    if PRESENCE in asks:
        yield presence
    if STARTUP in asks:
        yield _observe(located, STARTUP, redactor, partial(_startup, located))
    rest = [ask for ask in asks if ask not in (PRESENCE, STARTUP)]
    if presence.reason is not None:
        yield from (replace(presence, ask=ask) for ask in rest)
    elif not presence.value["up"]:
        detail = presence.value["witness"]
        yield from (replace(presence, ask=ask, value=None, reason=Reason.BLOCKED, detail=detail) for ask in rest)
    elif kind.together is not None:
        yield from observe_all(located.system, rest, lambda: _asking(kind, located, limits, redactor), limits)
    else:
        with _Conversation(kind, partial(kind.connect, located, limits)) as conversation:
            yield from (_observe(located, ask, redactor, partial(conversation.answer, ask)) for ask in rest)


def _asking(kind: Kind, located: Located, limits: Limits, redactor: Redactor) -> Asking:
    """What asks in a session of its own each time; the sessions share what they learn."""
    assert kind.together is not None
    connect = kind.together(located, limits)

    def ask_once(ask: Ask) -> Seen:
        with _Conversation(kind, connect) as conversation:
            seen = _observe(located, ask, redactor, partial(conversation.answer, ask))
            return Seen(seen, conversation.strained)

    return ask_once


@dataclass(frozen=True, slots=True)
class _Told:
    """One answer: the fact, how it was asked for, and by which process it was given."""

    fact: Capability
    way: str = ""
    identity: str = ""


class _Conversation:
    """A session opened with the first ask, so that failing to open it is that ask's observation."""

    def __init__(self, kind: Kind, connect: Callable[[], Session]) -> None:
        self._kind, self._connect = kind, connect
        self._session: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._session is not None:
            self._session.close()

    @property
    def strained(self) -> bool:
        """Whether the system's answers may be due to how much it was asked."""
        return bool(getattr(self._session, "strained", False))

    def answer(self, ask: Ask) -> _Told:
        answer = self._kind.answers.get(ask.capability)
        if answer is None:
            raise Unobservable(Reason.NO_OBSERVABLE, f"kind {self._kind.name} does not offer {ask.capability}")
        if self._session is None:
            self._session = self._connect()
        before = len(self._session.ways)
        fact = answer(self._session, ask)
        return _Told(fact, "; ".join(self._session.ways[before:]), self._session.identity)


def _presence(kind: Kind, located: Located, limits: Limits) -> _Told:
    """Presence by inventory, then by handshake; a refusal counts only with a second witness."""
    if located.unavailable is not None:
        raise Unobservable(*located.unavailable)
    inventory = located.inventory() if located.inventory else None
    if inventory is not None and not inventory.running:
        return _Told(Presence(up=False, witness=_death(inventory.exit_code, inventory.log_tail)), "process inventory")
    try:
        with _Conversation(kind, partial(kind.connect, located, limits)) as conversation:
            return conversation.answer(PRESENCE)
    except Refusal as refusal:
        witness = _second_witness(located)
        if witness is None:
            raise
        return _Told(Presence(up=False, witness=f"{refusal.detail}, while {witness} answers"), "connect")


def _startup(located: Located) -> _Told:
    """How its start went, which only who started it knows, of whatever kind it is."""
    inventory = located.inventory() if located.inventory else None
    if inventory is None or inventory.startup is None:
        raise Unobservable(Reason.NO_OBSERVABLE, f"nobody saw how {located.system} became ready: it ran before")
    return _Told(inventory.startup, "watched from its start")


def _death(exit_code: int | None, log_tail: str) -> str:
    fate = "its process is not running" if exit_code is None else f"its process exited with status {exit_code}"
    last = [line for line in log_tail.strip().splitlines() if line.strip()][-2:]
    return f"{fate}; last words: {' | '.join(last)}" if last else fate


def _second_witness(located: Located) -> str | None:
    """Another endpoint on the same host that accepts connections: the host is there, the system is not."""
    own = {address(url) for url in located.endpoints.values()}
    hosts = {host for host, _ in own}
    for host, port in located.neighbours:
        if host in hosts and (host, port) not in own and answers(host, port):
            return f"{host}:{port}"
    for host, port in own:
        if answers(host, port):
            return f"{host}:{port}"
    return None


def _observe(located: Located, ask: Ask, redactor: Redactor, answer: Callable[[], _Told]) -> Observation:
    """Time one answer and write down what came, or the reason why nothing did."""
    at, started = time.time(), time.perf_counter()
    value, reason, detail, way, identity = None, None, "", "", ""
    try:
        told = answer()
        value, way, identity = redactor.value(to_json(told.fact)), redactor.text(told.way), told.identity
    except Unobservable as error:
        reason, detail = error.reason, error.detail
    except OSError as error:
        failure = unobservable(error, str(ask))
        reason, detail = failure.reason, failure.detail
    except Exception:  # noqa: BLE001 - an adapter's own crash is the audit's error, never "absent"
        reason, detail = Reason.AUDIT_ERROR, traceback.format_exc(limit=-3)
    latency = round(time.perf_counter() - started, 6)
    return Observation(located.system, ask, at, latency, way, identity, value, reason, redactor.text(detail))
