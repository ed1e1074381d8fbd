"""Claims about a gateway's work: that requests come by it and reach the servers behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.checks._watched import Watched, baseline, busy
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Perform
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ActivityRun, Listener, Performed, ServerProcess
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayRefusal
from pytest_distaudit.ports.work import Work

_UPSTREAM = "upstream"
_CONTROL, _DOOR = Look("system", GatewayRefusal.ask()), Look(_UPSTREAM, Listener.ask())
_VOLATILE = re.compile(r"[0-9a-fA-F]{8,}|\d+")
_WHOLE = "that nobody can go round the gateway (an experiment would show it)"
_ORIGIN = f"that the answer is the server's own: this gateway does not count answers; {_WHOLE}"


def _needs(claim: Claim) -> tuple[Need, ...]:
    behind = (Look(_UPSTREAM, Work.ask()),) if _UPSTREAM in claim.roles else ()
    return (Perform((Look("system", Gateway.ask()), *behind)),)


def _more(evidence: Evidence, *wanted: Look) -> NeedMore | None:
    """What is asked only when the counters are done with, because it moves them; None once it was."""
    asked = {seen.ask for seen in evidence.observations}
    return None if {one.ask for one in wanted} <= asked else NeedMore(wanted)


@check(
    "gateway.forwards",
    claims="requests of the activity come by the gateway and reach the servers behind it",
    says="the gateway forwards",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={"system": Role("the gateway"), _UPSTREAM: Role("the system that it leads to", optional=True)},
    params={"backend": Parameter(ParameterType.TEXT, "the backend or service that answers; default: any", None)},
    takes_activity=True,
    connects=(("activity", "system"), ("system", _UPSTREAM)),
    changes_target=True,
    cost_s=6.0,
    needs=_needs,
    shows_not=_WHOLE,
)
def forwards(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Every performance must be taken in by the gateway and answered by a server of it, nothing else moving."""
    run = evidence.shared(ActivityRun)
    performed = [one for one in run.runs if one.ok]
    moves = _Moves(evidence.history(Gateway), run, claim["backend"])
    _refuted_by_counters(moves, run)
    if len(performed) < len(run.runs):
        return _more(evidence, _CONTROL) or _failed(evidence, run)
    if moves.taken_in is None and moves.answered is None:
        unverifiable(Reason.NO_OBSERVABLE, "the gateway counts nothing", moves.end.unseen)
    _attributable(moves)
    behind = _behind(claim, evidence, run)
    if (more := _more(evidence, _CONTROL, *_places_of(claim, evidence, behind))) is not None:
        return more
    control = _control(evidence, counted_by_server=moves.answered is not None)
    arrived = _at_upstream(claim, evidence, moves, behind)
    many = len(run.runs)
    if moves.answered is None and behind is None:
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"{moves.taken_in} of {many} taken in",
            f"what its servers answer is not told: {moves.end.unseen}",
            remedy="name the system behind it as role upstream, one whose work can be counted",
        )
    told = f"{many} of {many} forwarded"
    because = "; ".join(filter(None, (moves.words(), arrived, control)))
    return verified(told, because, shows_not=_WHOLE if moves.answered is not None else _ORIGIN)


class _Moves(Watched[Gateway]):
    """How far the gateway's counters moved; None where it does not count. ``answered`` is that of ``backend``."""

    def __init__(self, looks: Sequence[Seen[Gateway]], run: ActivityRun, backend: str | None) -> None:
        super().__init__(looks, run, "gateway", _counters)
        self.backend = backend
        if backend is not None and self.end.backends is not None and _named(self.end, backend) is None:
            names = [one.name for one in self.end.backends]
            refute(f"no backend {backend}", f"the backends are {listed(names)}")
        self.taken_in = _moved(self.start.taken_in, self.end.taken_in)
        #: requests taken in before the last performance had been answered
        self.taken_meanwhile = _moved(self.start.taken_in, self.performed.taken_in)
        self.cached = _moved(self.start.cached, self.end.cached) or 0
        self.anywhere = _moved(_answered(self.start, None), _answered(self.end, None))
        self.answered = _moved(_answered(self.start, backend), _answered(self.end, backend))
        before, after = _by_server(self.start), _by_server(self.end)
        self.servers = {place: moved for place in after if (moved := after[place] - before.get(place, 0))}
        if min(self.taken_in or 0, self.answered or 0, self.cached, *self.servers.values(), 0) < 0:
            busy("the counters began anew", "the gateway was reloaded or its counters were reset in between")

    def words(self) -> str:
        """What moved, and where."""
        taken = [] if self.taken_in is None else [f"{self.taken_in} taken in"]
        answered = [] if self.answered is None else [f"{self.answered} answered by servers"]
        where = [f"{name or 'unknown'} {times}" for (_, name, _), times in self.servers.items()]
        return ", ".join([*taken, *answered]) + (f" ({listed(where)})" if where else "")


