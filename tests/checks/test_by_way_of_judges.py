"""The judge of paths by halted hops, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, claim, evidence, fact, judged
from .experiments import ROUND_S, STEADY_S, experiment, round_, traffic

#: halted from 2.0 to 8.0 s; looks every half second
UNDONE = 6.0
ROUND = round_(seen=0.5, undone=UNDONE, back=UNDONE + 0.1)
HALTED = (STEADY_S, STEADY_S + UNDONE)
RATE = 20


def arrived(at, share=0.0, each=1.0, resumes=True):
    """How often something came until then, if ``share`` of it comes while the hop is halted."""
    began, ended = HALTED
    before, meanwhile, after = min(at, began), max(0.0, min(at, ended) - began), max(0.0, at - ended)
    held = (1 - share) * meanwhile if after and resumes else 0.0
    return round(RATE * each * (before + share * meanwhile + held + (after if resumes else 0.0)))


def looks(counts, end=STEADY_S + ROUND_S, step=0.5, offset=0.0, identity="one", unseen=""):
    """``offset``: what is counted starts with the looks, after this rest."""
    steps = int(end / step) + 1
    return [
        fact("store", Work({name: 1000 + count(at * step) for name, count in counts.items()}, unseen=unseen),
             at=offset + at * step, identity=identity)
        for at in range(steps)
    ]  # fmt: skip


def resting(lag=0.0, **moves):
    """Four seconds between the two looks."""
    told = Resting(-10.0, -9.0, -6.0, -5.0, {"store": lag})
    seen = [fact("store", Work({name: gain * at for name, gain in moves.items()}), at=-9.5 + 4 * at) for at in (0, 1)]
    return [*seen, fact("", told, seconds="2")]


def told(counts=None, hops=("worker",), one=ROUND, rest=None, seen=None, flows=None, within=0.2, **params):
    of = replace(claim("wiring.by-way-of", **params), operation="ask", timing=Timing(Span.WITHIN, within))
    shown = looks(counts or {"set": arrived}) if seen is None else seen
    facts = [*(resting() if rest is None else rest), *shown]
    facts += [experiment(one, system=hop, fault="freeze") for hop in hops]
    flows = flows or [traffic(fails=lambda later: False, fault="freeze", system=hop) for hop in hops]
    return judged(of, evidence({"via": hops, "into": ("store",)}, *facts, *flows))


def word(*args, **more):
    judgement = told(*args, **more)
    return judgement.reason or judgement.actual


def past(at, share=1.0, each=1.0):
    return arrived(at, share, each)


def test_what_stops_with_the_hop_comes_by_way_of_it():
    judgement = told()
    assert (judgement.verdict, judgement.actual) == (Verdict.VERIFIED, "set past none of worker")
    assert judgement.because == "none while it was halted"
    assert word(hops=("broker", "worker")) == "set past none of broker, worker"


def test_what_was_read_when_the_hop_went_on_already_is_not_of_the_time_before():
    """All that has waited for the hop comes at once, and the look ends after that."""
    late = replace(fact("store", Work({"set": 1000 + arrived(8.2)}), at=7.9), latency=0.3)
    shown = [one for one in looks({"set": arrived}) if not late.at < one.at < 8.2]
    assert word(seen=sorted([*shown, late], key=lambda one: one.at)) == "set past none of worker"


def test_what_still_comes_is_past_it():
    judgement = told({"set": past})
    assert (judgement.verdict, judgement.actual) == (Verdict.REFUTED, "not by way of worker")
    assert judgement.because == "set came as before while worker was halted"


def test_one_sort_of_work_may_come_another_way():
    judgement = told({"set": arrived, "get": past})
    assert (judgement.verdict, judgement.actual) == (Verdict.VERIFIED, "set past none of worker")
    assert judgement.because.endswith("; get also come another way")
    assert word({"set": arrived, "get": past}, work="get") == "not by way of worker"
    assert word({"set": arrived, "get": past}, work="del") is Reason.VACUOUS


def test_what_comes_in_part_is_not_told():
    assert word({"set": lambda at: arrived(at, 0.5)}) is Reason.INCONCLUSIVE_STATISTICS
    # what waits between the two arrives at first, and then no more
    assert word({"set": lambda at: arrived(min(at, 5.0), 1.0)}) is Reason.INCONCLUSIVE_STATISTICS
    # so many that it would be enough for all of the time
    assert word({"set": lambda at: past(at) + past(max(0.0, min(at, 5.0) - 2.0) - max(0.0, min(at, 8.0) - 5.0))}) is (
        Reason.INCONCLUSIVE_STATISTICS
    )
    judgement = told({"set": arrived, "get": lambda at: arrived(at, 0.5)})
    assert judgement.because == "none while it was halted; get also come another way"


def test_what_may_have_waited_on_its_way_is_not_past_it():
    assert word({"set": lambda at: past(at, each=0.7)}) is Reason.INCONCLUSIVE_STATISTICS
    assert word({"set": lambda at: past(at, each=2.0)}) == "not by way of worker"
    assert word({"set": past, "get": lambda at: past(at, each=0.7)}) is Reason.INCONCLUSIVE_STATISTICS


def test_others_at_work_refute_nothing():
    assert word({"set": past}, rest=resting(set=3)) is Reason.INCONCLUSIVE_STATISTICS
    assert word(rest=resting(set=3)) == "set past none of worker"
    unseen = [one for one in resting() if not one.system]
    assert word({"set": past}, rest=unseen) is Reason.INCONCLUSIVE_STATISTICS
    assert word(rest=unseen) is Reason.INCONCLUSIVE_STATISTICS


def by_itself(at):
    """Ten a second, whatever is halted."""
    return int(10 * at)


def test_a_poller_beside_what_comes_past_the_hop_does_not_hide_it():
    polled = resting(scan=40)
    assert word({"set": past, "scan": by_itself}, rest=polled) == "not by way of worker"
    assert word({"set": arrived, "scan": by_itself}, rest=polled) == "set past none of worker"
    # its own and the operations', counted together
    both = {"set": past, "scan": lambda at: past(at) + by_itself(at)}
    judgement = told(both, rest=polled)
    assert (judgement.actual, judgement.because) == (
        "not by way of worker", "set came as before while worker was halted",
    )  # fmt: skip
    # its own do not make up for what the operations do not bring in one half of the time
    late = {"set": past, "scan": lambda at: by_itself(at) + past(min(at, 2.5) + 1.5 * max(0.0, at - 5.5))}
    assert word(late, rest=polled) is Reason.INCONCLUSIVE_STATISTICS
    hidden = {"set": past, "scan": lambda at: arrived(at) + 3 * by_itself(at)}
    assert word(hidden, rest=resting(scan=120)) is Reason.INCONCLUSIVE_STATISTICS


def test_what_comes_by_itself_only_shows_nothing():
    assert word({"set": past}, rest=resting(set=80)) is Reason.INCONCLUSIVE_STATISTICS
    # a script feeds the worker as often as the operations are asked, and they do their work past it
    assert word({"set": arrived, "update": past}, rest=resting(set=80)) is Reason.INCONCLUSIVE_STATISTICS
    assert word({"set": arrived}, rest=resting(set=80)) is Reason.INCONCLUSIVE_STATISTICS
    assert word({"set": arrived}, rest=resting(set=20)) == "set past none of worker"


def in_batches(at):
    """All at once before the hop is halted, and after that."""
    return past(0 if at < 1.5 else 1.5 if at < 8.25 else 8.0)


def test_what_comes_at_times_may_have_come_past_the_hop():
    judgement = told({"set": in_batches})
    assert judgement.reason is Reason.INCONCLUSIVE_STATISTICS
    assert judgement.because == "set come at times, so that it may have come past it"
    assert judgement.remedy == "say within what time work arrives: within"
    assert word({"set": lambda at: arrived(min(at, 9.0))}) is Reason.INCONCLUSIVE_STATISTICS


def reported_late(at, rows=15, since=7.0):
    """What was done when the hop was about to be halted, told of five seconds later."""
    return arrived(at) + (rows if at >= since else 0)


def test_what_is_told_late_was_done_before():
    rest, unseen = resting(lag=1.0), "rows of a session that worked a moment ago"
    assert word(seen=looks({"set": reported_late}, unseen=unseen), rest=rest) == "set past none of worker"
    # nothing was said of it; too many for that; not all at once
    assert word({"set": reported_late}, rest=rest) is Reason.INCONCLUSIVE_STATISTICS
    many = looks({"set": lambda at: reported_late(at, 25)}, unseen=unseen)
    assert word(seen=many, rest=rest) is Reason.INCONCLUSIVE_STATISTICS
    twice = looks({"set": lambda at: reported_late(at, 8) + reported_late(at, 7, 6.0) - arrived(at)}, unseen=unseen)
    assert word(seen=twice, rest=rest) is Reason.INCONCLUSIVE_STATISTICS


def test_other_claims_operations_refute_nothing():
    flows = [
        traffic(fails=lambda later: False, fault="freeze", system="worker", operation=name) for name in ("ask", "x")
    ]
    assert word({"set": past}, flows=flows) is Reason.INCONCLUSIVE_STATISTICS
    assert word(flows=flows) == "set past none of worker"


def test_a_caller_that_halts_as_well_shows_nothing():
    fails = [traffic(fails=lambda later: later < UNDONE, fault="freeze", system="worker")]
    assert word(flows=fails) is Reason.NO_OBSERVABLE
    assert word({"set": past}, flows=fails) == "not by way of worker"
    late = [waits(traffic(fails=lambda later: False, fault="freeze", system="worker"))]
    assert word(flows=late) is Reason.NO_OBSERVABLE


def waits(flow):
    """Answered only after the hop went on."""
    began, ended = HALTED
    sent = [{**one, "took": ended + 0.1 - one["sent"]} if began <= one["sent"] < ended else one
            for one in flow.value["sent"]]  # fmt: skip
    return replace(flow, value={**flow.value, "sent": sent})


def test_what_never_comes_again_may_be_lost():
    lost = {"set": lambda at: arrived(at, resumes=False)}
    judgement = told(lost)
    assert (judgement.reason, judgement.actual) == (
        Reason.INCONCLUSIVE_STATISTICS, "not seen to go on behind worker",
    )  # fmt: skip
    assert word({**lost, "get": arrived}) is Reason.INCONCLUSIVE_STATISTICS


def test_what_was_under_way_still_arrives():
    """Two seconds after it was asked for."""
    counts = {"set": lambda at: arrived(at) + round(RATE * (min(at, 4.0) - 2.0 if 2.0 <= at <= 8.0 else 0.0))}
    assert word(counts, within=2.0) == "set past none of worker"
    assert word(counts, within=0.2) is Reason.INCONCLUSIVE_STATISTICS


def test_nothing_that_comes_shows_nothing():
    assert word({"set": lambda at: 0}) is Reason.VACUOUS
    assert word({"set": lambda at: int(at)}) is Reason.VACUOUS


def test_too_few_looks_show_nothing():
    assert word(seen=looks({"set": arrived}, step=3.0)) is Reason.INCONCLUSIVE_STATISTICS
    assert word(rest=resting(lag=1.0)) == "set past none of worker"
    assert word(rest=resting(lag=2.0)) is Reason.INCONCLUSIVE_STATISTICS
    assert told(rest=resting(lag=1.5)).because.endswith("while worker was halted")
    assert word(within=5.5) is Reason.INCONCLUSIVE_STATISTICS
    assert word(one=round_(seen=4.9, undone=UNDONE, back=UNDONE + 0.1)) is Reason.INCONCLUSIVE_STATISTICS
    # it never served again
    assert word(one=round_(seen=0.5, undone=UNDONE, back=None)) == "set past none of worker"


def test_counters_of_one_process_only():
    first, second = looks({"set": arrived}, end=5.0), looks({"set": arrived}, end=6.0, offset=5.5, identity="two")
    assert word(seen=[*first, *second]) is Reason.INCONCLUSIVE_STATISTICS
    assert word({"set": lambda at: arrived(at) if at < 6 else 0}) is Reason.INCONCLUSIVE_STATISTICS


def later(by, seen):
    """The same experiment or traffic, so many seconds later."""
    times = {"began", "ended", "injected", "seen", "undone", "back", "due", "sent"}

    def moved(value):
        if isinstance(value, dict):
            return {k: v + by if k in times and isinstance(v, float) else moved(v) for k, v in value.items()}
        return [moved(one) for one in value] if isinstance(value, list) else value

    return replace(seen, value=moved(seen.value))


def test_different_work_behind_each_is_not_told():
    by = STEADY_S + ROUND_S
    counts = {
        "set": lambda at: arrived(at) if at < by else arrived(by) + past(at - by),
        "del": lambda at: past(at) if at < by else past(by) + arrived(at - by),
    }
    of = replace(claim("wiring.by-way-of"), operation="ask", timing=Timing(Span.WITHIN, 0.2))
    facts = [*resting(), *looks(counts, end=2 * by)]
    for hop, since in (("broker", 0.0), ("worker", by)):
        flow = traffic(fails=lambda later: False, fault="freeze", system=hop)
        facts += [later(since, experiment(ROUND, system=hop, fault="freeze")), later(since, flow)]
    judgement = judged(of, evidence({"via": ("broker", "worker"), "into": ("store",)}, *facts))
    assert (judgement.reason, judgement.because) == (
        Reason.INCONCLUSIVE_STATISTICS, "behind broker: set; behind worker: del",
    )  # fmt: skip


def test_each_is_halted_once_for_long_enough():
    rest, halt = CHECKS["wiring.by-way-of"].needs(claim("wiring.by-way-of"))
    assert rest.seconds == 2.0
    assert (halt.fault, halt.role, halt.course.hold_s, halt.course.steady_s) == ("freeze", "via", 10.0, 7.0)
    assert halt.course.behind(0.0).hold_s == 10.0
    behind = halt.course.behind(1.0)
    assert (behind.hold_s, behind.steady_s, behind.lags) == (14.0, 11.0, 0.0)


def test_a_fault_that_did_not_show():
    assert word(one=round_(seen=None)) is Reason.FAULT_NOT_EFFECTIVE
