"""Claims about diagrams: that what is drawn is what is connected, and at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from pytest_distaudit.checks._alternated import Moves, performed
from pytest_distaudit.checks._calls import calls, traces_ask
from pytest_distaudit.checks._connected import Net, Pace, net, pace
from pytest_distaudit.checks._drawn import Drawn, Pair, diagram_ask, drawn
from pytest_distaudit.checks.wiring import FIRST, MORE, answered
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, Refuted, Unverifiable
from pytest_distaudit.domain.needs import Alternate, Look, Need, Read
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.edges import Edges
from pytest_distaudit.ports.gateways import Gateway
from pytest_distaudit.ports.telemetry import Traces
from pytest_distaudit.ports.windows import Alternation

_TEXT = ParameterType.TEXT
_IN_FILES = "connected by a socket in the file system, which counts nothing"
_TOO_BUSY = "too busy to tell"


def _alternate(claim: Claim, each: int) -> Alternate:
    gateways = (Look("gateways", Gateway.ask()),) if "gateways" in claim.roles else ()
    return Alternate((Look("systems", Edges.ask()), *gateways), each)


def _needs(claim: Claim) -> tuple[Need, ...]:
    ask = diagram_ask(claim)
    return (_alternate(claim, FIRST.each), *((Read(ask),) if ask else ()))


@check(
    "wiring.matches-diagram",
    claims="the diagram's arrows are the connections that work when the activity is performed",
    says="the systems are connected as the diagram draws them",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={
        "systems": Role("the systems that the diagram draws", many=True),
        "traces": Role("a store of traces, which tells whose calls were closed at once", optional=True),
        "gateways": Role("gateways, which count what they pass on to others", many=True, optional=True),
    },
    params={
        "diagram": Parameter(_TEXT, "another document that holds the diagram", None),
        "edges": Parameter(_TEXT, "the arrows, where no diagram has them: 'front -> queue, queue -> worker'", None),
        "names": Parameter(_TEXT, "nodes that are called otherwise: 'API Gateway = front, Broker = rabbitmq'", None),
        "beyond": Parameter(_TEXT, "nodes that are no system of the target, separated by commas", None),
        "apart": Parameter(_TEXT, "arrows that other activities use: 'worker -> cache'", None),
        "only": Parameter(ParameterType.FLAG, "whether nothing else may connect what the diagram draws", True),
    },
    takes_activity=True,
    changes_target=True,
    cost_s=16.0,
    needs=_needs,
    shows_not="that the work could not do without a connection (an experiment would show it), which way data goes over "
    "it, and which part of a server it is for; arrows that are apart or lead to what is no system; connections "
    "that are not drawn and carry nothing or are no TCP; where traces tell whose calls they were, that whoever reports "
    "them is who he says",
)
def matches(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Every arrow must be a connection that carries data with the performances; no other pair may exchange any.

    An arrow says who calls; one that leaves a system which only answers says who is handed something.
    """
    shown = drawn(claim, evidence)
    alternation = evidence.shared(Alternation)
    runs = performed(alternation)
    answered(runs)
    seen = net(evidence, alternation, shown.nodes, "gateways" in claim.roles)
    fates = _fates(claim, seen, shown)
    ask = traces_ask(runs) if "traces" in claim.roles and any(fate.whose for fate in fates) else None
    if ask is not None:
        if ask not in {one.ask for one in evidence.observations}:
            return NeedMore((Look("traces", ask),))
        told = calls(evidence.one(Traces, "traces", ask), runs, shown.called)
        fates = _fates(claim, replace(seen, calls=told), shown)
    few = max(len(window.runs) for window in alternation.windows) <= FIRST.each
    if few and any(fate.more for fate in fates) and not any(fate.verdict is Verdict.REFUTED for fate in fates):
        return NeedMore((_alternate(claim, MORE.each),))
    return _merged(fates, shown, _others(seen, shown))


def _fates(claim: Claim, seen: Net, shown: Drawn) -> list[_Fate]:
    arrows = [_fate(seen, shown, pair) for pair in shown.arrows]
    return [*arrows, *_undrawn(seen, shown)] if claim["only"] else arrows


