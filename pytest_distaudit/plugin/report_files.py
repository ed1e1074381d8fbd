"""The files that were asked for: each is written whole, or the old one stays."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import Audit

#: option -> (module whose ``document(audit)`` is the file's text, its name in the folder of --distaudit-reports)
_FORMATS: Mapping[str, tuple[str, str]] = {
    "distaudit_json": ("pytest_distaudit.reports.json", "audit.json"),
    "distaudit_html": ("pytest_distaudit.reports.page", "audit.html"),
    "distaudit_markdown": ("pytest_distaudit.reports.markdown", "audit.md"),
    "distaudit_comment": ("pytest_distaudit.reports.comment", "comment.md"),
    "distaudit_oscal": ("pytest_distaudit.reports.oscal", "oscal.json"),
    "distaudit_attestation": ("pytest_distaudit.reports.attestation", "attestation.json"),
    "distaudit_sarif": ("pytest_distaudit.reports.sarif", "audit.sarif"),
}
#: the one of them that shows the documents themselves
_SHOWS_DOCUMENTS = "distaudit_html"
#: the one that speaks of the evidence folder
_ATTESTATION = "distaudit_attestation"


@dataclass(slots=True)
class ReportFiles:
    """What became of the files that were asked for; ``failed`` are sentences."""

    written: list[Path] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def fill_folder(option: Namespace) -> None:
    """Have every report written into the folder that was named, but those that have a path of their own.

    Raises UsageError for an attestation of evidence that is not kept.
    """
    folder: Path | None = option.distaudit_reports
    if option.distaudit_attestation and not option.distaudit_evidence:
        raise pytest.UsageError("--distaudit-attestation speaks of kept evidence: add --distaudit-evidence=DIR")
    if folder is None:
        return
    for name, (_, file) in _FORMATS.items():
        if name != _ATTESTATION or option.distaudit_evidence:
            setattr(option, name, getattr(option, name) or folder / file)


def shows_documents(option: Namespace) -> bool:
    """Whether a report was asked for that shows the documents."""
    return getattr(option, _SHOWS_DOCUMENTS, None) is not None


def speaks_of_evidence(option: Namespace) -> bool:
    """Whether a report was asked for that names the evidence by its digest."""
    return getattr(option, _ATTESTATION, None) is not None


def write_reports(audit: Audit, option: Namespace) -> ReportFiles:
    """Write every report that was asked for; one that cannot be written keeps no other from it."""
    from pytest_distaudit.reports.whole import write_whole

    files = ReportFiles()
    for name, (module, _) in _FORMATS.items():
        path: Path | None = getattr(option, name)
        if path is None:
            continue
        document: Callable[[Audit], str] = import_module(module).document
        try:
            write_whole(path, document(audit))
            files.written.append(path)
        except OSError as error:
            flag = f"--{name.replace('_', '-')}"
            files.failed.append(f"{flag}={path} was not written: {error.strerror or error}; an older file there stays")
    return files
