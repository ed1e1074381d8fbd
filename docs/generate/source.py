"""The pages as Sphinx reads them: those of ``docs/``, those made from the code, and the repository's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from docs.generate.checks import checks_page, shown_page
from docs.generate.claim_file import claim_file_page
from docs.generate.dependents import dependents_page
from docs.generate.json_report import json_page
from docs.generate.kinds import kinds_page
from docs.generate.options import options_page
from docs.generate.target_file import target_file_page
from docs.generate.verdicts import verdicts_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: page -> what writes it
GENERATED = {
    "reference/checks.md": checks_page,
    "reference/options.md": options_page,
    "reference/claim-file.md": claim_file_page,
    "reference/target-file.md": target_file_page,
    "reference/kinds.md": kinds_page,
    "reference/json-report.md": json_page,
    "reference/verdicts.md": verdicts_page,
    "reference/dependents.md": dependents_page,
    "explanation/what-checks-show.md": shown_page,
}
#: files of the repository's root that are pages, too
BORROWED = {
    "README.md": "project/readme.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
}

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\[]*)\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
_PICTURE = re.compile(r"^<!-- picture: (?P<name>[a-z-]+): (?P<words>.+) -->$", re.MULTILINE)
_FENCED = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)


def written_pages() -> dict[str, Path]:
    """Page -> the file that holds it: what people wrote."""
    own = {
        path.relative_to(DOCS).as_posix(): path
        for path in sorted(DOCS.rglob("*.md"))
        if "_build" not in path.relative_to(DOCS).parts
    }
    return {**own, **{page: ROOT / name for name, page in BORROWED.items()}}


def write_source(folder: Path, pictures: Mapping[str, str]) -> None:
    """Fill ``folder`` with every page. ``pictures``: name -> Markdown that shows it, or says why it is not there."""
    pages = written_pages()
    for page, path in pages.items():
        told = with_links(path.read_text("utf-8"), path, page, pages)
        _write(folder / page, with_pictures(told, pictures))
    for page, made in GENERATED.items():
        _write(folder / page, made())


def with_links(text: str, path: Path, page: str, pages: Mapping[str, Path]) -> str:
    """The text of ``path`` with links that lead from ``page`` to pages; those to other files become their names.

    Raises ValueError for a link to nothing.
    """
    places = {one.relative_to(ROOT).as_posix(): name for name, one in pages.items()}
    here = path.parent.relative_to(ROOT).as_posix()

    def moved(link: re.Match[str]) -> str:
        target = normpath(join(here, link["target"]))
        if target in places:
            return f"[{link['text']}]({relpath(places[target], dirname(page) or '.')}{link['anchor'] or ''})"
        if not (ROOT / target).exists():
            raise ValueError(f"{path.relative_to(ROOT)}: there is no {target}, to which it links")
        return f"{link['text']} (`{target}` in the repository)"

    parts = _FENCED.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(moved, part) for part in parts)


def with_pictures(text: str, pictures: Mapping[str, str]) -> str:
    """The text with its pictures where the comments ``<!-- picture: NAME: WORDS -->`` stand."""

    def shown(found: re.Match[str]) -> str:
        return pictures[found["name"]].replace("{words}", found["words"])

    return _PICTURE.sub(shown, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text("utf-8") != text:
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
