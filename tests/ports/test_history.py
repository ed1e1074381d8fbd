"""What is written is read again; what was changed, cut short or too much is refused."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.history import MOST, Operation, Outcome, Value, Writer, line, read

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
TIMES = st.integers(0, 2**63)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    outcome, call = draw(st.sampled_from(Outcome)), draw(TIMES)
    returns = None if outcome is Outcome.INDETERMINATE and draw(st.booleans()) else call + draw(TIMES)
    return Operation(
        draw(st.integers(0, 99)),
        draw(st.text()),
        tuple(draw(st.lists(VALUES, max_size=3))),
        draw(VALUES),
        call,
        returns,
        draw(st.text()),
        outcome,
        draw(st.text()),
    )


def written(told: list[Operation]) -> tuple[bytes, str]:
    stream = io.BytesIO()
    writer = Writer(stream)
    for each in told:
        writer.add(each)
    return stream.getvalue(), writer.end()


def whole(told: list[Operation]) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream)
    for each in told:
        writer.add(each)
    writer.end()
    return stream.getvalue()


def refused(content: bytes, *, sha256: str = "", most: int = MOST) -> Reason:
    with pytest.raises(Unobservable) as error:
        list(read(io.BytesIO(content), sha256=sha256, most=most))
    return error.value.reason


ONE = Operation(1, "write", ("key", 1), None, 10, 20, "n1")
TWO = Operation(2, "read", ("key",), 1, 30, 40, "n2", answered_by="n3")
OPEN = Operation(3, "write", ("key", 2), None, 50, None, "n1", Outcome.INDETERMINATE)


@given(st.lists(operations(), max_size=5))
def test_what_is_written_is_read_again(told: list[Operation]) -> None:
    stream = io.BytesIO()
    writer = Writer(stream)
    for each in told:
        writer.add(each)
    digest = writer.end()
    assert list(read(io.BytesIO(stream.getvalue()), sha256=digest)) == told


def test_a_line_is_json_that_anyone_can_read() -> None:
    assert json.loads(line(TWO)) == {
        "process": 2,
        "operation": "read",
        "arguments": ["key"],
        "result": 1,
        "call_ns": 30,
        "return_ns": 40,
        "node": "n2",
        "outcome": "ok",
        "answered_by": "n3",
    }
    assert "\n" not in line(Operation(1, "write", ("two\nlines",), None, 0, 1))
    assert "answered_by" not in line(ONE)


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.FAIL])
def test_what_answered_has_returned(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match=outcome.value):
        Operation(1, "read", (), None, 10, None, "", outcome)


def test_nothing_returns_before_its_call() -> None:
    Operation(1, "read", (), None, 10, 10)
    with pytest.raises(ValueError, match="before its call"):
        Operation(1, "read", (), None, 10, 9)


def test_numbers_that_json_has_not_are_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        line(Operation(1, "write", (float("nan"),), None, 0, 1))


@given(st.data())
def test_any_edit_is_noticed(data: st.DataObject) -> None:
    content = whole([ONE, TWO, OPEN])
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda found: found != content[place]))
    edited = content[:place] + bytes([byte]) + content[place + 1 :]
    assert refused(edited) in {Reason.NOT_RECORDED, Reason.PROTOCOL_ERROR, Reason.UNSUPPORTED_VERSION}


@given(st.integers(0, 10_000))
def test_every_part_of_it_is_unfinished(length: int) -> None:
    content = whole([ONE, TWO, OPEN])
    part = content[: length % len(content)]
    assert refused(part) is Reason.NOT_RECORDED


EDITS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a line less": lambda lines: [*lines[:1], *lines[2:]],
    "a line twice": lambda lines: [*lines[:2], *lines[1:]],
    "two lines changed round": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "more after the end": lambda lines: [*lines, lines[1]],
    "another result": lambda lines: [each.replace(b'"result":1', b'"result":2') for each in lines],
    "another count": lambda lines: [each.replace(b'"operations": 3', b'"operations": 4') for each in lines],
    "no operations at all": lambda lines: [lines[0], lines[-1]],
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_history_is_refused(edit: str) -> None:
    lines = whole([ONE, TWO, OPEN]).splitlines(keepends=True)
    edited = EDITS[edit](lines)
    assert edited != lines
    assert refused(b"".join(edited)) is Reason.NOT_RECORDED


def test_an_end_that_was_edited_along_is_noticed_by_who_kept_the_digest() -> None:
    _, digest = written([ONE, TWO])
    forged = whole([ONE])
    assert list(read(io.BytesIO(forged))) == [ONE]
    assert refused(forged, sha256=digest) is Reason.NOT_RECORDED


def test_what_was_killed_in_the_middle_is_unfinished() -> None:
    content, _ = written([ONE, TWO])
    assert refused(content) is Reason.NOT_RECORDED


BEGINNING = b'{"schema": "distaudit-history/1"}\n'
NONSENSE = {
    "no schema": (line(ONE).encode() + b"\n", Reason.PROTOCOL_ERROR),
    "the schema twice": (BEGINNING, Reason.PROTOCOL_ERROR),
    "no JSON": (b"{\n", Reason.PROTOCOL_ERROR),
    "no object": (b"[1]\n", Reason.PROTOCOL_ERROR),
    "no text": (b"\xff\xfe\n", Reason.PROTOCOL_ERROR),
    "another schema": (b'{"schema": "distaudit-history/2"}\n', Reason.UNSUPPORTED_VERSION),
    "too deep": (b"[" * 100_000 + b"\n", Reason.PROTOCOL_ERROR),
    "a very long line": (b'{"process": "' + b"x" * (1 << 20) + b'"}\n', Reason.TOO_LARGE),
    "NaN": (line(ONE).replace('"result":null', '"result":NaN').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "infinity": (line(ONE).replace('"result":null', '"result":-Infinity').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "an object as a value": (line(ONE).replace('"result":null', '"result":{}').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "a truth as a time": (line(ONE).replace('"call_ns":10', '"call_ns":true').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "text as a time": (line(ONE).replace('"return_ns":20', '"return_ns":"20"').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "no such outcome": (line(ONE).replace('"ok"', '"maybe"').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "a number as a node": (line(ONE).replace('"n1"', "1").encode() + b"\n", Reason.PROTOCOL_ERROR),
    "back in time": (line(ONE).replace('"return_ns":20', '"return_ns":2').encode() + b"\n", Reason.PROTOCOL_ERROR),
    "a field less": (b'{"process": 1}\n', Reason.PROTOCOL_ERROR),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_no_history(name: str) -> None:
    content, reason = NONSENSE[name]
    assert refused(BEGINNING + content if name not in ("another schema", "no schema") else content) is reason


def test_more_than_the_limit_is_not_written() -> None:
    stream = io.BytesIO()
    writer = Writer(stream, most=2)
    writer.add(ONE)
    writer.add(TWO)
    with pytest.raises(Unobservable) as error:
        writer.add(OPEN)
    assert error.value.reason is Reason.BUDGET
    writer.end()
    assert list(read(io.BytesIO(stream.getvalue()), most=2)) == [ONE, TWO]
    assert refused(stream.getvalue(), most=1) is Reason.TOO_LARGE


class Endless(io.RawIOBase):
    """Ten million operations, made while they are read."""

    def __init__(self) -> None:
        self.lines = self._made()

    def _made(self) -> Iterator[bytes]:
        yield b'{"schema": "distaudit-history/1"}\n'
        whole = f"{line(ONE)}\n".encode()
        for _ in range(10_000_000):
            yield whole

    def readline(self, size: int | None = -1, /) -> bytes:
        return next(self.lines, b"")


def test_ten_million_operations_take_no_memory() -> None:
    """The cap ends it early; what was handed out before was not kept."""
    counted = 0
    tracemalloc.start()
    try:
        with pytest.raises(Unobservable) as error:
            for _ in read(Endless(), most=20_000):  # type: ignore[arg-type]
                counted += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.value.reason is Reason.TOO_LARGE
    assert counted == 20_000
    assert peak < 1_000_000


class Full(io.BytesIO):
    """A disk that is full after some bytes."""

    def write(self, data: object, /) -> int:
        if self.tell() > 300:
            raise OSError(28, "No space left on device")
        return super().write(data)  # type: ignore[call-overload]


def test_a_full_disk_is_told_and_its_history_refused() -> None:
    stream = Full()
    writer = Writer(stream)
    with pytest.raises(OSError, match="space"):
        for _ in range(10):
            writer.add(ONE)
    assert refused(stream.getvalue()) is Reason.NOT_RECORDED


def test_an_open_operation_ends_never() -> None:
    """Whatever it says of when its client gave up."""
    assert (ONE.ends_ns, OPEN.ends_ns) == (20, float("inf"))
    assert Operation(3, "write", (), None, 50, 60, "n1", Outcome.INDETERMINATE).ends_ns == float("inf")
    assert Operation(3, "write", (), None, 50, 60, "n1", Outcome.FAIL).ends_ns == 60
