"""Circuit breakers that work, and callers that only look as if they had one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from pytest_distaudit.checkers.breaker import Call, Phases, Round, check
from pytest_distaudit.domain.verdict import Reason, Verdict

FAILING_S, HEALED_S, END_S = 3.0, 15.0, 25.0
TOLD = Round(FAILING_S, HEALED_S, failure_s=0.08, open_s=4.0)
#: what a caller does at a moment, the dependency being well or not: answered after, ok, arrivals
Caller = Callable[[float, bool], tuple[float, bool, int]]


@dataclass
class Breaker:
    """Five failures in a row open it for ``open_s``; then one call decides."""

    open_s: float = 4.0
    threshold: int = 5
    trials: int = 1
    fast_s: float = 0.001
    failures: int = 0
    opened: float | None = None
    tried: int = 0

    def __call__(self, now: float, well: bool) -> tuple[float, bool, int]:
        if self.opened is not None and now < self.opened + self.open_s:
            return self.fast_s, False, 0
        if well:
            self.failures, self.opened, self.tried = 0, None, 0
            return 0.01, True, 1
        self.failures += 1
        self.tried += self.opened is not None
        if self.failures >= self.threshold and (self.opened is None or self.tried >= self.trials):
            self.opened, self.tried = now, 0
        return 0.08, False, 1


@dataclass
class Workers:
    """One breaker each, in turn."""

    each: list[Breaker] = field(default_factory=lambda: [Breaker() for _ in range(3)])
    turn: int = 0

    def __call__(self, now: float, well: bool) -> tuple[float, bool, int]:
        self.turn += 1
        return self.each[self.turn % len(self.each)](now, well)


def none(now: float, well: bool) -> tuple[float, bool, int]:
    return (0.01, True, 1) if well else (0.08, False, 1)


def retries(now: float, well: bool) -> tuple[float, bool, int]:
    return (0.01, True, 1) if well else (0.24, False, 3)


def told_error(now: float, well: bool) -> tuple[float, bool, int]:
    """Once it failed it never calls again."""
    return (0.01, True, 1) if now < FAILING_S + 1 else (0.001, False, 0)


def driven(caller: Caller, *, every_s: float = 0.1, end_s: float = END_S) -> list[Call]:
    calls = []
    for number in range(round(end_s / every_s)):
        now = number * every_s
        lasts, ok, arrivals = caller(now, not FAILING_S <= now < HEALED_S)
        calls.append(Call(now, now + lasts, ok, arrivals))
    return calls


def judged(caller: Caller, told: Round = TOLD, **more: float) -> Phases:
    return check(driven(caller, **more), told)


def test_a_breaker_opens_tries_again_and_closes() -> None:
    found = judged(Breaker())
    assert (found.verdict, found.reason) == (Verdict.VERIFIED, None)
    assert (found.let_through, found.fast, found.trials) == (5, True, 1)
    assert found.fast_s == pytest.approx(0.001)
    assert found.tried_after_s == pytest.approx(4.0, abs=0.11)
    closes = next(each.at_s for each in driven(Breaker()) if each.at_s >= HEALED_S and each.ok)
    assert found.closed_after_s == closes - HEALED_S


@pytest.mark.parametrize("told", [replace(TOLD, open_s=None), replace(TOLD, failure_s=None), replace(TOLD, trials=1)])
def test_what_is_not_known_is_read_from_it(told: Round) -> None:
    assert judged(Breaker(), told).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "caller", [none, retries, lambda now, well: Breaker()(now, well)], ids=["none", "retries", "one per call"]
)
def test_where_every_call_arrives_there_is_none(caller: Caller) -> None:
    found = judged(caller)
    assert (found.verdict, found.reason) == (Verdict.REFUTED, None)
    assert found.because == "120 of 120 calls arrived at the failing dependency"
    assert found.let_through is None


def test_a_fast_error_that_never_ends_is_no_breaker() -> None:
    found = judged(told_error)
    assert (found.verdict, found.closed_after_s) == (Verdict.REFUTED, None)
    assert judged(told_error, replace(TOLD, open_s=None)).reason is Reason.BUDGET
    # whoever knows the open time, or waits long enough, knows
    long = [*driven(told_error, end_s=HEALED_S), *(Call(HEALED_S + n, HEALED_S + n, False, 0) for n in range(120))]
    assert check(long, replace(TOLD, open_s=None)).verdict is Verdict.REFUTED
    assert check(long, TOLD).verdict is Verdict.REFUTED
    assert check(long[:-94], TOLD).verdict is Verdict.REFUTED
    assert check(long[:-95], TOLD).reason is Reason.BUDGET
    # late is later than a fifth and a second more than the open time
    told = replace(TOLD, open_s=5.0)
    assert check(long[:-92], told).verdict is Verdict.REFUTED
    assert check(long[:-93], told).reason is Reason.BUDGET


def test_what_comes_through_late_and_not_always_is_undecided() -> None:
    calls = driven(told_error, end_s=HEALED_S)
    calls += [Call(HEALED_S + n, HEALED_S + n, n % 2 == 0, n % 2) for n in range(60)]
    assert check(calls, TOLD).verdict is Verdict.REFUTED
    calls += [Call(HEALED_S + n, HEALED_S + n, n % 2 == 0, 1) for n in range(60, 90)]
    found = check(calls, TOLD)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_a_slow_no_is_not_failing_fast() -> None:
    found = judged(Breaker(fast_s=0.021))
    assert (found.verdict, found.reason, found.fast) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, False)
    assert judged(Breaker(fast_s=0.0199)).fast is True
    assert judged(Breaker(fast_s=0.5), replace(TOLD, failure_s=None)).fast is None


def test_its_answers_are_measured_by_their_95th_percentile() -> None:
    """Of 39 that is the 38th."""
    calls = driven(Breaker())
    first = next(n for n, each in enumerate(calls) if n > 30 and not each.arrivals)
    assert not any(each.arrivals for each in calls[first : first + 39])
    assert calls[first + 39].arrivals
    slow = [replace(each, answered_s=each.at_s + 9) for each in calls]
    assert check([*calls[:first], slow[first], *calls[first + 1 :]], TOLD).fast_s == pytest.approx(0.001)
    assert check([*calls[:first], *slow[first : first + 2], *calls[first + 2 :]], TOLD).fast_s == pytest.approx(9)
    last = first + 38
    assert check([*calls[: last - 1], *slow[last - 1 : last + 2], *calls[last + 2 :]], TOLD).fast is False


def test_a_quarter_of_the_failures_time_is_fast() -> None:
    """Times that are exact in binary."""
    told = replace(TOLD, failure_s=1.0)
    assert check(driven(Breaker(fast_s=0.25), every_s=0.125), told).fast is True
    assert check(driven(Breaker(fast_s=0.25 + 2**-20), every_s=0.125), told).fast is False


def test_arrivals_before_it_opens_are_counted() -> None:
    """Every second of ten arrives, then none does."""
    before = [Call(n / 10, n / 10, True, 1) for n in range(30)]
    mixed = [Call(3 + n / 10, 3 + n / 10, False, n % 2) for n in range(10)]
    silent = [Call(4 + n / 10, 4 + n / 10, False, 0) for n in range(20)]
    after = [Call(15 + n / 8, 15 + n / 8, True, 1) for n in range(20)]
    found = check([*before, *mixed, *silent, *after], TOLD)
    assert (found.let_through, found.closed_after_s) == (5, 0)
    assert "healed before" in found.because
    assert check([*before, *mixed, *silent[1:], *after], TOLD).let_through is None
    assert check([*before, *mixed, *silent, *after[1:]], TOLD).closed_after_s is None


def test_a_trial_ends_when_nothing_arrives_again() -> None:
    """After its first trial every second call arrives: it is not open again."""
    calls = driven(Breaker())
    trial = next(n for n, each in enumerate(calls) if n > 40 and each.arrivals)
    leaky = [
        replace(each, arrivals=n % 2) if n > trial and each.at_s < HEALED_S else each for n, each in enumerate(calls)
    ]
    found = check(leaky, TOLD)
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "not seen to open again" in found.because
    few = [replace(each, arrivals=1) if n == trial + 5 else each for n, each in enumerate(calls)]
    assert check(few, TOLD).trials == 2
    assert (
        check([replace(each, arrivals=1) if n == trial + 6 else each for n, each in enumerate(calls)], TOLD).trials == 1
    )


def test_a_breaker_that_was_healed_too_soon_was_not_seen_to_try() -> None:
    found = check(driven(Breaker(open_s=14.0), end_s=40), replace(TOLD, open_s=14.0))
    assert (found.verdict, found.tried_after_s) == (Verdict.UNVERIFIABLE, None)
    assert "healed before" in found.because


def test_another_open_time_than_told() -> None:
    assert judged(Breaker(open_s=7.0), replace(TOLD, open_s=None)).verdict is Verdict.VERIFIED
    found = judged(Breaker(open_s=7.0))
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert "tried again after 7" in found.because
    early = judged(Breaker(open_s=2.1), replace(TOLD, open_s=5.0))
    assert "tried again after 2.1" in early.because
    assert judged(Breaker(open_s=3.1), replace(TOLD, open_s=5.0)).verdict is Verdict.VERIFIED
    assert judged(Breaker(open_s=5.65)).verdict is Verdict.VERIFIED
    assert "tried again after 6" in judged(Breaker(open_s=5.95)).because


def test_it_lets_a_few_through_when_it_tries() -> None:
    assert judged(Breaker(trials=10)).trials == 10
    assert judged(Breaker(trials=10)).verdict is Verdict.VERIFIED
    found = judged(Breaker(trials=11))
    assert (found.verdict, found.trials) == (Verdict.UNVERIFIABLE, 11)
    assert "10 may" in found.because


def test_it_has_to_open_again_after_trying() -> None:
    """The trial comes just before the heal."""
    found = judged(Breaker(open_s=11.4), replace(TOLD, open_s=11.4), end_s=40)
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "not seen to open again" in found.because


def test_three_workers_stop_one_by_one() -> None:
    told = replace(TOLD, workers=3)
    found = judged(Workers(), told)
    assert (found.verdict, found.fast) == (Verdict.VERIFIED, True)
    assert found.let_through == 15
    assert judged(none, told).verdict is Verdict.REFUTED
    half = [replace(each, arrivals=n % 2 or each.ok) for n, each in enumerate(driven(none))]
    assert check(half, told).reason is Reason.INCONCLUSIVE_STATISTICS
    assert check(half, told).let_through is None


def test_half_of_the_calls_arriving_is_undecided() -> None:
    shared: list[int] = []

    def half(now: float, well: bool) -> tuple[float, bool, int]:
        shared.append(1)
        return (0.01, True, 1) if well else (0.08, False, len(shared) % 2)

    found = judged(half)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert found.because == "60 of 120 calls arrived at the failing dependency"


@pytest.mark.parametrize(("calls", "verdict"), [(60, Verdict.REFUTED), (59, Verdict.UNVERIFIABLE)])
def test_few_calls_say_nothing(calls: int, verdict: Verdict) -> None:
    told = driven(none)[:30] + driven(none)[30 : 30 + calls] + driven(none)[150:]
    found = check(told, TOLD)
    assert found.verdict is verdict
    assert found.reason is (None if verdict is Verdict.REFUTED else Reason.VACUOUS)


def changed(calls: Sequence[Call], number: int, **more: bool | int) -> list[Call]:
    return [replace(each, **more) if n == number else each for n, each in enumerate(calls)]  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [{"ok": False}, {"arrivals": 0}])
def test_it_has_to_work_before(more: dict[str, bool | int]) -> None:
    calls = driven(Breaker())
    assert check(changed(calls, 9, **more), TOLD).verdict is Verdict.VERIFIED
    for number in (10, 29):
        found = check(changed(calls, number, **more), TOLD)
        assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.BASELINE)
    assert check(calls[10:], TOLD).verdict is Verdict.VERIFIED
    assert check(calls[11:], TOLD).reason is Reason.BASELINE
    assert check([], TOLD).reason is Reason.BASELINE


def test_open_and_closed_are_runs_of_twenty() -> None:
    calls = driven(Breaker(open_s=2.15), end_s=HEALED_S + 5)
    found = check(calls, replace(TOLD, open_s=2.15))
    assert found.verdict is Verdict.VERIFIED
    closes = next(n for n, each in enumerate(calls) if each.at_s >= HEALED_S and each.ok)
    assert check(calls[: closes + 20], replace(TOLD, open_s=2.15)).verdict is Verdict.VERIFIED
    assert check(calls[: closes + 19], replace(TOLD, open_s=2.15)).closed_after_s is None
    assert judged(Breaker(open_s=1.9), replace(TOLD, open_s=1.9)).reason is Reason.INCONCLUSIVE_STATISTICS
