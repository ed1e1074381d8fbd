"""port.open on hand-made evidence."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Listener

from .evidence import ask_of, claim, evidence, fact, failure, judged

V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE


def told(listener: Listener, **params: object) -> Judgement:
    return judged(claim("port.open", **params), evidence({"system": ("shop",)}, fact("shop", listener)))


@pytest.mark.parametrize(
    ("listener", "verdict", "actual"),
    [
        (Listener(80, True, "http", "http"), V, "port 80 speaks http"),
        (Listener(80, True, "http", "http", owner=True), V, "port 80 speaks http"),
        (Listener(80, True, "unknown", "", owner=True), V, "port 80 open"),
        (Listener(80, False, witness="refused, while 81 answers"), R, "port 80 closed"),
        (Listener(80, False, "http", "http", owner=True), R, "port 80 closed"),
        (Listener(80, True, "http", "http", owner=False), R, "port 80 is another process's"),
        (Listener(80, True, "http", "", owner=False), R, "port 80 is another process's"),
        (Listener(80, True, "http", "amqp"), R, "port 80: speaks http"),
        (Listener(80, True, "http", "amqp", owner=True), R, "port 80: speaks http"),
        (Listener(80, True, "closed", "amqp"), R, "port 80: hangs up at once"),
        (Listener(80, True, "unknown", "amqp"), R, "port 80: speaks something else"),
    ],
)
def test_a_listener_of_the_right_kind(listener: Listener, verdict: Verdict, actual: str) -> None:
    answer = told(listener)
    assert (answer.verdict, answer.actual) == (verdict, actual)


def test_the_witness_of_a_closed_port_is_told() -> None:
    assert told(Listener(80, False, witness="refused, while 81 answers")).because == "refused, while 81 answers"


@pytest.mark.parametrize(
    ("listener", "reason"),
    [
        (Listener(80, True, "silent", "http"), Reason.TIMED_OUT),
        (Listener(80, True, "silent", "http", owner=True), Reason.TIMED_OUT),
        (Listener(80, True, "http", ""), Reason.NO_OBSERVABLE),
        (Listener(80, True, "silent", ""), Reason.NO_OBSERVABLE),
    ],
)
def test_an_accepted_connection_proves_no_server(listener: Listener, reason: Reason) -> None:
    answer = told(listener)
    assert (answer.verdict, answer.reason) == (U, reason)


@pytest.mark.parametrize("port", [0, -1, 65536, 80.5, "> 80", "!= 80"])
def test_no_port_at_all(port: object) -> None:
    answer = told(Listener(80, True, "http", "http"), port=port)
    assert (answer.verdict, answer.reason) == (U, Reason.AMBIGUOUS_CLAIM)


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_ports_from_first_to_last(port: int) -> None:
    seen = evidence({"system": ("shop",)}, fact("shop", Listener(port, True, "http", "http"), port=port))
    assert judged(claim("port.open", port=port), seen).verdict is V


def test_what_could_not_be_seen_is_not_closed() -> None:
    seen = evidence({"system": ("shop",)}, failure("shop", Listener, Reason.NOT_REACHABLE))
    assert judged(claim("port.open"), seen).reason is Reason.NOT_REACHABLE


def test_what_is_asked() -> None:
    assert ask_of(claim("port.open")) == Ask.of("listener")
    assert ask_of(claim("port.open", endpoint="amqp")) == Ask.of("listener", endpoint="amqp")
    assert ask_of(claim("port.open", port=5672, endpoint="amqp")) == Ask.of("listener", port=5672)
