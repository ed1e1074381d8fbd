"""Claim files: ``claims/*.yaml`` to claims, with every error of a file at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.sources.claim_builder import ClaimFile, Malformed, Page, build_claim, file_of
from pytest_distaudit.sources.claim_shape import ClaimsPage
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.shape_errors import shape_problems
from pytest_distaudit.sources.source_text import read_bytes, shown
from pytest_distaudit.sources.yaml_reader import Path as YamlPath
from pytest_distaudit.sources.yaml_reader import YamlDocument, read_yaml

__all__ = ["ClaimFile", "Malformed", "read_claim_file"]

_PAGE: TypeAdapter[ClaimsPage[Any]] = TypeAdapter(ClaimsPage[Any])


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of a YAML file, seen from inside."""

    document: YamlDocument
    prefix: YamlPath

    def place(self, path: YamlPath) -> Place:
        return self.document.place(self.prefix + path)

    def key_place(self, path: YamlPath) -> Place:
        return self.document.key_place(self.prefix + path)

    def text(self, path: YamlPath) -> str | None:
        return self.document.text(self.prefix + path)


def read_claim_file(
    path: Path, root: Path, checks: Registry[Check], documents: Documents, taken: dict[str, Place]
) -> ClaimFile:
    """Read one claim file. Never raises for what stands in it: that is in ``ClaimFile.malformed``.

    ``root`` is the project's root, which documents and places are relative to. ``taken`` maps the
    ids of all files read so far to their places, and gains those of this file.
    """
    file = shown(path, root)
    try:
        document = read_yaml(read_bytes(path, file), file)
    except InvalidInput as error:
        return file_of((), error.problems)
    whole, entries = _page(document)
    data = document.data if isinstance(document.data, dict) else {}
    page = Page(
        checks=checks,
        documents=documents,
        taken=taken,
        document=_text_of(data, "document"),
        document_place=document.place(("document",)) if "document" in data else Place(file, 1, 1),
        area=_text_of(data, "area") or path.stem,
    )
    found = [
        build_claim(entry, _Section(document, ("claims", at)), page, at + 1, _flaws(document, at))
        for at, entry in enumerate(entries)
    ]
    return file_of(found, whole)


def _page(document: YamlDocument) -> tuple[list[Problem], Sequence[Any]]:
    """What is wrong with the file as a whole, and its claims as they stand."""
    whole = [problem for path, problem in document.problems if path[:1] != ("claims",) or len(path) < 2]
    start = Place(document.file, 1, 1)
    if document.data is None:
        return [*whole, Problem(start, "the file is empty; write 'document:' and 'claims:', or delete it")], ()
    if not isinstance(document.data, dict):
        return [*whole, Problem(start, "a claim file is a mapping with 'document', 'area' and 'claims'")], ()
    try:
        _PAGE.validate_python(document.data)
    except ValidationError as error:
        whole += shape_problems(error, ClaimsPage, _Section(document, ()))
    claims = document.data.get("claims")
    return whole, claims if isinstance(claims, list) else ()


def _flaws(document: YamlDocument, at: int) -> list[Problem]:
    return [problem for path, problem in document.problems if path[:2] == ("claims", at)]


def _text_of(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) and value else None
