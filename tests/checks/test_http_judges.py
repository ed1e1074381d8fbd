"""http.* on hand-made evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit import Verdict
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Answer, Health, HealthPart, Presence

from .evidence import ask_of, claim, evidence, fact, failure, judged

V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE


def responds(answer: Answer, **params: object) -> Judgement:
    given_ = {"path": answer.path, **params}
    return judged(claim("http.responds", **given_), evidence({"system": ("shop",)}, fact("shop", answer)))


def test_the_path_is_asked_for() -> None:
    assert ask_of(claim("http.responds", path="/orders")) == Ask.of("answer", path="/orders")


@pytest.mark.parametrize(
    ("answer", "params", "verdict"),
    [
        (Answer("/a", 200, body="orders"), {}, V),
        (Answer("/a", 200, body="orders"), {"contains": "orders"}, V),
        (Answer("/a", 200, body="orders"), {"contains": "Orders"}, R),
        (Answer("/a", 200), {"contains": "orders"}, R),
        (Answer("/a", 201), {}, R),
        (Answer("/a", 404), {}, R),
        (Answer("/a", 500), {}, R),
        (Answer("/a", 299), {"status": "< 300"}, V),
        (Answer("/a", 300), {"status": "< 300"}, U),
        (Answer("/a", 302, location="/b"), {}, U),
        (Answer("/a", 399), {}, U),
        (Answer("/a", 400), {}, R),
        (Answer("/a", 301), {"status": 301}, V),
        (Answer("/a", 429), {"status": 429}, V),
        (Answer("/a", 428), {}, R),
        (Answer("/a", 430), {}, R),
        (Answer("/a", 404, same_as_nonsense=True), {"status": 404}, V),
        (Answer("/a", 400, same_as_nonsense=True), {"status": 400}, V),
        (Answer("/a", 404), {"status": "< 500"}, V),
        (Answer("/", 200, body="shop", same_as_nonsense=True), {"contains": "shop"}, V),
        (Answer("/", 200, body="shop"), {}, V),
    ],
)
def test_an_answer_as_documented_or_not(answer: Answer, params: dict[str, object], verdict: Verdict) -> None:
    assert responds(answer, **params).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "params", "reason"),
    [
        (Answer("/a", 302, location="/b"), {}, Reason.REDIRECTED),
        (Answer("/a", 429), {}, Reason.FORBIDDEN),
        (Answer("/a", 429), {"status": 404}, Reason.FORBIDDEN),
        (Answer("/a", 200, same_as_nonsense=True), {}, Reason.VACUOUS),
        (Answer("/a", 200, body="x", same_as_nonsense=True), {"contains": "x"}, Reason.VACUOUS),
        (Answer("/", 200, same_as_nonsense=True), {}, Reason.VACUOUS),
        (Answer("/a", 399, same_as_nonsense=True), {"status": 399}, Reason.VACUOUS),
        (Answer("/a", 404, same_as_nonsense=True), {"status": "< 500"}, Reason.VACUOUS),
        (Answer("/a", 404, same_as_nonsense=True), {"status": ">= 400"}, Reason.VACUOUS),
        (Answer("/a", 200, body="x" * 4000), {"contains": "orders"}, Reason.TOO_LARGE),
    ],
)
def test_an_answer_that_proves_nothing(answer: Answer, params: dict[str, object], reason: Reason) -> None:
    answer_ = responds(answer, **params)
    assert (answer_.verdict, answer_.reason) == (U, reason)


def test_a_short_body_was_seen_whole() -> None:
    assert responds(Answer("/a", 200, body="x" * 3999), contains="orders").verdict is R


def test_what_was_seen_is_told() -> None:
    answer = responds(Answer("/a", 500, body="boom"))
    assert (answer.actual, answer.because) == ("status 500", "GET /a: boom")


@given(st.integers(100, 599), st.integers(100, 599), st.booleans())
def test_another_status_is_never_verified(claimed: int, seen: int, same: bool) -> None:
    answer = responds(Answer("/a", seen, same_as_nonsense=same), status=claimed)
    assert (answer.verdict is V) == (claimed == seen and (not same or claimed >= 400))


# --- http.health-is-honest

UP, DOWN = Presence(up=True), Presence(up=False, witness="refused")


def honest(health: Health | None, **dependencies: Presence | Reason) -> Judgement:
    states = {name.replace("_", "-"): state for name, state in dependencies.items()}
    seen = [
        failure(name, Presence, state, "?") if isinstance(state, Reason) else fact(name, state)
        for name, state in states.items()
    ]
    told = fact("shop-front", health) if health else failure("shop-front", Health, Reason.TIMED_OUT)
    roles = {"system": ("shop-front",), "dependencies": tuple(one.system for one in seen)}
    return judged(claim("http.health-is-honest"), evidence(roles, told, *seen))


def red(text: str = "503 sick", **parts: bool) -> Health:
    listed = tuple(HealthPart(name.replace("_", "-"), well, "ok" if well else "down") for name, well in parts.items())
    return Health(healthy=False, detail=text, parts=listed, discerning=True, way="GET /health")


GREEN = Health(healthy=True, detail="200 ok", discerning=True, way="GET /health")


@pytest.mark.parametrize(
    "health",
    [
        red("503 cannot reach shop-cache"),
        red("503 SHOP_CACHE: refused"),
        red("503 the cache is away"),
        red(shop_cache=False, shop_ledger=True),
        red(redis=True, shop_cache=False),
        red("503 {shop-ledger up, shop-cache down}", shop_ledger=True, shop_cache=False),
    ],
)
def test_red_and_it_says_why(health: Health) -> None:
    answer = honest(health, shop_ledger=UP, shop_cache=DOWN)
    assert (answer.verdict, answer.actual) == (V, "unhealthy, naming shop-cache"), answer


@pytest.mark.parametrize(
    ("health", "actual"),
    [
        (GREEN, "healthy"),
        (Health(healthy=True, detail="200 ok", discerning=False), "healthy"),
        (Health(healthy=False, detail="200 shop-cache down"), "healthy by its status"),
        (Health(healthy=False, detail="204"), "healthy by its status"),
        (red(shop_ledger=True, shop_cache=True, disk=False), "calls shop-cache healthy"),
        (red(shop_ledger=False, shop_cache=False), "calls shop-ledger unhealthy"),
    ],
)
def test_green_or_untrue(health: Health, actual: str) -> None:
    answer = honest(health, shop_ledger=UP, shop_cache=DOWN)
    assert (answer.verdict, answer.actual) == (R, actual)


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (red("503 sick"), Reason.NO_CONTROL),
        (red("503 20 shop-front errors"), Reason.NO_CONTROL),
        (red("503 shop"), Reason.NO_CONTROL),
        (red("503 cached pages"), Reason.NO_CONTROL),
        (red("503 shop-cache or shop-ledger"), Reason.NO_CONTROL),
        (red("503 shop-cache", disk=False), Reason.NO_CONTROL),
        (Health(healthy=False, detail="503 shop-cache down", discerning=False), Reason.VACUOUS),
        (None, Reason.TIMED_OUT),
    ],
)
def test_red_without_a_telling_word(health: Health | None, reason: Reason) -> None:
    answer = honest(health, shop_ledger=UP, shop_cache=DOWN)
    assert (answer.verdict, answer.reason) == (U, reason), answer


def test_every_dead_one_is_named() -> None:
    assert honest(red("503 cache"), shop_ledger=DOWN, shop_cache=DOWN).reason is Reason.NO_CONTROL
    assert honest(red("503 cache, ledger"), shop_ledger=DOWN, shop_cache=DOWN).verdict is V


def test_nothing_dead_tests_nothing() -> None:
    assert honest(red("503 shop-cache"), shop_cache=UP).reason is Reason.NO_CONTROL
    assert honest(GREEN, shop_cache=UP).reason is Reason.NO_CONTROL
    assert honest(GREEN, shop_cache=UP, shop_ledger=Reason.FORBIDDEN).reason is Reason.FORBIDDEN


def test_one_unknown_does_not_hide_a_dead_one() -> None:
    assert honest(GREEN, shop_cache=DOWN, shop_ledger=Reason.FORBIDDEN).verdict is R


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("503 postgresql refused", V),
        ("503 postgres: refused", V),
        ("503 postgres-standby refused", U),
        ("503 worker-2 gone", U),
    ],
)
def test_a_longer_name_is_another_system(text: str, verdict: Verdict) -> None:
    assert honest(red(text), postgres=DOWN, postgres_standby=UP).verdict is verdict


def test_numbered_systems_are_told_by_their_full_names() -> None:
    assert honest(red("503 worker-2 gone"), worker_1=DOWN).verdict is U
    assert honest(red("503 worker-11 gone"), worker_1=DOWN).verdict is U
    assert honest(red("503 worker-1 gone"), worker_1=DOWN).verdict is V


LONG = "503 shop-cache " + "x" * 900


@pytest.mark.parametrize(
    "answer",
    [
        responds(Answer("/a", 500, body=LONG)),
        responds(Answer("/a", 200, body=LONG), contains="orders"),
        honest(Health(healthy=False, detail="200" + LONG), shop_cache=DOWN),
        honest(Health(healthy=False, detail="503 " + "x" * 900), shop_cache=DOWN),
        honest(red(LONG + " shop-ledger"), shop_cache=DOWN, shop_ledger=UP),
        honest(red(LONG), shop_cache=DOWN),
    ],
)
def test_a_page_is_quoted_in_part_only(answer: Judgement) -> None:
    assert len(answer.because) < 300


def test_the_way_of_a_lying_health_is_told() -> None:
    assert honest(GREEN, shop_cache=DOWN).because == "GET /health says so while shop-cache is dead"
    nameless = Health(healthy=True, detail="200")
    assert honest(nameless, shop_cache=DOWN).because == "its health says so while shop-cache is dead"
