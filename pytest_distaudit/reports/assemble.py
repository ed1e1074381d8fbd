"""The finished audit, computed once from the claims' results."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.audit import (
    Audit,
    CheckNote,
    ClaimResult,
    Coverage,
    Digest,
    InputError,
    NotJudged,
    Page,
    SystemResult,
    rung_of_system,
    verdict_of_target,
)
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.target import Target
from pytest_distaudit.domain.verdict import Scope


def assemble(
    *,
    claims: Sequence[ClaimResult],
    errors: Sequence[InputError],
    not_judged: Sequence[NotJudged],
    collected: Mapping[str, Any],
    coverage: Coverage,
    findings: Sequence[Finding],
    target: Target,
    provision: str,
    scope: str,
    started: datetime,
    duration_s: float,
    root: Path,
    narrowed: bool,
    replayed: bool,
    gated: bool = False,
    pages: Iterable[Page] = (),
    checks: Iterable[CheckNote] = (),
    digests: Iterable[Digest] = (),
) -> Audit:
    """Put everything together; the verdict on the whole target only when the whole was selected."""
    from pytest_distaudit import __version__

    commit, dirty = _commit(root, foreign=gated or scope == Scope.STATIC.word)
    folder, repository = _lies_in(root)
    return Audit(
        tool=__version__,
        target=target.name or None,
        provision=provision,
        scope=scope,
        started=started.isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        commit=commit,
        dirty=dirty,
        verdict=None if narrowed else verdict_of_target(claims, len(errors)),
        selected=collected["selected"],
        total=collected["total"],
        claims=tuple(claims),
        systems=_systems(target, claims, collected["sources"]),
        not_judged=tuple(not_judged),
        errors=tuple(errors),
        coverage=coverage,
        findings=tuple(findings),
        narrowed=narrowed,
        replayed=replayed,
        links=tuple((link.source, link.to) for link in target.links.values()),
        pages=tuple(pages),
        digests=tuple(digests),
        checks=tuple(checks),
        folder=folder,
        repository=repository,
    )


def _systems(target: Target, claims: Sequence[ClaimResult], sources: Mapping[str, str]) -> tuple[SystemResult, ...]:
    found = []
    for name, spec in target.systems.items():
        about = [claim for claim in claims if name in claim.systems]
        if about:
            keys = tuple(claim.key for claim in about)
            rung = rung_of_system(name, claims)
            found.append(SystemResult(name, spec.kind, sources.get(name, ""), _version(name, about), rung, keys))
    return tuple(found)


def _version(name: str, about: Sequence[ClaimResult]) -> str:
    """The version that the system told, as far as any evidence holds it."""
    for claim in about:
        for line in claim.evidence:
            if line.system == name and line.asked.startswith("presence") and "version" in line.value:
                return str(line.value["version"])
    return ""


def _commit(root: Path, *, foreign: bool) -> tuple[str | None, bool | None]:
    """(commit, whether the tree differs from it); (None, None) outside git.

    ``foreign``: the tree is data. To compare it git would run what the tree's own settings name, so it is not asked.
    """
    try:
        head = _git(root, "rev-parse", "HEAD").strip()
        return head, None if foreign else bool(_git(root, "status", "--porcelain", "--untracked-files=no").strip())
    except (OSError, subprocess.SubprocessError):
        return None, None


def _lies_in(root: Path) -> tuple[str, str | None]:
    """(the folder's path in its repository, where that was cloned from); ("", None) outside git."""
    try:
        folder = _git(root, "rev-parse", "--show-prefix").removesuffix("\n")
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return "", None
    try:
        return folder, address_of(_git(root, "config", "--get", "remote.origin.url").strip())
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return folder, None


#: ``git@host:owner/name``
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[\w.-]+):(?P<path>[\w.~-][\w./~-]*)")


def address_of(remote: str) -> str | None:
    """A remote as an address to show: without credentials, query and fragment; None for paths of this machine."""
    if copied := _SCP.fullmatch(remote):
        return f"ssh://{copied['host']}/{copied['path']}"
    try:
        parts = urlsplit(remote)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http", "ssh", "git") or not host or not re.fullmatch(r"[\w.-]+", host):
        return None
    if not re.fullmatch(r"[\w./~%+-]*", parts.path, re.ASCII):
        return None
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _git(root: Path, *words: str) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout  # noqa: S603
