"""One claim, from plain data to the domain's words; everything wrong with it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim, Expect, Span, Timing, Waiver
from pytest_distaudit.domain.comparison import Quantity
from pytest_distaudit.domain.errors import Place, Problem, did_you_mean
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.verdict import Severity
from pytest_distaudit.sources.claim_parameters import Case, ParameterReader, slug
from pytest_distaudit.sources.claim_roles import read_roles
from pytest_distaudit.sources.claim_shape import ClaimEntry
from pytest_distaudit.sources.documents import Documents, NoSuchDocument, NotInDocument
from pytest_distaudit.sources.shape_errors import Origin, shape_problems

_ENTRY: TypeAdapter[ClaimEntry] = TypeAdapter(ClaimEntry)
#: The reason of a claim that is marked without one.
PENDING = "not true yet"
#: Stand for required keys that are missing or wrong, so that the rest can still be judged.
_PLACEHOLDERS = {"id": "placeholder", "quote": "placeholder", "check": "placeholder"}


@dataclass(frozen=True, slots=True)
class Malformed:
    """A claim, or a whole file (``id`` "file"), that cannot be used. ``problems`` is never empty."""

    id: str
    place: Place
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """What one file claims: one Claim for each case, and what is malformed in it."""

    claims: tuple[Claim, ...]
    malformed: tuple[Malformed, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What all claims of one file share."""

    checks: Registry[Check]
    documents: Documents
    taken: dict[str, Place]
    document: str | None
    document_place: Place
    area: str


def file_of(found: Sequence[tuple[Claim, ...] | Malformed], whole: Sequence[Problem]) -> ClaimFile:
    """Gather the outcomes of a file; the ids of malformed claims are made unique in it."""
    claims = tuple(claim for entry in found if not isinstance(entry, Malformed) for claim in entry)
    used = {claim.id for claim in claims}
    malformed = [Malformed("file", min(whole).place, tuple(sorted(set(whole))))] if whole else []
    malformed += [entry for entry in found if isinstance(entry, Malformed)]
    unique = []
    for entry in malformed:
        name, number = entry.id, 2
        while name in used:
            name, number = f"{entry.id}-{number}", number + 1
        used.add(name)
        unique.append(Malformed(name, entry.place, entry.problems))
    return ClaimFile(claims, tuple(unique))


def build_claim(
    raw: Any, origin: Origin, page: Page, number: int, flaws: Sequence[Problem] = (), located: int | None = None
) -> tuple[Claim, ...] | Malformed:
    """The claim's cases, or everything that is wrong with it.

    ``flaws`` are problems found while parsing the file; ``located`` is the quote's line if it is
    known from where the claim stands. The claim's id is entered in ``page.taken``.
    """
    if not isinstance(raw, dict):
        problem = Problem(origin.place(()), "a claim is a mapping with 'id', 'quote', 'check' and 'system' or 'roles'")
        return Malformed(f"claim-{number}", problem.place, (*flaws, problem))
    reading = _Reading(origin, page, list(flaws))
    entry = reading.entry(raw)
    claims = reading.claims(entry, located)
    if reading.problems:
        name = slug(raw["id"]) if isinstance(raw.get("id"), str) else ""
        return Malformed(name or f"claim-{number}", reading.place, tuple(sorted(set(reading.problems))))
    return claims