def _others(seen: Net, shown: Drawn) -> str:
    """Who else is connected to what is drawn: nobody is left out because nobody knows him."""
    found = {
        name: [who or "an unknown client" for who, _ in seen.strangers(name, opened=False)]
        for name in shown.nodes
        if name in seen.seen
    }
    return "; ".join(f"also connected to {name}: {listed(clients)}" for name, clients in found.items() if clients)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What came of one pair. ``more``: more performances would tell; ``whose``: those who know the callers would."""

    pair: Pair
    verdict: Verdict
    told: str
    reason: Reason | None = None
    drawn: bool = True
    more: bool = False
    whose: bool = False

    def __str__(self) -> str:
        return f"{self.pair[0]} -> {self.pair[1]}"


def _merged(fates: Sequence[_Fate], shown: Drawn, others: str) -> Judgement:
    """Refuted before unverifiable before verified, over all pairs."""
    wrong = [fate for fate in fates if fate.verdict is Verdict.REFUTED]
    if wrong:
        because = "; ".join(f"{fate}: {fate.told}" for fate in wrong)
        actual = "; ".join(_short(fate) for fate in wrong)
        pairs = tuple(fate.pair for fate in wrong if fate.drawn)
        remedy = "correct the diagram or the wiring; arrows that other activities use may stand apart"
        raise Refuted(Judgement(Verdict.REFUTED, actual, because, remedy, connects=pairs))
    held = [fate for fate in fates if fate.verdict is Verdict.VERIFIED]
    told = f"{len(held)} of {counted(len(shown.arrows), 'arrow')} at work"
    unclear = [fate for fate in fates if fate.verdict is Verdict.UNVERIFIABLE]
    if unclear:
        because = "; ".join(f"{fate}: {fate.told}" for fate in unclear)
        actual, pairs = f"{told}; not to be told: {unclear[0]}", tuple(shown.arrows)
        raise Unverifiable(Judgement(Verdict.UNVERIFIABLE, actual, because, reason=unclear[0].reason, connects=pairs))
    left = [*shown.left_out, *(f"{one} -> {other}" for one, other in shown.apart)]
    parts = [*(f"{fate}: {fate.told}" for fate in held), others, f"not judged: {listed(left)}" if left else ""]
    pairs = tuple(fate.pair for fate in held)
    return Judgement(Verdict.VERIFIED, told, "; ".join(filter(None, parts)), connects=pairs)


def _short(fate: _Fate) -> str:
    return f"{fate} is not so" if fate.drawn else f"{fate} is not drawn"


# --- arrows


def _fate(seen: Net, shown: Drawn, pair: Pair) -> _Fate:
    """Either end may have opened the connection where the arrow leaves that open."""
    ways = list(_ways(seen, shown, pair))
    fates = [_way(seen, caller, called, pair) for caller, called in ways]
    for verdict in (Verdict.VERIFIED, Verdict.UNVERIFIABLE):
        for fate in fates:
            if fate.verdict is verdict:
                return fate
    back = pair[::-1]
    if back not in ways and _way(seen, *back, pair).verdict is Verdict.VERIFIED:
        return _Fate(pair, Verdict.REFUTED, f"it is {pair[1]} that calls {pair[0]}")
    return fates[0]


def _ways(seen: Net, shown: Drawn, pair: Pair) -> Iterator[Pair]:
    """(caller, called) by which the arrow may be meant."""
    source, to = pair
    answers = source in seen.seen and seen.last(source).only_answers
    if not answers:
        yield source, to
    if answers or not shown.arrows[pair] or pair[::-1] in shown.arrows:
        yield to, source


def _way(seen: Net, caller: str, called: str, pair: Pair) -> _Fate:
    """What is seen of connections that ``caller`` opens to ``called``."""
    hidden = next((name for name in (caller, called) if name in seen.unseen), None)
    if hidden is None and not seen.visible(caller):
        hidden = caller
    if hidden is not None:
        return _open(pair, seen.why_not(hidden).reason, seen.why_not(hidden).detail)
    if twins := _twins(seen, caller) or _twins(seen, called):
        told = f"{listed(twins)} are one process: which of them is connected cannot be told"
        return _open(pair, Reason.NO_OBSERVABLE, told)
    turns = seen.between(caller, called) or []
    packets = seen.packets(called, turns)
    if packets is None:
        return _open(pair, Reason.NO_OBSERVABLE, _IN_FILES)
    told = _at_work(seen, caller, called, packets)
    if told:
        return _Fate(pair, Verdict.VERIFIED, told)
    going, why = pace(packets)
    if going is not Pace.RESTS:
        return _open(pair, Reason.INCONCLUSIVE_STATISTICS, why or _TOO_BUSY, more=going is Pace.MORE)
    return _not_working(seen, caller, called, pair, packets=sum(packets.total), connected=any(turns))


def _at_work(seen: Net, caller: str, called: str, packets: Moves) -> str:
    """What moves between them with the performances, in words; "" if nothing does."""
    for counts, words in (
        (packets, "packets more with performances"),
        (seen.ended(called, caller), "connections more with performances, closed at once"),
        (seen.passed_on(caller, called), f"requests more with performances, by the count of {caller}"),
    ):
        if counts is not None and pace(counts)[0] is Pace.FOLLOWS:
            return f"{counts.excess(counts.total)} {words}"
    return ""


def _not_working(seen: Net, caller: str, called: str, pair: Pair, *, packets: int, connected: bool) -> _Fate:
    """Nothing goes between them that can be seen; refuted unless it may go unseen."""
    for doubt in _doubts(seen, caller, called):
        if doubt.whose and seen.calls.each(caller, called):
            many = seen.calls.each(caller, called)
            return _Fate(pair, Verdict.VERIFIED, f"{many:g} calls for each performance, closed at once, by its trace")
        return replace(_open(pair, doubt.reason, doubt.told, more=doubt.more), whose=doubt.whose)
    return _Fate(pair, Verdict.REFUTED, _absence(seen, caller, called, connected, packets))


def _twins(seen: Net, name: str) -> tuple[str, ...]:
    """The systems that are the same process, itself among them; () where it has one of its own."""
    process = seen.last(name).process
    same = tuple(other for other in seen.seen if process and seen.last(other).process == process)
    return same if len(same) > 1 else ()


def _absence(seen: Net, caller: str, called: str, connected: bool, moved: int) -> str:
    if connected and not moved:
        return "connected, and nothing goes over it"
    if connected:
        return f"connected, but what goes over it ({moved} packets) does so without the activity, too"
    others = [who or "an unknown one" for who, _ in seen.strangers(called, opened=False)]
    clients = f"; other clients of {called}: {listed(others)}" if others else ""
    elsewhere = [who or "an unknown one" for who, _ in seen.strangers(caller, opened=True)]
    instead = f"; instead it is connected to {listed(elsewhere)}" if elsewhere else ""
    return f"{caller} is not connected to {called}{instead}{clients}"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why something may go unseen, as of a fate."""

    reason: Reason
    told: str
    more: bool = False
    whose: bool = False


