"""Claims about balancing: that every instance gets its share, and that any one of them may be lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pytest_distaudit.checkers import balance
from pytest_distaudit.checks._balanced import MANY, Lost, Names, names_of
from pytest_distaudit.checks._disturbed import effective, late, traffics, undisturbed
from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.capabilities import Health
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.gateways import Gateway
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how soon it must go on without one, and give work to one that is back, where the claim does not say it, in seconds
_WITHIN_S = 10.0
_PATIENCE_S = 30.0
#: sixty requests at the usual rate (behaviours 1.3), before, during and after each loss
_WATCHED_S = 3.0
#: who gets less is given next to nothing; of the requests
_NEXT_TO_NOTHING = 0.01
#: of the requests, how many a counter of the gateway has to go with, and fewer than how many refute
_COUNTED, _HALF = 0.9, 0.5
_WATCH = (Look("instances", Health.ask()), Look("system", Gateway.ask()))


_Flow = tuple[Experiment, Traffic]


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    lasts = _within(claim) + _WATCHED_S
    course = Course(lasts, _PATIENCE_S, steady_s=_WATCHED_S, after_s=lasts)
    return (Disturb(Fault.CRASH, "instances", course, _WATCH),)


@check(
    "gateway.balances",
    claims="requests are spread over all instances, go on when any one of them is lost, and reach it when it is back",
    says="every instance is given its share, whichever is lost",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={
        "system": Role("the gateway"),
        "instances": Role("everyone behind it who does the same work", many=True),
    },
    params={
        "weights": Parameter(ParameterType.TEXT, '"web-1: 3, web-2: 1"; default: all alike', None),
        "each_request": Parameter(
            ParameterType.FLAG, "whether the requests of one client are spread, too, not only clients", default=False
        ),
    },
    takes_operation=True,
    connects=(("system", "instances"),),
    cost_s=60.0,
    needs=_needs,
    shows_not="that nobody can go round the gateway, or who else works for an instance once it has been asked",
)
def balances(claim: Claim, evidence: Evidence) -> Judgement:
    """Every instance has at least half its share while all serve, and is killed once (behaviours 1.3).

    Who answered is told by a name in the answer, and a name is an instance's own only if it is silent while the
    instance is gone.
    """
    weights = _weights(claim, evidence.systems("instances"))
    found = effective(evidence, Fault.CRASH, "instances")
    names = names_of(evidence)

    def met(told: Experiment) -> list[_Flow]:
        """How the operations met one loss. Raises unverifiable if that shows nothing."""
        flows = [(told, flow) for flow in traffics(claim, evidence, told).values()]
        for _, flow in flows:
            _answered(told, flow, names)
        return flows

    def whole() -> list[_Flow]:
        return [flow for told in found.values() for flow in met(told)]

    steps: list[Callable[[], float]] = [lambda: _spread(claim, whole(), names, weights)]
    steps += [partial(_lost, claim, told, met, names, weights) for told in found.values()]
    steps.append(lambda: _came_by(evidence, whole()))
    least, *_ = every(steps)
    many = f"each of {len(weights)} had at least {least:.0%} of its share"
    return verified(f"{many}; whichever was lost, the others went on, and it was given work again")


def _lost(
    claim: Claim,
    told: Experiment,
    met: Callable[[Experiment], list[_Flow]],
    names: Mapping[str, Names],
    weights: Mapping[str, float],
) -> float:
    """What the loss of one shows, for each operation."""
    share = weights[told.system] / sum(weights.values())
    own = [
        Lost(told, flow, names[told.system], share, _within(claim), late(flow), _one_client(claim, flow.sent))
        for _, flow in met(told)
    ]
    steps = [step for one in own for step in (one.silent, one.goes_on, one.given_again)]
    return min(every(steps))


def _weights(claim: Claim, instances: Sequence[str]) -> dict[str, float]:
    """Instance -> its documented weight."""
    if len(instances) < 2:
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, f"{listed(instances)} alone", "nothing is balanced over one instance")
    if claim["weights"] is None:
        return dict.fromkeys(instances, 1.0)
    try:
        pairs = [part.partition(":") for part in claim["weights"].split(",")]
        weights = {name.strip(): float(weight) for name, _, weight in pairs}
    except ValueError:
        weights = {}
    if set(weights) != set(instances) or not all(0 < weight < float("inf") for weight in weights.values()):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"weights: {claim['weights']}", "one positive number for each instance")
    return weights


def _healthy(told: Experiment, flow: Traffic) -> list[Sent]:
    return [one for one in flow.sent if undisturbed(told, one) and one.ok]


def _answered(told: Experiment, flow: Traffic, names: Mapping[str, Names]) -> None:
    """Raise unverifiable unless answers are made for the request and bear names of the instances."""
    before = _healthy(told, flow)
    if not all(one.echoed for one in before):
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"{flow.operation} does not answer what it is asked",
            "what is kept could answer in anybody's name",
            remedy="name an operation whose answer holds its {nonce}",
        )
    if not {one.node for one in before} & frozenset[str]().union(*(one.all for one in names.values())):
        seen = listed(sorted({one.node for one in before} - {""})[:3], "no name")
        unverifiable(
            Reason.NO_OBSERVABLE,
            "who answers cannot be told",
            f"answers of {flow.operation} bear {seen}, and the instances name themselves otherwise",
            remedy="declare the same instances.identity for the gateway and for its instances",
        )


def _spread(claim: Claim, flows: Sequence[_Flow], names: Mapping[str, Names], weights: Mapping[str, float]) -> float:
    """How much of its share the one with the least of it had while all served."""
    return min(every(partial(_spread_of, claim, name, flows, names, weights) for name in claim.operations))


def _spread_of(
    claim: Claim, operation: str, flows: Sequence[_Flow], names: Mapping[str, Names], weights: Mapping[str, float]
) -> float:
    own = [(told, flow) for told, flow in flows if flow.operation == operation]
    windows = [_healthy(told, flow) for told, flow in own]
    asked = [one for window in windows for one in window]
    if claim["each_request"] and any(one.client for one in asked):
        because = f"{operation} comes from many clients; each_request is about those of one"
        unverifiable(Reason.AMBIGUOUS_CLAIM, "each request of a client of its own", because)
    counted = [_counts(window, names) for window in windows]
    whole = sum(counted, Counter[str]())
    found = balance.check(whole, weights)
    parts = [balance.check(counts, weights).ratios.get(found.least, 0.0) for counts in counted]
    if found.verdict is Verdict.REFUTED and all(part < _HALF for part in parts):
        _uneven(claim, found, whole, asked, any(late(flow) for _, flow in own))
    strangers = sum(whole[name] for name in found.strangers)
    if strangers > _NEXT_TO_NOTHING * len(asked):
        because = (
            f"{strangers} of {len(asked)} are answered by {listed([name or 'no name' for name in found.strangers][:3])}"
        )
        unverifiable(Reason.AMBIGUOUS_CLAIM, "others answer, too", because, remedy="name every instance")
    if found.verdict is not Verdict.VERIFIED:
        unverifiable(found.reason or Reason.INCONCLUSIVE_STATISTICS, _given(found.least, whole), _words(whole))
    return found.ratios[found.least]


def _counts(sent: Sequence[Sent], names: Mapping[str, Names]) -> Counter[str]:
    """Instance, or the name of a stranger -> answers."""
    owner = {name: instance for instance, own in names.items() for name in own.all}
    return Counter(owner.get(one.node, one.node) for one in sent)


def _uneven(claim: Claim, found: balance.Balance, whole: Counter[str], asked: Sequence[Sent], busy: bool) -> None:
    """Refute, unless one client, or a busy machine, may be why."""
    given, words = _given(found.least, whole), _words(whole)
    top = max(whole.values())
    if _one_client(claim, asked) and top >= (1 - _NEXT_TO_NOTHING) * len(asked):
        because = f"{words}, all from one address: one who keeps a client at its instance looks alike"
        unverifiable(Reason.NO_CONTROL, given, because, remedy=MANY)
    if busy:
        unverifiable(Reason.BUDGET, given, f"{words}; the machine is too busy to tell")
    refute(given, words, remedy=f"lead requests to {found.least}, too")


def _one_client(claim: Claim, asked: Sequence[Sent]) -> bool:
    """Whether somebody who keeps each client at its instance would do as is claimed, and all are one client's."""
    return not claim["each_request"] and not any(one.client for one in asked)


