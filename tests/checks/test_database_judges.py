"""database.* on hand-made evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit import Verdict
from pytest_distaudit.domain.judgement import Judgement, NeedMore
from pytest_distaudit.domain.needs import Probe
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import Database, ReplicaFeed, Replication, ReplicationProbe

from .evidence import CHECKS, claim, evidence, fact, failure, judged

V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE
FEED = ReplicaFeed("standby", "streaming")
PRIMARY = Replication("c1", "c1:1", standby=False, position=100, timeline=1, feeds=(FEED,))
STANDBY = Replication("c1", "c1:2", standby=True, position=100, received=100, timeline=1, receiving=True)
PROBE = ReplicationProbe(20, 20, (0.01,) * 20, standby_refuses=True)
NOT_SAFE = failure("", ReplicationProbe, Reason.NOT_SAFE)
ROLES = {"primary": ("p",), "standby": ("s",)}


def test_a_session_that_works() -> None:
    seen = evidence({"system": ("p",)}, fact("p", Database(usable=True, name="shop")))
    answer = judged(claim("database.reachable"), seen)
    assert (answer.verdict, answer.actual) == (V, "database shop answers queries")


def test_a_session_that_does_not() -> None:
    seen = evidence({"system": ("p",)}, fact("p", Database(usable=False, name="shop", refusal="too many clients")))
    answer = judged(claim("database.reachable"), seen)
    assert (answer.verdict, answer.because) == (R, "too many clients")
    blind = evidence({"system": ("p",)}, failure("p", Database, Reason.FORBIDDEN))
    assert judged(claim("database.reachable"), blind).reason is Reason.FORBIDDEN


# --- database.replicated: identity


def replicated(*seen: Observation, **params: object) -> Judgement:
    return judged(claim("database.replicated", **params), evidence(ROLES, *seen))


def pair(primary: Replication = PRIMARY, standby: Replication = STANDBY, at: float = 0.0) -> tuple[Observation, ...]:
    return fact("p", primary, at=at), fact("s", standby, at=at + 0.01)


@pytest.mark.parametrize(
    ("primary", "standby", "actual", "conclusive"),
    [
        (PRIMARY, replace(STANDBY, server="c1:1"), "two names of one server", True),
        (PRIMARY, replace(STANDBY, cluster="c2"), "two independent servers", True),
        (PRIMARY, replace(STANDBY, cluster="c2", standby=False), "two independent servers", True),
        (PRIMARY, replace(STANDBY, standby=False), "the standby accepts writes", True),
        (replace(PRIMARY, standby=True), STANDBY, "the primary is itself a standby", True),
        (PRIMARY, replace(STANDBY, replay_paused=True), "replay is paused", False),
        (PRIMARY, replace(STANDBY, apply_delay_s=3.0), "the standby waits 3 s before it applies", True),
        (PRIMARY, replace(STANDBY, apply_delay_s=1.5), "the standby waits 1.5 s before it applies", True),
        (PRIMARY, replace(STANDBY, server="c1:1", subscribed=1, standby=False), "two names of one server", True),
    ],
)
@pytest.mark.parametrize("probe", [NOT_SAFE, fact("", PROBE)])
def test_no_pair(primary: Replication, standby: Replication, actual: str, conclusive: bool, probe: Observation) -> None:
    answer = replicated(*pair(primary, standby), probe)
    assert (answer.verdict, answer.actual, answer.conclusive) == (R, actual, conclusive)


def test_logical_replication_is_not_judged() -> None:
    logical = replace(STANDBY, cluster="c2", standby=False, subscribed=1)
    assert replicated(*pair(standby=logical), fact("", PROBE)).reason is Reason.NO_OBSERVABLE


@pytest.mark.parametrize("role", ["p", "s"])
def test_a_server_that_shows_nothing(role: str) -> None:
    looks = [one for one in pair() if one.system != role]
    assert replicated(*looks, failure(role, Replication, Reason.FORBIDDEN)).reason is Reason.FORBIDDEN


def test_rows_are_written_only_on_what_may_be_a_pair() -> None:
    asked = claim("database.replicated")
    answer = judge(asked, CHECKS["database.replicated"], evidence(ROLES, *pair()))
    assert answer == NeedMore((Probe("replication-probe", ("primary", "standby")),))
    assert not any(isinstance(need, Probe) for need in CHECKS["database.replicated"].needs(asked))


# --- by rows


def by_rows(probe: ReplicationProbe, **params: object) -> Judgement:
    return replicated(*pair(), fact("", probe), **params)


def test_rows_that_arrive() -> None:
    answer = by_rows(PROBE)
    assert (answer.verdict, answer.actual, answer.because) == (V, "20 of 20 rows, 95 % within 10 ms", "own rows")
    assert "could not be removed" in by_rows(replace(PROBE, cleaned=False)).because
    assert by_rows(replace(PROBE, standby_refuses=None)).verdict is V


@pytest.mark.parametrize(
    ("probe", "actual"),
    [
        (replace(PROBE, arrived=19, lags_s=(0.01,) * 19), "19 of 20 rows arrived"),
        (replace(PROBE, arrived=0, lags_s=()), "0 of 20 rows arrived"),
        (replace(PROBE, standby_refuses=False), "the standby accepts writes"),
        (replace(PROBE, lags_s=(0.01,) * 18 + (1.1, 1.1)), "95 % within 1100 ms"),
        (replace(PROBE, lags_s=(5.0,) * 20), "95 % within 5000 ms"),
    ],
)
def test_rows_that_do_not(probe: ReplicationProbe, actual: str) -> None:
    answer = by_rows(probe)
    assert (answer.verdict, answer.actual, answer.conclusive) == (R, actual, True)


def test_one_late_row_of_twenty_is_beyond_the_95th_percentile() -> None:
    assert by_rows(replace(PROBE, lags_s=(9.0,) + (0.01,) * 19)).verdict is V


@pytest.mark.parametrize(("lag", "verdict"), [("<= 10 ms", V), ("< 10 ms", R), ("<= 100 ms", V), (">= 1 s", R)])
def test_the_claimed_lag_decides(lag: str, verdict: Verdict) -> None:
    assert by_rows(PROBE, lag=lag).verdict is verdict


def test_rows_that_tell_nothing() -> None:
    assert by_rows(ReplicationProbe(0, 0)).reason is Reason.VACUOUS
    assert by_rows(replace(PROBE, lags_s=())).reason is Reason.NO_OBSERVABLE
    timed_out = failure("", ReplicationProbe, Reason.TIMED_OUT)
    assert replicated(*pair(), timed_out).reason is Reason.TIMED_OUT


@given(st.integers(1, 40), st.integers(0, 40), st.lists(st.floats(0, 3), min_size=40, max_size=40))
def test_rows_are_verified_only_if_all_arrived_and_95_percent_in_time(
    written: int, arrived: int, lags: list[float]
) -> None:
    arrived = min(arrived, written)
    answer = by_rows(ReplicationProbe(written, arrived, tuple(lags[:arrived]), standby_refuses=True))
    late = sum(lag > 1 for lag in lags[:arrived])
    assert (answer.verdict is V) == (arrived == written and late * 20 <= written)


# --- by positions


def looks(*rounds: tuple[int, int], every: float = 0.5, standby: Replication = STANDBY) -> list[Observation]:
    """(primary's position, standby's position), a look every so many seconds."""
    return [
        seen
        for number, (written, shown) in enumerate(rounds)
        for seen in pair(replace(PRIMARY, position=written), replace(standby, position=shown), number * every)
    ]


def positions(*rounds: tuple[int, int], lag: str = "<= 1 s", every: float = 0.5, **standby: object) -> Judgement:
    of = replace(STANDBY, **standby)  # type: ignore[arg-type]
    return replicated(*looks(*rounds, every=every, standby=of), NOT_SAFE, lag=lag)


def test_what_was_written_meanwhile_arrived() -> None:
    answer = positions((100, 100), (200, 200))
    assert (answer.verdict, answer.actual) == (V, "the standby follows, behind by 0.0 s at most")
    assert positions((100, 90), (200, 150), (300, 300)).verdict is V
    assert positions((100, 100), (200, 200), receiving=False).verdict is V


def test_an_idle_primary_shows_nothing() -> None:
    assert positions((100, 100)).reason is Reason.VACUOUS
    assert positions((100, 100), (100, 100), (100, 100)).reason is Reason.VACUOUS
    assert positions((100, 80), (100, 100)).reason is Reason.VACUOUS


def test_behind_for_longer_than_claimed() -> None:
    answer = positions((100, 50), (200, 50), (300, 50), (400, 50))
    assert (answer.verdict, answer.actual, answer.conclusive) == (R, "behind by 1.5 s and more", True)
    assert positions((100, 50), (100, 50), (100, 50), (100, 50)).verdict is R
    late = positions((100, 50), (200, 90), (300, 100), (400, 100), (500, 200), every=0.6)
    assert late.verdict is R


def test_behind_but_not_for_long_enough_to_tell() -> None:
    assert positions((100, 50), (200, 50)).reason is Reason.BUDGET
    assert positions((100, 50), (200, 50), (300, 50), (400, 50), lag="<= 10 s").reason is Reason.BUDGET


def test_both_ends_of_the_lag_must_fit_the_claim() -> None:
    slow = ((100, 100), (200, 100), (300, 200), (400, 300))
    assert positions(*slow, lag="<= 1 s").verdict is V
    assert positions(*slow, lag="<= 100 ms").reason is Reason.INCONCLUSIVE_STATISTICS
    assert positions(*slow, lag="<= 5 ms").verdict is R
    assert positions(*slow, lag=">= 1 s").verdict is R
    assert positions(*slow, lag=">= 505 ms").reason is Reason.INCONCLUSIVE_STATISTICS


def test_a_claimed_delay_can_be_verified() -> None:
    """A standby that is kept behind on purpose."""
    assert positions((100, 0), (200, 0), (300, 0), (400, 0), (400, 100), (400, 200), lag=">= 1 s").verdict is V


def test_nothing_is_received() -> None:
    answer = positions((100, 100), (100, 100), receiving=False)
    assert (answer.verdict, answer.actual) == (R, "the standby receives nothing")
    assert positions((100, 50), (200, 50), receiving=False).actual == "the standby receives nothing"


def test_no_positions_no_verdict() -> None:
    for primary, standby in ((replace(PRIMARY, position=None), STANDBY), (PRIMARY, replace(STANDBY, position=None))):
        assert replicated(*pair(primary, standby), NOT_SAFE).reason is Reason.NO_OBSERVABLE


def test_a_standby_of_somebody_else() -> None:
    moved = looks((100, 100), (200, 200))[:2]
    nobody = replace(PRIMARY, position=200, feeds=())
    fed = replicated(*moved, *pair(nobody, replace(STANDBY, position=200), 0.5), NOT_SAFE)
    assert (fed.verdict, fed.actual) == (R, "the primary feeds nobody")
    hidden = replace(nobody, may_see_feeds=False)
    assert replicated(*moved, *pair(hidden, replace(STANDBY, position=200), 0.5), NOT_SAFE).verdict is V
    parted = positions((100, 100), (200, 200), timeline=2)
    assert (parted.verdict, parted.actual) == (R, "the standby follows another history")
    assert positions((100, 100), (200, 200), timeline=None).verdict is V


def test_a_standby_ahead_of_its_primary_follows_another() -> None:
    ahead = positions((100, 900), (200, 950), (300, 990))
    assert (ahead.verdict, ahead.actual) == (R, "the standby is ahead of the primary")
    # within one look the primary may have been read first
    assert positions((100, 110), (200, 210), (300, 310)).verdict is V


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8))
def test_positions_never_verify_a_standby_that_shows_nothing_new(steps: list[tuple[int, int]]) -> None:
    written = 100
    rounds = []
    for step, _ in steps:
        rounds.append((written, 100))
        written += step
    assert positions(*rounds).verdict is not V


@given(st.lists(st.integers(1, 50), min_size=2, max_size=8))
def test_positions_verify_a_standby_that_keeps_up(steps: list[int]) -> None:
    totals = [100 + sum(steps[:number]) for number in range(len(steps))]
    assert positions(*((total, total) for total in totals)).verdict is V


def test_what_is_told_besides_the_verdict() -> None:
    answer = positions((100, 100), (200, 100), (300, 200), (400, 300))
    assert (answer.verdict, answer.actual) == (V, "the standby follows, behind by 0.0 to 0.5 s")
    assert CHECKS["database.replicated"].settles_s == 10
    assert by_rows(replace(PROBE, arrived=3, detail="the server stopped")).because == "the server stopped"
    assert by_rows(replace(PROBE, arrived=3)).because == "the rest did not come in time"


def test_a_delay_that_the_claim_allows_is_no_lie() -> None:
    answer = replicated(*pair(PRIMARY, replace(STANDBY, apply_delay_s=0.5)), NOT_SAFE)
    assert answer.actual != "the standby waits 0.5 s before it applies"
