"""Documents against themselves: statements about one subject that cannot all be true."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pytest_distaudit.checks.files.figures import PARTIAL, SERVICES, scope
from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.facts import Facts
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.inventory import Inventory
from pytest_distaudit.domain.names import fold
from pytest_distaudit.domain.products import Product, mentioned_products
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.versions import agree, numbers

_SIGNAL = re.compile(r"\b(metric|log|trace|span)s?\b(?:\s+data)?", re.IGNORECASE)
_SENT = re.compile(
    r"\b(?:sen[dt]s?|sending|export\w*|push\w*|ship\w*|forward\w*|distribut\w*|deliver\w*|stored?|writ\w+)\b[^.;]{0,60}?\b(?:to|in|into)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A value that a sentence gives a subject's property."""

    subject: str
    of: str
    value: str
    spot: Spot
    whole: bool


def findings(facts: Facts, inventory: Inventory, proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """All of this module's findings."""
    yield from _sums(facts)
    yield from _versions(proposals)
    yield from _counts(proposals)
    yield from _flows(proposals)


def _sums(facts: Facts) -> Iterator[Finding]:
    """A total beside parts that add up to another number."""
    for document in facts.documents:
        for item in document.sums:
            if sum(item.parts) != item.total:
                parts = " + ".join(map(str, item.parts))
                yield Finding(
                    kind=FindingKind.CONTRADICTION,
                    component=item.of,
                    at=item.spot,
                    against=item.spot,
                    message=f"{item.total} {item.of} are said to be {parts}, which is {sum(item.parts)}: correct it",
                    confidence=Confidence.HIGH,
                    said=str(item.total),
                    found=str(sum(item.parts)),
                )


def _statements(proposals: Sequence[Proposal], pattern: str) -> Iterator[Statement]:
    for proposal in proposals:
        if proposal.pattern != pattern or proposal.expect is not Expect.PRESENT:
            continue
        for figure in proposal.figures[:1]:
            spot = Spot(proposal.document, proposal.line)
            part = pattern == "count" and PARTIAL.search(proposal.quote)
            whole = not scope(proposal.document) and not part
            yield Statement(proposal.component, figure.of.lower(), figure.value, spot, whole)


def _versions(proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """Two documents about the whole system give one product two versions."""
    groups: dict[str, list[Statement]] = defaultdict(list)
    for statement in _statements(proposals, "version"):
        if statement.whole and numbers(statement.value):
            groups[fold(statement.subject)].append(statement)
    for group in groups.values():
        for one, other in combinations(group, 2):
            if one.spot.file != other.spot.file and agree(one.value, other.value) is False:
                yield _contradiction(one, other, "version", Confidence.HIGH)


def _counts(proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """Two sentences count the same things of the same subject and differ."""
    groups: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for statement in _statements(proposals, "count"):
        if statement.whole and SERVICES.fullmatch(statement.of) and statement.subject:
            groups[fold(statement.subject), fold(statement.of)].append(statement)
    for group in groups.values():
        for one, other in combinations(group, 2):
            if one.spot != other.spot and _differ(one.value, other.value):
                yield _contradiction(one, other, one.of, Confidence.MEDIUM)


def _differ(one: str, other: str) -> bool:
    """Whether two numbers differ by little: far apart they count different things."""
    if not (one.isdigit() and other.isdigit()):
        return False
    small, large = sorted((int(one[:9]), int(other[:9])))
    return small < large <= small * 1.5


def _contradiction(one: Statement, other: Statement, of: str, confidence: Confidence) -> Finding:
    return Finding(
        kind=FindingKind.CONTRADICTION,
        component=one.subject,
        at=one.spot,
        against=other.spot,
        message=f"{one.subject} has {of} {one.value} here and {other.value} at {other.spot}: one of the two is wrong",
        confidence=confidence,
        said=one.value,
        found=other.value,
    )


def _flows(proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """One document sends a signal to a store that is made for another, one to a store that is made for it."""
    flows = [flow for proposal in proposals if proposal.expect is Expect.PRESENT for flow in _sent(proposal)]
    for signal, product, spot in dict.fromkeys(flows):
        if not product.signals or signal in product.signals:
            continue
        fitting = next((f for f in flows if f[0] == signal and signal in f[1].signals and f[2].file != spot.file), None)
        if fitting:
            yield Finding(
                kind=FindingKind.CONTRADICTION,
                component=product.name,
                at=spot,
                against=fitting[2],
                message=f"{signal} go to {product.name} here and to {fitting[1].name} at {fitting[2]}; {product.name} "
                f"stores {' and '.join(product.signals)}: correct one of the two",
                confidence=Confidence.HIGH,
                said=product.name,
                found=fitting[1].name,
            )


def _sent(proposal: Proposal) -> Iterator[tuple[str, Product, Spot]]:
    """The signal of a sentence and the store that it is sent to."""
    for clause in re.split(r"[.;,]|\band\b|\bafter that\b", proposal.quote):
        signal, sent = _SIGNAL.search(clause), _SENT.search(clause)
        if signal and sent and len({match[1].lower() for match in _SIGNAL.finditer(clause)}) == 1:
            stores = [item for item in mentioned_products(clause[sent.end() :]) if item.signals]
            if len(stores) == 1:
                word = "traces" if signal[1].lower() == "span" else f"{signal[1].lower()}s"
                yield word, stores[0], Spot(proposal.document, proposal.line)
