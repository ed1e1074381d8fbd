"""Two-sided proofs of the checks about work that goes through a queue, on a real RabbitMQ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_distaudit.checks import _queued, redelivery
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
HERE = Path(__file__).parent
#: queue: (how work is asked for, how it is done)
QUEUES = {
    "honest": ("publishes", "works"),
    "twice": ("does_it_and_publishes", "works"),
    "void": ("does_it_and_publishes_into_the_void", "works"),
    "noted": ("notes_it_and_publishes_into_the_void", "does_what_was_noted"),
    "woken": ("wakes", "works"),
    "dropped": ("notes_it_and_publishes", "does_what_was_noted"),
    "untaken": ("notes_it_and_publishes", "does_what_was_noted"),
    "halves": ("publishes", "loses_every_other"),
    "canned": ("publishes", "drops"),
    "silent": ("publishes", "drops"),
    "unasked": ("publishes", "works_unasked"),
}
#: the same for a consumer that crashes
CRASHING = {
    "slow": ("publishes", "works_slowly"),
    "first": ("publishes", "acknowledges_first"),
    "for-good": ("publishes", "works_unasked"),
    "once": ("publishes", "drops_what_comes_again"),
    "quick": ("publishes", "works"),
}
#: the same for a broker that crashes
RESTARTED = {
    "kept": ("publishes_to_last", "works"),
    "transient": ("publishes", "works"),
    "passing": ("publishes_to_last", "works"),
    "anyway": ("answers_anyway", "works"),
    "unseen": ("publishes_to_last", "works_unasked"),
}
#: the same where every effect is a row: how work is asked for, how it is done, and by what its effects are seen
ONCE = {
    "has": ("publishes_numbered", "has_it", "rows"),
    "has-two": ("publishes_numbered", "has_it_twice", "rows"),
    "asked-twice": ("publishes_twice", "has_it", "rows"),
    "some-twice": ("publishes_some_twice", "has_it", "how-often"),
    "one-shown": ("publishes_numbered", "has_it_twice", "one-row"),
    "same": ("publishes_numbered", "has_it_by_what_was_asked", "rows"),
    "refusing": ("refuses_again", "has_it", "rows"),
}
#: the same for a consumer that crashes
ONCE_CRASHING = {
    "keyed": ("publishes_numbered", "by_its_key", "rows"),
    "unkeyed": ("publishes_numbered", "every_time", "rows"),
    "tagged": ("publishes_numbered", "by_delivery_tag", "rows"),
    "remembered": ("publishes_numbered", "remembers", "how-often"),
    "looked-for": ("publishes_numbered", "looks_first", "rows"),
    "hidden": ("publishes_numbered", "every_time", "one-row"),
    "at-once": ("publishes_numbered", "by_its_key_at_once", "rows"),
}
#: queue: by what its effects are seen
SHOWN = {queue: how for queue, (_, _, how) in (ONCE | ONCE_CRASHING).items()}
_ONCE = {queue: ways[:2] for queue, ways in ONCE.items()}
_ONCE_CRASHING = {queue: ways[:2] for queue, ways in ONCE_CRASHING.items()}
ALL = QUEUES | CRASHING | RESTARTED | _ONCE | _ONCE_CRASHING
BROKER = """
[targets.miniature.systems.rabbitmq]
kind = "rabbitmq"
disposable = true
# counts every half second and is read every second, not every five: the audit need not wait so long
[targets.miniature.systems.rabbitmq.native.settings]
collect_statistics_interval = 500
"management.sample_retention_policies.global.minute" = 1
"management.sample_retention_policies.basic.minute" = 1
"management.sample_retention_policies.detailed.minute" = 1
"""


CARRIER = """
[targets.miniature.systems.{name}]
kind = "http"
disposable = true
native.argv = ["{{python}}", {words}]
native.after = "rabbitmq"
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", AMQP_URL = "{{rabbitmq.amqp}}", GROUND = "{ground}", WORK_S = "{work_s}"}}
"""
OPERATION = """
[targets.miniature.operations.ask-{queue}]
request = "POST http://office/{queue}"
json = {{work = "{{nonce}}"}}
effect = "GET http://office/done/{queue}/{{nonce}}"
"""
COUNTED = """
[targets.miniature.operations.ask-{queue}]
request = "POST http://office/{queue}"
json = {{work = "{{nonce}}"}}
effect = "GET http://office/{how}/{queue}/{{nonce}}"
effect_count = "{pointer}"
"""
OFFICE = """
[targets.miniature.systems.office]
kind = "http"
native.argv = ["{{python}}", "{here}/office.py", "dropped"]
native.after = ["rabbitmq", "carrier", "crasher", "holder", "clerk", "repeater"]
native.ready = "GET /live"
[targets.miniature.systems.office.native.env]
PORT = "{{port}}"
AMQP_URL = "{{rabbitmq.amqp}}"
CARRIER_URL = "{{carrier.url}}"
GROUND = "{ground}"
WAYS = '{ways}'
"""


def _carrier(name: str, queues: dict[str, tuple[str, str]], ground: Path, work_s: float) -> str:
    words = [f"{HERE}/carrier.py", *(f"{queue}={way}" for queue, (_, way) in queues.items())]
    return CARRIER.format(name=name, words=json.dumps(words)[1:-1], ground=ground, work_s=work_s)


def _target(ground: Path) -> str:
    carriers = _carrier("carrier", QUEUES, ground, 0.0) + _carrier("crasher", CRASHING, ground, 1.0)
    carriers += _carrier("holder", RESTARTED, ground, 0.0)
    carriers += _carrier("clerk", _ONCE, ground, 0.0) + _carrier("repeater", _ONCE_CRASHING, ground, 0.4)
    office = OFFICE.format(here=HERE, ground=ground, ways=json.dumps({queue: way for queue, (way, _) in ALL.items()}))
    return BROKER + carriers + office + "".join(_operation(queue) for queue in ALL)


def _operation(queue: str) -> str:
    how = SHOWN.get(queue)
    pointer = "/done" if how == "how-often" else "/rows"
    return COUNTED.format(queue=queue, how=how, pointer=pointer) if how else OPERATION.format(queue=queue)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ground = tmp_path_factory.mktemp("messages")
    with Room(ground, _target(ground)) as room:
        yield room


@contextmanager
def _pace(*, lag_s: float, heals_s: float = 1.0, waits_s: float = 4.0, steady_s: float, rate: float) -> Iterator[None]:
    """The miniature's broker tells its counts sooner, and its consumers work sooner, than those that are judged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redelivery, "HEALS_S", heals_s)
        for name, value in {"LAG_S": lag_s, "WAITS_S": waits_s, "STEADY_S": steady_s, "RATE": rate}.items():
            patch.setattr(_queued, name, value)
        yield


