"""GitHub Actions: the step's summary, and annotations on the documents' lines as workflow commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.brief import brief, state
from pytest_distaudit.reports.ranking import Cause, causes, fails
from pytest_distaudit.reports.wording import one_line

#: bytes; of a step whose summary has more than 1 MiB nothing is shown
SUMMARY_ROOM = 890_000
#: less than that is not worth a summary
_LEAST_ROOM = 8_000
#: GitHub shows ten of a kind and step and drops the others without a word
_SHOWN = 10


def summary(audit: Audit, taken: int = 0) -> str:
    """The step's summary, less than 900 kB together with the ``taken`` bytes that are there; "" where it is full."""
    room = SUMMARY_ROOM - taken
    return brief(audit, room, evidence=True) if room >= _LEAST_ROOM else ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A sentence at a line of a file; ``level`` is error or warning, ``line`` 0 where the whole file is meant."""

    level: str
    file: str
    line: int
    title: str
    message: str

    def __str__(self) -> str:
        """The workflow command: nothing of the text can end it or begin another one."""
        told = {"file": self.file, "line": str(self.line) if self.line > 0 else "", "title": self.title}
        properties = ",".join(f"{name}={_property(value)}" for name, value in told.items() if value)
        return f"::{self.level}{' ' if properties else ''}{properties}::{_data(self.message)}"


def workflow_commands(audit: Audit) -> list[str]:
    """At most ten workflow commands, worst first; the tenth says how many more there are."""
    found = list(_annotations(audit))
    if len(found) > _SHOWN:
        left = len(found) - (_SHOWN - 1)
        found[_SHOWN - 1 :] = [Annotation("error", "", 0, "audit verdict", f"and {left} more, see the summary")]
    return [str(one) for one in found]


def _annotations(audit: Audit) -> Iterator[Annotation]:
    for error in audit.errors:
        yield Annotation(
            "error", f"{audit.folder}{error.file}", error.line, "error in claims or targets", error.message
        )
    for cause in causes(audit.claims):
        if cause.claim is None or fails(cause.claim):
            yield _of_cause(audit, cause)


def _of_cause(audit: Audit, cause: Cause) -> Annotation:
    """At the claim's line; at that of the first claim behind it where nobody claims the cause."""
    claim = cause.claim or cause.waiting[0]
    blocks = f"; blocks {len(cause.waiting)} more" if cause.waiting else ""
    message = f"{_said(claim) if cause.claim else f'{cause.key} is in the way'}{blocks}"
    title = f"{state(claim)}: {claim.key}" if cause.claim else f"not claimed, but in the way: {cause.key}"
    file, line = where(claim)
    return Annotation(_level(claim) if cause.claim else "error", f"{audit.folder}{file}", line, title, message)


def _said(claim: ClaimResult) -> str:
    remedy = f"; remedy: {one_line(claim.remedy, 200)}" if claim.remedy else ""
    return f"claimed {one_line(claim.claimed, 200)}, found {one_line(claim.actual, 200)}{remedy}"


def _level(claim: ClaimResult) -> str:
    mild = claim.severity == "minor" or claim.verdict is Verdict.UNVERIFIABLE
    return "warning" if mild else "error"


def where(claim: ClaimResult) -> tuple[str, int]:
    """The document and line that say it; the file of the claim itself where that is not known."""
    return (claim.document, claim.line) if claim.document else (claim.nodeid.partition("::")[0], 0)


def _data(text: str) -> str:
    return one_line(text, 900).replace("%", "%25")


def _property(text: str) -> str:
    return one_line(text, 300).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
