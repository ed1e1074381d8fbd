"""Which systems are connected, and what goes over it window by window of an alternation. Pure.

A connection belongs to two systems if each has one end of it. Names that clients give themselves count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from pytest_distaudit.checks._alternated import Moves, turns_of
from pytest_distaudit.checks._calls import Calls
from pytest_distaudit.checks.wiring import decided
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import NeedMore, Refuted, Unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.edges import Connection, Edges
from pytest_distaudit.ports.gateways import Gateway
from pytest_distaudit.ports.windows import Alternation
from pytest_distaudit.ports.work import Work

Ends = tuple[str, str]


class Pace(Enum):
    """How what is counted goes with the performances; MORE: more of them would tell."""

    FOLLOWS = "follows"
    RESTS = "rests"
    MORE = "more"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Net:
    """The systems at every turn. ``unseen``: those of whose connections nothing is known; ``seen``: all others.

    ``nodes``: those that the diagram has. ``calls``: what traces tell of connections that were closed at once;
    ``passed``: gateways turn by turn, which count what they pass on.
    """

    alternation: Alternation
    seen: Mapping[str, Sequence[Seen[Edges]]]
    unseen: Mapping[str, Unobservable]
    entries: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    own: Mapping[str, Sequence[Mapping[Ends, Connection]]] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    passed: Mapping[str, Sequence[Seen[Gateway]]] = field(default_factory=dict)

    def last(self, name: str) -> Edges:
        """The latest look at it."""
        return self.seen[name][-1].fact

    def visible(self, name: str) -> bool:
        """Whether its own connections can be seen."""
        return name in self.seen and self.last(name).connections is not None

    def why_not(self, name: str) -> Unobservable:
        """Why they cannot."""
        return self.unseen.get(name) or Unobservable(Reason.NO_OBSERVABLE, f"{name}: {self.last(name).unseen}")

    # --- connections

    def between(self, caller: str, called: str) -> list[Mapping[Ends, Connection]] | None:
        """Connections that ``caller`` has opened to ``called``, turn by turn; None if neither end can be seen."""
        if not self.visible(caller):
            return None
        places = set(self.last(called).at) if called in self.seen else set()
        whole = self.visible(called)
        return [
            {ends: one for ends, one in turn.items() if self._leads(caller, called, ends, one, at, places, whole)}
            for at, turn in enumerate(self.own[caller])
        ]

    def _leads(
        self, caller: str, called: str, ends: Ends, one: Connection, at: int, places: set[str], whole: bool
    ) -> bool:
        if whole and self._meets(caller, called, ends, one):
            return True
        apart = not whole or self.last(caller).network != self.last(called).network
        return one.opened and apart and one.remote in places

    def _meets(self, caller: str, called: str, ends: Ends, one: Connection) -> bool:
        """Whether the other one has the other end, at whatever turn: looks are taken one after the other."""
        if _loops(ends) and self.last(caller).network != self.last(called).network:
            return False
        others = [turn[ends[::-1]] for turn in self.own[called] if ends[::-1] in turn]
        if one.local.startswith("unix:"):
            return bool(others)
        return one.opened and any(not other.opened for other in others)

    def packets(self, called: str, turns: Sequence[Mapping[Ends, Connection]]) -> Moves | None:
        """Packets with data over these connections, window by window; None where nobody counts them."""
        if any(one.sent is None or one.received is None for turn in turns for one in turn.values()):
            return None
        totals = [{ends: (one.sent or 0) + (one.received or 0) for ends, one in turn.items()} for turn in turns]
        return self._moves(called, [_grown(before, after) for before, after in pairwise(totals)])

    def strangers(self, name: str, opened: bool) -> Iterator[tuple[str, Moves | None]]:
        """(who, packets) of all that ``name`` has ``opened``, or others to it, with no node; "" is an unknown one."""
        known = {
            ends if opened else ends[::-1]
            for other in self.nodes
            if other != name
            for turn in (self.between(name, other) if opened else self.between(other, name)) or ()
            for ends in turn
        }
        own = [
            {ends: one for ends, one in turn.items() if ends not in known and one.opened is opened}
            for turn in self.own.get(name, ())
        ]
        for who in sorted({one.peer for turn in own for one in turn.values()}):
            yield who, self.packets(name, [{e: one for e, one in turn.items() if one.peer == who} for turn in own])

    # --- connections that end at once

    def ended(self, called: str, caller: str | None) -> Moves | None:
        """Connections to ``called`` that ended: of the one ``caller``, or of those whose callers are not known; None
        where that is not heard. What the audit's performances open themselves is taken out."""
        if called not in self.seen or any(look.fact.ended is None for look in self.seen[called]):
            return None
        hosts = {host: name for name in self.seen for host in self._hosts(name)}
        totals = [
            sum(many for host, many in (look.fact.ended or {}).items() if hosts.get(host) == caller)
            for look in self.seen[called]
        ]
        grown = [max(0, after - before) for before, after in pairwise(totals)]
        if called in self.entries and caller is None:
            grown = [
                max(0, many - len(window.runs)) for many, window in zip(grown, self.alternation.windows, strict=True)
            ]
        return self._moves(called, grown)

    def passed_on(self, gateway: str, called: str) -> Moves | None:
        """Requests of the gateway that ``called`` has answered, by the gateway's count for its address; None where it
        counts none."""
        if gateway not in self.passed or called not in self.seen:
            return None
        totals = [self._answered(look.fact, called) for look in self.passed[gateway]]
        grown = [max(0, after - before) for before, after in pairwise(totals)]
        return self._moves(called, grown)

    def _answered(self, fact: Gateway, called: str) -> int:
        places, hosts = self.last(called).at, self._hosts(called)
        servers = (server for backend in fact.backends or () for server in backend.servers or ())
        return sum(
            server.answered or 0
            for server in servers
            if server.address in places or server.address.rpartition(":")[0] in hosts
        )

    def _hosts(self, name: str) -> tuple[str, ...]:
        """Addresses that are its own alone."""
        network = self.last(name).network
        alone = network and all(self.last(other).network != network for other in self.seen if other != name)
        return self.last(name).hosts if alone else ()

    def _moves(self, name: str, grown: Sequence[int]) -> Moves:
        lengths = tuple(after.at - before.at for before, after in pairwise(self.seen[name]))
        return Moves(self.alternation.windows, {"packets": tuple(grown)} if any(grown) else {}, lengths)


