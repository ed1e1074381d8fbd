"""The finished audit: what every report reads, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict
from pytest_distaudit.domain.weakening import Weakening


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One observation as reports show it; ``value`` is JSON, ``at`` seconds since the epoch."""

    system: str
    asked: str
    value: Any
    at: float
    sha256: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """One judged claim. ``blocked_by`` is the key of the claim (or ``system:NAME``) that stands before it."""

    id: str
    nodeid: str
    case: str
    quote: str
    document: str
    line: int
    area: str
    severity: str
    check: str
    check_version: int
    roles: dict[str, str]
    systems: tuple[str, ...]
    verdict: Verdict
    reason: Reason | None
    claimed: str
    actual: str
    because: str
    remedy: str
    shows_not: str
    rung_claimed: Rung
    rung_proven: Rung | None
    blocked_by: str | None
    waiver: dict[str, str] | None
    duration_s: float
    evidence: tuple[EvidenceLine, ...] = ()
    baselined: bool = False
    waiver_spent: bool = False
    #: why it may be untrue so far, "" for a claim that has to hold
    pending: str = ""
    pending_spent: bool = False
    #: why it does not fail the run although it does not hold, "" where it fails it
    tolerated: str = ""
    #: when it got the verdict that it has, ISO 8601; "" without an earlier audit to compare with
    since: str = ""
    #: digest of what it says, see ``Claim.statement``
    statement: str = ""
    replayable: bool = True
    #: the recorded run that it was judged on, "" for a run of this one's own
    recorded_in: str = ""
    #: pairs of systems of which it says, as far as its check shows that, that the first works through the second
    connects: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """``id`` or ``id[case]``."""
        return f"{self.id}[{self.case}]" if self.case else self.id

    @property
    def verdict_words(self) -> str:
        """``refuted``, ``unverifiable(timed-out)``."""
        return f"{self.verdict.value}({self.reason.value})" if self.reason else self.verdict.value


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system of the target and the highest rung that a claim proved (``declared`` if none did)."""

    name: str
    kind: str
    source: str
    version: str
    rung: Rung
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A claim that this run left out, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class InputError:
    """Something wrong with the audit's own input."""

    file: str
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A checkable sentence of a document and the line in which it begins."""

    document: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Page:
    """A document as its readers see it: blocks of text with the line in which each begins; headings have a level."""

    document: str
    blocks: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class CheckNote:
    """What reports say of a check: the sentence that it decides, and what a verified answer leaves open."""

    name: str
    claims: str
    shows_not: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file or folder held, in lower-case hexadecimal; ``algorithm`` as in-toto's digest sets call it."""

    name: str
    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the documents' checkable ``sentences``, how many are ``claimed``; ``sentences`` None: they were not read.

    ``unclaimed``: those that nobody claims, in the documents' order.
    ``not_read``: files that should have been read, and why they could not be.
    """

    sentences: int | None = None
    claimed: int = 0
    unclaimed: tuple[Sentence, ...] = ()
    not_read: tuple[str, ...] = ()

    @property
    def percent(self) -> float | None:
        """The share that is claimed; None where it is not known or nothing is there to claim."""
        return 100 * self.claimed / self.sentences if self.sentences else None


@dataclass(frozen=True, slots=True)
class Change:
    """In what a claim differs from an earlier audit; ``kind`` is one of ``drift.ChangeKind``."""

    claim: str
    kind: str
    before: str
    after: str
    actual_before: str
    actual_after: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a green claim can go red: ``by`` names a perturbation of its evidence that refutes it.

    ``shaken`` names one that made it unverifiable, which alone proves nothing; ``tried`` counts perturbations.
    """

    claim: str
    able: bool
    by: str = ""
    shaken: str = ""
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """One finished audit. ``started`` is ISO 8601; ``verdict`` None when only a part was selected.

    ``links``: pairs of systems that the target declares, the first needs the second. ``pages``: the documents, where
    a report was asked for that shows them. ``checks``: those that decided the claims. ``folder``: where in its
    repository the project lies ("" or ``examples/shop/``); ``repository``: the address of that, without credentials.
    """

    tool: str
    target: str | None
    provision: str
    scope: str
    started: str
    duration_s: float
    commit: str | None
    dirty: bool | None
    verdict: str | None
    selected: int
    total: int
    claims: tuple[ClaimResult, ...]
    systems: tuple[SystemResult, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    errors: tuple[InputError, ...] = ()
    coverage: Coverage = Coverage()
    narrowed: bool = False
    replayed: bool = False
    findings: tuple[Finding, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    pages: tuple[Page, ...] = ()
    #: of the evidence folder and of what was judged by, where an attestation was asked for
    digests: tuple[Digest, ...] = ()
    checks: tuple[CheckNote, ...] = ()
    folder: str = ""
    repository: str | None = None
    #: what is different from the audit that was made at ``compared_with`` (ISO 8601; None: none was compared with)
    changes: tuple[Change, ...] = ()
    compared_with: str | None = None
    #: the commit that targets, waivers, marks and the baseline are from, None for those of the checkout
    base: str | None = None
    #: what the checkout removes or weakens of the claims at ``base``
    weaker: tuple[Weakening, ...] = ()
    #: of every verified claim that can be judged again, whether it can go red; None: that was not asked
    proofs: tuple[Proof, ...] | None = None

    @property
    def proved_percent(self) -> float | None:
        """The share of green claims that can go red; None where none was tried."""
        return 100 * sum(proof.able for proof in self.proofs) / len(self.proofs) if self.proofs else None

    def count(self, verdict: Verdict) -> int:
        """How many claims have that verdict."""
        return sum(claim.verdict is verdict for claim in self.claims)


def verdict_of_target(claims: Sequence[ClaimResult], errors: int) -> str:
    """genuine, facade, undetermined or partial (design: whole target)."""
    if not claims:
        return "undetermined"
    judged = [claim for claim in claims if claim.verdict is not Verdict.UNVERIFIABLE]
    if not judged:
        return "undetermined"
    if not errors and all(c.verdict in (Verdict.VERIFIED, Verdict.WAIVED) for c in claims):
        return "genuine"
    if any(_is_facade(system, claims) for system in _systems(claims)):
        return "facade"
    return "partial"


def _systems(claims: Iterable[ClaimResult]) -> set[str]:
    return {system for claim in claims for system in claim.systems}


def _is_facade(system: str, claims: Iterable[ClaimResult]) -> bool:
    """Every judged claim at ``used`` or above about the system is refuted, and there is one."""
    deep = [
        claim.verdict
        for claim in claims
        if system in claim.systems
        and claim.rung_claimed >= Rung.USED
        and claim.verdict in (Verdict.VERIFIED, Verdict.REFUTED)
    ]
    return bool(deep) and all(verdict is Verdict.REFUTED for verdict in deep)


def rung_of_system(system: str, claims: Iterable[ClaimResult]) -> Rung:
    """The highest rung that a verified claim proved of the system."""
    proven = [claim.rung_proven for claim in claims if system in claim.systems and claim.rung_proven is not None]
    return max(proven, default=Rung.DECLARED)
