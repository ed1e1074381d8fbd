"""Which systems must be had for the wanted ones."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.target import Link, SystemSpec, Target
from pytest_distaudit.targets.closure import closed
from tests.targets.conftest import PLACE, python, system, target


def natively(spec: SystemSpec) -> bool:
    return spec.native is not None


def names(of: Target, *wanted: str) -> tuple[str, ...]:
    return closed(of, wanted, natively)


def test_a_system_that_needs_nothing_stands_alone() -> None:
    assert names(target(system("a", native=python("")), system("b", native=python(""))), "a") == ("a",)


def test_a_standby_brings_its_primary() -> None:
    lab = target(system("standby", "postgres", {"replicate_from": "primary"}), system("primary", "postgres", {}))
    assert names(lab, "standby") == ("standby", "primary")


@pytest.mark.parametrize("after", ["b", ["b"]])
def test_after_brings_the_other_whether_one_name_or_a_list(after: object) -> None:
    assert names(target(system("a", native=python("", after=after)), system("b", native=python(""))), "a") == ("a", "b")


@pytest.mark.parametrize(
    "native",
    [
        python("", env={"DB": "see {post-gres.url}!"}),
        {"argv": ["run", "--db={post-gres.url}"]},
        python("", then=[["migrate", "{post-gres.url}"]]),
    ],
    ids=["env", "argv", "then"],
)
def test_a_placeholder_brings_the_system_whose_address_it_is(native: dict[str, object]) -> None:
    assert names(target(system("a", native=native), system("post-gres", "postgres", {})), "a") == ("a", "post-gres")


def test_a_link_brings_its_end_and_so_on() -> None:
    links = (Link("one", "a", "b"), Link("two", "b", "c"))
    assert names(target(system("a"), system("b"), system("c"), links=links), "a") == ("a", "b", "c")


def test_an_attached_system_does_not_need_what_its_native_table_names() -> None:
    lab = target(system("a", native=python("", after="b")), system("b", native=python("")))
    assert closed(lab, ["a"], lambda _: False) == ("a",)


def test_services_that_call_each_other_are_no_cycle() -> None:
    one = system("one", native=python("", env={"OTHER": "{two.url}"}))
    two = system("two", native=python("", env={"OTHER": "{one.url}"}))
    links = (Link("there", "one", "two"), Link("back", "two", "one"))
    assert names(target(one, two, links=links), "one") == ("one", "two")


def test_systems_that_wait_for_one_another_are_refused_with_the_circle_spelled_out() -> None:
    lab = target(
        system("a", native=python("", after="b")),
        system("b", native=python("", after=["c"])),
        system("c", "postgres", {"replicate_from": "a"}),
    )
    with pytest.raises(InvalidInput) as refused:
        names(lab, "a")
    (problem,) = refused.value.problems
    assert problem.place == PLACE
    circle = problem.message.removeprefix("no start order: ").partition(";")[0].split(" waits for ")
    assert circle[0] == circle[-1]
    assert "'a' waits for 'b'" in " waits for ".join([*circle, *circle[1:]])
    assert sorted(set(circle)) == ["'a'", "'b'", "'c'"]


def test_every_unknown_name_is_reported_with_the_nearest() -> None:
    lab = target(
        system("front", native=python("", after="postgre", env={"MQ": "{rabitmq.amqp}"})),
        system("postgres", "postgres", {}),
        system("rabbitmq", "rabbitmq", {}),
        links=[Link("way", "front", "postgress")],
    )
    with pytest.raises(InvalidInput) as refused:
        names(lab, "front", "frnt")
    text = str(refused.value)
    assert "target 'lab': unknown system 'frnt'; did you mean 'front'?" in text
    assert "system 'front': unknown system 'postgre'; did you mean 'postgres'?" in text
    assert "native.env.MQ of system 'front': unknown system 'rabitmq'; did you mean 'rabbitmq'?" in text
    assert "link 'way': unknown system 'postgress'; did you mean 'postgres'?" in text