_Place = tuple[str, str, str]


def _by_server(seen: Gateway) -> dict[_Place, int]:
    """(backend, server, address) -> answers."""
    return {
        (backend.name, server.name, server.address): server.answered
        for backend in seen.backends or ()
        for server in backend.servers or ()
        if server.answered is not None
    }


def _named(seen: Gateway, name: str) -> GatewayBackend | None:
    return next((one for one in seen.backends or () if one.name == name), None)


def _answered(seen: Gateway, backend: str | None) -> int | None:
    """Requests that servers answered, of one backend or of all; None unless every one of them is counted."""
    chosen = [one for one in seen.backends or () if backend in (None, one.name)]
    counts = [one.answered for one in chosen]
    return None if not counts or None in counts else sum(one for one in counts if one is not None)


def _moved(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _counters(seen: Gateway) -> tuple[int, ...]:
    """Everything that only ever grows, but for the gateway's own answers: the audit's looks are among them."""
    counts = [one.answered or 0 for one in seen.backends or ()]
    return (seen.taken_in or 0, seen.cached or 0, *counts, *_by_server(seen).values())


def _refuted_by_counters(moves: _Moves, run: ActivityRun) -> None:
    """Refute what other traffic cannot excuse: too little came in, or too little was answered, whoever asked."""
    many, waited = len(run.runs), f"{len(run.runs)} performances, then {moves.waited:.0f} s"
    if moves.taken_in is not None and moves.taken_in < many and not moves.answered and not moves.cached:
        if moves.taken_in == 0 and not moves.anywhere:
            own = " but what it answers by a rule of its own" if moves.end.own_answers is not None else ""
            refute(
                f"0 of {many} forwarded",
                f"{waited}: nothing came by the gateway{own}",
                remedy="the activity must go through the gateway, and the gateway lead to a server",
            )
        if not moves.taken_meanwhile:
            refute(f"0 of {many} forwarded", f"{waited}: {moves.words()}, all of them later: somebody else's")
    if moves.cached:
        _from_cache(moves, many)
    if moves.answered is None:
        return
    if moves.answered == 0 and (moves.taken_in is None or moves.taken_in >= many):
        elsewhere = f"; other backends answered {moves.anywhere}" if moves.anywhere else ""
        refute(
            f"0 of {many} forwarded",
            f"{waited}: {moves.words()}; the gateway answers by itself{elsewhere}",
            remedy="route it to a server that runs",
        )
    if moves.answered < many:
        _too_few(moves, run)


def _from_cache(moves: _Moves, many: int) -> None:
    if moves.answered is None or moves.answered < many:
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"{moves.cached} answered from the gateway's cache",
            moves.words(),
            remedy="name an activity with {nonce}, which no cache can answer",
        )


def _too_few(moves: _Moves, run: ActivityRun) -> NoReturn:
    many = len(run.runs)
    told = f"{moves.answered} of {many} forwarded"
    if any(not one.ok for one in run.runs):
        baseline(run)
    _attributable(moves)
    if moves.taken_in is not None and moves.taken_in < many:
        unverifiable(
            Reason.INCONCLUSIVE_STATISTICS,
            told,
            f"{moves.words()}: whoever performs it may have answered the others from what was kept",
            remedy="name an activity that comes by the gateway each time",
        )
    refute(told, f"{moves.words()}; the gateway answers the others by itself")


def _failed(evidence: Evidence, run: ActivityRun) -> NoReturn:
    """Performances that fail are the gateway's doing only if it answers what it cannot route in the same way."""
    try:
        control = evidence.one(GatewayRefusal)
    except Unobservable:
        baseline(run)
    alike = [one for one in run.runs if not one.ok and _same(one, control)]
    if control.own and len(alike) == len(run.runs):
        refute(
            f"0 of {len(run.runs)} forwarded",
            f"answered like a path that no route takes: {control.status} {run.runs[0].detail}".rstrip(),
            remedy="configure a route for it",
        )
    baseline(run)


def _same(one: Performed, control: GatewayRefusal) -> bool:
    return one.status == control.status and _still(one.detail[:100]) == _still(control.body[:100])


def _still(text: str) -> str:
    return _VOLATILE.sub("#", text)


def _attributable(moves: _Moves) -> None:
    if not moves.quiet_before:
        busy("the gateway is busy by itself", f"it passed on requests before the activity began; {moves.words()}")
    if not moves.rested:
        busy("the gateway does not come to rest", f"still after {moves.waited:.0f} s; {moves.words()}")


