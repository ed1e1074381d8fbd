"""Two-sided proofs of ``stream.shared`` with one real Redis: what each way does stands in member.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_distaudit.checks import stream_shared
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["redis"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
SUPERVISOR = HERE.parent / "recovery" / "supervisor.py"
HONEST = ("shares", "shares_under_a_new_name", "shares_and_begins_with_its_own")
#: some of it is never done at all
LOST = "not done 10 s after|had no effect"
LIES = {
    "leaves_what_the_dead_had": LOST,
    "leaves_it_to_the_dead": LOST,
    "does_it_beside_the_stream": "done without",
    "everybody_reads_all": "nobody reads as workers",
    "each_has_its_own_group": " has no part in workers",
    "one_does_all": " is handed nothing",
    "one_under_both_names": " has no part in workers",
    "forgets_what_it_hands_out": LOST,
    "acknowledges_first": LOST,
    "takes_from_the_living": "handed to several members",
    "clears_away_what_the_dead_had": LOST,
}
CANNOT_TELL = {
    "only_acknowledges": Reason.VACUOUS,
    "is_too_quick": Reason.VACUOUS,
    "both_have_one_name": Reason.NO_OBSERVABLE,
    "shares_what_has_no_words": Reason.NO_OBSERVABLE,
    "shares_whatever_is_shown": Reason.NO_OBSERVABLE,
}
#: of members that somebody starts again at once
SUPERVISED = "leaves_it_to_the_supervised"
WAYS = (*HONEST, *LIES, *CANNOT_TELL)
#: pairs of members are killed one after the other, so that the machine has time for each
PAIRS = {("alpha", "beta"): WAYS[::2], ("gamma", "delta"): WAYS[1::2], ("epsilon", "zeta"): (SUPERVISED,)}
Judged = Callable[[str], ClaimResult]
STORE = """
[targets.miniature.systems.events]
kind = "redis"
native = {}
"""
MEMBER = """
[targets.miniature.systems.{name}]
kind = "http"
disposable = true
native.argv = ["{{python}}", {words}]
native.after = "events"
native.ready = "GET /live"
native.env = {{NAME = "{consumer}", PORT = "{{port}}", REDIS_URL = "{{events.url}}", GROUND = "{ground}", WORK_S = "2.0", STALE_S = "3.5"}}
"""  # noqa: E501
FRONT = """
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{here}/shared_front.py"]
native.after = {after}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", REDIS_URL = "{{events.url}}", GROUND = "{ground}"}}
"""
OPERATION = """
[targets.miniature.operations.ask-{stream}]
request = "POST http://front/{stream}"
json = {{work = "{{nonce}}"}}
effect = "GET http://front/done/{stream}/{{nonce}}"
"""


def _pair(pair: tuple[str, str], streams: tuple[str, ...], ground: Path) -> str:
    again = [f"{SUPERVISOR}", "9", "0.1", "{python}"] if SUPERVISED in streams else []
    words = json.dumps([*again, f"{HERE}/member.py", *streams])[1:-1]
    return "".join(
        MEMBER.format(name=name, consumer=consumer, words=words, ground=ground)
        for name, consumer in zip(pair, ("one", "other"), strict=True)
    )


def _target(ground: Path) -> str:
    members = [_pair(pair, streams, ground) for pair, streams in PAIRS.items()]
    after = json.dumps(["events", *(name for pair in PAIRS for name in pair)])
    operations = [OPERATION.format(stream=stream) for stream in (*WAYS, SUPERVISED)]
    return "".join([STORE, *members, FRONT.format(here=HERE, ground=ground, after=after), *operations])


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ground = tmp_path_factory.mktemp("shared")
    with Room(ground, _target(ground)) as room, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_shared, "RATE", 4.0)
        patch.setattr(stream_shared, "STEADY_S", 8.0)
        yield room


@pytest.fixture(scope="module")
def told(room: Room) -> Judged:
    """Stream -> the verdict that its group shares. The streams of a pair share the one crash of each of the two."""
    known: dict[str, ClaimResult] = {}

    def judged(stream: str) -> ClaimResult:
        if stream not in known:
            pair, streams = next((pair, streams) for pair, streams in PAIRS.items() if stream in streams)
            results = room.judge_together(*(_claim(pair, each) for each in streams))
            known.update(zip(streams, results, strict=True))
        return known[stream]

    return judged


def _claim(pair: tuple[str, str], stream: str) -> tuple[str, dict[str, object]]:
    roles = {"system": "events", "members": ", ".join(pair)}
    arguments = {"roles": roles, "operation": f"ask-{stream}", "stream": stream, "group": "workers", "within": "10s"}
    return "stream.shared", arguments


@pytest.mark.parametrize("stream", HONEST)
def test_members_that_share_and_take_over_are_verified(told: Judged, stream: str) -> None:
    result = told(stream)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("stream", "actual"), LIES.items())
def test_what_is_not_shared_is_refuted(told: Judged, stream: str, actual: str) -> None:
    result = told(stream)
    assert result.verdict is Verdict.REFUTED, (result.reason, result.actual, result.because)
    assert re.search(actual, result.actual), (result.actual, result.because)


@pytest.mark.parametrize(("stream", "reason"), CANNOT_TELL.items())
def test_what_cannot_be_told(told: Judged, stream: str, reason: Reason) -> None:
    result = told(stream)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


def test_a_member_that_is_started_again_at_once_leaves_nothing_to_take_over(told: Judged) -> None:
    result = told(SUPERVISED)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL), (result.actual, result.because)
