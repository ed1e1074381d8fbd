"""The audit in the order in which a reader wants it: what is broken first, then everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_distaudit.domain.audit import Audit, ClaimResult, SystemResult
from pytest_distaudit.domain.verdict import Rung, Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.reports import ranking
from pytest_distaudit.reports.notes import notes
from pytest_distaudit.reports.wording import (
    again,
    coverage_words,
    headline,
    one_line,
    place,
    roles_words,
    shown,
    verdict_words,
)

#: characters of evidence on the whole page: 2,000 claims have to fit into 3 MB
_EVIDENCE = 350_000
_MOST_OF_ONE = 4_000
_MOST_OF_A_LINE = 600
_LEAST_OF_A_LINE = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation in words; ``at`` is a time of day in UTC."""

    asked: str
    value: str
    at: str


@dataclass(frozen=True, slots=True)
class Card:
    """One claim. ``state`` is the verdict's word, ``words`` has its reason, too; ``facts`` are (term, text)."""

    anchor: str
    key: str
    state: str
    words: str
    severity: str
    area: str
    quote: str
    claimed: str
    actual: str
    place: str
    check: str
    roles: str
    facts: tuple[tuple[str, str], ...]
    evidence: tuple[Evidence, ...]
    left_out: int
    again: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A claim that does not hold, or what stands before claims that nobody claimed; ``blocked`` wait for it."""

    name: str
    card: Card | None
    blocked: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """How far a system has come: ``steps`` are (word, whether it is proven), from declared to resilient."""

    system: SystemResult
    steps: tuple[tuple[str, bool], ...]
    counts: str

    @property
    def words(self) -> str:
        """The same for those who do not see it."""
        return f"{self.system.name}: {self.system.rung.word}, {sum(proven for _, proven in self.steps)} of 6 rungs"


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the page says.

    ``notes`` are (line, whether it is bad). ``anchors``: key of a claim -> its place in the page.
    """

    headline: str
    verdict: str
    coverage: str
    facts: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, int], ...]
    causes: tuple[Cause, ...]
    areas: tuple[tuple[str, tuple[Card, ...]], ...]
    ladders: tuple[Ladder, ...]
    checks: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, bool], ...]
    anchors: Mapping[str, str]


