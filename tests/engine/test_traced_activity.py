"""Performances begin a trace each, and nothing else about them changes."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.domain.tracing import trace_headers, trace_of
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.activity import Pace, perform
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.fetch import Response


class Fetch:
    def __init__(self, fails: bool = False) -> None:
        self.asked, self.fails = [], fails

    def __call__(self, request):
        self.asked.append(request)
        if self.fails:
            raise Unobservable(Reason.TIMED_OUT, "late")
        return Response(200, {}, b'{"id": 7}', 0.01)


def performed(fetch=None, **given):
    fetch = fetch or Fetch()
    hub = SimpleNamespace(watch=lambda located, asks: (), redactor=Redactor())
    activity = Activity("it", "POST http://front/", cleanup="DELETE http://front/{id}", **given)
    *_, run = perform(activity, [], hub, fetch, lambda host: None, Pace(-1.5, runs=2, sample=0.01))
    return run.value["runs"], fetch.asked


def test_each_performance_begins_a_trace():
    runs, asked = performed(headers={"X-Own": "{nonce}"})
    for run, request in zip(runs, asked, strict=False):
        assert run["trace"] == trace_of(run["nonce"])
        assert request.headers == {"X-Own": run["nonce"], **trace_headers(run["nonce"])}
    assert runs[0]["trace"] != runs[1]["trace"]
    assert [request.headers for request in asked[2:]] == [{"X-Own": run["nonce"]} for run in runs]


def test_an_activity_that_sets_its_own_trace_keeps_it():
    own = {"TraceParent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    runs, asked = performed(headers=own)
    assert [run["trace"] for run in runs] == ["", ""]
    assert asked[0].headers == own


def test_a_performance_that_fails_has_begun_its_trace_all_the_same():
    runs, _ = performed(Fetch(fails=True))
    assert [(run["ok"], run["trace"]) for run in runs] == [(False, trace_of(run["nonce"])) for run in runs]


def test_two_producers_are_at_it_at_once_each_one_after_the_other():
    both = threading.Barrier(2, timeout=10)

    class Waiting(Fetch):
        def __call__(self, request):
            if "post" in request.method.lower():
                both.wait()
            return super().__call__(request)

    hub = SimpleNamespace(watch=lambda located, asks: (), redactor=Redactor())
    pace = Pace(-1.5, runs=6, producers=2, sample=0.01)
    *_, run = perform(Activity("it", "POST http://front/"), [], hub, Waiting(), lambda host: None, pace)
    runs = run.value["runs"]
    assert [one["producer"] for one in runs] == [0, 0, 0, 1, 1, 1]
    assert all(one["ok"] for one in runs)
    assert len({one["nonce"] for one in runs}) == 6
    assert run.way == "POST x 6"
