"""How often what was asked has been done, as its address tells it: read at last, tried with two requests at first."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.asked_twice import asked_twice
from pytest_distaudit.engine.effect_reader import EffectReader, Reading
from pytest_distaudit.ports.effects import Repeated
from pytest_distaudit.ports.fetch import Request, Response

from .test_disturb import PATIENT, Works, _done, _effects, _traffic

ASK = Operation(
    "ask", "POST http://store/ask?{nonce}&{request}", effect="GET http://store/done?{nonce}", effect_count="/rows"
)


def nobody(host: str) -> None:
    return None


def answering(body: object, status: int = 200) -> EffectReader:
    return EffectReader(ASK, lambda request: Response(status, {}, json.dumps(body).encode(), 0.01), nobody)


@pytest.mark.parametrize(
    ("pointer", "body", "told"),
    [
        ("/rows", {"rows": [{"of": "n1"}, {"of": "n1"}, {"of": "n2"}]}, Reading(shown=True, count=2)),
        ("/rows", {"rows": [], "of": "n1"}, Reading(shown=False, count=0)),
        ("/rows", {"rows": [{"of": "n2"}], "of": "n1"}, Reading(shown=False, count=0)),
        ("/a~1b/0/x~0y", {"a/b": [{"x~y": 3}], "of": "n1"}, Reading(shown=True, count=3)),
        ("/rows", {"rows": 3}, Reading(shown=False, count=3)),
        ("", ["n1", "n1"], Reading(shown=True, count=2)),
        ("", "n1", Reading(shown=True, count=None)),
        ("/rows", {"rows": True, "of": "n1"}, Reading(shown=True, count=None)),
        ("/rows", {"rows": -1, "of": "n1"}, Reading(shown=True, count=None)),
        ("/rows", {"rows": {"n1": 1}}, Reading(shown=True, count=None)),
        ("/rows/7", {"rows": ["n1"]}, Reading(shown=True, count=None)),
        ("/else", {"rows": ["n1"]}, Reading(shown=True, count=None)),
    ],
)
def test_a_list_counts_by_the_entries_with_the_nonce_and_a_number_by_itself(
    pointer: str, body: object, told: Reading
) -> None:
    operation = replace(ASK, effect_count=pointer)
    reader = EffectReader(operation, lambda request: Response(200, {}, json.dumps(body).encode(), 0.01), nobody)
    assert reader.read("n1") == told
    assert bool(reader.trouble) is (told.count is None)


def test_what_is_no_json_cannot_be_counted() -> None:
    reader = EffectReader(ASK, lambda request: Response(200, {}, b"n1 n1", 0.01), nobody)
    assert reader.read("n1") == Reading(shown=True, count=None)
    assert "not JSON" in reader.trouble


def test_an_operation_that_names_no_count_is_not_counted() -> None:
    operation = replace(ASK, effect_count=None)
    assert EffectReader(operation, lambda request: Response(200, {}, b"n1", 0.01), nobody).read("n1") == Reading(True)


class Counts:
    """Has so many effects for each request, ``each``, and shows at most ``most`` of one nonce."""

    def __init__(self, each: int = 1, most: int = 9, statuses: tuple[int, ...] = (202, 202)) -> None:
        self.each, self.most, self.statuses = each, most, list(statuses)
        self.done, self.bodies = Counter[str](), list[str]()

    def fetch(self, request: Request) -> Response:
        words = request.url.rpartition("?")[2]
        nonce = words.partition("&")[0]
        if "/ask" in request.url:
            self.bodies.append(words)
            status = self.statuses.pop(0)
            if not status:
                raise Unobservable(Reason.TIMED_OUT, "no answer")
            self.done[nonce] += self.each
            return Response(status, {}, b"known", 0.01)
        rows = [nonce] * min(self.most, self.done[nonce])
        return Response(200, {}, json.dumps({"rows": rows}).encode(), 0.01)


def test_two_requests_with_one_nonce_differ_in_what_is_new_with_each() -> None:
    system = Counts()
    assert asked_twice(ASK, system.fetch, nobody, 5.0) == Repeated(2, 2, 2)
    (one, two) = (body.split("&") for body in system.bodies)
    assert one[0] == two[0]
    assert one[1] != two[1]
    assert "{" not in one[1]


@pytest.mark.parametrize(
    ("system", "told"),
    [
        (Counts(most=1), Repeated(2, 2, 1)),
        (Counts(each=0), Repeated(2, 2, 0)),
        (Counts(statuses=(202, 409)), Repeated(2, 1, None, "409 known")),
        (Counts(statuses=(0, 202)), Repeated(2, 1, None, "timed-out: no answer")),
    ],
)
def test_what_two_requests_with_one_nonce_do_not_show(system: Counts, told: Repeated) -> None:
    began = time.monotonic()
    assert asked_twice(ASK, system.fetch, nobody, 0.3) == told
    assert time.monotonic() - began < 5


def test_what_cannot_be_counted_is_told() -> None:
    operation = replace(ASK, effect_count="/else")
    told = asked_twice(operation, Counts().fetch, nobody, 0.1)
    assert (told.shown, told.trouble) == (None, "neither a list nor a whole number at '/else' of the effect's answer")


class Twice(Works):
    """Does some of what it is asked for once more, well after the first time."""

    def fetch(self, request: Request) -> Response:
        nonce = request.url.rpartition("?")[2]
        if "/ask" in request.url:
            self.times = getattr(self, "times", Counter())
            self.times[nonce] += 1
            return super().fetch(request)
        answer = super().fetch(request)
        later = time.time() - self.asked.get(nonce, time.time()) > 0.6
        again = later and int(nonce[-1], 16) % 2 if nonce in self.asked else 0
        rows = [nonce] * (self.times[nonce] + again if answer.status == 200 else 0)
        return replace(answer, status=200, body=json.dumps({"rows": rows}).encode())


COUNTED = Operation("ask", "GET http://store/ask?{nonce}", effect="GET http://store/done?{nonce}", effect_count="/rows")


def test_effects_are_counted_when_all_is_over() -> None:
    seen = _done(Twice(), operations=(COUNTED,), course=replace(PATIENT, rest_s=1.0, counts=True))
    told, sent = _effects(seen), {one.nonce: one for one in _traffic(seen).sent if one.ok}
    assert told.repeated is not None
    assert (told.repeated.asked, told.repeated.succeeded) == (2, 2)
    assert (told.repeated.shown or 0) >= 2
    known = {one.nonce: one for one in told.effects}
    assert {nonce: known[nonce].count for nonce in sent} == {nonce: 1 + int(nonce[-1], 16) % 2 for nonce in sent}
    last = max(one.ended for one in sent.values())
    assert all((known[nonce].counted or 0) > last + 1.0 for nonce in sent)


@pytest.mark.parametrize(("counts", "pointer"), [(False, "/rows"), (True, None)])
def test_effects_are_not_counted_where_nobody_wants_it_or_knows_how(counts: bool, pointer: str | None) -> None:
    world = Twice()
    operation = replace(COUNTED, effect_count=pointer)
    seen = _done(world, operations=(operation,), course=replace(PATIENT, counts=counts))
    told = _effects(seen)
    assert told.repeated is None
    assert not any(one.counted for one in told.effects)
    assert set(world.times.values()) == {1}


def test_a_course_counts_for_whoever_wants_it() -> None:
    assert PATIENT.joined(replace(PATIENT, counts=True)).counts
    assert not PATIENT.joined(PATIENT).counts