def view(audit: Audit) -> View:
    """Put the audit in order."""
    claims = sorted(audit.claims, key=ranking.worst_first)
    anchors = {claim.key: f"c{number}" for number, claim in enumerate(claims, 1)}
    budget = min(_MOST_OF_ONE, _EVIDENCE // max(1, len(claims)))
    target = f" --distaudit-target={audit.target}" if audit.target else ""
    checks = _checks(claims)
    cards = {claim.key: _card(claim, anchors[claim.key], budget, target, checks) for claim in claims}
    return View(
        headline=headline(audit),
        verdict=audit.verdict or "no verdict",
        coverage=coverage_words(audit.coverage),
        facts=tuple(_facts_of_run(audit)),
        totals=tuple((verdict.value, audit.count(verdict)) for verdict in Verdict),
        causes=tuple(_causes(claims, cards)),
        areas=tuple(_areas(claims, cards)),
        ladders=tuple(_ladder(system, audit.claims) for system in audit.systems),
        checks=tuple(sorted(checks.items())),
        notes=tuple((text, bool(markup.get("red"))) for text, markup in notes(audit, verbose=1)),
        anchors=anchors,
    )


def _facts_of_run(audit: Audit) -> Iterator[tuple[str, str]]:
    yield "target", audit.target or "none"
    yield "systems from", audit.provision
    yield "scope", audit.scope
    yield "started", audit.started
    yield "took", f"{audit.duration_s:.1f} s"
    if audit.commit:
        yield "commit", f"{audit.commit[:12]}{' with changes' if audit.dirty else ''}"
    yield "made by", f"pytest-distaudit {audit.tool}"


def _causes(claims: Sequence[ClaimResult], cards: Mapping[str, Card]) -> Iterator[Cause]:
    """What does not hold, worst first, each with what waits for it."""
    for cause in ranking.causes(claims):
        if cause.claim is None or cause.waiting or ranking.fails(cause.claim):
            blocked = tuple(cards[claim.key] for claim in cause.waiting)
            yield Cause(cause.key, cards.get(cause.key) if cause.claim else None, blocked)


def _areas(claims: Sequence[ClaimResult], cards: Mapping[str, Card]) -> Iterator[tuple[str, tuple[Card, ...]]]:
    found: dict[str, list[Card]] = {}
    for claim in claims:
        found.setdefault(claim.area or "without an area", []).append(cards[claim.key])
    for name in sorted(found):
        yield name, tuple(found[name])


def _words(claim: ClaimResult) -> str:
    if claim.waiver_spent or claim.pending_spent:
        return "waiver spent" if claim.waiver_spent else "pending, but true now"
    return verdict_words(claim)


def _checks(claims: Iterable[ClaimResult]) -> Mapping[str, str]:
    """Check -> what it leaves open, by most of its claims."""
    told: dict[str, Counter[str]] = {}
    for claim in claims:
        if claim.check:
            told.setdefault(claim.check, Counter())[claim.shows_not] += 1
    return {check: words.most_common(1)[0][0] for check, words in told.items()}


def _card(claim: ClaimResult, anchor: str, budget: int, target: str, checks: Mapping[str, str]) -> Card:
    evidence = tuple(_evidence(claim, budget))
    return Card(
        anchor=anchor,
        key=claim.key,
        state="spent" if claim.waiver_spent or claim.pending_spent else claim.verdict.value,
        words=_words(claim),
        severity=claim.severity,
        area=claim.area,
        quote=one_line(claim.quote, 400),
        claimed=one_line(claim.claimed, 200),
        actual=one_line(claim.actual, 200),
        place=place(claim),
        check=claim.check,
        roles=roles_words(claim),
        facts=tuple((term, one_line(text, 700)) for term, text in _facts(claim, checks) if text),
        evidence=evidence,
        left_out=len(claim.evidence) - len(evidence),
        again=again(claim, target),
    )


def _facts(claim: ClaimResult, checks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "because", claim.because
    yield "blocked by", claim.blocked_by or ""
    yield "remedy", claim.remedy
    proven = claim.rung_proven.word if claim.rung_proven is not None else "nothing"
    yield "rung", f"{claim.rung_claimed.word} is claimed, {proven} is proven"
    yield "leaves open", claim.shows_not if claim.shows_not != checks.get(claim.check) else ""
    if claim.waiver:
        yield "waived", "until {until}, {owner}: {reason}".format_map(claim.waiver)
    yield "does not fail", claim.tolerated
    yield "since", claim.since
    yield "recorded in", claim.recorded_in


def _evidence(claim: ClaimResult, budget: int) -> Iterator[Evidence]:
    """The last observations, as many as fit."""
    lines = claim.evidence
    each = min(_MOST_OF_A_LINE, max(_LEAST_OF_A_LINE, budget // max(1, len(lines))))
    most = max(1, budget // each)
    for line in lines[-most:]:
        at = datetime.fromtimestamp(line.at, UTC).strftime("%H:%M:%S")
        asked = one_line(f"{line.system} {line.asked}", min(160, each))
        yield Evidence(asked, shown(line.value, each), at)


def _ladder(system: SystemResult, claims: Iterable[ClaimResult]) -> Ladder:
    about = [claim for claim in claims if system.name in claim.systems]
    counts = [(verdict, sum(claim.verdict is verdict for claim in about)) for verdict in Verdict]
    return Ladder(
        system,
        tuple((rung.word, system.rung >= rung) for rung in Rung if rung > Rung.ABSENT),
        f"{counted(len(about), 'claim')}: " + ", ".join(f"{number} {one.value}" for one, number in counts if number),
    )
