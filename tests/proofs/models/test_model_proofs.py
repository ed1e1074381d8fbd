"""Two-sided proofs of ``model.available`` and ``model.answers``: a real Ollama with models of 130 kB, and doubles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.standins import ollama as doubles

MISSING = builtin_recipes()["ollama"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live]
needs_ollama = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

TINY = Path(doubles.__file__).with_name("tiny_model.py")
ELSEWHERE = "ollama.invalid"

REAL = f"""
[targets.miniature.systems.llm]
kind = "ollama"
probes = "write"
[targets.miniature.systems.llm.native]
then = [["{{python}}", "{TINY}", "{{llm.url}}", "tiny", "gone=lost", "far=remote:https://{ELSEWHERE}"]]
"""
DOUBLE = """
[targets.miniature.systems.{name}]
kind = "ollama"
url = "{url}"
probes = "write"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("models"), REAL) as room:
        yield room


AVAILABLE = {
    "there": ({"model": "tiny"}, Verdict.VERIFIED, "model tiny:latest is there"),
    "by its tag": ({"model": "Tiny:latest", "context": ">= 2048"}, Verdict.VERIFIED, "model tiny:latest is there"),
    "of another name": ({"model": "llama3:70b"}, Verdict.REFUTED, "no model llama3:70b"),
    "of another tag": ({"model": "tiny:7b"}, Verdict.REFUTED, "no model tiny:7b"),
    "its file is gone": ({"model": "gone"}, Verdict.REFUTED, "model gone:latest is broken"),
    "run elsewhere": ({"model": "far"}, Verdict.REFUTED, "model far:latest is remote"),
    "run elsewhere, as documented": ({"model": "far", "remote": True}, Verdict.VERIFIED, "model far:latest is there"),
    "takes in less": ({"model": "tiny", "context": ">= 8192"}, Verdict.REFUTED, "2048 tokens of context"),
    "takes in who knows": (
        {"model": "far", "remote": True, "context": ">= 1"},
        Reason.NO_OBSERVABLE,
        "context unknown",
    ),
}


@needs_ollama
@pytest.mark.parametrize("case", AVAILABLE)
def test_available(real: Room, case: str) -> None:
    params, verdict, actual = AVAILABLE[case]
    result = real.judge("model.available", system="llm", **params)
    assert (result.reason or result.verdict, result.actual) == (verdict, actual), result.because


ANSWERS = {
    "a model that answers": ({"model": "tiny"}, Verdict.VERIFIED, "4 answers"),
    "a model that cannot do anything": ({"model": "tiny", "right": ">= 2"}, Verdict.REFUTED, "0 of 3 tasks solved"),
    "no such model": ({"model": "llama3"}, Verdict.REFUTED, "no model llama3"),
    "a model without its file": ({"model": "gone"}, Verdict.REFUTED, "model gone:latest is broken"),
}


@needs_ollama
@pytest.mark.parametrize("case", ANSWERS)
def test_answers(real: Room, case: str) -> None:
    params, verdict, actual = ANSWERS[case]
    result = real.judge("model.answers", system="llm", **params)
    assert (result.verdict, result.actual[: len(actual)]) == (verdict, actual), result.because


LIES = {
    "canned": "one answer to everything",
    "echoes": "the question comes back",
    "fills_a_template": "one answer to everything",
    "says_all_it_has": "more than it was allowed to say",
    "invents_its_time": "its time is made up",
    "plays_a_recording": "its time is made up",
    "loads_nothing": "answers without a model",
    "says_nothing": "empty answers",
    "fails": "it does not answer",
}
CANNOT_TELL = {"fails_once": Reason.BASELINE, "tells_no_work": Reason.NO_OBSERVABLE}


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with ExitStack() as stack:
        urls = {}
        for name in (*LIES, *CANNOT_TELL):
            urls[name] = stack.enter_context(doubles.ollama(getattr(doubles, name), loaded=name != "loads_nothing"))
        target = "".join(DOUBLE.format(name=name, url=url) for name, url in urls.items())
        careful = DOUBLE.format(name="careful", url=urls["canned"]).replace('probes = "write"', 'probes = "read"')
        yield stack.enter_context(Room(tmp_path_factory.mktemp("doubles"), target + careful))


def judged(room: Room, system: str) -> Any:
    return room.judge("model.answers", system=system, model="llama3")


@pytest.mark.parametrize(("manner", "actual"), LIES.items())
def test_answers_refutes(doubled: Room, manner: str, actual: str) -> None:
    result = judged(doubled, manner)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


@pytest.mark.parametrize(("manner", "reason"), CANNOT_TELL.items())
def test_answers_cannot_tell(doubled: Room, manner: str, reason: Reason) -> None:
    result = judged(doubled, manner)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


def test_nothing_is_asked_of_a_model_without_consent(doubled: Room) -> None:
    result = judged(doubled, "careful")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NOT_SAFE), result.because
