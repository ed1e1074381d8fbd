"""The judge of scraping, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import Listener, ServerProcess
from pytest_distaudit.ports.telemetry import Scrape, Scrapes

from .evidence import CHECKS, claim, evidence, fact, failure, judged

OF = claim("metrics.scraped")
ROLES = {"server": ("prometheus",), "systems": ("tasks", "model")}
TASKS = Scrape("town", "localhost", 8000, "/metrics", "up", age=1.0, every=15.0, samples=7)
MODEL = replace(TASKS, host="10.0.0.2", port=8001, samples=3)
SELF = replace(TASKS, host="127.0.0.1", port=9090)


def looks(*targets, tasks=("0.0.0.0:8000",), model=("0.0.0.0:8001",), known=True):
    found = [
        fact("prometheus", Scrapes(targets, own=("localhost:9090",))),
        fact("tasks", Listener(8000, open=True, host="127.0.0.1")),
        fact("model", Listener(8001, open=True, host="10.0.0.2")),
    ]
    if known:
        found += [
            fact(name, ServerProcess(name, "pid", listens_on=tuple(places)))
            for name, places in {"tasks": tasks, "model": model}.items()
        ]
    return evidence(ROLES, *found)


def verdict(*targets, of=OF, **more):
    told = judged(of, looks(*targets, **more))
    return told.verdict, told.reason or told.actual


def test_every_system_is_scraped():
    told = judged(OF, looks(SELF, TASKS, MODEL))
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "2 of 2 systems scraped")
    assert told.because == "tasks (7 samples), model (3 samples)"


def test_nothing_or_only_itself():
    assert verdict() == (Verdict.REFUTED, "0 targets")
    assert verdict(SELF, replace(SELF, host="localhost")) == (Verdict.REFUTED, "only itself")


def test_a_system_that_is_no_target():
    told = judged(OF, looks(TASKS, replace(MODEL, port=9100)))
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "1 of 2 systems scraped")
    assert "model is no target: nothing is scraped at 10.0.0.2:8001" in told.because
    assert verdict(replace(TASKS, host="10.0.0.9"), MODEL)[0] is Verdict.REFUTED


def test_its_process_is_looked_at_before_another_port_counts_as_somebody_elses():
    other = replace(MODEL, port=9100)
    asked = judge(OF, CHECKS[OF.check], looks(TASKS, other, known=False))
    assert isinstance(asked, NeedMore)
    assert verdict(TASKS, other, model=["0.0.0.0:9100"])[0] is Verdict.VERIFIED
    assert verdict(TASKS, replace(other, host="10.0.0.9"), model=["0.0.0.0:9100"])[0] is Verdict.REFUTED


def test_where_its_ports_cannot_be_seen_another_one_may_be_its_own():
    other = replace(MODEL, port=9100)
    assert verdict(TASKS, other, model=()) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    late = failure("model", ServerProcess, Reason.TIMED_OUT)
    told = judged(OF, evidence(ROLES, *looks(TASKS, other, known=False).observations, late))
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.TIMED_OUT)
    # nothing else is scraped on its host, or only what is another system's
    gone = evidence(ROLES, *looks(TASKS, known=False).observations, late)
    assert judged(OF, gone).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"health": "unknown", "age": None}, "has not been scraped yet (job town)"),
        ({"age": None}, "has not been scraped yet"),
        ({"health": "down", "error": "connection refused"}, "is down (connection refused)"),
        ({"age": 46.0}, "was last scraped 46 s ago"),
        ({"age": 121.0, "every": None}, "was last scraped 121 s ago"),
        ({"age": 10.5, "every": 1.0}, "was last scraped 10 s ago"),
        ({"samples": 0}, "brings 0 samples; claimed >= 1"),
    ],
)
def test_a_target_from_which_nothing_comes(changes, because):
    told = judged(OF, looks(TASKS, replace(MODEL, **changes)))
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "1 of 2 systems scraped")
    assert because in told.because


def test_one_good_target_of_several_is_enough():
    assert verdict(TASKS, MODEL, replace(MODEL, health="down"))[0] is Verdict.VERIFIED
    assert verdict(TASKS, replace(MODEL, age=44.0))[0] is Verdict.VERIFIED
    assert verdict(TASKS, replace(MODEL, age=10.0, every=1.0))[0] is Verdict.VERIFIED


def test_samples_that_are_claimed():
    assert verdict(TASKS, MODEL, of=claim("metrics.scraped", samples=">= 5")) == (
        Verdict.REFUTED,
        "1 of 2 systems scraped",
    )
    assert verdict(TASKS, replace(MODEL, samples=None)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_a_name_inside_a_network_that_the_audit_does_not_see():
    assert verdict(TASKS, replace(MODEL, host="model.town")) == (Verdict.VERIFIED, "2 of 2 systems scraped")
    assert verdict(TASKS, replace(MODEL, host="model", port=80)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert verdict(TASKS, replace(MODEL, host="model", port=80, health="down"))[0] is Verdict.REFUTED


def test_what_could_not_be_looked_at():
    gone = failure("model", Listener, Reason.NOT_REACHABLE)
    seen = evidence(ROLES, fact("prometheus", Scrapes((TASKS,))), fact("tasks", Listener(8000, True, host="::1")), gone)
    assert judged(OF, seen).reason is Reason.NOT_REACHABLE
    nobody = evidence({**ROLES, "systems": ()}, fact("prometheus", Scrapes((TASKS,))))
    assert judged(OF, nobody).reason is Reason.VACUOUS
