"""The judges of containers, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.containers import HealthTest

from .containers import NOW, R, U, V, container, judgement, looked, processes, told
from .evidence import CHECKS

IDLE = container("idle", "sleep infinity")
JOB = container("job", "sh job.sh", "sleep 100")
ENDED = container("ended", state="exited", exit_code=3, processes=None)
WELL = HealthTest("healthy", ("CMD-SHELL", "curl -f http://x"), outputs=("fine",))


def running(*seen, name="*", **params):
    return told("container.running", *seen, container=name, **params)


# --- container.running


def test_it_runs():
    assert running(container()) == (V, "1 container up")
    assert running(container(), container("db", "postgres")) == (V, "2 containers up")
    assert judgement("container.running", container(), container="web").because == "web: nginx: master process"


def test_the_last_three_commands_are_shown():
    seen = container("web", "tini", "a", "b", "c")
    assert judgement("container.running", seen, container="web").because == "web: c; b; a"


def test_it_does_nothing():
    answer = judgement("container.running", container(), IDLE, container="*")
    assert (answer.verdict, answer.actual, answer.because) == (R, "idle does nothing", "idle: sleep infinity")
    assert answer.conclusive
    assert running(IDLE, idle=True) == (V, "1 container up")


def test_what_it_does_is_hidden():
    assert running(JOB) == (U, Reason.NO_OBSERVABLE)
    assert running(container(processes=None)) == (U, Reason.NO_OBSERVABLE)
    assert running(container(processes=())) == (U, Reason.NO_OBSERVABLE)
    assert judgement("container.running", container(processes=None), container="web").actual == "web is up"
    assert judgement("container.running", JOB, container="job").actual == "what job does is hidden"
    assert running(JOB, idle=True)[0] is V
    assert running(container(processes=None), idle=True)[0] is V


@pytest.mark.parametrize(
    ("restarts", "up", "verdict"),
    [
        (0, 0.0, V),
        (1, 9.9, U),
        (1, 10.0, V),
        (2, 19.9, U),
        (2, 20.0, V),
        (6, 59.0, U),
        (6, 60.0, V),
        (100, 60.0, V),
        (100, 59.0, U),
        (1, None, U),
        (0, None, V),
    ],
)
def test_between_two_crashes_it_is_up(restarts, up, verdict):
    started = None if up is None else NOW - up
    answer = running(container(restarts=restarts, started_at=started))
    assert answer == (U, Reason.INCONCLUSIVE_STATISTICS) if verdict is U else answer[0] is V


# --- container.count


def count(wanted, *seen, **params):
    return told("container.count", *(seen or [looked()]), count=wanted, **params)


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("2", (V, "2 containers")),
        (">= 2", (V, "2 containers")),
        (">= 3", (R, "2 containers")),
        ("5", (R, "2 containers")),
    ],
)
def test_those_that_work_count(wanted, answer):
    assert count(wanted, container("a"), container("b"), IDLE, ENDED, replace(IDLE, name="i2")) == answer


def test_why_the_others_do_not_count():
    answer = judgement("container.count", container("a"), IDLE, ENDED, count=3)
    told_ = "3 fit the claim, 2 are up; 1 of them do nothing (idle: sleep infinity); not up: ended exited (3)"
    assert answer.because == told_
    assert judgement("container.count", container("a"), count=3).because == "1 fit the claim, 1 are up"
    assert judgement("container.count", IDLE, count=1, idle=True).because == "1 fit the claim, 1 are up"


def test_five_that_do_not_count_are_told():
    seen = [replace(ENDED, name=f"c{number}") for number in range(7)]
    assert judgement("container.count", *seen, count=1).because.count("exited") == 5


def test_an_open_number():
    assert count("2", container("a"), JOB) == (U, Reason.NO_OBSERVABLE)
    assert judgement("container.count", container("a"), JOB, count=2).actual == "1 to 2 containers"
    assert count(">= 1", container("a"), JOB) == (V, "1 to 2 containers")
    assert count("3", container("a"), JOB) == (R, "1 to 2 containers")
    assert count("<= 2", container("a"), JOB)[0] is V
    assert count("1", container(processes=None)) == (U, Reason.NO_OBSERVABLE)
    assert count("1", container(processes=None), idle=True)[0] is V
    assert "what job does is hidden" in judgement("container.count", container("a"), JOB, IDLE, count=2).because


def test_only_those_that_fit():
    seen = container("web-1"), container("web-2", image="redis:7"), container("db", project="shop")
    assert count("3", *seen)[0] is V
    assert count("2", *seen, match="web-*")[0] is V
    assert count("2", *seen, image="nginx:*")[0] is V
    assert count("1", *seen, image="nginx:*", match="web-*")[0] is V
    assert count("1", *seen, project="shop")[0] is V
    assert count("0") == (V, "0 containers")
    assert count("1", IDLE, idle=True)[0] is V


# --- container.healthy


def healthy(health, *commands, **facts):
    return told("container.healthy", container("web", *commands, health=health, **facts), container="web")


def test_it_is_healthy():
    assert healthy(WELL) == (V, "1 container healthy")
    seen = container(health=WELL)
    assert judgement("container.healthy", seen, container="web").because == "web: CMD-SHELL curl -f http://x"


@pytest.mark.parametrize(
    ("health", "actual"),
    [
        (replace(WELL, status="unhealthy"), "web unhealthy"),
        (replace(WELL, status="starting"), "web starting"),
        (replace(WELL, test=("CMD", "true")), "web: its health test cannot fail"),
        (replace(WELL, status="unhealthy", test=("CMD", "true")), "web: its health test cannot fail"),
        (replace(WELL, failing=3), "web: its last 3 tests failed"),
        (replace(WELL, failing=4), "web: its last 4 tests failed"),
    ],
)
def test_it_is_not(health, actual):
    assert healthy(health) == (R, actual)


def test_two_failures_may_be_a_moment():
    assert healthy(replace(WELL, failing=2))[0] is V


def test_what_the_test_said():
    ill = container(health=replace(WELL, status="unhealthy", outputs=("old", "new")))
    assert judgement("container.healthy", ill, container="web").because == "CMD-SHELL curl -f http://x: new"
    silent = container(health=replace(WELL, status="unhealthy", outputs=()))
    assert judgement("container.healthy", silent, container="web").because.endswith("no output")


def test_a_loop_that_passes_its_test():
    assert healthy(WELL, "sh -c while true; do nc -l 80; done", "nc -l 80") == (R, "web does nothing")
    # the loop may stand in a file
    assert healthy(WELL, "sh loop.sh", "nc -l 80") == (U, Reason.NO_OBSERVABLE)
    assert healthy(WELL, processes=None) == (U, Reason.NO_OBSERVABLE)


def test_without_a_test():
    assert healthy(None) == (U, Reason.NO_OBSERVABLE)
    both = container("a", health=WELL), container("b")
    assert told("container.healthy", *both, container="*") == (U, Reason.NO_OBSERVABLE)
    worse = container("a", health=replace(WELL, status="unhealthy")), container("b")
    assert told("container.healthy", *worse, container="*") == (R, "a unhealthy")


def test_a_test_that_cannot_fail_is_the_last_word():
    seen = container(health=replace(WELL, test=("CMD", "true")))
    assert judgement("container.healthy", seen, container="web").conclusive
    ill = container(health=replace(WELL, status="starting"))
    assert not judgement("container.healthy", ill, container="web").conclusive


# --- container.restarts


def restarts(*seen, **params):
    return told("container.restarts", *seen, container="web", **params)


def test_it_stays_up():
    assert restarts(container()) == (V, "web 0 restarts")
    assert restarts(container(restarts=2), restarts="<= 2") == (V, "web 2 restarts")
    assert judgement("container.restarts", container(), container="web").because == "web up for 3600 s"


def test_it_falls_over():
    assert restarts(container(restarts=1)) == (R, "web: 1 restart")
    assert restarts(container(restarts=3), restarts="<= 2") == (R, "web: 3 restarts")


def test_its_policy():
    assert restarts(container(restart_policy="always"), policy="always")[0] is V
    assert restarts(container(restart_policy="no"), policy="always") == (R, "web: policy no")
    assert judgement("container.restarts", container(), container="web", policy="always").conclusive


@pytest.mark.parametrize(
    ("up", "age", "verdict"),
    [(59.0, None, U), (60.0, None, V), (5.0, ">= 5 s", V), (4.0, ">= 5 s", U), (None, None, U)],
)
def test_a_young_one_cannot_be_told(up, age, verdict):
    seen = container(started_at=None if up is None else NOW - up)
    answer = restarts(seen, **({"age": age} if age else {}))
    assert answer == ((V, "web 0 restarts") if verdict is V else (U, Reason.INCONCLUSIVE_STATISTICS))
    # what is refuted at any age needs none
    assert restarts(replace(seen, restarts=9))[0] is R


def test_made_anew_between_two_looks():
    first = looked(container(started_at=NOW - 70), at=1.0)
    same = looked(container(started_at=NOW - 70), now=NOW + 1, at=2.0)
    other = looked(container(id="another", started_at=NOW - 70), at=2.0)
    again = looked(container(started_at=NOW - 65), at=2.0)
    assert restarts(first, same)[0] is V
    assert restarts(first, other) == (R, "web was started anew")
    assert restarts(first, again) == (R, "web was started anew")
    assert judgement("container.restarts", first, other, container="web").conclusive
    unrelated = looked(container("db", id="y", started_at=1.0), container(started_at=NOW - 70), at=1.0)
    assert restarts(unrelated, same)[0] is V
    stopped = looked(container(state="exited", exit_code=1, started_at=NOW - 99), at=1.0)
    assert restarts(stopped, same)[0] is V


def test_the_engines_own_restart_is_none_by_hand():
    first = looked(container(restarts=1, started_at=NOW - 70), at=1.0)
    second = looked(container(restarts=2, started_at=NOW - 65), at=2.0)
    assert restarts(first, second, restarts="<= 5")[0] is V


def test_processes_are_built_one_under_the_other():
    assert [(one.pid, one.parent) for one in processes("a", "b")] == [(1, 0), (2, 1)]


def test_one_that_was_to_end_and_those_that_were_not():
    done = container("migrate", state="exited", exit_code=0, processes=None, completes_for=("web", "app"))
    assert running(done) == (U, Reason.AMBIGUOUS_CLAIM)
    assert judgement("container.running", done, container="*").because.startswith(
        "migrate ended as web, app waited for"
    )
    assert running(done, container())[0] is V
    assert running(done, ENDED) == (R, "ended exited (3)")
    seven = [replace(ENDED, name=f"c{number}") for number in range(7)]
    assert judgement("container.running", *seven, container="*").actual.count("exited") == 5


def test_how_long_the_checks_look_again():
    wanted = {"container.running": 15, "container.count": 15, "container.healthy": 30, "container.restarts": 60}
    assert {name: CHECKS[name].settles_s for name in wanted} == wanted
    assert CHECKS["port.published"].settles_s == 15


def test_five_of_many_are_told():
    seven = [container(f"c{number}", health=WELL) for number in range(7)]
    assert judgement("container.running", *seven, container="*").because.count("nginx") == 5
    assert judgement("container.healthy", *seven, container="*").because.count("curl") == 5
    assert judgement("container.restarts", *seven, container="*").because.count("up for") == 5
    assert judgement("container.restarts", *seven, container="*").actual.count("c") == 5
    idle = [replace(IDLE, name=f"c{number}") for number in range(7)]
    assert judgement("container.running", *idle, container="*").because.count("sleep") == 3
