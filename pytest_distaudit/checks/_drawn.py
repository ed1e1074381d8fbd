"""What a claim's diagram draws between the systems of the target. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.edges import Diagram

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The arrows between systems, each once: (from, to) -> whether it has a head.

    ``nodes``: the systems drawn; ``called``: system -> its names. ``left_out``: arrows with an end that is no system,
    in the diagram's words; ``apart``: those that the activity is not said to use.
    """

    arrows: Mapping[Pair, bool]
    nodes: tuple[str, ...]
    called: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()
    apart: tuple[Pair, ...] = ()

    def between(self, one: str, other: str) -> bool:
        """Whether the two are connected in it, in whatever direction."""
        known = {*self.arrows, *self.apart}
        return (one, other) in known or (other, one) in known


def diagram_ask(claim: Claim) -> Ask | None:
    """The ask for the diagram that the claim means; None: it names the arrows itself."""
    if claim["edges"] is not None:
        return None
    elsewhere = claim["diagram"]
    document, line = (elsewhere, 0) if elsewhere is not None else (claim.document, claim.line)
    return Diagram.ask(document=document, line=line)


def drawn(claim: Claim, evidence: Evidence) -> Drawn:
    """Raises unverifiable: what is drawn cannot be known for certain."""
    systems = evidence.systems("systems")
    called = dict(_pairs(claim["names"], "=", "names"))
    beyond = {_plain(name) for name in _words(claim["beyond"])}
    arrows, labels = _arrows(claim, evidence)
    places = {id_: _system((id_, *labels[id_]), systems, called) for id_ in labels}
    unknown = [labels[id_][0] for id_, place in places.items() if place is None and not _named(id_, labels, beyond)]
    if unknown:
        because = f"no system of the claim is called {listed(sorted(unknown))}"
        remedy = "say which system it is (names: 'node = system'), or that it is none (beyond: 'node')"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"which system is {listed(sorted(unknown))}?", because, remedy=remedy)
    found: dict[Pair, bool] = {}
    left_out = []
    for source, to, pointed in arrows:
        one, other = places[source], places[to]
        if one is None or other is None:
            left_out.append(f"{labels[source][0]} -> {labels[to][0]}")
        elif one != other:
            found[one, other] = found.get((one, other), False) or pointed
    apart = [pair for pair in _pairs(claim["apart"], "->", "apart") if _known(pair, found)]
    rest = {pair: pointed for pair, pointed in found.items() if pair not in apart}
    if not rest:
        because = f"{len(arrows)} arrows, of which {len(left_out)} have an end that is none of them"
        unverifiable(Reason.VACUOUS, "no arrow between systems of the claim", because)
    nodes = tuple(name for name in systems if name in places.values())
    names = {
        name: tuple(
            dict.fromkeys([name, *(one for id_ in labels if places[id_] == name for one in (id_, *labels[id_]))])
        )
        for name in nodes
    }
    return Drawn(rest, nodes, names, tuple(left_out), tuple(apart))


def _arrows(claim: Claim, evidence: Evidence) -> tuple[list[tuple[str, str, bool]], dict[str, tuple[str, ...]]]:
    """(arrows by the ids of nodes, id -> labels of every node at an arrow, and of those without that may be meant)."""
    ask = diagram_ask(claim)
    if ask is None:
        pairs = list(_pairs(claim["edges"], "->", "edges"))
        return [(*pair, True) for pair in pairs], {name: (name,) for pair in pairs for name in pair}
    diagram = evidence.shared(Diagram, ask)
    if diagram.unread:
        lines = listed([f"{diagram.document}:{line}" for line in diagram.unread])
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{lines} cannot be read as an arrow", remedy="name the arrows as edges")
    ends = {end for arrow in diagram.arrows for end in (arrow.source, arrow.to)}
    systems = {_plain(name) for name in evidence.systems("systems")}
    labels: dict[str, tuple[str, ...]] = {
        node.id: (node.name,)
        for node in diagram.nodes
        if node.id in ends or {_plain(node.id), _plain(node.name)} & systems
    }
    return [(one.source, one.to, one.pointed) for one in diagram.arrows], labels


def _known(pair: Pair, found: Collection[Pair]) -> bool:
    if pair not in found:
        because = f"the diagram has no arrow {pair[0]} -> {pair[1]} that could be left out"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"apart: {pair[0]} -> {pair[1]}", because)
    return True


def _system(names: Sequence[str], systems: Sequence[str], called: Mapping[str, str]) -> str | None:
    """The system that a node of any of these names is; None if it is none. Raises unverifiable."""
    for name, system in called.items():
        if _plain(name) in map(_plain, names):
            if system not in systems:
                unverifiable(Reason.AMBIGUOUS_CLAIM, f"names: {name} = {system}", f"{system} is no system of the claim")
            return system
    plain = {_plain(system): system for system in systems}
    return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)


def _named(id_: str, labels: Mapping[str, Sequence[str]], beyond: Collection[str]) -> bool:
    return any(_plain(name) in beyond for name in (id_, *labels[id_]))


def _plain(name: str) -> str:
    """Names as they compare: documents write "API Gateway" for ``api-gateway``."""
    return "-".join(name.lower().replace("_", " ").replace("-", " ").split())


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _pairs(text: str | None, between: str, parameter: str) -> Iterator[Pair]:
    """``a -> b, c -> d``. A chain ``a -> b -> c`` is two of them. Raises unverifiable."""
    for word in _words(text):
        parts = [part.strip() for part in word.split(between)]
        if len(parts) < 2 or not all(parts):
            because = f"{word!r} is no 'one {between} other'"
            unverifiable(Reason.AMBIGUOUS_CLAIM, f"{parameter} cannot be read", because)
        yield from pairwise(parts)