def _given(name: str, whole: Counter[str]) -> str:
    return f"{name} is given {whole[name] or 'nothing'}" + (f" of {whole.total()}" if whole[name] else "")


def _words(whole: Counter[str]) -> str:
    return f"while all served, of {whole.total()}: " + listed([f"{name or 'no name'} {n}" for name, n in whole.items()])


def _came_by(evidence: Evidence, flows: Sequence[_Flow]) -> float:
    """How many requests the gateway counted of those that were sent, as a share."""
    looks = evidence.history(Gateway)
    (name,) = evidence.systems()
    asked = moved = 0
    for told, flow in flows:
        own = [look for look in looks if told.began <= look.at <= told.rounds[0].injected]
        for first, last in zip(own[:1], own[-1:], strict=True):
            if first.fact.taken_in is None or last.fact.taken_in is None:
                unverifiable(Reason.NO_OBSERVABLE, f"{name} does not count what it takes in", last.fact.unseen)
            asked += len(flow.between(first.at, last.at))
            moved += last.fact.taken_in - first.fact.taken_in
    told_words = f"{moved} counted while {asked} were sent"
    if asked < balance.ENOUGH or moved < 0:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"what {name} takes in was not seen", told_words)
    if moved < _HALF * asked:
        refute(f"requests do not come by {name}", told_words, remedy=f"name an operation that is asked of {name}")
    if moved < _COUNTED * asked:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"not all requests come by {name}", told_words)
    return moved / asked
