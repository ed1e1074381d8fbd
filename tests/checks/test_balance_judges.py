"""The judge of ``gateway.balances``, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.gateways import Gateway
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import CHECKS, claim, evidence, fact, failure, judged
from .experiments import RATE, ROUND_S, STEADY_S, experiment, round_

WEB = ("web-1", "web-2")
GONE, BACK = round_(1, back=5.0, undone=4.0), 5.0
AT_ONCE = round_(1, back=0.3)
_END = STEADY_S + ROUND_S


def other(system):
    return WEB[1 - WEB.index(system)]


def turns(system, number, later):
    """In turn; the other one alone while this one is away."""
    return other(system) if 0 <= later < BACK + 0.2 else WEB[number % 2]


def flow(
    system,
    node=turns,
    *,
    fails=lambda system, number, later: False,
    echoes=True,
    client="127.9.9.9",
    late=0.0,
    rate=RATE,
):
    """``node`` and ``fails`` tell of (who is lost, number, seconds after that or a time before it)."""
    sent = []
    for number in range(int(_END * rate)):
        at = number / rate
        nonce, asked = f"{system}-{number}", at + late
        later = asked - STEADY_S
        if fails(system, number, later):
            sent.append(Sent(nonce, at, asked, 0.01, Outcome.FAIL, 503, detail="no server", client=client))
        else:
            name = node(system, number, later)
            sent.append(Sent(nonce, at, asked, 0.01, Outcome.OK, 200, name, echoes, client=client))
    return sent


def whole(seen=GONE, counted=RATE, names=lambda system, at: system, **flows):
    """Both losses, with the looks at everybody."""
    for system in WEB:
        yield experiment(seen, system=system)
        told = Traffic("ask", RATE, tuple(flow(system, **flows)))
        yield fact("", told, operation="ask", fault="crash", system=system)
        for half in range(int(_END * 2)):
            at = half / 2
            if not (seen.undone and seen.injected <= at <= (seen.back or at)):
                yield fact(system, Health(healthy=True), at=at, identity=names(system, at))
            # both experiments happen at the same time here: one counter would serve both
            if system == WEB[0]:
                yield fact("gate", Gateway(None, None, None if counted is None else int(at * counted)), at=at)


def told(*seen, within=1.0, instances=WEB, **words):
    of = replace(claim("gateway.balances", **words), operation="ask", timing=Timing(Span.WITHIN, within))
    return judged(of, evidence({"system": ("gate",), "instances": instances}, *seen))


def word(*seen, **more):
    judgement = told(*seen, **more)
    return judgement.reason or judgement.verdict.value


def test_turns_are_verified():
    judgement = told(*whole())
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == (
        "each of 2 had at least 100% of its share; whichever was lost, the others went on, and it was given work again"
    )


def test_shares_are_those_of_the_claim():
    three = {"node": lambda system, number, later: turns(system, number % 4 == 0, later)}
    judgement = told(*whole(**three))
    assert judgement.verdict.value == "verified", "half a share is tolerated"
    seldom = {"node": lambda system, number, later: turns(system, number % 10 == 0, later)}
    judgement = told(*whole(**seldom))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "web-2 is given 8 of 80"), judgement
    assert judgement.because == "while all served, of 80: web-2 8, web-1 72"
    assert word(*whole(**seldom), weights="web-1: 9, web-2: 1") == Reason.INCONCLUSIVE_STATISTICS


@pytest.mark.parametrize(
    "weights", ["3, 1", "web-1: 3", "web-1: 3, web-2: 0", "web-1: 3, web-2: inf", "web-1: x, web-2: 1"]
)
def test_weights_name_every_instance(weights):
    assert word(*whole(), weights=weights) == Reason.AMBIGUOUS_CLAIM


ALONE = {"node": lambda system, number, later: other(system) if later >= 0 else "web-1"}


def test_one_that_is_given_nothing_refutes():
    judgement = told(*whole(**ALONE))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "web-2 is given nothing")


def test_one_client_may_be_kept_where_it_is():
    kept = ALONE | {"client": ""}
    judgement = told(*whole(**kept))
    assert (judgement.reason, judgement.actual) == (Reason.NO_CONTROL, "web-2 is given nothing")
    assert told(*whole(**kept), each_request=True).actual == "web-2 is given nothing"
    assert word(*whole(**kept), each_request=True) == "refuted"
    assert word(*whole(client=""), each_request=True) == "verified"
    assert word(*whole(client="")) == "verified"
    assert word(*whole(), each_request=True) == Reason.AMBIGUOUS_CLAIM
    seldom = {"node": lambda system, number, later: turns(system, number % 10 == 0, later), "client": ""}
    assert word(*whole(**seldom)) == "refuted", "nobody is kept"


def test_a_busy_machine_refutes_nothing():
    assert word(*whole(**ALONE, late=0.2)) == "refuted"
    assert word(*whole(**ALONE, late=0.3)) == Reason.BUDGET
    fails = {"fails": lambda system, number, later: 0 <= later < BACK and number % 2}
    assert word(*whole(**fails, late=0.2)) == "refuted"
    assert word(*whole(**fails, late=0.3)) == Reason.BUDGET
    never = {"node": lambda system, number, later: other(system) if later >= 0 else WEB[number % 2]}
    assert word(*whole(**never, late=0.3)) == Reason.BUDGET


def test_what_was_so_for_a_moment_is_not_refuted():
    first = {
        "node": lambda system, number, later: (
            "web-1" if system == "web-1" and later < 0 else turns(system, number, later)
        )
    }
    judgement = told(*whole(**first))
    assert judgement.verdict.value == "verified", "a quarter of all, and half is tolerated"
    mostly = {
        "node": lambda system, number, later: turns(
            system, 0 if later < 0 and (system == "web-1" or number % 4 != 1) else number, later
        )
    }
    assert word(*whole(**mostly, rate=5 * RATE, counted=5 * RATE)) == Reason.INCONCLUSIVE_STATISTICS


def test_somebody_else_under_its_name_refutes():
    ghost = {"node": lambda system, number, later: WEB[number % 2]}
    judgement = told(*whole(**ghost))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "somebody else answers as web-1")
    assert judgement.because == "39 of 78 answers of ask bore its name while it was gone"


def test_who_was_asked_before_it_was_gone_may_answer():
    late = {"node": lambda system, number, later: WEB[number % 2] if later < 0.09 else turns(system, number, later)}
    assert word(*whole(**late)) == "verified"


def test_who_is_kept_waiting_until_it_is_back_is_not_served():
    seen = [*whole()]
    for told_of in (one for one in seen if one.ask.arg("operation")):
        for sent in told_of.value["sent"][::2]:
            if 0 <= (later := sent["sent"] - STEADY_S) < 4:
                sent["took"] = 4.1 - later
    judgement = told(*seen)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "does not go on without web-1")
    assert judgement.because.endswith("the first: 200 answered after 3.1 s"), judgement


def test_it_must_go_on():
    fails = {"fails": lambda system, number, later: 0 <= later < BACK and number % 2}
    judgement = told(*whole(**fails))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "does not go on without web-1")
    assert judgement.because == "30 of 60 requests of ask failed while it was gone, the first: 503 no server"
    after = {"fails": lambda system, number, later: later > BACK + 1 and number % 2}
    assert told(*whole(**after)).because == (
        "40 of 80 requests of ask failed when it was back, the first: 503 no server"
    )
    assert word(*whole(fails=lambda system, number, later: 0 <= later < 1)) == "verified"
    now_and_then = {"fails": lambda system, number, later: later > 1 and number % 20 == 0}
    assert word(*whole(**now_and_then)) == Reason.INCONCLUSIVE_STATISTICS


def test_it_must_be_given_work_again():
    never = {"node": lambda system, number, later: other(system) if later >= 0 else WEB[number % 2]}
    judgement = told(*whole(**never))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "web-1 is given nothing since it is back")
    assert word(*whole(**never, client="")) == Reason.NO_CONTROL
    assert word(*whole(seen=round_(1, back=8.5, undone=8.4), **never)) == Reason.INCONCLUSIVE_STATISTICS, "too few"


def test_one_that_does_not_come_back_tells_nothing():
    gone = round_(1, back=None, undone=4.0)
    assert word(*whole(seen=gone, names=lambda system, at: system if at < STEADY_S else "")) == Reason.BASELINE


def test_names_of_those_that_are_started_again_at_once():
    assert word(*whole(seen=AT_ONCE)) == Reason.NO_OBSERVABLE

    def boot(system, at):
        return f"{system}-{'again' if at > STEADY_S else 'first'}"

    def answered(system, number, later):
        return f"{WEB[number % 2]}-{'again' if later >= 0 and WEB[number % 2] == system else 'first'}"

    # each experiment has both names of both; who is not lost keeps the first
    assert word(*whole(seen=AT_ONCE, names=boot, node=answered)) == "verified"
    ghost = {"node": lambda system, number, later: f"{WEB[number % 2]}-first"}
    assert told(*whole(seen=AT_ONCE, names=boot, **ghost)).actual == "somebody else answers as web-1"


def test_who_cannot_be_told_apart():
    assert word(*whole(names=lambda system, at: "web")) == Reason.NO_OBSERVABLE
    assert word(*whole(names=lambda system, at: "")) == Reason.NO_OBSERVABLE
    nameless = told(*whole(node=lambda system, number, later: ""))
    assert (nameless.reason, nameless.actual) == (Reason.NO_OBSERVABLE, "who answers cannot be told")
    assert word(*whole(node=lambda system, number, later: f"pod-{number % 2}")) == Reason.NO_OBSERVABLE
    looks = [one for one in whole() if not (one.system == "web-2" and one.ask.capability == "health")]
    assert word(*looks, failure("web-2", Health, Reason.FORBIDDEN)) == Reason.FORBIDDEN


def test_others_that_answer_have_to_be_named():
    third = {"node": lambda system, number, later: "web-3" if number % 3 == 2 else turns(system, number % 3, later)}
    judgement = told(*whole(**third))
    assert (judgement.reason, judgement.actual) == (Reason.AMBIGUOUS_CLAIM, "others answer, too")
    instead = {"node": lambda system, number, later: "web-3" if number % 2 else "web-1"}
    assert told(*whole(**instead)).actual == "web-2 is given nothing"


def test_kept_answers_tell_nothing():
    judgement = told(*whole(echoes=False, **ALONE))
    assert (judgement.reason, judgement.actual) == (Reason.NO_OBSERVABLE, "ask does not answer what it is asked")


def test_requests_come_by_the_gateway():
    judgement = told(*whole(counted=0))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "requests do not come by gate")
    assert word(*whole(counted=RATE * 0.7)) == Reason.INCONCLUSIVE_STATISTICS
    assert word(*whole(counted=RATE * 3)) == "verified", "others may ask, too"
    assert word(*whole(counted=None)) == Reason.NO_OBSERVABLE
    assert word(*whole(counted=-1)) == Reason.INCONCLUSIVE_STATISTICS, "its counters began anew"


def test_one_instance_is_no_topology():
    assert word(*whole(), instances=("web-1",)) == Reason.TOPOLOGY_TOO_SMALL


def test_the_loss_has_to_show():
    seen = round_(1, seen=None, back=None)
    assert word(*whole(seen=seen)) == Reason.FAULT_NOT_EFFECTIVE


def test_an_unsteady_second_loss_hides_nothing_of_the_first():
    seen = [*whole(node=lambda system, number, later: other(system) if later >= 0 else WEB[number % 2])]
    at = next(
        n
        for n, one in enumerate(seen)
        if dict(one.ask.args) == {"operation": "ask", "fault": "crash", "system": "web-2"}
    )
    broken = Traffic("ask", RATE, tuple(flow("web-2", fails=lambda system, number, later: True)))
    seen[at] = replace(seen[at], value=to_json(broken))
    assert told(*seen).actual == "web-1 is given nothing since it is back"


def test_each_is_lost_for_longer_than_the_gateway_has():
    of = replace(claim("gateway.balances"), timing=Timing(Span.WITHIN, 4.0))
    (need,) = CHECKS["gateway.balances"].needs(of)
    course = need.course
    assert (need.fault, need.role, course.hold_s, course.after_s) == (Fault.CRASH, "instances", 7.0, 7.0)
    (default,) = CHECKS["gateway.balances"].needs(claim("gateway.balances"))
    assert default.course.hold_s == 13.0
