"""What the judges of a service registry make of evidence: pure, one fact changed at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.registrations import HealthCheck, Instance, RegisteredService, Registry

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("registry",), "caller": ("front",)}

OWN = "10.0.0.1:8500"
WELL = HealthCheck("alive", "http", "passing", "10.0.0.7:80", "200 OK")
WORKER = Instance("worker-1", "node-1", "10.0.0.7", 80, "passing", (WELL,), "10.0.0.7", True)


def told(of, *seen):
    judgement = judged(of, evidence(ROLES, *seen))
    return judgement.verdict, judgement.reason or judgement.actual


def holding(**services):
    return Registry(tuple(RegisteredService(name, tuple(each)) for name, each in services.items()), OWN)


def at(name, registry, **params):
    return told(claim(name, **params), fact("registry", registry))


def at_port(port, **more):
    return replace(WORKER, id=f"worker-{port}", port=port, **more)


@pytest.mark.parametrize(
    ("name", "params"),
    [("registered", {"service": "worker"}), ("count", {"services": 0}), ("passing", {})],
)
@pytest.mark.parametrize("expect", ["present", "absent"])
def test_what_could_not_be_seen_is_never_absent(name, params, expect):
    of = claim(f"registry.{name}", expect=expect, **params)
    assert told(of, failure("registry", Registry, Reason.FORBIDDEN)) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


# --- registry.registered


def registered(*instances, wanted=">= 1", **more):
    return at("registry.registered", holding(worker=instances), service="worker", instances=wanted, **more)


def test_a_service_is_registered():
    assert registered(WORKER) == (Verdict.VERIFIED, "1 instance")
    assert registered(replace(WORKER, answers=None)) == (Verdict.VERIFIED, "1 instance")
    assert registered(WORKER, at_port(81), wanted=2) == (Verdict.VERIFIED, "2 instances")


def test_no_such_service():
    no_worker = (Verdict.REFUTED, "no service worker")
    assert at("registry.registered", holding(workers=[WORKER]), service="worker") == no_worker
    assert at("registry.registered", holding(), service="worker") == no_worker
    absent = at("registry.registered", holding(), service="worker", expect="absent")
    assert absent == (Verdict.VERIFIED, "no service worker")


def test_one_address_is_one_instance():
    twice = replace(WORKER, id="worker-2", node="node-2")
    assert registered(WORKER, twice, wanted=2) == (Verdict.REFUTED, "1 instance")
    elsewhere = replace(WORKER, id="worker-2", address="10.0.0.8")
    assert registered(WORKER, elsewhere, wanted=2) == (Verdict.VERIFIED, "2 instances")


def test_an_instance_where_nobody_listens_is_none():
    dead = at_port(81, answers=False)
    assert registered(dead) == (Verdict.REFUTED, "0 instances")
    assert registered(WORKER, dead, wanted=">= 2") == (Verdict.REFUTED, "1 instance")
    assert registered(WORKER, dead, wanted=1) == (Verdict.VERIFIED, "1 instance")


def test_who_does_not_listen_is_told():
    seen = fact("registry", holding(worker=[WORKER, at_port(81, answers=False)]))
    of = claim("registry.registered", service="worker", instances=2)
    assert judged(of, evidence(ROLES, seen)).because == "at 10.0.0.7:80; nobody listens at 10.0.0.7:81"
    alive = fact("registry", holding(worker=[WORKER]))
    assert judged(of, evidence(ROLES, alive)).because == "at 10.0.0.7:80"
    denied = replace(of, expect=Expect.ABSENT)
    assert "nobody" not in judged(denied, evidence(ROLES, seen)).because


def test_what_is_registered_where_nobody_listens_is_not_absent():
    dead = replace(WORKER, answers=False)
    assert registered(dead, expect="absent") == (Verdict.REFUTED, "1 instance")
    assert registered(WORKER, expect="absent") == (Verdict.REFUTED, "1 instance")


def test_instances_without_a_port_may_be_one():
    first, second = (replace(WORKER, id=name, port=0) for name in ("a", "b"))
    assert registered(first) == (Verdict.VERIFIED, "1 instance")
    assert registered(first, second)[0] is Verdict.VERIFIED
    for two in (2, ">= 2", 1, "< 2"):
        assert registered(first, second, wanted=two) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    apart = replace(second, address="10.0.0.8")
    assert registered(first, apart, wanted=2) == (Verdict.VERIFIED, "2 instances")
    assert registered(first, WORKER, wanted=2) == (Verdict.VERIFIED, "2 instances")
    assert registered(first, WORKER, wanted=3) == (Verdict.REFUTED, "2 instances")
    assert registered(first, second, wanted=">= 3") == (Verdict.REFUTED, "2 instances")


def test_many_names_are_shortened():
    many = holding(**{f"service{number:02}": [WORKER] for number in range(12)})
    judgement = judged(claim("registry.registered", service="worker"), evidence(ROLES, fact("registry", many)))
    assert judgement.because.endswith("service09 and 2 more")
    ten = holding(**{f"service{number:02}": [WORKER] for number in range(10)})
    judgement = judged(claim("registry.registered", service="worker"), evidence(ROLES, fact("registry", ten)))
    assert judgement.because.endswith("service09")


# --- registry.count


def count(wanted, instances=None, **services):
    return at("registry.count", holding(**services), services=wanted, instances=instances)


def test_services_are_counted():
    assert count(2, a=[WORKER], b=[at_port(81)]) == (Verdict.VERIFIED, "2 services")
    assert count(0) == (Verdict.VERIFIED, "0 services")
    assert count(">= 3", a=[WORKER, at_port(81)], b=[at_port(82)]) == (Verdict.REFUTED, "2 services")
    assert count(1, a=[WORKER], b=[WORKER]) == (Verdict.REFUTED, "2 services")


def test_instances_are_counted_too():
    services = {"a": [WORKER, at_port(81)], "b": [at_port(82)]}
    assert count(2, 3, **services) == (Verdict.VERIFIED, "2 services")
    assert count(2, ">= 4", **services) == (Verdict.REFUTED, "3 instances")
    assert count(2, 2, a=[WORKER], b=[WORKER]) == (Verdict.REFUTED, "1 instance")
    nameless = [replace(WORKER, id="a", port=0), replace(WORKER, id="b", port=0)]
    assert count(1, 2, a=nameless) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


# --- registry.passing

NOT_WELL = (Verdict.REFUTED, "1 instance not shown to be well")
CANNOT_TELL = (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def passing(*instances, service="*", **more):
    return at("registry.passing", holding(worker=instances, **more), service=service)


def checked(**how):
    return replace(WORKER, checks=(replace(WELL, **how),))


def test_an_instance_passes_a_check_of_its_own():
    assert passing(WORKER) == (Verdict.VERIFIED, "1 instance passing")
    assert passing(replace(WORKER, answers=None)) == (Verdict.VERIFIED, "1 instance passing")
    second = at_port(81, checks=(replace(WELL, asks="10.0.0.7:81"),))
    assert passing(WORKER, second) == (Verdict.VERIFIED, "2 instances passing")


@pytest.mark.parametrize("manner", ["http", "tcp", "grpc"])
@pytest.mark.parametrize("host", ["10.0.0.7", "localhost", "127.0.0.1", "[::1]"])
def test_a_check_that_asks_the_instance(manner, host):
    assert passing(checked(manner=manner, asks=f"{host}:80"))[0] is Verdict.VERIFIED


def test_a_check_that_asks_the_instance_by_another_name_of_its_node():
    assert passing(replace(WORKER, address="127.0.0.1"))[0] is Verdict.VERIFIED
    assert passing(replace(WORKER, address="10.9.9.9")) == CANNOT_TELL
    assert passing(replace(checked(asks="localhost:80"), address="10.9.9.9")) == CANNOT_TELL
    assert passing(replace(WORKER, address="10.9.9.9", node_address="10.9.9.9")) == CANNOT_TELL


@pytest.mark.parametrize("state", ["critical", "warning", "unheard-of"])
def test_an_instance_that_does_not_pass(state):
    assert passing(replace(WORKER, status=state)) == NOT_WELL


def test_a_check_that_has_not_run_yet():
    waiting = replace(WELL, status="critical", asks="", output="")
    silent = replace(WELL, output="")
    assert passing(replace(WORKER, status="critical", checks=(silent,))) == NOT_WELL
    assert passing(replace(WORKER, status="critical", checks=(waiting,))) == CANNOT_TELL
    assert passing(replace(WORKER, status="critical", checks=(waiting, WELL))) == CANNOT_TELL
    failing = replace(waiting, output="connection refused")
    assert passing(replace(WORKER, status="critical", checks=(failing,))) == NOT_WELL
    assert passing(replace(WORKER, status="critical", checks=(failing, waiting))) == NOT_WELL
    for told in ("ttl", "maintenance", ""):
        assert passing(replace(WORKER, status="critical", checks=(replace(waiting, manner=told),))) == NOT_WELL


def test_an_instance_that_nobody_checks():
    assert passing(replace(WORKER, checks=())) == NOT_WELL


def test_an_instance_that_passes_where_nobody_listens():
    assert passing(replace(WORKER, answers=False)) == NOT_WELL


def test_an_instance_that_is_judged_by_another_one():
    other = Instance("other", "node-1", "10.0.0.7", 81, "passing", (replace(WELL, asks="10.0.0.7:81"),), "10.0.0.7")
    by_other = checked(asks="10.0.0.7:81")
    assert passing(by_other, other=[other]) == NOT_WELL
    assert passing(by_other) == CANNOT_TELL
    assert passing(by_other, other=[replace(other, node="node-2")]) == CANNOT_TELL
    both = replace(WORKER, checks=(WELL, replace(WELL, asks="10.0.0.7:81")))
    assert passing(both, other=[other])[0] is Verdict.VERIFIED
    partly = replace(WORKER, checks=(replace(WELL, asks="10.0.0.7:81"), replace(WELL, manner="script", asks="")))
    assert passing(partly, other=[other]) == CANNOT_TELL


def test_an_instance_that_is_judged_by_the_registry():
    assert passing(checked(asks=OWN)) == NOT_WELL


@pytest.mark.parametrize("manner", ["ttl", "script", "alias", ""])
def test_a_check_of_which_nobody_knows_what_it_asks(manner):
    assert passing(checked(manner=manner, asks="")) == CANNOT_TELL
    assert passing(checked(manner=manner)) == CANNOT_TELL


def test_the_manners_of_checks_are_told():
    checks = tuple(HealthCheck("x", manner, "passing", "", "word") for manner in ("ttl", "", "script"))
    seen = fact("registry", holding(worker=[replace(WORKER, checks=checks)]))
    assert "(script, ttl, unknown)" in judged(claim("registry.passing"), evidence(ROLES, seen)).because


def test_a_check_that_asks_an_unknown_port_or_host():
    assert passing(checked(asks="10.0.0.7:9999")) == CANNOT_TELL
    assert passing(checked(asks="elsewhere.example:80")) == CANNOT_TELL


def test_a_fault_of_one_outweighs_a_doubt_of_another():
    doubtful = at_port(81, checks=(replace(WELL, manner="ttl", asks=""),))
    assert passing(doubtful, replace(WORKER, status="critical")) == NOT_WELL
    assert passing(WORKER, doubtful) == CANNOT_TELL


def test_only_the_services_that_are_meant():
    sick = [replace(WORKER, status="critical")]
    assert passing(WORKER, service="worker", other=sick)[0] is Verdict.VERIFIED
    assert passing(WORKER, service="work*", other=sick)[0] is Verdict.VERIFIED
    assert passing(WORKER, other=sick) == NOT_WELL


def test_no_service_that_is_meant():
    assert passing(WORKER, service="other") == (Verdict.REFUTED, "no service other")
    for glob in ("o*", "othe?", "[o]ther"):
        assert passing(WORKER, service=glob) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


@pytest.mark.parametrize("name", ["registered", "count", "passing"])
def test_a_registry_is_given_a_moment(name):
    assert 0 < CHECKS[f"registry.{name}"].settles_s < 10