def _doubts(seen: Net, caller: str, called: str) -> Iterator[_Doubt]:
    """Why ``caller`` may work with ``called`` although nothing is seen of it."""
    if not seen.visible(called):
        why = seen.why_not(called)
        yield _Doubt(why.reason, why.detail)
        return
    fact = seen.last(called)
    if fact.besides:
        told = f"{called} can be reached by {listed(fact.besides)} as well, where nothing is heard"
        yield _Doubt(Reason.NO_OBSERVABLE, told)
    yield from _unheard(seen, called)
    yield from _relayed(seen, caller, called)


def _unheard(seen: Net, called: str) -> Iterator[_Doubt]:
    """Connections that end at once, and nobody knows whose they were."""
    passing = seen.ended(called, None)
    if passing is None:
        deaf = seen.last(called).deaf if called in seen.seen else ""
        yield _Doubt(Reason.NO_OBSERVABLE, deaf or f"connections to {called} that end at once are not heard")
        return
    going, why = pace(passing)
    if going is Pace.FOLLOWS:
        many = counted(passing.excess(passing.total), "connection")
        told = f"{many} to {called} opened for performances and closed at once"
        told = f"{told}: whose they were is not told; of those that are kept it is, and by traces"
        yield _Doubt(Reason.NO_OBSERVABLE, told, whose=True)
    elif going is not Pace.RESTS:
        told = f"connections to {called} that end at once: {why or _TOO_BUSY}"
        yield _Doubt(Reason.INCONCLUSIVE_STATISTICS, told, going is Pace.MORE)


