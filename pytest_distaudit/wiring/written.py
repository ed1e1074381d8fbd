"""What is claimed below a folder: claim files and inline claims, read as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.target import Project


@dataclass(frozen=True, slots=True)
class WrittenClaims:
    """The well-formed claims (a case is a claim), and the ids of those that are malformed."""

    claims: tuple[Claim, ...]
    malformed: tuple[str, ...]


def claim_files(root: Path, project: Project) -> list[Path]:
    """Every claim file below the claims folder."""
    return [path for path in sorted((root / project.claims).rglob("*")) if path.suffix in (".yaml", ".yml")]


def documents_to_mine(root: Path, project: Project) -> list[Path]:
    """The documents that the project names; all of the tree where none is there."""
    from pytest_distaudit.sources.mining import documents_of

    found: dict[Path, None] = {}
    for pattern in project.documents:
        for path in sorted(root.glob(pattern)):
            found |= dict.fromkeys(documents_of(path) if path.is_dir() else [path])
    return [path for path in found if path.is_file()] or documents_of(root)


def written_below(root: Path, project: Project, checks: Registry[Check]) -> WrittenClaims:
    """All that is claimed there."""
    from pytest_distaudit.sources.claim_file import ClaimFile, read_claim_file
    from pytest_distaudit.sources.documents import Documents
    from pytest_distaudit.sources.inline import mentions_claims, read_inline_claims

    documents, taken = Documents(root), dict[str, Place]()

    def files() -> Iterator[ClaimFile]:
        for path in claim_files(root, project):
            yield read_claim_file(path, root, checks, documents, taken)
        for path in documents_to_mine(root, project):
            if path.suffix in (".md", ".markdown") and mentions_claims(path):
                yield read_inline_claims(path, root, checks, documents, taken)

    read = list(files())
    claims = tuple(claim for file in read for claim in file.claims)
    return WrittenClaims(claims, tuple(one.id for file in read for one in file.malformed))
