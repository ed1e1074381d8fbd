"""Claims about distributed tracing: who reports to the store, and whether one request is one trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NoReturn

from pytest_distaudit.checks._traced import Edge, fault, posing, same, unclear
from pytest_distaudit.checks._watched import baseline
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.tracing import span_of
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ActivityRun, Performed, Presence
from pytest_distaudit.ports.telemetry import Span, Traces

_STORE = {"store": Role("the store of traces")}


def _window(claim: Claim) -> Ask:
    return Traces.ask(window=f"{claim.number('seen'):g}")


@check(
    "trace.services",
    claims="the store of traces has spans of these services that are not older than that",
    says="spans of {services}, seen {seen}",
    rung=Rung.CONFIGURED,
    roles=_STORE,
    params={
        "services": Parameter(ParameterType.TEXT, "names or globs, separated by commas", "*"),
        "count": Parameter(ParameterType.NUMBER, "how many services, such as '>= 5'", ">= 1"),
        "seen": Parameter(ParameterType.TIME, "how recently, such as '<= 5 min'", "<= 1 h"),
    },
    needs=lambda claim: (Look("store", _window(claim)),),
    # tracers hand on what they saw after some seconds
    settles_s=6.0,
    shows_not="who sent these spans, and that one request is one trace (trace.spans-services)",
)
def services(claim: Claim, evidence: Evidence) -> Judgement:
    """What the store lists was seen at some time; only spans of the window count, and not those of the store itself."""
    traces = evidence.one(Traces, "store", _window(claim))
    listed_ = [name for name in traces.services if name not in traces.own]
    patterns = _names(claim["services"])
    meant = [name for name in traces.recent if any(_fits(name, pattern) for pattern in patterns)]
    if not listed_:
        itself = f"; it lists only itself ({listed(traces.own)})" if traces.own else ""
        refute(
            "0 services", f"the store has no span of any service{itself}", remedy="send traces, or correct the document"
        )
    for pattern in patterns:
        if not any(_fits(name, pattern) for name in traces.recent):
            known = any(_fits(name, pattern) for name in listed_)
            older = f"it is listed, and has no span of the last {claim['seen'].quantity}" if known else ""
            because = older or f"the store lists {listed(listed_)}"
            refute(f"0 spans of {pattern}" if known else f"no service {pattern}", because)
    if not claim["count"].holds(len(meant)):
        refute(counted(len(meant), "service"), f"seen {claim['seen']}: {listed(meant)}; listed: {listed(listed_)}")
    return verified(counted(len(meant), "service"), f"seen {claim['seen']}: {listed(meant)}")


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(same(name), same(pattern))


# --- one request, one trace

#: how long after the last performance a span may still come
_INGEST_S = 15.0
#: of traces that are taken by chance, so many performances must show one with this certainty
_CHANCE = 0.05


@check(
    "trace.spans-services",
    claims="every performance of the activity is one trace through so many services",
    says="one trace through {services} services",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={**_STORE, "services": Role("whom each trace must pass, by the names of systems", many=True, optional=True)},
    params={
        "services": Parameter(ParameterType.NUMBER, "how many services in one trace", ">= 2"),
        "through": Parameter(ParameterType.TEXT, "services that each trace must pass, separated by commas", None),
        "edges": Parameter(
            ParameterType.TEXT, "calls that each trace must show: 'front -> tasks, tasks -> model'", None
        ),
        "traced": Parameter(ParameterType.NUMBER, "share of performances that are traced", ">= 90 %"),
    },
    takes_activity=True,
    connects=(("activity", "store"),),
    judges_presence=("services",),
    changes_target=True,
    cost_s=25.0,
    needs=lambda claim: (Perform((Look("store", Presence.ask()),)),),
    shows_not="that processes are who they say they are: whoever is asked may report for others, under forged numbers",
)
def spans_services(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Trace ids that nobody could know before, looked for once the activity has settled, and when all may be in."""
    run = evidence.shared(ActivityRun)
    performed = [one for one in run.runs if one.ok]
    if not performed:
        baseline(run)
    sent = [one for one in performed if one.trace]
    if not sent:
        because = "the activity sets the trace's header itself"
        unverifiable(Reason.NO_OBSERVABLE, "no trace of the audit's", because, remedy="leave its headers to the audit")
    ids = ",".join(one.trace for one in sent)
    first, last = Traces.ask(ids=ids), Traces.ask(ids=ids, after=f"{run.active_to + _INGEST_S:.1f}")
    around = Traces.ask(since=f"{run.idle_from:.1f}", until=f"{run.active_to + _INGEST_S:.1f}")
    asked = {seen.ask for seen in evidence.observations}
    if first not in asked:
        return NeedMore((Look("store", first),))
    found = _Found(claim, evidence, sent, evidence.one(Traces, "store", first))
    if not found.enough:
        if last not in asked:
            return NeedMore((Look("store", last), Look("store", around)))
        found = _Found(claim, evidence, sent, evidence.one(Traces, "store", last))
        if not found.any:
            found = _by_nonces(claim, evidence, sent, run, evidence.one(Traces, "store", around))
    return found.judged(run)