@pytest.fixture(scope="module")
def told(room: Room) -> dict[str, ClaimResult]:
    """Queue -> the verdict that it delivers. All share the one experiment of their consumer."""
    with _pace(lag_s=3.5, waits_s=7.0, steady_s=8.0, rate=5.0):
        results = room.judge_together(*(_claim("queue.delivers", "carrier", queue) for queue in QUEUES))
    return dict(zip(QUEUES, results, strict=True))


@pytest.fixture(scope="module")
def crashed(room: Room) -> dict[str, ClaimResult]:
    """Queue -> the verdict that it redelivers."""
    with _pace(lag_s=3.0, steady_s=6.0, rate=6.0):
        results = room.judge_together(*(_claim("queue.redelivers", "crasher", queue) for queue in CRASHING))
    return dict(zip(CRASHING, results, strict=True))


@pytest.fixture(scope="module")
def counted(room: Room) -> dict[str, ClaimResult]:
    """Queue -> the verdict that it delivers once; "plain" that it delivers what has two effects."""
    with _pace(lag_s=3.5, waits_s=7.0, steady_s=8.0, rate=5.0):
        claims = [_claim("queue.delivers", "clerk", queue, once=True) for queue in ONCE]
        results = room.judge_together(*claims, _claim("queue.delivers", "clerk", "has-two"))
    return dict(zip([*ONCE, "plain"], results, strict=True))


@pytest.fixture(scope="module")
def crashed_once(room: Room) -> dict[str, ClaimResult]:
    """Queue -> the verdict that it redelivers, and once; "plain" that it redelivers what has two effects."""
    with _pace(lag_s=3.0, heals_s=3.0, steady_s=8.5, rate=4.0):
        claims = [_claim("queue.redelivers", "repeater", queue, once=True) for queue in ONCE_CRASHING]
        results = room.judge_together(*claims, _claim("queue.redelivers", "repeater", "unkeyed"))
    return dict(zip([*ONCE_CRASHING, "plain"], results, strict=True))


@pytest.fixture(scope="module")
def restarted(room: Room) -> dict[str, ClaimResult]:
    """Queue -> the verdict that it is durable; last, for the broker is everybody's."""
    with _pace(lag_s=2.5, steady_s=4.0, rate=10.0):
        results = room.judge_together(*(_claim("queue.durable", "holder", queue) for queue in RESTARTED))
    return dict(zip(RESTARTED, results, strict=True))


def _claim(check: str, consumer: str, queue: str, **more: object) -> tuple[str, dict[str, object]]:
    roles = {"system": "rabbitmq", "consumer": consumer}
    return check, {"roles": roles, "operation": f"ask-{queue}", "queue": queue, "within": "8s", **more}


