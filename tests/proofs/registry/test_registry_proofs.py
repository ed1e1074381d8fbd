"""Two-sided proofs of what is registered and whether it is well, on a real Consul."""

from __future__ import annotations

import time

import pytest
from registry_house import SHELVED

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

#: nobody listens there
CLOSED = 1


@pytest.fixture
def service(request):
    """A name of the test's own."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())


# --- registry.registered


def registered(house, name, **params):
    return house.judge("registry.registered", service=name, within="0.2s", **params)


def test_registered_verifies_two_instances(house, service):
    house.register(service)
    house.register(service, ID=f"{service}-2", Port=house.port("front"))
    for two in (">= 1", "2", ">= 2", "< 3"):
        assert registered(house, service, instances=two).verdict is Verdict.VERIFIED
    for other in ("1", ">= 3", "!= 2"):
        assert registered(house, service, instances=other).verdict is Verdict.REFUTED
    assert registered(house, service, expect="absent").verdict is Verdict.REFUTED


def only_names_like_it(house, name):
    for other in (name.upper(), f"{name}s", f"x-{name}"):
        house.register(other, ID=other)


def only_in_the_key_value_store(house, name):
    house.call("PUT", f"kv/services/{name}", b"127.0.0.1:80")
    house.call("PUT", f"kv/{name}", b"127.0.0.1:80")


def only_an_id(house, name):
    house.register("other", ID=name)


def only_a_tag(house, name):
    house.register("other", ID=f"other-{name}", Tags=[name])


def only_a_node(house, name):
    house.call("PUT", "catalog/register", {"Node": name, "Address": "127.0.0.1"})


def only_a_check(house, name):
    house.call("PUT", "agent/check/register", {"Name": name, "ID": name, "TTL": "60s", "Status": "passing"})


def registered_and_gone(house, name):
    house.register(name, ID=name)
    house.call("PUT", f"agent/service/deregister/{name}")


def where_nobody_listens(house, name):
    house.register(name, Port=CLOSED)


def where_nobody_listens_and_passing(house, name):
    house.register(name, Port=CLOSED, Check={"TTL": "60s", "Status": "passing"})


LIES = [
    only_names_like_it,
    only_in_the_key_value_store,
    only_an_id,
    only_a_tag,
    only_a_node,
    only_a_check,
    registered_and_gone,
    where_nobody_listens,
    where_nobody_listens_and_passing,
]


@pytest.mark.parametrize("lie", LIES)
def test_registered_refutes(house, service, lie):
    lie(house, service)
    result = registered(house, service)
    assert result.verdict is Verdict.REFUTED, result.because
    present = lie in (where_nobody_listens, where_nobody_listens_and_passing)
    absent = registered(house, service, expect="absent").verdict
    assert absent is (Verdict.REFUTED if present else Verdict.VERIFIED)


def one_address_thrice(house, name):
    for number in range(3):
        house.register(name, ID=f"{name}-{number}")


def one_alive_and_two_dead(house, name):
    house.register(name)
    for port in (CLOSED, CLOSED + 1):
        house.register(name, Port=port)


@pytest.mark.parametrize("lie", [one_address_thrice, one_alive_and_two_dead])
def test_registered_refutes_three_that_are_one(house, service, lie):
    lie(house, service)
    result = registered(house, service, instances=">= 3")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "1 instance"), result.because


def test_registered_does_not_refute_what_it_cannot_reach(house, service):
    house.register(service, Address="10.255.255.1", Port=80)
    house.register(service, Address="worker.example", Port=81)
    assert registered(house, service, instances=2).verdict is Verdict.VERIFIED


def test_registered_cannot_tell_instances_without_a_port_apart(house, service):
    for number in range(2):
        house.register(service, ID=f"{service}-{number}", Port=0)
    assert registered(house, service).verdict is Verdict.VERIFIED
    result = registered(house, service, instances=2)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize("check", ["registered", "count", "passing"])
def test_without_permission_nothing_is_absent(house, seen_through, check):
    params = {"registered": {"service": "x"}, "count": {"services": 0}, "passing": {}}[check]
    told = house.judge(f"registry.{check}", "locked", within="0.2s", **params)
    assert told.reason is not Reason.FORBIDDEN, "with its token everything is seen"
    for token in ("", ":wrong-token-here@"):
        room = seen_through(house.url("locked").replace(":master-of-the-house@", token))
        for expect in ("present", "absent"):
            result = room.judge(f"registry.{check}", system="consul", within="0.2s", expect=expect, **params)
            assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN), (token, result.because)


# --- registry.count


def test_count_verifies_the_shelf(house):
    for many in (SHELVED, f">= {SHELVED}", f"< {SHELVED + 1}"):
        assert house.judge("registry.count", "shelf", services=many).verdict is Verdict.VERIFIED
    assert house.judge("registry.count", "shelf", services=SHELVED, instances=SHELVED).verdict is Verdict.VERIFIED
    for other in (SHELVED - 1, f">= {SHELVED + 1}", 0):
        result = house.judge("registry.count", "shelf", services=other, within="0.2s")
        assert (result.verdict, result.actual) == (Verdict.REFUTED, f"{SHELVED} services")


def another_instance(house, name):
    """As its first of another address."""
    entry = {"Name": "service-0", "ID": "service-0-again", "Address": "10.0.0.99", "Port": 80}
    house.call("PUT", "agent/service/register", entry, system="shelf")
    return "service-0-again"


def a_key(house, name):
    house.call("PUT", "kv/services/service-31", b"10.0.0.31:80", system="shelf")


def a_node(house, name):
    house.call("PUT", "catalog/register", {"Node": name, "Address": "10.0.0.31"}, system="shelf")


def a_check(house, name):
    check = {"Name": "service-31", "ID": name, "TTL": "60s", "ServiceID": "service-1"}
    house.call("PUT", "agent/check/register", check, system="shelf")


@pytest.mark.parametrize("lie", [another_instance, a_key, a_node, a_check])
def test_count_refutes_one_more_that_is_none(house, service, lie):
    added = lie(house, service)
    result = house.judge("registry.count", "shelf", services=SHELVED + 1, within="0.2s")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, f"{SHELVED} services")
    if added:
        house.call("PUT", f"agent/service/deregister/{added}", system="shelf")


# --- registry.passing


def passing(house, name, within="4s"):
    return house.judge("registry.passing", service=name, within=within)


def http_check(house, system="worker", **more):
    return {"HTTP": f"{house.url(system)}/", "Interval": "300ms", **more}


def tcp_check(port, host="127.0.0.1"):
    return {"TCP": f"{host}:{port}", "Interval": "300ms"}


def test_passing_verifies_an_instance_that_is_asked(house, service):
    for number, check in enumerate((http_check(house), tcp_check(house.port()), tcp_check(house.port(), "localhost"))):
        house.register(f"{service}-{number}", Check=check)
    result = passing(house, f"{service}-?")
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, "3 instances passing"), result.because


def once_asked(house, name):
    """Wait until the agent has asked what it asks of the service, and told the catalog."""
    deadline = time.monotonic() + 15
    while True:
        checks = house.call("GET", f"health/checks/{name}")
        asked = [one["Output"] for one in checks if one["CheckID"].startswith("service:")]
        if asked and all(asked):
            return
        assert time.monotonic() < deadline, checks
        time.sleep(0.1)


def never_checked(house, name):
    house.register(name)


def one_of_two_never_checked(house, name):
    house.register(name, Check=http_check(house))
    house.register(name, ID=f"{name}-2", Port=house.port("front"))
    once_asked(house, name)


def critical(house, name):
    house.register(name, Check={"TTL": "60s"})


def warning(house, name):
    house.register(name, Check={"TTL": "60s", "Status": "warning"})


def in_maintenance(house, name):
    house.register(name, ID=name, Check=http_check(house))
    once_asked(house, name)
    house.call("PUT", f"agent/service/maintenance/{name}?enable=true")


def by_asking_the_registry(house, name):
    house.register(name, Check=tcp_check(house.port("consul")))
    once_asked(house, name)


def by_asking_another_instance(house, name):
    house.register(f"{name}-other", Check=http_check(house))
    house.register(name, Port=house.port("still"), Check=http_check(house))
    once_asked(house, name)


def dead_and_kept_passing(house, name):
    house.register(name, Port=CLOSED, Check={"TTL": "60s", "Status": "passing"})


def dead_and_another_is_asked(house, name):
    house.register(f"{name}-other", Check=http_check(house))
    house.register(name, Port=CLOSED, Check=http_check(house))
    once_asked(house, name)


@pytest.mark.parametrize(
    "lie",
    [
        never_checked,
        one_of_two_never_checked,
        critical,
        warning,
        in_maintenance,
        by_asking_the_registry,
        by_asking_another_instance,
        dead_and_kept_passing,
        dead_and_another_is_asked,
    ],
)
def test_passing_refutes(house, service, lie):
    lie(house, service)
    result = passing(house, service, within="1.2s")
    assert result.verdict is Verdict.REFUTED, (result.reason, result.because)


def test_passing_refutes_a_service_that_is_not_there(house, service):
    assert passing(house, service, within="0.2s").verdict is Verdict.REFUTED


def kept_passing_by_somebody(house, name):
    house.register(name, Check={"TTL": "60s", "Status": "passing"})


def by_asking_a_port_that_nobody_registered(house, name):
    """As services with a port for management do; or as a lie."""
    house.register(name, Port=house.port("front"), Check=tcp_check(house.spare_port))


def by_an_alias(house, name):
    house.register(f"{name}-other", ID=f"{name}-other", Check=http_check(house))
    house.register(name, Check={"AliasService": f"{name}-other"})


@pytest.mark.parametrize("way", [kept_passing_by_somebody, by_asking_a_port_that_nobody_registered, by_an_alias])
def test_passing_cannot_tell_what_a_check_asks(house, service, way):
    way(house, service)
    result = passing(house, service, within="3s")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), result.because


def test_passing_cannot_tell_of_nothing(house):
    result = passing(house, "nothing-*", within="0.2s")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)
