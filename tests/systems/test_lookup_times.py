"""Look-ups that the audit times itself, of agents that say what they are told to and of a real one."""

from __future__ import annotations

import urllib.request
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems import _consul_own
from pytest_distaudit.systems._consul_own import by_others, own_lookups
from pytest_distaudit.systems.consul import KIND

from .bad_days import SECRET, closes, free_port, garbage, look, never_answers, refusal, resets
from .test_consul_kind import AGENT, agent, url

TIMES = Ask.of("lookup-times", service="worker", times=3)
ENTRY = {"Node": {"Address": "10.0.0.1"}, "Service": {"Service": "Worker", "Address": "", "Port": 80}}


@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_is_told(serve, limits, bad_day):
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    assert refusal(KIND, TIMES, replace(limits, ask_s=0.3), url=url(serve(bad_day))).reason is reason


def test_a_closed_port_is_a_refusal(limits):
    assert isinstance(refusal(KIND, TIMES, limits, url=url(free_port())), Refusal)


def looked_up(serve, limits, answer):
    """An agent that answers look-ups of the worker so, and knows nobody else."""
    where = agent(serve, indexed=("health/",), others=(200, []), health__service__worker=answer)
    return look(KIND, TIMES, limits, url=where)


def test_look_ups_and_controls(serve, limits):
    seen = looked_up(serve, limits, (200, [ENTRY]))
    assert (len(seen.took), len(seen.control), seen.late, seen.empty, seen.wrong) == (3, 3, 0, 0, 0)
    assert (seen.instances, seen.invented, seen.cut) == (("10.0.0.1:80",), 0, False)
    assert min(*seen.took, *seen.control) > 0


@pytest.mark.parametrize(
    "answer",
    [
        (500, f"rpc error of {SECRET}".encode()),
        (200, b"no JSON"),
        (200, {"Service": {}}),
        (200, [ENTRY, {"Service": {"Service": "another"}}]),
        (200, ["worker"]),
    ],
)
def test_what_is_no_answer_about_the_service(serve, limits, answer):
    seen = looked_up(serve, limits, answer)
    assert (seen.took, seen.wrong, seen.empty) == ((), 3, 0)
    assert seen.said.startswith(str(answer[0]))
    assert SECRET not in seen.said


def test_what_does_not_come_from_the_catalog(serve, limits):
    seen = look(KIND, TIMES, limits, url=agent(serve, health__service__worker=(200, [ENTRY])))
    assert (seen.wrong, seen.invented) == (3, None)


def test_nobody(serve, limits):
    assert looked_up(serve, limits, (200, [])).empty == 3


def test_answers_that_are_late(serve, limits):
    seen = looked_up(serve, replace(limits, ask_s=0.1, look_s=2.0), None)
    assert seen.late in (2, 3)
    assert seen.patience == 0.1


def test_a_slow_agent_is_asked_as_long_as_there_is_time(serve, limits):
    where = agent(serve, indexed=("health/",), others=(200, []), health__service__worker=None)
    many = Ask.of("lookup-times", service="worker", times=50)
    seen = look(KIND, many, replace(limits, ask_s=0.2, look_s=0.5), url=where)
    assert seen.cut
    assert 1 <= seen.late < 50


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("health__service__worker", 403, Reason.FORBIDDEN),
        ("health__service__worker", 302, Reason.REDIRECTED),
        ("health__service__worker", 429, Reason.BUDGET),
        ("status__leader", 401, Reason.FORBIDDEN),
        ("status__leader", 500, Reason.PROTOCOL_ERROR),
    ],
)
def test_what_an_agent_may_refuse(serve, limits, path, status, reason):
    where = agent(serve, indexed=("health/",), others=(200, []), **{path: (status, b"no")})
    assert refusal(KIND, TIMES, limits, url=where).reason is reason


def test_what_is_left_out_is_no_answer(serve, limits):
    where = agent(serve, filtered=True, indexed=("health/",), others=(200, []))
    assert refusal(KIND, TIMES, limits, url=where).reason is Reason.FORBIDDEN


# --- own look-ups are nobody's use of it


def metrics(count: int, service: str = "worker") -> str:
    return f'consul_health_service_query{{service="{service}"}} {count}\n'


def test_own_look_ups_are_taken_out_of_the_count(monkeypatch):
    monkeypatch.setattr(_consul_own, "_OWN", {("run", "worker"): _consul_own._Own(5, 8)})
    assert by_others("run", metrics(9), "Worker") == 4
    assert by_others("another run", metrics(9), "worker") == 9
    assert by_others("run", metrics(7), "worker") == 7, "it was forgotten and began anew"
    assert own_lookups("run", metrics(9) + metrics(2, "other")) == 5
    assert own_lookups("another run", metrics(9)) == 0


def test_an_agent_that_does_not_count_them_has_none_taken_out(serve, limits, monkeypatch):
    monkeypatch.setattr(_consul_own, "_OWN", {})
    assert AGENT["agent/metrics"][1].endswith(b'{service="worker"} 2\n')
    looked_up(serve, limits, (200, [ENTRY]))
    assert not any(own.made for own in _consul_own._OWN.values())


@pytest.mark.live
def test_a_real_agent_tells_soon_and_nobody_else_looked_it_up(consul):
    asked = Ask.of("lookups", service="worker")
    looks = [look(KIND, ask, Limits(), url=consul.url) for ask in (asked, Ask.of("work"))]
    with urllib.request.urlopen(f"{consul.url}/v1/health/service/worker", timeout=5) as answer:
        answer.read()
    for _ in range(2):
        seen = look(KIND, Ask.of("lookup-times", service="worker", times=20), Limits(), url=consul.url)
        assert (len(seen.took), seen.instances, seen.invented) == (20, seen.instances[:1], 0)
        assert seen.instances[0].startswith("127.0.0.1:")
    later = [look(KIND, ask, Limits(), url=consul.url) for ask in (asked, Ask.of("work"))]
    assert len(later[0].seen) - len(looks[0].seen) == 1
    assert (later[0].counted, looks[0].counted) == (looks[0].counted + 1, later[0].counted - 1)
    assert later[1].counts["look-ups"] - looks[1].counts.get("look-ups", 0) == 1