def _control(evidence: Evidence, counted_by_server: bool) -> str:
    """What became of a path that cannot exist. Without counters of servers it must be told from the activity."""
    try:
        control = evidence.one(GatewayRefusal)
    except Unobservable as error:
        if not counted_by_server:
            raise
        return f"what becomes of other paths is not known ({error.reason.value})"
    if control.own is False:
        return f"a path that cannot exist is passed on, too ({control.status}): every path is routed"
    if 200 <= control.status < 400 and not counted_by_server:
        unverifiable(
            Reason.NO_CONTROL,
            "the gateway answers whatever it is asked",
            f"a path that cannot exist is answered {control.status}",
        )
    return f"a path that cannot exist is refused by the gateway ({control.status})"


# --- the system behind


class _Behind(Watched[Work]):
    """How far the work of the system behind moved, and which nonces were seen inside."""

    def __init__(self, looks: Sequence[Seen[Work]], run: ActivityRun) -> None:
        super().__init__(looks, run, "system behind the gateway", _works)
        started = self.start.counts
        self.done = {name: now - started.get(name, 0) for name, now in self.end.counts.items()}
        self.total = max(self.done.values(), default=0)
        inside = set(self.end.nonces or ())
        self.nonces = sum(one.nonce in inside for one in run.runs)


def _works(work: Work) -> tuple[int, ...]:
    return tuple(work.counts[name] for name in sorted(work.counts))


def _behind(claim: Claim, evidence: Evidence, run: ActivityRun) -> int | None:
    """How many performances were seen at the system behind; None: nobody was named, or it shows no work."""
    if _UPSTREAM not in claim.roles:
        return None
    try:
        looks = evidence.history(Work, _UPSTREAM)
    except Unobservable as error:
        if error.reason is not Reason.NO_OBSERVABLE:
            raise
        return None
    behind, many = _Behind(looks, run), len(run.runs)
    if behind.nonces < many:
        _seen_by_counters(behind, evidence.systems(_UPSTREAM)[0], many)
    return many


def _seen_by_counters(behind: _Behind, name: str, many: int) -> None:
    if behind.total < many:
        told = f"{behind.total} of {many} arrive at {name}"
        if behind.end.unseen:
            unverifiable(Reason.NO_OBSERVABLE, told, f"its counters leave out {behind.end.unseen}")
        if behind.total:
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, told, "others on the way may have answered the rest")
        refute(told, "the gateway leads elsewhere", remedy=f"lead it to {name}, or correct the document")
    if not behind.quiet_before or not behind.rested:
        busy("the system behind is busy by itself", f"{behind.total} for {counted(many, 'performance')}")


def _at_upstream(claim: Claim, evidence: Evidence, moves: _Moves, behind: int | None) -> str:
    """How it is known that the named system answers. Raises unverifiable if it is not."""
    if _UPSTREAM not in claim.roles:
        return ""
    name = evidence.systems(_UPSTREAM)[0]
    if behind is not None:
        return f"all of them seen at {name}"
    listens = _listens(evidence)
    places = sorted({address for _, _, address in moves.servers})
    if not places or not all(_is_own(place, listens) for place in places):
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"whether {name} answers cannot be told",
            f"{moves.words()}; {name} listens on {listed(sorted(listens), 'what cannot be seen')}",
            remedy="name a system whose work can be counted, or lead the gateway to its own address",
        )
    return f"{listed(places)} is {name}'s own"


def _places_of(claim: Claim, evidence: Evidence, behind: int | None) -> tuple[Look, ...]:
    """What tells where the system behind listens, where its work does not show it: its door, or else its process."""
    if _UPSTREAM not in claim.roles or behind is not None:
        return ()
    told = evidence.attempts(Listener, _UPSTREAM)[evidence.systems(_UPSTREAM)[0]]
    unasked = isinstance(told, Unobservable) and told.reason is Reason.NOT_RECORDED
    if unasked or (isinstance(told, Listener) and told.owner is not None):
        return (_DOOR,)
    return (_DOOR, Look(_UPSTREAM, ServerProcess.ask()))


def _listens(evidence: Evidence) -> tuple[str, ...]:
    """host:port of where the system behind is known to listen on this host."""
    door = evidence.one(Listener, _UPSTREAM)
    if door.owner is None:
        return evidence.one(ServerProcess, _UPSTREAM).listens_on
    return (f"0.0.0.0:{door.port}",) if door.owner else ()


def _is_own(place: str, listens: Sequence[str]) -> bool:
    """Whether somebody who listens there listens at ``place``; on this very host also where it listens everywhere."""
    host, _, port = place.rpartition(":")
    everywhere = host.startswith("127.") and any(f"{one}:{port}" in listens for one in ("0.0.0.0", "::"))  # noqa: S104
    return place in listens or everywhere