def _relayed(seen: Net, caller: str, called: str) -> Iterator[_Doubt]:
    """Whoever stands between the two, and whoever else works there with the performances."""
    through = {who for who, _ in seen.strangers(caller, opened=True)}
    clients = list(seen.strangers(called, opened=False))
    for who, packets in clients:
        if through and (who in through or "" in {who, *through}):
            told = f"perhaps through {who or 'somebody unknown'}, who is no system of the claim"
            yield _Doubt(Reason.NO_OBSERVABLE, told)
            continue
        going = Pace.UNCLEAR if packets is None else pace(packets)[0]
        if going is not Pace.RESTS:
            told = f"{who or 'an unknown client'}, who is no system of the claim, works with {called} meanwhile"
            yield _Doubt(Reason.NO_OBSERVABLE, told, going is Pace.MORE)


def _open(pair: Pair, reason: Reason, told: str, *, more: bool = False) -> _Fate:
    return _Fate(pair, Verdict.UNVERIFIABLE, told, reason, more=more)


# --- what is not drawn


def _undrawn(seen: Net, shown: Drawn) -> Iterator[_Fate]:
    """Pairs that exchange data without an arrow, and systems of which that cannot be told."""
    for pair in permutations(shown.nodes, 2):
        if not shown.between(*pair) and pair[0] in seen.seen and pair[1] in seen.seen:
            yield from _exchange(seen, pair)
    for name in shown.nodes:
        missing = seen.unseen.get(name)
        doubt = _Doubt(missing.reason, missing.detail) if missing else next(_unheard(seen, name), None)
        if doubt is not None and doubt.whose and _explained(seen, shown, name):
            continue
        if doubt is not None and any(not shown.between(one, name) for one in shown.nodes if one != name):
            pair = ("whoever", name)
            yield _Fate(
                pair, Verdict.UNVERIFIABLE, doubt.told, doubt.reason, drawn=False, more=doubt.more, whose=doubt.whose
            )


def _explained(seen: Net, shown: Drawn, called: str) -> bool:
    """Whether no more connections end at once than those who may call make calls."""
    passing = seen.ended(called, None)
    if passing is None:
        return False
    callers = [caller for caller in shown.nodes if (caller, called) in shown.arrows]
    known = sum(seen.calls.each(caller, called) for caller in callers) * sum(passing.each)
    counts = [seen.passed_on(caller, called) for caller in callers]
    known += sum(handed.excess(handed.total) for handed in counts if handed is not None)
    return passing.excess(passing.total) <= known


def _exchange(seen: Net, pair: Pair) -> Iterator[_Fate]:
    caller, called = pair
    if _twins(seen, caller) or _twins(seen, called):
        return
    turns = seen.between(caller, called) or []
    packets = seen.packets(called, turns)
    if packets is None:
        yield _Fate(pair, Verdict.UNVERIFIABLE, _IN_FILES, Reason.NO_OBSERVABLE, drawn=False)
    elif moved := sum(packets.total):
        told = f"a connection that the diagram does not have: {moved} packets in {sum(packets.lengths):.0f} s"
        yield _Fate(pair, Verdict.REFUTED, told, drawn=False)
    passing = seen.ended(called, caller)
    if passing is not None and (many := sum(passing.total)):
        told = f"connections that the diagram does not have: {many} that were closed"
        yield _Fate(pair, Verdict.REFUTED, told, drawn=False)
