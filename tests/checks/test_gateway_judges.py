"""The judges of gateways, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import ActivityRun, Listener, Performed, ServerProcess
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayRefusal, GatewayRoute, GatewayServer
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("gate",)}
VERIFIED, REFUTED, UNVERIFIABLE = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE

# --- gateway.routes

UP = GatewayServer("a", "10.0.0.1:80", True, "UP")
DOWN = replace(UP, healthy=False, state="DOWN")
API = GatewayBackend("api", (UP,))
TASKS = GatewayRoute("tasks", "api", (), ("/tasks",), ("GET",))
USERS = GatewayRoute("users", "api", (), ("/users",))
GATE = Gateway(routes=(TASKS, USERS), backends=(API,))


def routes(seen, **params):
    expect = params.pop("expect", "present")
    return judged(claim("gateway.routes", expect=expect, **params), evidence(ROLES, fact("gate", seen)))


def told(judgement):
    return judgement.verdict, judgement.reason or judgement.actual


def test_routes_that_lead_somewhere():
    assert told(routes(GATE)) == (VERIFIED, "1 service, 2 routes")
    assert told(routes(GATE, count=2)) == (VERIFIED, "1 service, 2 routes")
    assert told(routes(GATE, count=3)) == (REFUTED, "1 service, 2 routes")
    assert told(routes(GATE, route="tasks", count=1)) == (VERIFIED, "1 service, 1 route")
    assert "tasks to api" in routes(GATE).because


def test_services_without_a_route():
    five = tuple(GatewayBackend(f"s{n}", (UP,)) for n in range(5))
    assert told(routes(Gateway((), five))) == (REFUTED, "5 services, 0 routes")
    assert told(routes(Gateway((), five), expect="absent")) == (VERIFIED, "5 services, 0 routes")


@pytest.mark.parametrize(
    ("path", "verdict"), [("/tasks", VERIFIED), ("/tasks/7", VERIFIED), ("/task", REFUTED), ("/other", REFUTED)]
)
def test_a_path_is_taken_by_its_beginning(path, verdict):
    assert routes(GATE, path=path).verdict is verdict


def test_a_route_without_paths_takes_all_and_a_pattern_only_its_own_words():
    assert routes(replace(GATE, routes=(replace(TASKS, paths=()),)), path="/x").verdict is VERIFIED
    pattern = replace(GATE, routes=(replace(TASKS, paths=("~/t.*",)),))
    assert [routes(pattern, path=path).verdict for path in ("/tasks", "~/t.*")] == [REFUTED, VERIFIED]


def test_the_routes_that_there_are_are_named():
    assert "the routes are tasks, users" in routes(GATE, route="orders").because


def test_two_names_of_one_route_count_once():
    twice = replace(GATE, routes=(TASKS, replace(TASKS, name="again")))
    judgement = routes(twice, count=2)
    assert told(judgement) == (REFUTED, "1 service, 1 route of 2 that count")
    assert "1 route take" in judgement.because


@pytest.mark.parametrize(
    ("backends", "why"),
    [
        ((), "leads to api, which does not exist"),
        ((replace(API, servers=()),), "api has no server"),
        ((replace(API, servers=(DOWN, DOWN)),), "every server of api is down (10.0.0.1:80 DOWN)"),
    ],
)
def test_a_route_to_nobody_is_none(backends, why):
    judgement = routes(replace(GATE, routes=(TASKS,), backends=backends))
    assert judgement.verdict is REFUTED
    assert why in judgement.because
    assert routes(replace(GATE, routes=(TASKS,), backends=backends), expect="absent").verdict is REFUTED


def test_a_route_that_leads_nowhere():
    assert "leads nowhere" in routes(replace(GATE, routes=(replace(TASKS, to=""),))).because


@pytest.mark.parametrize("servers", [None, (replace(UP, healthy=None),), (UP, DOWN)])
def test_what_is_not_known_to_be_down_counts(servers):
    assert routes(replace(GATE, routes=(TASKS,), backends=(replace(API, servers=servers),))).verdict is VERIFIED


def test_backends_that_cannot_be_read_are_not_held_against_the_route():
    assert told(routes(replace(GATE, backends=None))) == (VERIFIED, "2 routes")


def test_routes_that_cannot_be_read():
    untold = Gateway(None, (API,), unseen="it tells no rules")
    assert told(routes(untold)) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert routes(untold).because == "it tells no rules"
    assert told(routes(untold, to="api")) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(routes(untold, to="web")) == (REFUTED, "no backend web")
    assert told(routes(Gateway(None, None), to="web")) == (UNVERIFIABLE, Reason.NO_OBSERVABLE)


# --- gateway.forwards

GOOD = Performed("n", 110.0, 0.1, ok=True, status=200)
BAD = replace(GOOD, ok=False, status=404, detail="no route for request 0123456789ab")
MANY = 7
SERVER = GatewayServer("a", "127.0.0.1:80", True, "UP", 20)
BACKENDS = GatewayBackend("api", (SERVER,), 20), GatewayBackend("web", (), 0)
START = Gateway(None, BACKENDS, 30, 5, 0, "it tells no rules")
REFUSED = GatewayRefusal(503, own=True, body="nobody")
FORWARDS = claim("gateway.forwards", activity="go")


def performed(*runs):
    return fact("", ActivityRun("go", 100.0, 110.0, 111.0, 121.0, runs or (GOOD,) * MANY), activity="go")


def moved(taken=0, answered=0, cached=0, web=0):
    api, other = START.backends
    api = replace(api, servers=(replace(SERVER, answered=20 + answered),), answered=20 + answered)
    return replace(
        START, backends=(api, replace(other, answered=web)), taken_in=30 + taken, own_answers=99, cached=cached
    )


ALL = moved(MANY, MANY)
BLIND = Gateway(None, None, 30, unseen="it does not count answers")


def judgement(end, *, start=START, first=None, meanwhile=None, control=REFUSED, also=(), **of):
    run, roles, check = of.get("run"), of.get("roles", ROLES), of.get("of", FORWARDS)
    looks = [
        fact("gate", first or start, at=100),
        fact("gate", start, at=109),
        fact("gate", meanwhile or end, at=111.5),
        fact("gate", end, at=121),
    ]
    more = [control] if control is None or hasattr(control, "system") else [fact("gate", control, at=130)]
    seen = [*looks, *also, *filter(None, more)]
    return judged(check, evidence(roles, *sorted(seen, key=lambda one: one.at), run or performed()))


def outcome(end, **more):
    return told(judgement(end, **more))


BUSY = (UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
UNTOLD = (UNVERIFIABLE, Reason.NO_OBSERVABLE)
NONE = (REFUTED, "0 of 7 forwarded")


def test_every_performance_is_answered_by_a_server():
    assert outcome(ALL) == (VERIFIED, "7 of 7 forwarded")
    because = judgement(ALL).because
    assert because.startswith("7 taken in, 7 answered by servers (a 7)")
    assert "refused by the gateway (503)" in because


def test_the_control_is_asked_only_when_the_counters_are_done_with():
    seen = evidence(
        ROLES, *(fact("gate", START if at < 110 else ALL, at=at) for at in (100, 109, 111.5, 121)), performed()
    )
    assert isinstance(judge(FORWARDS, CHECKS["gateway.forwards"], seen), NeedMore)


def test_more_is_asked_step_by_step():
    looks = [fact("gate", START if at < 110 else ALL, at=at) for at in (100, 109, 111.5, 121)]
    silent = failure("api", Work, Reason.NO_OBSERVABLE, at=121)
    seen = [*looks, silent, performed()]

    def wanted():
        answer = judge(BEHIND, CHECKS["gateway.forwards"], evidence(WITH, *seen))
        return [one.ask.capability for one in answer.needs]

    assert wanted() == ["gateway-refusal", "listener"]
    seen += [fact("gate", REFUSED, at=130), fact("api", Listener(80, True), at=131)]
    assert wanted() == ["gateway-refusal", "listener", "process"]


def test_more_than_one_request_a_performance():
    assert outcome(moved(2 * MANY, 2 * MANY)) == (VERIFIED, "7 of 7 forwarded")


def test_nothing_comes_by_the_gateway():
    assert outcome(moved()) == NONE
    assert "nothing came by the gateway" in judgement(moved()).because


def test_only_later_requests_are_somebody_elses():
    assert outcome(moved(2), meanwhile=START) == NONE
    assert "somebody else's" in judgement(moved(2), meanwhile=START).because


def test_the_gateway_answers_by_itself():
    assert outcome(moved(MANY)) == NONE
    assert "answers by itself" in judgement(moved(MANY)).because
    assert outcome(moved(MANY, 3)) == (REFUTED, "3 of 7 forwarded")


def test_performances_that_the_gateway_fails():
    assert outcome(moved(MANY), run=performed(*(BAD,) * MANY)) == NONE


def test_fewer_requests_than_performances():
    assert outcome(moved(3, 3)) == BUSY
    assert outcome(moved(3, 0)) == BUSY


def test_a_cache_of_the_gateway():
    assert outcome(moved(MANY, 1, cached=6)) == UNTOLD
    assert outcome(moved(MANY + 2, MANY, cached=2)) == (VERIFIED, "7 of 7 forwarded")


def test_the_backend_that_is_meant():
    api, web = (claim("gateway.forwards", activity="go", backend=name) for name in ("api", "web"))
    assert outcome(ALL, of=api)[0] is VERIFIED
    assert outcome(ALL, of=web) == NONE
    assert "other backends answered 7" in judgement(ALL, of=web).because
    assert outcome(ALL, of=claim("gateway.forwards", activity="go", backend="none")) == (REFUTED, "no backend none")


def test_what_moves_by_itself_is_not_judged():
    assert outcome(ALL, first=moved(-1, -1)) == BUSY
    restless = [fact("gate", moved(MANY - 1, MANY - 1), at=120)]
    assert outcome(ALL, meanwhile=moved(1, 1), also=restless) == BUSY


def test_counters_that_began_anew():
    assert outcome(moved(-30, -20)) == BUSY


def test_another_process_in_between():
    looks = [fact("gate", START, at=100), fact("gate", START, at=109), fact("gate", ALL, at=121, identity="two")]
    assert told(judged(FORWARDS, evidence(ROLES, *looks, performed()))) == BUSY


def test_performances_that_fail_for_another_reason():
    some = performed(*(GOOD,) * 6, BAD)
    assert outcome(ALL, run=some) == (UNVERIFIABLE, Reason.BASELINE)
    assert outcome(moved(MANY, 6), run=some) == (UNVERIFIABLE, Reason.BASELINE)
    assert outcome(ALL, run=performed(*(BAD,) * MANY)) == (UNVERIFIABLE, Reason.BASELINE)


def blind(end, **more):
    return judgement(end, start=BLIND, **more)


def test_without_counters_of_servers_the_gateways_own_refusal_tells():
    all_fail, alike = performed(*(BAD,) * MANY), GatewayRefusal(404, own=True, body="no route for request ba9876543210")
    assert told(blind(replace(BLIND, taken_in=37), run=all_fail, control=alike)) == NONE
    for control in (replace(alike, own=None), replace(alike, status=500), replace(alike, body="else")):
        seen = blind(replace(BLIND, taken_in=37), run=all_fail, control=control)
        assert told(seen) == (UNVERIFIABLE, Reason.BASELINE)
    nothing = failure("gate", GatewayRefusal, Reason.TIMED_OUT, at=130)
    assert told(blind(replace(BLIND, taken_in=37), run=all_fail, control=nothing)) == (UNVERIFIABLE, Reason.BASELINE)


def test_a_gateway_that_counts_nothing_by_server():
    assert told(blind(replace(BLIND, taken_in=37))) == UNTOLD
    assert told(blind(BLIND)) == NONE
    nothing = replace(BLIND, taken_in=None)
    assert told(judgement(nothing, start=nothing)) == UNTOLD


def test_a_control_that_cannot_be_had():
    lost = failure("gate", GatewayRefusal, Reason.NO_OBSERVABLE, at=130)
    assert outcome(ALL, control=lost)[0] is VERIFIED
    assert "not known (no-observable)" in judgement(ALL, control=lost).because


def test_a_path_that_cannot_exist_is_passed_on():
    assert "every path is routed" in judgement(ALL, control=GatewayRefusal(404, own=False)).because


# --- the system behind

WITH = {"system": ("gate",), "upstream": ("api",)}
BEHIND = replace(FORWARDS, roles={"system": "gate", "upstream": "api"})
OWN = fact("api", Listener(80, True, owner=True), at=131)


def works(done, first=0, nonces=None, unseen=""):
    counts = [(100, first), (109, 0), (111.5, done), (121, done)]
    return [
        fact("api", Work({"requests": 50 + count}, nonces if at > 110 else (nonces and ()), unseen), at=at)
        for at, count in counts
    ]


def behind(end=ALL, also=(), **more):
    return judgement(end, of=BEHIND, roles=WITH, also=[*also, more.pop("own", OWN)], **more)


def test_the_system_behind_does_the_work():
    assert told(behind(also=works(MANY))) == (VERIFIED, "7 of 7 forwarded")
    assert "all of them seen at api" in behind(also=works(MANY)).because
    assert told(behind(also=works(2 * MANY, first=-3, nonces=("n",)))) == (VERIFIED, "7 of 7 forwarded")


def test_a_gateway_that_counts_no_answers_is_known_by_the_system_behind():
    seen = behind(replace(BLIND, taken_in=37), start=BLIND, also=works(MANY))
    assert told(seen) == (VERIFIED, "7 of 7 forwarded")
    assert "does not count answers" in seen.shows_not
    anything = GatewayRefusal(200, own=True)
    seen = behind(replace(BLIND, taken_in=37), start=BLIND, also=works(MANY), control=anything)
    assert told(seen) == (UNVERIFIABLE, Reason.NO_CONTROL)
    lost = failure("gate", GatewayRefusal, Reason.TIMED_OUT, at=130)
    seen = behind(replace(BLIND, taken_in=37), start=BLIND, also=works(MANY), control=lost)
    assert told(seen) == (UNVERIFIABLE, Reason.TIMED_OUT)


def test_the_gateway_leads_elsewhere():
    assert told(behind(also=works(0))) == (REFUTED, "0 of 7 arrive at api")
    assert told(behind(also=works(0, unseen="all but files"))) == UNTOLD
    assert told(behind(also=works(3))) == BUSY


def test_the_system_behind_is_busy_by_itself():
    assert told(behind(also=works(MANY, first=-3))) == BUSY


def test_a_system_that_shows_no_work_is_known_by_where_it_listens():
    silent = [failure("api", Work, Reason.NO_OBSERVABLE, at=121)]
    assert told(behind(also=silent)) == (VERIFIED, "7 of 7 forwarded")
    assert "127.0.0.1:80 is api's own" in behind(also=silent).because
    for door in (Listener(81, True, owner=True), Listener(80, True, owner=False)):
        assert told(behind(also=silent, own=fact("api", door, at=131))) == UNTOLD
    # nobody's door, as far as is known: its process tells
    unknown = [*silent, fact("api", Listener(80, True), at=131)]
    for place, verdict in (("127.0.0.1:80", VERIFIED), ("0.0.0.0:80", VERIFIED), ("127.0.0.1:81", UNVERIFIABLE)):
        own = fact("api", ServerProcess("1", "pid", listens_on=(place,)), at=132)
        assert behind(also=unknown, own=own).verdict is verdict
    assert told(behind(also=[failure("api", Work, Reason.TIMED_OUT, at=121)])) == (UNVERIFIABLE, Reason.TIMED_OUT)
    seen = behind(replace(BLIND, taken_in=37), start=BLIND, also=silent)
    assert told(seen) == UNTOLD
