"""A history: the time-stamped operations of an experiment, as JSON lines that tell when they were changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import IO, Any, Final, TypeAlias

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

#: what operations take and answer; lists become tuples, so that every value can be a state
Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | None"

SCHEMA: Final = "distaudit-history/1"
#: operations that one history holds and that are read of it, unless more are asked for
MOST: Final = 1_000_000
#: bytes of one line; a longer one is no operation
_LINE: Final = 1 << 20


class Outcome(StrEnum):
    """What became of an operation, as Jepsen and Knossos tell it (``ok``, ``fail``, ``info``).

    ``FAIL``: it certainly had no effect. Whatever else did not answer is ``INDETERMINATE``: it may take effect now,
    at any later time, or never.
    """

    OK = "ok"
    FAIL = "fail"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one logical client (``process``) on the target, sent to ``node``.

    ``call_ns`` was taken before the first byte was sent, ``return_ns`` after the last one was read, both from one
    host's monotonic clock. An indeterminate operation stays open whatever ``return_ns`` says: that is when its client
    gave up, None if it still waits. ``answered_by``: who the answer says it is from, "" if it does not say.
    Raises ValueError if it was answered without a return, or returned before its call.
    """

    process: int
    operation: str
    arguments: tuple[Value, ...]
    result: Value
    call_ns: int
    return_ns: int | None
    node: str = ""
    outcome: Outcome = Outcome.OK
    answered_by: str = ""

    def __post_init__(self) -> None:
        if self.return_ns is None:
            if self.outcome is not Outcome.INDETERMINATE:
                raise ValueError(f"{self.operation}: {self.outcome.value} without return_ns; only open ones have none")
        elif self.return_ns < self.call_ns:
            raise ValueError(f"{self.operation}: returned at {self.return_ns}, before its call at {self.call_ns}")

    @property
    def ends_ns(self) -> float:
        """When it has taken effect at the latest, if ever: its return, inf if it is open."""
        return inf if self.return_ns is None or self.outcome is Outcome.INDETERMINATE else self.return_ns


class Writer:
    """Writes a history while it happens; one thread at a time. What has no end is refused when it is read.

    ``stream`` is a binary file that the caller opened and closes; its OSError (a full disk) is the caller's.
    """

    def __init__(self, stream: IO[bytes], *, most: int = MOST) -> None:
        self._stream = stream
        self._most = most
        self._digest = hashlib.sha256()
        self._written = 0
        self._put(json.dumps({"schema": SCHEMA}))

    def add(self, operation: Operation) -> None:
        """Write one. Raises Unobservable(budget) for one more than ``most``, ValueError for NaN and infinity."""
        if self._written >= self._most:
            raise Unobservable(Reason.BUDGET, f"more than {self._most} operations in one history")
        self._put(line(operation))
        self._written += 1

    def end(self) -> str:
        """Write the end. The sha256 of all before it, in hex: keep it apart, and an edited history is noticed."""
        found = self._digest.hexdigest()
        self._put(json.dumps({"operations": self._written, "sha256": found}))
        self._stream.flush()
        return found

    def _put(self, text: str) -> None:
        whole = f"{text}\n".encode()
        self._stream.write(whole)
        self._digest.update(whole)


def read(stream: IO[bytes], *, sha256: str = "", most: int = MOST) -> Iterator[Operation]:
    """The operations, one by one, in the order they were written; memory does not grow with their number.

    Only when it has ended without raising is what it handed out what was recorded: judge nothing before.
    ``sha256``: what :meth:`Writer.end` gave, if it is known. Raises Unobservable: not-recorded for what has no end or
    was changed since, too-large beyond ``most`` operations, protocol-error for what is no history.
    """
    digest, count = hashlib.sha256(), -1
    for whole in _lines(stream):
        told = _object(whole)
        if "sha256" in told:
            _same(told, digest.hexdigest(), count, sha256)
            if stream.read(1):
                raise Unobservable(Reason.NOT_RECORDED, "the history goes on after its end: it was changed")
            return
        digest.update(whole)
        if count < 0:
            _known(told)
        elif count >= most:
            raise Unobservable(Reason.TOO_LARGE, f"the history holds more than {most} operations")
        else:
            yield _operation(told)
        count += 1
    raise Unobservable(Reason.NOT_RECORDED, f"the history breaks off after {max(0, count)} operations")


def line(operation: Operation) -> str:
    """One operation as one line of JSON, without its end. Raises ValueError for NaN and infinity."""
    told = {
        "process": operation.process,
        "operation": operation.operation,
        "arguments": operation.arguments,
        "result": operation.result,
        "call_ns": operation.call_ns,
        "return_ns": operation.return_ns,
        "node": operation.node,
        "outcome": operation.outcome.value,
    }
    if operation.answered_by:
        told["answered_by"] = operation.answered_by
    return json.dumps(told, allow_nan=False, separators=(",", ":"))


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while whole := stream.readline(_LINE + 1):
        if len(whole) > _LINE:
            raise Unobservable(Reason.TOO_LARGE, f"a line of the history is longer than {_LINE} bytes")
        if not whole.endswith(b"\n"):
            raise Unobservable(Reason.NOT_RECORDED, "the last line of the history is cut short")
        yield whole


def _object(whole: bytes) -> dict[str, Any]:
    try:
        told = json.loads(whole, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"a line of the history is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise Unobservable(Reason.PROTOCOL_ERROR, "a line of the history is no JSON object")
    return told


def _known(told: dict[str, Any]) -> None:
    if "schema" not in told:
        raise Unobservable(Reason.PROTOCOL_ERROR, "the first line names no schema: this is no history")
    if told["schema"] != SCHEMA:
        raise Unobservable(Reason.UNSUPPORTED_VERSION, f"{told['schema']!r} is not read, {SCHEMA!r} is")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _same(told: dict[str, Any], found: str, count: int, known: str) -> None:
    """A file whose own end was changed along with it is still not the one that ``known`` was taken of."""
    if told.get("sha256") != found or told.get("operations") != count or (known and known != found):
        raise Unobservable(Reason.NOT_RECORDED, f"the history was changed since it was recorded ({found[:12]})")


def _operation(told: dict[str, Any]) -> Operation:
    try:
        return Operation(
            process=_whole(told["process"]),
            operation=_text(told["operation"]),
            arguments=tuple(value(each) for each in told["arguments"]),
            result=value(told["result"]),
            call_ns=_whole(told["call_ns"]),
            return_ns=None if told["return_ns"] is None else _whole(told["return_ns"]),
            node=_text(told["node"]),
            outcome=Outcome(told["outcome"]),
            answered_by=_text(told.get("answered_by", "")),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"a line of the history is no operation: {error}") from None


def value(told: Any) -> Value:
    """JSON's lists as tuples. Raises TypeError for objects, which no operation takes or answers."""
    if isinstance(told, list | tuple):
        return tuple(value(each) for each in told)
    if told is None or isinstance(told, str | int | float):
        return told
    raise TypeError(f"a value is text, a number, a truth, null or a list, not {type(told).__name__}")


def _whole(told: Any) -> int:
    if type(told) is not int:
        raise TypeError(f"{told!r} is no whole number")
    return told


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError(f"{told!r} is no text")
    return told
