"""An activity's events may be appended later, all together: until a stream has grown, the audit is patient."""

from __future__ import annotations

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.activity import _awaited
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.streams import STREAM, Entry, StreamTail

SINCE = 10.0
OLD, NEW = Entry(0, "1-0", "old"), Entry(0, "2-0", "new")


def tail(*entries: Entry, name: str = "events", form: str = STREAM) -> StreamTail:
    return StreamTail(name, form, entries, again=len(entries))


def look(at: float, seen: StreamTail) -> Observation:
    return Observation("log", StreamTail.ask(name=seen.name), at, 0.01, "by hand", "one", to_json(seen))


def test_a_stream_that_has_not_grown_is_waited_for() -> None:
    assert _awaited([look(9, tail(OLD)), look(11, tail(OLD))], SINCE)
    assert not _awaited([look(9, tail(OLD)), look(11, tail(OLD, NEW))], SINCE)
    assert _awaited([look(9, tail(form="")), look(11, tail(form=""))], SINCE), "the first event may make it"


def test_one_of_several() -> None:
    grown = [look(9, tail(OLD)), look(11, tail(OLD, NEW))]
    assert _awaited([*grown, look(9, tail(name="other")), look(11, tail(name="other"))], SINCE)


def test_what_is_no_stream_will_not_be_one() -> None:
    assert not _awaited([look(9, tail(form="list")), look(11, tail(form="list"))], SINCE)
    failed = Observation("log", StreamTail.ask(name="events"), 9, 0.01, "by hand", reason=Reason.FORBIDDEN)
    assert not _awaited([failed], SINCE)
    assert not _awaited([look(11, tail(OLD))], SINCE), "nothing was seen before"
