"""The judges of performance, branch by branch, on loads made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.checks._driven import growth, outstanding
from pytest_distaudit.domain.needs import Drive
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.load import Load, Phase, Strain

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("api",)}
RATE, SECONDS = 200.0, 3.0
REST = Strain((1,) * 20, 2)
BUSY = Strain((12,) * 20, 2)


def phase(took=lambda at: 0.005, fate=lambda at: ".", *, rate=RATE, seconds=SECONDS, lag=0.0002, control=0.001, **more):
    """``took`` of a moment in seconds, ``fate`` of a number, ``lag`` in seconds or of a moment."""
    many = round(rate * seconds)
    due = [at / rate for at in range(many)]
    late = lag if callable(lag) else lambda moment: lag
    fields = {"control": (int(control * 1e6),) * 400, "lost": 0, "strain": REST, "said": "503 busy", **more}
    return Phase(
        rate, seconds,
        tuple(int(moment * 1e6) for moment in due),
        tuple(int(late(moment) * 1e6) for moment in due),
        tuple(int(took(moment) * 1e6) for moment in due),
        "".join(fate(at) for at in range(many)),
        **fields,
    )  # fmt: skip


QUIET = phase(rate=40.0, seconds=0.5)


def told(check, phases, quiet=QUIET, local=True, **params):
    usual = {"time": "< 50 ms", "rate": "200 /s"} if check == "latency" else {"rate": ">= 200 /s"}
    of = replace(claim(f"performance.{check}", **{**usual, **params}), operation="ask")
    (need,) = CHECKS[of.check].needs(of)
    load = Load("ask", quiet, tuple(phases), local)
    return judged(of, evidence(ROLES, fact("", load, operation="ask", course=need.course)))


def word(*args, **more):
    judgement = told(*args, **more)
    return judgement.reason or judgement.verdict.value


def seldom(at):
    """One in a hundred and fifty."""
    return "e" if at % 150 == 7 else "."


# --- latency


def test_quick_answers_are_verified():
    judgement = told("latency", [phase()] * 3)
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "95 % within 5 ms to 5.2 ms at 200/s"


SLOW = phase(lambda at: 0.3)


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([phase(), phase(), SLOW], "verified"),
        ([phase(), SLOW, SLOW], "refuted"),
        # further ones were not done
        ([SLOW], "refuted"),
        ([phase(), phase()], Reason.INCONCLUSIVE_STATISTICS),
        # one stall of 0.6 s in 3 s: whoever waits for answers asks hardly any of it
        ([phase(lambda at: max(0.004, 1.6 - at) if 1 <= at < 1.6 else 0.004)] * 3, "refuted"),
        # 5 % lie on either side
        ([phase(lambda at: 0.3 if at * 200 % 20 < 1 else 0.004)] * 3, Reason.INCONCLUSIVE_STATISTICS),
        # slow by as much as this machine has shown to add
        ([phase(lambda at: 0.3, control=0.28)] * 3, Reason.BUDGET),
        ([phase(lambda at: 0.3, strain=BUSY)] * 3, Reason.BUDGET),
        ([phase(lambda at: 0.3, strain=Strain())] * 3, Reason.BUDGET),
        ([phase(lambda at: 0.3, lost=1)] * 3, Reason.BUDGET),
        ([replace(phase(lambda at: 0.3), control=())], Reason.BUDGET),
        # slow by more than that
        ([phase(lambda at: 2.0, strain=BUSY, control=0.1)] * 3, "refuted"),
        # sent late: not the load that was meant, whatever came of it
        ([phase(lag=0.002)] * 3, Reason.BUDGET),
        ([phase(lag=lambda at: 0.02 if at > 2.9 else 0)] * 3, Reason.BUDGET),
        ([phase(lag=lambda at: 0.3, took=lambda at: 0.004)] * 3, Reason.BUDGET),
        ([phase(fate=lambda at: "x" if at % 50 == 0 else ".")] * 3, Reason.BUDGET),
        # never answered
        ([phase(lambda at: 5.0 if at > 1 else 0.004, lambda at: "t" if at > 200 else ".")] * 3, "refuted"),
        # errors
        ([phase(fate=lambda at: "e" if at % 10 == 0 else ".")] * 3, "refuted"),
        ([phase(fate=lambda at: "e" if at == 10 else ".")] * 3, Reason.INCONCLUSIVE_STATISTICS),
        ([phase(fate=lambda at: "e" if at % 10 == 0 else ".", strain=BUSY)] * 3, Reason.BUDGET),
        ([phase(fate=lambda at: "e" if at % 10 == 0 else ".", lost=1)] * 3, Reason.BUDGET),
        # what was kept is no answer, on a busy machine as well
        ([phase(fate=lambda at: "n", strain=BUSY)], "refuted"),
        ([phase(fate=lambda at: "c" if at % 3 else ".", strain=BUSY)] * 3, "refuted"),
        # few are fast errors: the slow ones are the answers
        ([phase(lambda at: 0.001 if at * 200 % 2 < 1 else 0.3, lambda at: "e" if at % 2 == 0 else ".")] * 3, "refuted"),
    ],
)  # fmt: skip
def test_latency(phases, expected):
    assert word("latency", phases) == expected


def test_a_machine_elsewhere_is_not_known_to_be_busy():
    assert word("latency", [phase(lambda at: 0.3, strain=BUSY)] * 3, local=False) == "refuted"


def test_the_way_to_a_machine_elsewhere_is_not_the_systems():
    far = replace(QUIET, took=(280_000,) * 20)
    assert word("latency", [phase(lambda at: 0.3)] * 3, far, local=False) == Reason.BUDGET
    assert word("latency", [phase(lambda at: 0.4)] * 3, far, local=False) == "refuted"


def test_errors_that_are_allowed():
    assert word("latency", [phase(fate=seldom)] * 3, errors="<= 1 %") == "verified"
    assert word("latency", [phase(fate=lambda at: "e" if at % 20 == 0 else ".")] * 3, errors="<= 1 %") == "refuted"


def test_few_requests_bound_nothing():
    judgement = told("latency", [phase(seconds=1.0)] * 3, share="99 %", seconds="1 s")
    assert judgement.reason is Reason.INCONCLUSIVE_STATISTICS
    assert judgement.because == "200 requests were asked each time; 368 tell of this share"
    assert word("latency", [phase(seconds=1.0)] * 3, share="95 %", seconds="1 s") == "verified"


def test_what_refutes_is_said():
    assert told("latency", [phase(fate=lambda at: "n")]).actual == "kept answers"
    assert told("latency", [phase(fate=lambda at: "e" if at % 10 == 0 else ".")] * 3).actual == "10.0% errors"
    assert told("latency", [SLOW] * 3).actual == "95 % within 300 ms to 300 ms at 200/s"


@pytest.mark.parametrize("check", ["latency", "throughput"])
@pytest.mark.parametrize(
    ("quiet", "phases", "expected"),
    [
        (replace(QUIET, fates="c" * 20), 4, "refuted"),
        (replace(QUIET, fates="n" * 20), 4, Reason.NO_OBSERVABLE),
        (replace(QUIET, fates="e" * 20), 0, Reason.BASELINE),
        (replace(QUIET, fates="." * 19 + "e"), 4, Reason.BASELINE),
        (QUIET, 0, Reason.BASELINE),
    ],
)
def test_before_any_load(check, quiet, phases, expected):
    assert word(check, [phase()] * phases, quiet) == expected


@pytest.mark.parametrize(
    "params",
    [{"share": "<= 95 %"}, {"share": 95}, {"time": "> 1 s"}, {"time": "1 s"}, {"errors": "> 1 %"}, {"errors": 1}],
)
def test_what_names_no_upper_limit_is_ambiguous(params):
    assert word("latency", [phase()] * 3, **params) == Reason.AMBIGUOUS_CLAIM


def test_a_rate_is_a_lower_limit():
    assert word("throughput", [phase()] * 4, rate="< 200 /s") == Reason.AMBIGUOUS_CLAIM


# --- throughput


def steps(*made, **more):
    """The four steps; the last given goes on."""
    makers = [*made, *[made[-1]] * (4 - len(made))]
    return [maker(RATE * part) for maker, part in zip(makers, (0.5, 0.8, 1.0, 1.2), strict=True)]


def borne(rate):
    return phase(rate=rate)


def growing(bears, **more):
    """One after the other, so many a second."""
    return lambda rate: phase(lambda at: 0.005 + max(0.0, at * (rate / bears - 1)), rate=rate, **more)


def failing(share, **more):
    return lambda rate: phase(fate=lambda at: "e" if at % round(1 / share) == 0 else ".", rate=rate, **more)


def test_what_is_borne_is_verified():
    judgement = told("throughput", steps(borne))
    assert (judgement.verdict.value, judgement.actual) == ("verified", "200/s"), judgement
    judgement = told("throughput", steps(borne, borne, borne, growing(200)))
    assert (judgement.verdict.value, judgement.actual) == ("verified", "200/s, not 240/s")


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (steps(growing(60)), "refuted"),
        (steps(borne, borne, growing(150)), "refuted"),
        # further ones were not done
        (steps(growing(60))[:1], "refuted"),
        (steps(borne)[:2], Reason.INCONCLUSIVE_STATISTICS),
        # hardly grows, and hardly fails
        (steps(borne, borne, growing(195)), Reason.INCONCLUSIVE_STATISTICS),
        (steps(borne, borne, failing(1 / 80)), Reason.INCONCLUSIVE_STATISTICS),
        (steps(borne, borne, failing(0.1)), "refuted"),
        (steps(failing(0.1)), "refuted"),
        (steps(failing(0.1, lost=1)), Reason.BUDGET),
        (steps(lambda rate: phase(rate=rate, fate=lambda at: "c", strain=BUSY))[:1], "refuted"),
        # a machine that others keep busy bears less
        (steps(borne, borne, growing(150, strain=Strain((4,) * 20, 2))), Reason.BUDGET),
        (steps(growing(60, strain=Strain((4,) * 20, 2))), "refuted"),
        (steps(growing(60, strain=BUSY)), Reason.BUDGET),
        (steps(growing(60, strain=Strain())), Reason.BUDGET),
        (steps(borne, borne, lambda rate: phase(rate=rate, lag=0.002)), Reason.BUDGET),
        (steps(borne, lambda rate: phase(rate=rate, lag=0.02)), Reason.BUDGET),
        # the first request of all waits for something
        (steps(lambda rate: phase(lambda at: 0.2 if at == 0 else 0.004, rate=rate)), "verified"),
        # a stall that is made up for is no growing backlog
        (steps(lambda rate: phase(lambda at: 1.6 - at if 1.4 <= at < 1.59 else 0.004, rate=rate)), "verified"),
        # answers that take longer and longer, as this machine's do
        (steps(borne, borne, growing(150, control=2.0)), Reason.INCONCLUSIVE_STATISTICS),
    ],
)  # fmt: skip
def test_throughput(phases, expected):
    assert word("throughput", phases) == expected


def test_what_was_not_done_is_said():
    for check in ("latency", "throughput"):
        of = replace(
            claim(f"performance.{check}", **({"time": "< 1 s"} if check == "latency" else {}), rate=200),
            operation="ask",
        )
        (need,) = CHECKS[of.check].needs(of)
        for reason in (Reason.NOT_SAFE, Reason.BUDGET, Reason.NO_CONTROL):
            seen = failure("", Load, reason, "no", operation="ask", course=need.course)
            assert judged(of, evidence(ROLES, seen)).reason is reason


def test_the_needs_follow_from_the_claims():
    (need,) = CHECKS["performance.latency"].needs(claim("performance.latency", time="< 200 ms", rate="500 /s"))
    assert need == Drive((500.0, 500.0, 500.0), 30.0, 10.0, 20.0)
    slow = claim("performance.latency", time="< 4 s", rate=1, seconds="3 s", repetitions=2)
    assert CHECKS["performance.latency"].needs(slow) == (Drive((1.0, 1.0), 3.0, 1.0, 133.333, 12.0),)
    (need,) = CHECKS["performance.throughput"].needs(claim("performance.throughput", rate=">= 100 /s"))
    assert need.rates == (50.0, 80.0, 100.0, 120.0)


def test_a_backlog_is_what_is_due_and_not_answered():
    assert {many for _, many in outstanding(phase())} <= {1, 2}
    assert abs(growth(phase())) < 0.5
    assert growth(phase(lambda at: at)) == pytest.approx(RATE / 2, rel=0.05)
