"""Every way a conversation can break, mapped to one reason, once.

Vendor clients wrap the operating system's errors; the cause is found by walking the chain.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason


class Refusal(Unobservable):
    """A TCP refusal: nobody listens. With a second witness it means that the system is down."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.NOT_REACHABLE, detail)


def unobservable(error: BaseException, what: str) -> Unobservable:
    """The audit's word for a transport failure; ``what`` was being done ("GET /api/queues")."""
    if isinstance(error, Unobservable):
        return error
    for cause in _chain(error):
        if isinstance(cause, ConnectionRefusedError):
            return Refusal(f"{what}: connection refused")
        reason = _reason(cause)
        if reason is not None:
            return Unobservable(reason, f"{what}: {first_line(cause)}")
    return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {first_line(error)}")


def _reason(error: BaseException) -> Reason | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reason.TLS_UNTRUSTED
    if isinstance(error, ssl.SSLError):
        return Reason.PROTOCOL_ERROR
    if isinstance(error, socket.gaierror):
        return Reason.NOT_REACHABLE
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return Reason.TIMED_OUT
    if isinstance(error, PermissionError):
        return Reason.FORBIDDEN
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError)):
        return Reason.PROTOCOL_ERROR
    if isinstance(error, OSError):
        return Reason.NOT_REACHABLE
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error's causes, innermost first: the operating system's word counts most."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    return reversed(seen)


def first_line(error: BaseException) -> str:
    """What the error says first, else its name."""
    first = str(error).strip().splitlines()[:1]
    return first[0] if first else type(error).__name__
