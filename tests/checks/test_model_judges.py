"""The judges of models, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.needs import Probe
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.models import Model, ModelAnswer, ModelProbe

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("llm",)}
VERIFIED, REFUTED = Verdict.VERIFIED, Verdict.REFUTED
MODEL = Model("tiny:latest", True, digest="abcdef0123456789", size=10, context=2048, loaded=False, others=("big:7b",))


# --- model.available


def available(seen, **params):
    return judged(claim("model.available", model="tiny", **params), evidence(ROLES, fact("llm", seen, name="tiny")))


def test_it_is_there():
    told = available(MODEL)
    assert (told.verdict, told.actual) == (VERIFIED, "model tiny:latest is there")
    assert told.because == "on the server's own disk; digest abcdef012345"
    assert available(replace(MODEL, digest="")).because.endswith("digest unknown")


def test_it_is_not_there():
    told = available(Model("tiny", False, others=("big:7b",)))
    assert (told.verdict, told.actual, told.because) == (REFUTED, "no model tiny", "the server lists big:7b")
    assert available(Model("tiny", False)).because == "the server lists no model"


def test_it_is_listed_and_its_file_is_gone():
    told = available(replace(MODEL, fault="404 not found"))
    assert (told.verdict, told.actual) == (REFUTED, "model tiny:latest is broken")
    assert "cannot be read: 404 not found" in told.because


def test_somebody_else_runs_it():
    told = available(replace(MODEL, remote="ollama.example"))
    assert (told.verdict, told.actual) == (REFUTED, "model tiny:latest is remote")
    assert "ollama.example" in told.because
    allowed = available(replace(MODEL, remote="ollama.example"), remote=True)
    assert (allowed.verdict, allowed.because[:21]) == (VERIFIED, "run by ollama.example")


@pytest.mark.parametrize(
    ("context", "seen", "told"),
    [
        (">= 2048", MODEL, VERIFIED),
        ("> 2048", MODEL, REFUTED),
        (">= 1", replace(MODEL, context=None), Reason.NO_OBSERVABLE),
        (">= 0", replace(MODEL, context=0), VERIFIED),
    ],
)
def test_how_much_it_takes_in(context, seen, told):
    answer = available(seen, context=context)
    assert (answer.reason or answer.verdict) == told


# --- model.answers


def answer(number, text, *, right: bool | None = False, limit=48, **more):
    told = {"tokens": 20, "total_ns": 500_000_000 + number, "load_ns": 100_000_000, "prompt_ns": 1000}
    prompt = f"(distaudit-{number:032x}) and this is question {number}"
    return ModelAnswer(prompt, limit, 0.6, text, right=right, **{**told, "answer_ns": 300_000_000, **more})


FEW = answer(0, "Once there", right=None, limit=3, tokens=3)
GOOD = (FEW, answer(1, "It is 42.", right=True), answer(2, "A candle"), answer(3, "104, 105"))
PROBE = ModelProbe("tiny", GOOD, loaded=("tiny:latest",))


def answers(*given, seen=MODEL, right=None, **more):
    probe = replace(PROBE, **{"answers": given or GOOD, **more})
    of = claim("model.answers", model="tiny", right=right)
    return judged(of, evidence(ROLES, fact("llm", seen, name="tiny"), fact("", probe, model="tiny")))


def brief(*given, **more):
    told = answers(*given, **more)
    return told.verdict, told.reason or told.actual


def test_answers_that_follow_from_the_questions():
    told = answers()
    assert (told.verdict, told.actual, told.because) == (VERIFIED, "4 answers, 63 tokens", "1 of 3 tasks solved")


def test_it_is_asked_only_once_it_is_known_to_be_there():
    of = claim("model.answers", model="tiny")
    more = judge(of, CHECKS[of.check], evidence(ROLES, fact("llm", MODEL, name="tiny")))
    assert more == NeedMore((Probe("model-probe", ("system",), (("model", "tiny"),)),))
    assert brief(seen=Model("tiny", False)) == (REFUTED, "no model tiny")
    assert brief(seen=replace(MODEL, fault="gone")) == (REFUTED, "model tiny:latest is broken")
    unsafe = failure("", ModelProbe, Reason.NOT_SAFE, "set it", model="tiny")
    assert judged(of, evidence(ROLES, fact("llm", MODEL, name="tiny"), unsafe)).reason is Reason.NOT_SAFE


def test_prompts_that_fail():
    bad = [replace(one, error="500 out of memory", text="") for one in GOOD]
    told = answers(*bad)
    assert (told.verdict, told.actual) == (REFUTED, "it does not answer")
    assert told.because == "all 4 prompts fail: 500 out of memory"
    told = answers(*GOOD[:3], bad[3])
    assert (told.reason, told.actual) == (Reason.BASELINE, "1 of 4 prompts fail")
    assert brief(answers=()) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


def test_not_a_word():
    assert brief(*(replace(one, text=" \n") for one in GOOD)) == (REFUTED, "empty answers")
    assert brief(*(replace(one, text="") for one in GOOD[:3]), GOOD[3])[0] is VERIFIED


def test_more_than_it_may_say():
    assert brief(replace(FEW, tokens=4), *GOOD[1:]) == (REFUTED, "more than it was allowed to say")
    assert brief(replace(FEW, tokens=2), *GOOD[1:])[0] is VERIFIED
    assert brief(replace(FEW, text="x" * 193), *GOOD[1:]) == (REFUTED, "more than it was allowed to say")
    assert brief(replace(FEW, text=" " * 400 + "x" * 192), *GOOD[1:])[0] is VERIFIED


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"took_s": 0.2}, REFUTED),
        ({"took_s": 0.27}, VERIFIED),
        ({"load_ns": 600_000_000}, REFUTED),
        ({"load_ns": 440_000_000}, VERIFIED),
        ({"prompt_ns": 500_000_000}, REFUTED),
        ({"answer_ns": 700_000_000}, REFUTED),
        ({"load_ns": None, "prompt_ns": None, "answer_ns": None}, VERIFIED),
    ],
)
def test_its_time_must_be_possible(change, verdict):
    told = answers(GOOD[0], replace(GOOD[1], **change), *GOOD[2:])
    assert told.verdict is verdict, told.because
    assert verdict is VERIFIED or told.actual == "its time is made up"


def test_two_answers_never_take_equally_long():
    same = [replace(one, total_ns=500_000_000) for one in GOOD[:2]]
    assert brief(*same, *GOOD[2:]) == (REFUTED, "its time is made up")


@pytest.mark.parametrize(
    "change", [{"total_ns": None}, {"total_ns": 0, "load_ns": 0, "answer_ns": 0}, {"tokens": None}]
)
def test_no_account_of_its_work(change):
    given = [replace(one, **change) for one in GOOD]
    if "total_ns" in change:
        given = [replace(one, load_ns=None, answer_ns=None) for one in given]
    assert brief(*given) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert brief(given[0], *GOOD[1:]) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_one_answer_to_everything():
    told = answers(FEW, *(replace(one, text="I am  happy to help.\n") for one in GOOD[1:]))
    assert (told.verdict, told.actual) == (REFUTED, "one answer to everything")
    assert "3 different tasks: 'I am happy to help.'" in told.because
    templated = [replace(one, text=f"You asked: {one.prompt}. Great!") for one in GOOD[1:]]
    told = answers(FEW, *templated)
    assert (told.verdict, told.actual) == (REFUTED, "one answer to everything")
    assert "'you asked great'" in told.because
    # nothing but the question's words: a model may repeat
    assert brief(FEW, *(replace(one, text=f"question {one.prompt[-1]}") for one in GOOD[1:]))[0] is VERIFIED


def test_the_question_comes_back():
    assert brief(replace(FEW, text=FEW.prompt), *GOOD[1:]) == (REFUTED, "the question comes back")
    # with room for it a model may repeat it
    assert brief(FEW, replace(GOOD[1], text=GOOD[1].prompt), *GOOD[2:])[0] is VERIFIED


def test_too_few_to_compare():
    assert brief(FEW, GOOD[1]) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)
    assert brief(FEW, *GOOD[1:3])[0] is VERIFIED


def test_what_answers_is_loaded():
    assert brief(loaded=()) == (REFUTED, "answers without a model")
    assert brief(loaded=("big:7b",)) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert brief(loaded=("big:7b", "tiny:latest"))[0] is VERIFIED
    assert brief(loaded=None)[0] is VERIFIED
    assert brief(loaded=(), seen=replace(MODEL, remote="elsewhere"))[0] is VERIFIED


@pytest.mark.parametrize(("right", "verdict"), [(">= 1", VERIFIED), (">= 2", REFUTED), (1, VERIFIED)])
def test_tasks_that_it_has_to_solve(right, verdict):
    told = answers(right=right)
    assert told.verdict is verdict
    assert "1 of 3 tasks solved" in (told.actual, told.because)
