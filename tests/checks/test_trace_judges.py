"""The judges of traces, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.tracing import span_of, trace_of
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.telemetry import Span, Traces

from .evidence import CHECKS, claim, evidence, fact, judged

# --- who reports

SERVICES = {"store": ("store",)}


def seen(services, recent, own=(), of=None):
    of = of or claim("trace.services")
    window = float(of["seen"].quantity.value)
    facts = fact("store", Traces(tuple(services), (), tuple(recent), tuple(own)), window=f"{window:g}")
    told = judged(of, evidence(SERVICES, facts))
    return told.verdict, told.actual


def test_services_that_reported_lately():
    assert seen(["front", "tasks"], ["front", "tasks"]) == (Verdict.VERIFIED, "2 services")
    named = claim("trace.services", services="Front, task*", count=2)
    assert seen(["front", "tasks"], ["front", "tasks"], of=named) == (Verdict.VERIFIED, "2 services")
    assert seen(["a_b"], ["a_b"], of=claim("trace.services", services="A-B")) == (Verdict.VERIFIED, "1 service")
    # only those that are meant count
    assert seen(["front", "x"], ["front", "x"], of=claim("trace.services", services="front", count=2))[1] == "1 service"


def test_no_service():
    assert seen([], []) == (Verdict.REFUTED, "0 services")
    assert seen(["jaeger"], [], own=["jaeger"]) == (Verdict.REFUTED, "0 services")
    assert seen(["jaeger"], [], own=["jaeger"], of=claim("trace.services", services="front"))[1] == "0 services"


def test_services_that_were_seen_once():
    assert seen(["front"], []) == (Verdict.REFUTED, "0 spans of *")
    named = claim("trace.services", services="front, tasks", seen="<= 5 min")
    assert seen(["front", "tasks"], ["front"], of=named) == (Verdict.REFUTED, "0 spans of tasks")
    assert seen(["front"], ["front"], of=named) == (Verdict.REFUTED, "no service tasks")
    assert seen(["front"], ["front"], of=claim("trace.services", count=">= 2")) == (Verdict.REFUTED, "1 service")


# --- one request, one trace

NONCES = [f"distaudit-{number:032x}" for number in range(5)]
RUNS = tuple(Performed(nonce, 110.0, 0.1, ok=True, status=200, trace=trace_of(nonce)) for nonce in NONCES)
ROLES = {"store": ("store",), "services": ("tasks",)}
OF = claim("trace.spans-services", activity="it")


def whole(nonce, trace=None, **changes):
    trace = trace or trace_of(nonce)
    front = Span(trace, "1" * 16, span_of(nonce), "front", "get", 110.0, 0.1, host="h", pid="10")
    tasks = Span(trace, "2" * 16, "1" * 16, "tasks", "work", 110.01, 0.05, host="h", pid="11")
    return [replace(front, **changes.get("front", {})), replace(tasks, **changes.get("tasks", {}))]


def every(**changes):
    return [span for nonce in NONCES for span in whole(nonce, **changes)]


def facts(run, first, last=None, around=None, services=("front", "tasks"), own=(), complete=True):
    ids = ",".join(one.trace for one in run.runs if one.ok and one.trace)
    late = f"{run.active_to + 15:.1f}"
    looks = [
        fact("", run, activity="it"),
        fact("store", Traces(services, tuple(first), own=own), at=120.0, ids=ids),
    ]
    if last is not None:
        looks += [
            fact("store", Traces(services, tuple(last), own=own), at=126.0, ids=ids, after=late),
            fact(
                "store",
                Traces(services, tuple(around or ()), services, own, complete),
                at=126.1,
                since=f"{run.idle_from:.1f}",
                until=late,
            ),
        ]
    return looks


def judgement(first, last=None, *, of=OF, runs=RUNS, **more):
    """What is judged of a first look; of the second one, too, where that is wanted."""
    run = ActivityRun("it", 100.0, 110.0, 111.0, 116.0, runs)
    return judged(of, evidence(ROLES, *facts(run, first, first if last is None else last, **more)))


def verdict(first, last=None, **more):
    told = judgement(first, last, **more)
    return told.verdict, told.reason or told.actual


def test_it_looks_at_once_and_again_when_all_may_be_in():
    run = ActivityRun("it", 100.0, 110.0, 111.0, 116.0, RUNS)
    asked = judge(OF, CHECKS[OF.check], evidence(ROLES, fact("", run, activity="it")))
    assert isinstance(asked, NeedMore)
    assert asked.needs[0].ask.arg("ids") == ",".join(map(trace_of, NONCES))
    again = judge(OF, CHECKS[OF.check], evidence(ROLES, *facts(run, every()[:3])))
    assert isinstance(again, NeedMore)
    assert [need.ask.arg("after") for need in again.needs] == ["126.0", ""]
    assert judged(OF, evidence(ROLES, *facts(run, every()))).verdict is Verdict.VERIFIED


def test_every_performance_is_one_trace():
    told = judgement(every())
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "5 of 5 traces whole")
    assert told.because == "through front, tasks"
    # the first look was too early
    assert verdict(every()[:3], every())[0] is Verdict.VERIFIED
    # whoever is in front may begin without a parent, and a caller may share its span with the one who is called
    assert verdict(every(front={"parent": ""}))[0] is Verdict.VERIFIED
    assert verdict(every(tasks={"span": "1" * 16, "parent": ""}))[0] is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"tasks": {"service": "front"}}, "1 service: front"),
        ({"tasks": {"trace": "f" * 32}}, "1 service: front"),
        ({"tasks": {"parent": "9" * 16}}, "1 span of tasks with a parent that is not there"),
        ({"tasks": {"parent": ""}}, "2 roots: front, tasks"),
        ({"front": {"parent": "2" * 16}}, "0 roots: none"),
        ({"tasks": {"start": 109.99}}, "1 span of tasks before the parent"),
    ],
)
def test_what_is_no_whole_trace(changes, because):
    told = judgement(every(**changes))
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 of 5 traces whole")
    assert because in told.because


def test_clocks_may_differ_by_some_milliseconds():
    assert verdict(every(tasks={"start": 109.996}))[0] is Verdict.VERIFIED


def test_one_broken_trace_is_one_too_many():
    spans = [*every()[:-1]]
    assert verdict(spans) == (Verdict.REFUTED, "4 of 5 traces whole")
    # that most are whole does not excuse it
    assert verdict(spans, of=claim("trace.spans-services", activity="it", traced=">= 50 %"))[0] is Verdict.REFUTED


def test_services_and_calls_that_are_documented():
    def of(**params):
        return claim("trace.spans-services", activity="it", **params)

    assert verdict(every(), of=of(services=">= 3")) == (Verdict.REFUTED, "0 of 5 traces whole")
    assert "no span of model" in judgement(every(), of=of(through="front, model")).because
    assert verdict(every(), of=of(through="Front, TASKS", edges="front -> tasks"))[0] is Verdict.VERIFIED
    assert "no call tasks -> front" in judgement(every(), of=of(edges="tasks -> front")).because
    named = replace(OF, roles={"store": "store", "services": "tasks"})
    assert verdict(every(), of=named)[0] is Verdict.VERIFIED
    assert "no span of tasks" in judgement(every(tasks={"service": "other"}), of=named).because


def test_one_process_that_poses_as_two():
    told = judgement(every(tasks={"pid": "10"}))
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "front and tasks are one process")
    # though it gives itself two names
    assert verdict(every(front={"instance": "a"}, tasks={"pid": "10", "instance": "b"}))[0] is Verdict.REFUTED


@pytest.mark.parametrize(
    ("front", "tasks", "apart"),
    [
        ({"pid": "1"}, {"pid": "1"}, False),  # the first process of two containers of one pod
        ({"pid": "1", "instance": "a"}, {"pid": "1", "instance": "b"}, True),
        ({"host": "", "pid": ""}, {"host": "", "pid": ""}, False),
        ({"host": ""}, {}, False),  # numbers of two hosts, perhaps
        ({"pid": ""}, {"pid": "", "host": "i"}, True),
        ({"pid": "", "host": "", "instance": "a"}, {"pid": "", "host": "", "instance": "b"}, True),
        ({"pid": "", "host": "", "instance": "a"}, {"pid": "", "host": "", "instance": "a"}, False),
        ({"pid": "10"}, {"pid": "10", "host": "i"}, True),
    ],
)
def test_whether_two_services_are_two_processes(front, tasks, apart):
    expected = (Verdict.VERIFIED, "5 of 5 traces whole") if apart else (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert verdict(every(front=front, tasks=tasks)) == expected


def test_some_are_not_sampled():
    spans = [span for nonce in NONCES[:2] for span in whole(nonce)]
    assert verdict(spans) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    half = claim("trace.spans-services", activity="it", traced=">= 40 %")
    assert verdict(spans, of=half) == (Verdict.VERIFIED, "2 of 5 traces whole")
    rare = claim("trace.spans-services", activity="it", traced=">= 10 %")
    assert verdict([], of=rare) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_no_trace_at_all():
    told = judgement([], services=())
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 of 5 traces")
    assert told.because == "5 performances succeeded; the store has no span of any service"
    itself = judgement([], services=("jaeger",), own=("jaeger",))
    assert itself.because == told.because


def foreign(number, at=110.0, **changes):
    return [replace(span, start=at, **changes) for span in whole(NONCES[0], trace=f"{number:032x}")]


def test_spans_that_go_on_whoever_asks():
    around = [span for number in range(9) for span in foreign(number, at=105.0 + number)]
    told = judgement([], around=around)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 of 5 traces")
    assert "18 spans of front, tasks, none under the audit's ids" in told.because


def test_traces_that_began_meanwhile_under_ids_of_their_own():
    around = [span for number in range(5) for span in foreign(number)]
    assert verdict([], around=around) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    # fewer than were performed, or narrower than claimed, are somebody else's
    assert verdict([], around=around[2:])[0] is Verdict.REFUTED
    assert verdict([], around=[span for span in around if span.service == "front"])[0] is Verdict.REFUTED
    assert verdict([], around=[], complete=False) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_traces_that_are_known_by_the_nonce():
    around = [
        span
        for number, nonce in enumerate(NONCES)
        for span in whole(nonce, trace=f"{number:032x}", front={"nonces": (nonce,), "parent": ""})
    ]
    told = judgement([], around=around)
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "5 of 5 traces whole")
    assert "known by their nonces" in told.because
    broken = [span for span in around if span.service == "front"]
    assert verdict([], around=broken) == (Verdict.REFUTED, "0 of 5 traces whole")


def test_an_activity_that_fails_or_sets_its_own_header():
    bad = [replace(one, ok=False, detail="out of order") for one in RUNS]
    assert verdict([], runs=tuple(bad)) == (Verdict.UNVERIFIABLE, Reason.BASELINE)
    some = (*RUNS[:4], bad[4])
    assert verdict(every(), runs=some) == (Verdict.UNVERIFIABLE, Reason.BASELINE)
    # what is refuted by those that succeeded stays refuted
    assert verdict([], runs=some, services=())[0] is Verdict.REFUTED
    own = tuple(replace(one, trace="") for one in RUNS)
    assert verdict([], runs=own) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_the_stores_own_spans_are_not_the_targets():
    spans = every(tasks={"service": "jaeger"})
    assert verdict(spans, own=("jaeger",)) == (Verdict.REFUTED, "0 of 5 traces whole")
