"""Gathering: each thing once, in bounded time, without secrets; an absent answer is never an empty one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation, observation_from_json, observation_to_json
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.observe import PRESENCE, look
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.capabilities import Capability, Presence
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Inventory, Located

LIMITS = Limits(look_s=1.0)


@dataclass(frozen=True, slots=True)
class Fact(Capability):
    capability = "fact"
    text: str


class Session:
    def __init__(self, located: Located, limits: Limits) -> None:
        self.ways: list[str] = []
        self.identity = "process-1"

    def close(self) -> None:
        self.ways.append("closed")


def kind(fact: object, presence: object = lambda s, a: Presence(up=True), **more: object) -> Kind:
    return Kind("thing", {"url": ("x",)}, Session, {"presence": presence, "fact": fact}, **more)  # type: ignore[arg-type]


def place(**more: object) -> Located:
    return Located("thing", "thing", {"url": "x://audit:s3cret-word@127.0.0.1:1/"}, **more)  # type: ignore[arg-type]


def seen(of: Kind, located: Located | None = None) -> dict[str, Observation]:
    asks = [PRESENCE, Fact.ask(name="a")]
    return {one.ask.capability: one for one in look(of, located or place(), asks, LIMITS, Redactor(["s3cret-word"]))}


def test_a_look_says_what_how_and_by_whom() -> None:
    def answer(session: Session, ask: Ask) -> Fact:
        session.ways.append(f"READ {ask.arg('name')}")
        return Fact("the s3cret-word is out")

    fact = seen(kind(answer))["fact"]
    assert fact.value == {"text": "the *** is out"}
    assert (fact.way, fact.identity, fact.reason) == ("READ a", "process-1", None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unobservable(Reason.FORBIDDEN, "no, s3cret-word"), Reason.FORBIDDEN),
        (ConnectionResetError("reset"), Reason.PROTOCOL_ERROR),
        (TimeoutError("slow"), Reason.TIMED_OUT),
        (KeyError("bug s3cret-word"), Reason.AUDIT_ERROR),
    ],
)
def test_a_failed_ask_has_a_reason_and_no_value(error: Exception, reason: Reason) -> None:
    def answer(session: Session, ask: Ask) -> Fact:
        raise error

    fact = seen(kind(answer))["fact"]
    assert (fact.value, fact.reason) == (None, reason)
    assert "s3cret-word" not in fact.detail


def test_an_unknown_capability_cannot_be_observed() -> None:
    [fact] = look(kind(None), place(), [Ask.of("other")], LIMITS, Redactor())
    assert fact.reason is Reason.NO_OBSERVABLE


def test_a_dead_process_is_down_and_not_asked() -> None:
    def never(session: Session, ask: Ask) -> Fact:
        raise AssertionError("asked")

    dead = place(inventory=lambda: Inventory(False, 7, 3, "one\ntwo\nlast words\n"))
    found = seen(kind(never, never), dead)
    assert found["presence"].value["up"] is False
    assert "status 3" in found["presence"].value["witness"]
    assert "last words" in found["presence"].value["witness"]
    assert found["fact"].reason is Reason.BLOCKED


def test_a_refusal_without_a_second_witness_is_not_down() -> None:
    def refused(session: Session, ask: Ask) -> Presence:
        raise Refusal("connect: refused")

    found = seen(kind(None, refused))
    assert found["presence"].reason is Reason.NOT_REACHABLE
    assert found["fact"].reason is Reason.NOT_REACHABLE


def test_what_could_not_be_had_is_not_asked() -> None:
    missing = place(unavailable=(Reason.NOT_INSTALLED, "no server"))
    assert {one.reason for one in seen(kind(None), missing).values()} == {Reason.NOT_INSTALLED}


def test_one_fact_is_gathered_once_for_everybody() -> None:
    asked: list[str] = []

    def answer(session: Session, ask: Ask) -> Fact:
        asked.append(str(ask))
        time.sleep(0.05)
        return Fact("x")

    hub = Hub({"thing": kind(answer)}, LIMITS, Redactor())
    ask, located = Fact.ask(name="a"), place()
    threads = [threading.Thread(target=hub.facts, args=(located, (ask,))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["fact(name=a)"]
    hub.facts(located, (ask,), newer_than=time.time())
    assert len(asked) == 2


def test_a_server_that_never_answers_costs_the_look_limit_once() -> None:
    def hang(session: Session, ask: Ask) -> Fact:
        time.sleep(3)
        return Fact("too late")

    hub = Hub({"thing": kind(hang)}, LIMITS, Redactor())
    started = time.monotonic()
    for _ in range(3):
        [fact] = hub.facts(place(), (Fact.ask(),))
        assert fact.reason is Reason.TIMED_OUT
    assert time.monotonic() - started < 6


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values, st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_observations_survive_their_file(value: object, detail: str, args: dict[str, str]) -> None:
    original = Observation("web", Ask("fact", tuple(sorted(args.items()))), 1.5, 0.1, "way", "id", value, None, detail)
    assert observation_from_json(observation_to_json(original)) == original


secrets = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=6, max_size=20)


@given(secrets, st.text(), st.text())
def test_no_secret_passes_the_redactor(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.learn_url(f"amqp://audit:{secret}@mq:5672/")
    told = redactor.value({"a": [before + secret + after, {before + secret: 1}]})
    if secret not in before + after and secret not in "***":
        assert secret not in str(told).replace(before, "").replace(after, "")


def test_passwords_are_cut_where_patterns_show_them() -> None:
    redactor = Redactor()
    assert redactor.text("see postgresql://app:hunter2@db/x") == "see postgresql://app:***@db/x"
    assert "hunter2" not in redactor.text("password=hunter2, token: hunter2")


def test_a_password_behind_any_scheme_is_cut() -> None:
    for before in ("amqp", "x+y-z.1", "1", 'see:"http', "a://b@c http"):
        assert Redactor().text(f"{before}://app:hunter2@db/x") == f"{before}://app:***@db/x"


def test_long_text_is_read_once() -> None:
    long = "x" * 1_000_000
    assert Redactor().text(f"{long}://app:hunter2@{long}") == f"{long}://app:***@{long}"


def test_evidence_files_are_whole_or_absent(tmp_path: Path) -> None:
    from pytest_distaudit.domain.judgement import Judgement
    from pytest_distaudit.domain.verdict import Verdict
    from pytest_distaudit.engine.conduct import Conducted
    from pytest_distaudit.engine.record import Recorder, Recording

    recorder = Recorder(tmp_path)
    recorder.about({"started": "2026-01-01T00:00:00+00:00"})
    one = Observation("web", PRESENCE, 1.0, 0.1, value={"up": True})
    recorder.claim("a[b]", Conducted(Judgement(Verdict.VERIFIED, "ok"), ((one,), (one,))), {})
    recorder.claim("a_b", Conducted(Judgement(Verdict.VERIFIED, "ok"), ((one,),)), {})
    recording = Recording(tmp_path)

    def looks(key: str) -> list[list[Observation]]:
        return [list(sight.observations) for _, sights in recording.recorded(key) for sight in sights]

    assert looks("a[b]") == [[one], [one]]
    assert len(looks("a_b")) == 1
    assert looks("other") == []
    assert not list(tmp_path.rglob(".*"))
