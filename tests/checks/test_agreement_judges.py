"""Judging what files say: a word in, a verdict out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.needs import Read
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import FileWord
from tests.checks.evidence import CHECKS, claim, evidence, fact, failure, judged

CASES = {
    "files.agree": ({"component": "gateway", "pattern": "port"}, {"document": "a.md", "line": 3, "quote": "On 80."}),
    "files.path": ({"path": "compose.yaml"}, {"document": "a.md", "line": 3}),
    "files.finding": ({"finding": "wrong_port-gateway"}, {}),
}


def told(name: str, word: FileWord | None) -> Judgement:
    """The judgement of a claim at a.md:3 when the files say ``word``; None: they could not be read."""
    params, where = CASES[name]
    asked = {**params, **where}
    seen = fact("", word, **asked) if word else failure("", FileWord, Reason.AUDIT_ERROR, "broken", **asked)
    of = replace(claim(name, **params), document="a.md", line=3, quote="On 80.")
    [need] = CHECKS[name].needs(of)
    assert isinstance(need, Read)
    assert need.ask == seen.ask
    return judged(of, evidence({}, fact("", FileWord(False, "other"), other="x"), seen, fact("", FileWord(False), x=1)))


@pytest.mark.parametrize("name", CASES)
def test_the_files_bear_it_out(name: str) -> None:
    answer = told(name, FileWord(True, "port 80", "a.md:3 and compose.yaml:2 agree"))
    assert (answer.verdict, answer.actual) == (Verdict.VERIFIED, "port 80")
    assert answer.because == "a.md:3 and compose.yaml:2 agree"


@pytest.mark.parametrize("name", CASES)
def test_the_files_contradict_it(name: str) -> None:
    answer = told(name, FileWord(False, "port 81", "a.md:3 against compose.yaml:2", "correct it"))
    assert (answer.verdict, answer.actual, answer.remedy) == (Verdict.REFUTED, "port 81", "correct it")
    assert answer.because == "a.md:3 against compose.yaml:2"
    assert answer.conclusive


@pytest.mark.parametrize("name", CASES)
def test_the_files_cannot_tell(name: str) -> None:
    answer = told(name, FileWord(None, because="nothing decides it"))
    assert (answer.verdict, answer.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert (answer.actual, answer.because) == ("files cannot tell", "nothing decides it")
    assert bool(answer.remedy) == (name == "files.agree")


@pytest.mark.parametrize("name", CASES)
def test_the_files_could_not_be_read(name: str) -> None:
    answer = told(name, None)
    assert (answer.verdict, answer.reason) == (Verdict.UNVERIFIABLE, Reason.AUDIT_ERROR)
