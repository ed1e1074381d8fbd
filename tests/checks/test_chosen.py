"""Which containers a claim is about, and what is said of those that are not up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.containers import Containers, HealthTest

from .containers import ROLES, R, U, V, container, judgement, looked, told
from .evidence import claim, evidence, failure, judged

ENDED = container("ended", state="exited", exit_code=3, processes=None)
DONE = container("migrate", state="exited", exit_code=0, processes=None, completes_for=("web",))
WELL = HealthTest("healthy", ("CMD-SHELL", "curl -f http://x"), outputs=("fine",))

ALL = ["container.running", "container.healthy", "container.restarts"]


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.NOT_REACHABLE])
@pytest.mark.parametrize("name", ALL)
def test_what_could_not_be_seen_is_never_absent(name, reason):
    of = claim(name, container="web")
    answer = judged(of, evidence(ROLES, failure("engine", Containers, reason)))
    assert (answer.verdict, answer.reason) == (U, reason)
    answer = judged(claim("container.count", count=0), evidence(ROLES, failure("engine", Containers, reason)))
    assert (answer.verdict, answer.reason) == (U, reason)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("seen", "actual"),
    [
        (container(state="created"), "web was never started"),
        (container(state="paused"), "web paused"),
        (container(state="dead"), "web dead"),
        (container(state="exited", exit_code=1), "web exited (1)"),
        (container(state="exited", exit_code=0), "web exited (0)"),
        (container(state="exited", exit_code=1, completes_for=("app",)), "web exited (1)"),
        (container(state="running", exit_code=None), ""),
        (container(state="exited", exit_code=137, out_of_memory=True), "web exited (137, out of memory)"),
        (
            container(state="restarting", exit_code=2, restarts=4),
            "web restarts over and over (4 times, exit status 2)",
        ),
        (container("other"), "no container web"),
    ],
)
def test_what_is_not_up(name, seen, actual):
    if actual:
        assert told(name, replace(seen, health=WELL), container="web") == (R, actual)
    else:
        assert told(name, replace(seen, health=WELL), container="web")[0] is V


@pytest.mark.parametrize("name", ALL)
def test_one_that_was_to_end(name):
    assert told(name, DONE, container="migrate") == (U, Reason.AMBIGUOUS_CLAIM)
    assert told(name, DONE, container("web", health=WELL), container="*")[0] is V
    assert told(name, replace(DONE, state="paused"), container="*")[0] is R
    assert judgement(name, DONE, container="migrate").because.startswith("migrate ended as web waited for")


def test_five_that_are_down_are_told():
    seen = [replace(ENDED, name=f"c{number}") for number in range(7)]
    answer = judgement("container.running", *seen, container("web"), container="*")
    assert answer.actual.count("exited") == 5
    assert answer.because == "7 of 8 containers not up"


@pytest.mark.parametrize(
    ("pattern", "project", "verdict"),
    [
        ("web", None, V),
        ("w*", None, V),
        ("front", None, V),
        ("fr?nt", "shop", V),
        ("web", "shop", V),
        ("web", "other", R),
        ("we", None, R),
        ("", None, R),
    ],
)
def test_names_services_and_globs(pattern, project, verdict):
    seen = container("web", service="front", project="shop")
    assert told("container.running", seen, container("x", "sleep 1"), container=pattern, project=project)[0] is verdict


def test_ten_names_are_shown():
    seen = [container(f"c{number:02}") for number in range(12)]
    answer = judgement("container.running", *seen, container="web")
    assert answer.because == f"the engine has {', '.join(f'c{number:02}' for number in range(10))} and 2 more"
    assert judgement("container.running", *seen[:10], container="web").because.endswith("c09")
    assert judgement("container.running", looked(), container="web").because == "the engine has none"
