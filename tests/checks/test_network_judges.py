"""The judge of isolation, branch by branch, on evidence made by hand."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.networks import (
    ARRIVED,
    CONTROL,
    DIRECT,
    ELSEWHERE,
    PUBLISHED,
    SILENT,
    Attachment,
    Attempt,
    Member,
    Neighbourhood,
    groups_of,
)

from .evidence import claim, evidence, fact, judged

ROLES = {"system": ("engine",)}
GROUPS = "blue=blue*, green=green*"


def on(*networks, driver="bridge", talks=None):
    return tuple(Attachment(f"id-{name}", name, driver, talks) for name in networks)


def member(name, *networks, ports=(80,), **more):
    options = {"attachments": on(*networks), "namespace": f"net:[{name}]", "alone": False, "ports": ports, **more}
    return Member(name, **options)


BLUE, GREEN = member("blue", "b"), member("green", "g")


def tried(source, target, outcome=SILENT, way=DIRECT):
    return Attempt(source, target, "10.0.0.1:80", way, outcome)


CONTROLS = [
    tried(source, target, ARRIVED, CONTROL)
    for source, target in (("blue", ""), ("green", ""), ("", "blue"), ("", "green"))
]
ATTEMPTS = [tried("blue", "green"), tried("green", "blue")]


def told(*members, attempts=(*ATTEMPTS, *CONTROLS), skipped=0, groups=GROUPS, **params):
    seen = evidence(ROLES, fact("engine", Neighbourhood(members, tuple(attempts), skipped)))
    return judged(claim("network.isolated", groups=groups, **params), seen)


def word(*members, **params):
    judgement = told(*members, **params)
    return judgement.verdict, judgement.reason or judgement.actual


def test_apart_by_attempts_with_their_controls():
    judgement = told(BLUE, GREEN)
    assert (judgement.verdict, judgement.actual) == (Verdict.VERIFIED, "2 groups apart")
    assert "2 connections tried between them" in judgement.because


def test_what_is_named_as_shared_may_stand_on_both():
    assert word(BLUE, GREEN, member("db", "b", "g"), shared="db")[0] is Verdict.VERIFIED
    assert (
        word(BLUE, GREEN, member("db-1", "b", "g"), member("front", "b", "g"), shared="db-*+front")[0]
        is Verdict.VERIFIED
    )
    assert word(BLUE, GREEN, member("green-db", "b", "g"), shared="green-db")[0] is Verdict.VERIFIED


def test_one_id_under_two_names_is_one_network():
    green = member("green", attachments=(Attachment("id-b", "green-net", "bridge"),))
    assert word(BLUE, green) == (Verdict.REFUTED, "blue and green share b")
    quiet = (Attachment("id-b", "b", "bridge", False),)
    assert (
        "keep those on it apart" in told(member("blue", attachments=quiet), member("green", attachments=quiet)).because
    )


def test_no_network_is_shared_by_those_that_have_none():
    none = [member(name, attachments=on("none", driver="null"), alone=True, ports=()) for name in ("blue", "green")]
    assert word(*none, attempts=())[0] is Verdict.VERIFIED


def test_one_network_stack_under_two_names():
    guest = member("green", attachments=(), namespace="net:[blue]")
    assert word(BLUE, guest) == (Verdict.REFUTED, "blue and green have one network stack")


@pytest.mark.parametrize(("way", "remedy"), [(DIRECT, "close the way"), (PUBLISHED, "do not publish")])
def test_a_connection_that_arrives_is_a_way(way, remedy):
    judgement = told(BLUE, GREEN, attempts=[*ATTEMPTS, tried("green", "blue", ARRIVED, way), *CONTROLS])
    assert (judgement.verdict, judgement.actual) == (Verdict.REFUTED, "green reaches blue")
    assert remedy in judgement.remedy


def test_others_between_them_refute_only_where_the_shared_ones_are_named():
    relay, one, two = member("relay", "b", "g"), member("one", "b", "m"), member("two", "m", "g")
    assert word(BLUE, GREEN, relay) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    assert word(BLUE, GREEN, relay, shared="db") == (Verdict.REFUTED, "relay stands between blue and green")
    assert word(BLUE, GREEN, one, two, shared="") == (Verdict.REFUTED, "one and two stand between blue and green")
    assert word(BLUE, GREEN, one, two, shared="two")[0] is Verdict.VERIFIED
    assert word(BLUE, GREEN, member("relay", "b", "g", up=False), shared="")[0] is Verdict.VERIFIED


@pytest.mark.parametrize("groups", ["blue", "blue=", "blue=a, blue=b", "=a, b=c", "blue=+, green=a"])
def test_groups_that_say_less_than_two_are_not_read(groups):
    assert groups_of(groups) is None
    assert word(BLUE, GREEN, groups=groups) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


def test_who_is_meant():
    assert word(BLUE) == (Verdict.REFUTED, "no container of green")
    assert word(BLUE, GREEN, groups="a=*, b=green") == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    assert word(BLUE, GREEN, project="other")[0] is Verdict.REFUTED
    assert groups_of("a=b+c*, d=e") == {"a": ("b", "c*"), "d": ("e",)}
    served = Member("x-1", "shop", "blue")
    assert served.fits(("blue",), "shop")
    assert not served.fits(("blue",), "mall")


def test_what_does_not_run_is_not_apart():
    assert word(BLUE, member("green", "g", up=False)) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


@pytest.mark.parametrize("driver", ["macvlan", "overlay", ""])
def test_ids_of_other_makes_of_networks_say_too_little(driver):
    green = member("green", attachments=on("lan", driver=driver))
    assert word(BLUE, green) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_without_attempts_ids_alone_do_not_verify():
    hidden = member("green", "g", hidden="it does not run on this host", ports=None, alone=None)
    judgement = told(BLUE, hidden, attempts=())
    assert (judgement.verdict, judgement.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "this host" in judgement.because
    assert word(BLUE, member("green", "b", hidden="elsewhere"), attempts=())[0] is Verdict.REFUTED


def test_an_answer_by_nobody_knows_whom_leaves_it_open():
    attempts = [*ATTEMPTS, tried("blue", "green", ELSEWHERE), *CONTROLS]
    assert word(BLUE, GREEN, attempts=attempts) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert word(BLUE, GREEN, skipped=1) == (Verdict.UNVERIFIABLE, Reason.BUDGET)


@pytest.mark.parametrize("left_out", range(4))
def test_every_attempt_wants_its_control(left_out):
    controls = [one for at, one in enumerate(CONTROLS) if at != left_out]
    assert word(BLUE, GREEN, attempts=[*ATTEMPTS, *controls]) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL)


def test_where_nobody_listens_nothing_was_tried():
    assert word(BLUE, member("green", "g", ports=())) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL)
    worker = member("green-worker", "g", ports=())
    controls = [*CONTROLS, tried("green-worker", "", ARRIVED, CONTROL)]
    assert word(BLUE, GREEN, worker, attempts=[*ATTEMPTS, *controls])[0] is Verdict.VERIFIED


def test_one_port_does_not_vouch_for_another():
    judgement = told(BLUE, member("green", "g", ports=(80, 5432)))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL)
    assert judgement.because == "not reached from its own network, either: 1 port 5432"
