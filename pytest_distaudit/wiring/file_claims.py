"""What files judge, as claims: findings, decided sentences, paths; and how much of the documents claims cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_distaudit.domain.audit import Coverage, Sentence
from pytest_distaudit.domain.claim import Claim, Waiver
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.finding import Confidence, Finding
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.verdict import Severity
from pytest_distaudit.wiring.file_names import overlap, short_digest, slug
from pytest_distaudit.wiring.files import Files

if TYPE_CHECKING:
    from pytest_distaudit.domain.document import PathMention

#: where they quote no document, they speak of manifests
_OF_MANIFESTS = ("files.finding", "files.valid")
_SEVERITY = {Confidence.HIGH: Severity.MAJOR, Confidence.MEDIUM: Severity.MINOR}


def claims_of(files: Files, waivers: Mapping[str, Waiver] | None = None) -> Sequence[Claim]:
    """What the files can judge at once, as claims: every finding, every decided sentence without one, every path.

    ``waivers`` are those of :func:`waived`.
    """
    results = files.results
    said = {(one.document, one.line): one.quote for one in results.proposals}
    found = [
        _claim_of_finding(name, finding, said.get((finding.at.file, finding.at.line), ""))
        for name, finding in results.findings.items()
    ]
    told = {(claim.document, claim.line) for claim in found}
    decided = [one for one in results.proposals if (one.document, one.line) not in told and results.decision(one)]
    paths = [_claim_of_path(mention) for mention, _ in results.places]
    known = waivers or {}
    return [replace(claim, waiver=known.get(_subject(claim))) for claim in _unique([*found, *named(decided), *paths])]


def validations(files: Files) -> Sequence[Claim]:
    """A claim ``files.valid`` for each file that a product's own validator reads."""
    return [
        Claim(
            id=slug(f"valid-{file}"),
            check="files.valid",
            roles={},
            place=Place(file, 1),
            document=file,
            line=1,
            area="valid",
            params={"path": file, "validator": name},
        )
        for file, name in files.results.configs
    ]


def waived(claims: Iterable[Claim]) -> Mapping[str, Waiver]:
    """The waivers that somebody wrote for what files decide, by what they are about."""
    return {_subject(claim): claim.waiver for claim in claims if claim.waiver and claim.check.startswith("files.")}


def _subject(claim: Claim) -> str:
    if claim.check == "files.finding":
        return str(claim["finding"])
    return "|".join((claim.check, claim.document, *(str(claim.params[name]) for name in sorted(claim.params))))


def _unique(claims: Sequence[Claim]) -> Iterator[Claim]:
    """Ids once in the whole tree: a second one tells itself by what it is about."""
    taken = set[str]()
    for claim in claims:
        name = (
            claim.id if claim.id not in taken else f"{claim.id}-{short_digest(claim.document, claim.line, claim.quote)}"
        )
        taken.add(name)
        yield claim if name == claim.id else replace(claim, id=name)


def covered(proposals: Iterable[Proposal], claims: Iterable[Claim]) -> Coverage:
    """Which sentences the claims quote: a line's own claim, or a quote that holds the sentence or a part of it."""
    lines: dict[tuple[str, int], str] = {}
    for one in proposals:
        lines.setdefault((one.document, one.line), one.quote)
    quotes: dict[str, dict[str, None]] = {}
    own = set[tuple[str, int]]()
    for claim in claims:
        if claim.quote or claim.check not in _OF_MANIFESTS:
            own.add((claim.document, claim.line))
        if claim.quote:
            quotes.setdefault(claim.document, {})[" ".join(claim.quote.split())] = None
    # what is claimed is checkable, whether or not it was read so
    total = {**dict.fromkeys(own, ""), **lines}
    open_ = [
        (place, text)
        for place, text in lines.items()
        if place not in own and not any(overlap(text, quote) for quote in quotes.get(place[0], ()))
    ]
    unclaimed = tuple(Sentence(document, line, text) for (document, line), text in open_)
    return Coverage(len(total), len(total) - len(open_), unclaimed)


def undecided(files: Files) -> list[Proposal]:
    """The sentences that need a running system."""
    return [one for one in files.proposals if files.decided(one) is None]


def named(proposals: Iterable[Proposal]) -> list[Claim]:
    """A claim ``files.agree`` for each that says something else; its id stays when other sentences come and go."""
    claims: dict[tuple[object, ...], Claim] = {}
    for one in proposals:
        claim = Claim(
            id=id_of(one),
            check="files.agree",
            roles={},
            place=Place(one.document, one.line),
            quote=one.quote,
            document=one.document,
            line=one.line,
            area=one.pattern,
            params={"component": one.component, "pattern": one.pattern},
        )
        claims.setdefault((one.document, one.line, one.component, one.pattern), claim)
    return list(_unique(list(claims.values())))


def id_of(proposal: Proposal) -> str:
    """``readme-port-gateway``: of the document, what it says and of what."""
    return slug(f"{Path(proposal.document).stem}-{proposal.pattern}-{proposal.component or 'system'}")


def _claim_of_finding(name: str, finding: Finding, quote: str) -> Claim:
    return Claim(
        id=name,
        check="files.finding",
        roles={},
        place=Place(finding.at.file, finding.at.line),
        quote=quote,
        document=finding.at.file,
        line=finding.at.line,
        area=finding.kind.value,
        params={"finding": name},
        severity=_SEVERITY[finding.confidence],
    )


def _claim_of_path(mention: PathMention) -> Claim:
    spot = mention.spot
    return Claim(
        id=slug(f"{Path(spot.file).stem}-path-{mention.path}"),
        check="files.path",
        roles={},
        place=Place(spot.file, spot.line),
        document=spot.file,
        line=spot.line,
        area="path",
        params={"path": mention.path},
        severity=Severity.MINOR,
    )