def test_work_that_waits_for_its_consumer_is_verified(told: dict[str, ClaimResult]) -> None:
    result = told["honest"]
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(
    ("queue", "actual"),
    [
        ("twice", "done without the messages"),
        ("void", "no message arrived"),
        ("noted", "no message arrived"),
        ("woken", "no message arrived"),
        # they do not wait, or are not seen to be taken: by how soon who drops them is connected
        ("dropped", " the messages"),
        ("untaken", "done without taking the messages"),
        ("halves", "had no effect"),
    ],
)
def test_what_does_not_go_through_the_queue_is_refuted(told: dict[str, ClaimResult], queue: str, actual: str) -> None:
    result = told[queue]
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert actual in f" {result.actual}", (result.actual, result.because)


@pytest.mark.parametrize(
    ("queue", "reason", "actual"),
    [
        ("canned", Reason.NO_OBSERVABLE, "is shown of anything"),
        ("silent", Reason.BASELINE, "no effect of ask-silent was ever seen"),
        ("unasked", Reason.NO_OBSERVABLE, "messages are handed out for good"),
    ],
)
def test_what_cannot_be_told_apart_is_not_judged(
    told: dict[str, ClaimResult], queue: str, reason: Reason, actual: str
) -> None:
    result = told[queue]
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
    assert actual in result.actual, (result.actual, result.because)


def test_work_that_survives_its_consumer_is_verified(crashed: dict[str, ClaimResult]) -> None:
    result = crashed["slow"]
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("queue", ["first", "for-good", "once"])
def test_work_that_is_lost_in_a_crash_is_refuted(crashed: dict[str, ClaimResult], queue: str) -> None:
    result = crashed[queue]
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert "had no effect" in result.actual, (result.actual, result.because)


def test_work_that_is_done_at_once_shows_nothing(crashed: dict[str, ClaimResult]) -> None:
    result = crashed["quick"]
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), (result.actual, result.because)


def test_work_that_is_done_once_is_verified(counted: dict[str, ClaimResult]) -> None:
    result = counted["has"]
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)
    assert result.actual.endswith("requests done once")


@pytest.mark.parametrize("queue", ["has-two", "asked-twice", "some-twice"])
def test_work_that_is_done_twice_is_refuted(counted: dict[str, ClaimResult], queue: str) -> None:
    result = counted[queue]
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert "had their effect more than once" in result.actual, (result.actual, result.because)


@pytest.mark.parametrize(
    ("queue", "actual"),
    [
        ("one-shown", "two requests of ask-one-shown with one nonce show 1 effect"),
        ("same", "two requests of ask-same with one nonce show 1 effect"),
        ("refusing", "1 of 2 requests of ask-refusing with one nonce succeeded"),
    ],
)
def test_an_address_that_need_not_show_two_shows_nothing(
    counted: dict[str, ClaimResult], queue: str, actual: str
) -> None:
    result = counted[queue]
    found = (result.verdict, result.reason)
    assert found == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), (result.actual, result.because)
    assert actual in result.actual, (result.actual, result.because)


def test_a_consumer_that_knows_what_it_has_done_is_verified(crashed_once: dict[str, ClaimResult]) -> None:
    result = crashed_once["keyed"]
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)
    assert "done once in spite of 5 crashes" in result.actual, (result.actual, result.because)


@pytest.mark.parametrize("queue", ["unkeyed", "tagged", "remembered", "looked-for"])
def test_a_consumer_that_does_it_again_is_refuted(crashed_once: dict[str, ClaimResult], queue: str) -> None:
    result = crashed_once[queue]
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert "had their effect more than once" in result.actual, (result.actual, result.because)


@pytest.mark.parametrize(
    ("queue", "reason", "actual"),
    [
        ("hidden", Reason.NO_OBSERVABLE, "two requests of ask-hidden with one nonce show 1 effect"),
        ("at-once", Reason.VACUOUS, "messages were handed out again"),
    ],
)
def test_what_may_be_done_twice_unseen_is_not_judged(
    crashed_once: dict[str, ClaimResult], queue: str, reason: Reason, actual: str
) -> None:
    result = crashed_once[queue]
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
    assert actual in result.actual, (result.actual, result.because)


def test_what_is_done_at_least_once_may_be_done_twice(
    counted: dict[str, ClaimResult], crashed_once: dict[str, ClaimResult]
) -> None:
    for result in (counted["plain"], crashed_once["plain"]):
        assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


def test_work_that_survives_its_broker_is_verified(restarted: dict[str, ClaimResult]) -> None:
    result = restarted["kept"]
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("queue", ["transient", "passing", "anyway"])
def test_work_that_is_lost_with_the_broker_is_refuted(restarted: dict[str, ClaimResult], queue: str) -> None:
    result = restarted[queue]
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert "had no effect" in result.actual, (result.actual, result.because)


def test_work_that_the_broker_does_not_hold_shows_nothing(restarted: dict[str, ClaimResult]) -> None:
    result = restarted["unseen"]
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), (result.actual, result.because)
