"""Many asks at once: what the audit's own load does to a system is never reported as the system's doing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.crowd import Seen, observe_all
from pytest_distaudit.engine.window import FEW
from pytest_distaudit.ports.kind import Limits

LIMITS = Limits(look_s=2.0)


class System:
    """Bears ``most`` asks at once; ``worse`` is what becomes of the others, ``broken`` fares so always."""

    def __init__(self, most: int, worse: object = Reason.NOT_REACHABLE, broken: tuple[str, ...] = ()) -> None:
        self.most, self.worse, self.broken = most, worse, broken
        self.asked: Counter[str] = Counter()
        self.rounds = self.flying = self.crowd = 0
        self._lock = threading.Lock()

    def begin(self) -> Callable[[Ask], Seen]:
        self.rounds += 1
        return self.ask

    def ask(self, ask: Ask) -> Seen:
        name = str(ask.arg("n"))
        with self._lock:
            self.asked[name] += 1
            self.flying += 1
            self.crowd = max(self.crowd, self.flying)
            bad = self.flying > self.most or name in self.broken
        time.sleep(0.005)
        with self._lock:
            self.flying -= 1
        if not bad:
            return Seen(Observation("it", ask, time.time(), 0.005, value="well"))
        if isinstance(self.worse, Reason):
            return Seen(Observation("it", ask, time.time(), 0.005, reason=self.worse))
        return Seen(Observation("it", ask, time.time(), 0.005, value=self.worse), strained=True)


def asks(number: int) -> list[Ask]:
    return [Ask.of("fact", n=str(each)) for each in range(number)]


def told(system: System, number: int, limits: Limits = LIMITS) -> dict[str, Observation]:
    seen = list(observe_all("it", asks(number), system.begin, limits))
    assert sorted(str(one.ask) for one in seen) == sorted(map(str, asks(number)))
    return {str(one.ask.arg("n")): one for one in seen}


@pytest.mark.parametrize("worse", [Reason.NOT_REACHABLE, Reason.TIMED_OUT, Reason.PROTOCOL_ERROR, "503"])
@pytest.mark.parametrize("most", [1, 3, 8, 25])
def test_a_system_that_bears_little_is_not_made_to_look_down(worse: object, most: int) -> None:
    system = System(most, worse)
    seen = told(system, 60)
    assert {one.value for one in seen.values()} == {"well"}
    assert sum(system.asked.values()) <= 60 * 3


@pytest.mark.parametrize("worse", [Reason.NOT_REACHABLE, "503"])
def test_what_is_broken_in_calm_too_is_told(worse: object) -> None:
    broken = tuple(str(number) for number in range(10, 10 + FEW + 2))
    system = System(50, worse, broken)
    seen = told(system, 60)
    assert sorted(name for name, one in seen.items() if one.value != "well") == sorted(broken)
    assert {name: count for name, count in system.asked.items() if count > 1} == dict.fromkeys(broken, 3)
    assert system.rounds == 3


def test_a_single_doubt_is_asked_again_once_and_a_single_ask_never() -> None:
    system = System(50, broken=("7",))
    assert told(system, 60)["7"].reason is Reason.NOT_REACHABLE
    assert system.asked["7"] == 2
    alone = System(50, broken=("0",))
    assert told(alone, 1)["0"].reason is Reason.NOT_REACHABLE
    assert alone.asked["0"] == 1


def test_another_failure_than_one_of_load_is_told_at_once() -> None:
    system = System(50, Reason.FORBIDDEN, ("3",))
    assert told(system, 20)["3"].reason is Reason.FORBIDDEN
    assert system.asked["3"] == 1


def test_it_begins_with_the_set_number_and_goes_no_higher_than_the_most() -> None:
    system = System(1000)
    told(system, 9 * 10, Limits(connections=4, connections_most=12))
    assert 4 < system.crowd <= 12
    one_at_a_time = System(1000)
    told(one_at_a_time, 20, Limits(connections=1, connections_most=1))
    assert one_at_a_time.crowd == 1


def test_a_system_that_answers_nothing_well_is_left_alone_after_a_while() -> None:
    everything = tuple(str(number) for number in range(400))
    system = System(0, Reason.TIMED_OUT, everything)
    began = time.monotonic()
    seen = told(system, 400, Limits(look_s=0.2))
    assert time.monotonic() - began < 3
    assert {one.reason for one in seen.values()} == {Reason.TIMED_OUT}
    assert any(not count for count in (system.asked[name] for name in everything)), "not all were asked"


def test_a_bad_answer_that_only_a_crowd_got_is_not_told() -> None:
    everything = tuple(str(number) for number in range(600))
    system = System(0, "503", everything)
    seen = told(system, 600, Limits(look_s=0.15))
    for name, one in seen.items():
        assert (one.value == "503") == (system.asked[name] > 1), name
        assert one.value == "503" or one.reason is Reason.TIMED_OUT


def test_an_error_of_the_audits_own_ends_the_look() -> None:
    def begin() -> Callable[[Ask], Seen]:
        def ask(ask: Ask) -> Seen:
            raise KeyError("bug")

        return ask

    with pytest.raises(KeyError):
        list(observe_all("it", asks(3), begin, LIMITS))