@dataclass(slots=True)
class _Reading:
    """One claim being read: what is wrong so far, and which keys cannot be judged any more."""

    origin: Origin
    page: Page
    problems: list[Problem]
    broken: set[str] = field(default_factory=set)
    unread: frozenset[str] = frozenset()

    @property
    def place(self) -> Place:
        """The claim's ``id:`` line."""
        return self.origin.key_place(("id",))

    def report(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))

    def entry(self, raw: dict[str, Any]) -> ClaimEntry:
        try:
            return _ENTRY.validate_python(raw)
        except ValidationError as error:
            self.problems.extend(shape_problems(error, ClaimEntry, self.origin))
            wrong = [found["loc"] for found in error.errors(include_url=False)]
        # One wrong parameter does not keep the others from being judged; any other key is left out whole.
        self.unread = frozenset(str(path[1]) for path in wrong if path[0] == "with" and len(path) > 1)
        self.broken = {str(path[0]) for path in wrong if path[0] != "with" or len(path) == 1}
        kept = {key: value for key, value in raw.items() if key not in self.broken}
        if self.unread:
            kept["with"] = {name: value for name, value in raw["with"].items() if name not in self.unread}
        return _ENTRY.validate_python({**_PLACEHOLDERS, **kept})

    def claims(self, entry: ClaimEntry, located: int | None) -> tuple[Claim, ...]:
        self._identity(entry)
        line = self._line(entry) if located is None else located
        timing, waiver = self._timing(entry), self._waiver(entry)
        check = self._check(entry)
        if check is None:
            return ()
        self._performs(entry, check)
        roles = {} if self.broken & {"system", "roles"} else read_roles(entry, check, self.origin, self.report)
        if self.broken & {"with", "cases"}:
            return ()
        cases = ParameterReader(check, self.origin, self.report, self.unread).cases(entry.with_, entry.cases)
        return tuple(self._claim(entry, case, roles, line, timing, waiver) for case in cases)

    def _claim(
        self,
        entry: ClaimEntry,
        case: Case,
        roles: dict[str, str],
        line: int,
        timing: Timing | None,
        waiver: Waiver | None,
    ) -> Claim:
        return Claim(
            id=entry.id,
            check=entry.check,
            roles=roles,
            place=self.place,
            quote=entry.quote,
            document=self.page.document or "",
            line=line,
            area=self.page.area,
            params=case.params,
            timing=timing,
            activity=entry.activity,
            operation=entry.operation,
            action=entry.action,
            expect=Expect(entry.expect),
            severity=Severity(entry.severity),
            targets=tuple(entry.targets or ()),
            case=case.id,
            waiver=waiver,
            pending=PENDING if entry.pending in (True, "true") else entry.pending or "",
        )

    def _identity(self, entry: ClaimEntry) -> None:
        if "id" in self.broken:
            return
        first = self.page.taken.setdefault(entry.id, self.place)
        if first is not self.place and first != self.place:
            self.report(self.place, f"duplicate id {entry.id!r}, first given at {first}; choose another id")

    def _check(self, entry: ClaimEntry) -> Check | None:
        if "check" in self.broken:
            return None
        if entry.check not in self.page.checks:
            known = did_you_mean(entry.check, self.page.checks)
            self.report(
                self.origin.place(("check",)),
                f"unknown check {entry.check!r}; {known} (pytest --distaudit-checks lists them)",
            )
            return None
        return self.page.checks[entry.check]

    def _line(self, entry: ClaimEntry) -> int:
        if self.page.document is None:
            self.report(self.page.document_place, "'document' is missing; name the document at the top of the file")
        elif "quote" not in self.broken:
            try:
                return self.page.documents.locate(self.page.document, entry.quote, entry.line)
            except NoSuchDocument as error:
                self.report(self.page.document_place, str(error))
            except NotInDocument as error:
                self.report(self.origin.place(("quote",)), str(error))
        return 0

    def _timing(self, entry: ClaimEntry) -> Timing | None:
        given = {span: value for span in Span if (value := getattr(entry, span.value)) is not None}
        if len(given) > 1:
            names = " and ".join(repr(span.value) for span in given)
            self.report(self.origin.key_place((list(given)[1].value,)), f"{names} exclude one another; keep one")
        timings = [self._span(span, value) for span, value in given.items()]
        return timings[0] if timings else None

    def _span(self, span: Span, value: Any) -> Timing | None:
        place, text = self.origin.place((span.value,)), self.origin.text((span.value,)) or str(value)
        try:
            quantity = Quantity.parse(text)
        except ValueError:
            quantity = None
        if quantity is None or quantity.dimension != "time" or quantity.value <= 0:
            self.report(place, f"{span.value!r} cannot be {text!r}: write a time with its unit, such as 10s or 500ms")
            return None
        return Timing(span, float(quantity.value))

    def _performs(self, entry: ClaimEntry, check: Check) -> None:
        if check.takes_activity and entry.activity is None and "activity" not in self.broken:
            self.report(self.place, f"check {check.name} needs an 'activity' of the target to perform; name one")
        if check.takes_operation and entry.operation is None and "operation" not in self.broken:
            self.report(self.place, f"check {check.name} needs an 'operation' of the target to ask; name one or more")
        # No check takes an action yet.
        takes = {"activity": check.takes_activity, "operation": check.takes_operation, "action": False}
        for key, taken in takes.items():
            if getattr(entry, key) is not None and not taken:
                self.report(self.origin.key_place((key,)), f"check {check.name} takes no {key!r}; delete the key")

    def _waiver(self, entry: ClaimEntry) -> Waiver | None:
        waiver = entry.waiver
        if waiver is None:
            return None
        if entry.pending is not None:
            words = "'pending' and 'waiver' exclude one another: what was never true needs no waiver; keep one"
            self.report(self.origin.key_place(("pending",)), words)
        try:
            return Waiver(date.fromisoformat(waiver.until), waiver.owner, waiver.reason)
        except ValueError:
            place = self.origin.place(("waiver", "until"))
            self.report(place, f"'until' cannot be {waiver.until!r}: write a day, such as 2027-01-31")
            return None