def net(evidence: Evidence, alternation: Alternation, nodes: Sequence[str], counted: bool = False) -> Net:
    """The systems of the claim, of which the diagram has ``nodes``. Raises unverifiable where a turn was missed.

    ``counted``: there are gateways that count.
    """
    seen: dict[str, Sequence[Seen[Edges]]] = {}
    unseen: dict[str, Unobservable] = {}
    for name, looks in evidence.histories(Edges, "systems").items():
        if isinstance(looks, Unobservable):
            unseen[name] = looks
            continue
        turns = turns_of(looks, alternation)
        runs = {look.fact.process for look in turns}
        if len(runs) > 1:
            unseen[name] = Unobservable(Reason.INCONCLUSIVE_STATISTICS, f"{name} restarted in between")
        else:
            seen[name] = turns
    gateways = evidence.histories(Gateway, "gateways") if counted else {}
    passed = {
        name: turns_of(looks, alternation) for name, looks in gateways.items() if not isinstance(looks, Unobservable)
    }
    entries = tuple(name for name in evidence.systems("activity") if name in seen)
    drawn = tuple(name for name in nodes if name in seen)
    own = {name: _own(name, seen) for name in seen}
    return Net(alternation, seen, unseen, entries, drawn, own, passed=passed)


def pace(seen: Moves) -> tuple[Pace, str]:
    """How it goes with performances, and in words why."""
    try:
        answer = decided(seen, Work({}))
    except Refuted as error:
        return Pace.RESTS, error.judgement.because
    except Unverifiable as error:
        return Pace.UNCLEAR, f"{error.judgement.actual}: {error.judgement.because}"
    return (Pace.MORE, "") if isinstance(answer, NeedMore) else (Pace.FOLLOWS, answer.because)


def _own(name: str, seen: Mapping[str, Sequence[Seen[Edges]]]) -> list[dict[Ends, Connection]]:
    """Its connections turn by turn, without those of systems that it has started."""
    process = seen[name][-1].fact.process
    begun = [other for other in seen if other != name and process and process in seen[other][-1].fact.within]
    theirs = {ends for other in begun for look in seen[other] for ends in _ends(look.fact)}
    return [{ends: one for ends, one in _ends(look.fact).items() if ends not in theirs} for look in seen[name]]


def _ends(fact: Edges) -> dict[Ends, Connection]:
    return {(one.local, one.remote): one for one in fact.connections or ()}


def _loops(ends: Ends) -> bool:
    return any(end.startswith(("127.", "::1:")) for end in ends)


def _grown(before: Mapping[Ends, int], after: Mapping[Ends, int]) -> int:
    """What came on top; of a connection that began anew all of it."""
    return sum(many - start if many >= (start := before.get(ends, 0)) else many for ends, many in after.items())