class _Found:
    """The performances' traces. ``traces`` holds spans by trace; ``told`` says how they were found."""

    def __init__(
        self,
        claim: Claim,
        evidence: Evidence,
        sent: Sequence[Performed],
        seen: Traces,
        ids: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._claim, self._sent = claim, sent
        self._told = "; known by their nonces: whoever is in front begins traces anew" if ids else ""
        wanted = ids or {one.nonce: frozenset((one.trace,)) for one in sent}
        others = [span for span in seen.spans if span.service not in seen.own]
        self._spans = {one.nonce: [span for span in others if span.trace in wanted.get(one.nonce, ())] for one in sent}
        through = [*_names(claim["through"]), *(evidence.systems("services") if "services" in claim.roles else ())]
        least, edges = _least(claim), _edges(claim["edges"])
        self._faults = {
            nonce: fault(spans, span_of(nonce), least, through, edges) for nonce, spans in self._spans.items() if spans
        }

    @property
    def any(self) -> bool:
        """Whether any performance left a span."""
        return bool(self._faults)

    @property
    def whole(self) -> int:
        """How many performances are one whole trace."""
        return sum(not why for why in self._faults.values())

    @property
    def enough(self) -> bool:
        """Whether so many are traced as claimed, and none of them in part."""
        traced: bool = self._claim["traced"].holds(self.whole / len(self._sent))
        return traced and not any(self._faults.values())

    def judged(self, run: ActivityRun) -> Judgement:
        """The verdict, once all that may come has come."""
        many = len(self._sent)
        if broken := Counter(why for why in self._faults.values() if why):
            (why, times), *_ = broken.most_common(1)
            because = f"{times} of {counted(many, 'performance')}: {why}{self._told}"
            refute(f"{self.whole} of {many} traces whole", because, remedy="hand the trace's header on with every call")
        for spans in self._spans.values():
            if pair := posing(spans):
                told = {f"{span.host} pid {span.pid}" for span in spans}
                refute(f"{pair} are one process", f"by what their spans tell: {listed(sorted(told))}")
        if not self.enough:
            because = f"the others left no span{self._told}"
            remedy = "state what share is sampled: traced: '>= 10 %'"
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{self.whole} of {many} traces", because, remedy=remedy)
        for spans in self._spans.values():
            if pair := unclear(spans):
                because = f"spans of {pair} do not tell two processes apart"
                remedy = "let resources carry service.instance.id, or host.name and process.pid"
                unverifiable(
                    Reason.NO_OBSERVABLE, f"{self.whole} traces of perhaps one process", because, remedy=remedy
                )
        if len(self._sent) < len(run.runs):
            baseline(run)
        services_ = sorted({same(span.service) for spans in self._spans.values() for span in spans})
        return verified(f"{self.whole} of {many} traces whole", f"through {listed(services_)}{self._told}")


def _least(claim: Claim) -> int:
    """The fewest services with which the claim's number holds; no more than that is asked of a trace."""
    wanted = claim["services"]
    return next((number for number in range(1, 101) if wanted.holds(number)), 101)


def _edges(text: str | None) -> list[Edge]:
    pairs = [edge.partition("->") for edge in _names(text)]
    return [(one.strip(), other.strip()) for one, _, other in pairs]


def _by_nonces(claim: Claim, evidence: Evidence, sent: Sequence[Performed], run: ActivityRun, around: Traces) -> _Found:
    """The traces in which the performances' nonces stand, under whatever ids. Raises where there are none."""
    ids = {one.nonce: frozenset(span.trace for span in around.spans if one.nonce in span.nonces) for one in sent}
    if not any(ids.values()):
        _nothing(claim, sent, run, around)
    return _Found(claim, evidence, sent, around, ids)


def _nothing(claim: Claim, sent: Sequence[Performed], run: ActivityRun, around: Traces) -> NoReturn:
    """No performance left a trace that could be known as its own."""
    told = f"{counted(len(sent), 'performance')} succeeded"
    share = claim.number("traced")
    if (1 - share) ** len(sent) >= _CHANCE:
        because = f"{told}; of a share of {claim['traced']} none may be among them"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"0 of {len(sent)} traces", because)
    others = [span for span in around.spans if span.service not in around.own]
    before = {span.trace for span in others if span.start < run.active_from}
    begun = {span.trace for span in others} - before
    wide = [trace for trace in begun if len(_services_of(others, trace)) >= _least(claim)]
    if len(wide) >= len(sent) and not before:
        because = f"{told}; {len(wide)} traces began meanwhile that bear neither the audit's ids nor its nonces"
        unverifiable(Reason.NO_OBSERVABLE, "traces that cannot be told apart", because, remedy=_TRUST)
    if not around.whole:
        because = f"{told}; the store holds more of that time than was read, none of it under the audit's ids"
        unverifiable(Reason.NO_OBSERVABLE, "traces that cannot be told apart", because, remedy=_TRUST)
    if not [name for name in around.services if name not in around.own]:
        refute(f"0 of {len(sent)} traces", f"{told}; the store has no span of any service")
    seen = f"{counted(len(others), 'span')} of {listed(sorted({span.service for span in others}))}"
    refute(f"0 of {len(sent)} traces", f"{told}; of that time the store has {seen}, none under the audit's ids")


_TRUST = "let whoever is in front take over the trace's header, or name its URL in the span"


def _services_of(spans: Sequence[Span], trace: str) -> set[str]:
    return {same(span.service) for span in spans if span.trace == trace}
