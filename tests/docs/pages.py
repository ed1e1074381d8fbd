"""The pages that people read: README and ``docs/``, which can be asked for blocks, links and anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from docs.generate.source import DOCS, GENERATED, ROOT

README = "README.md"


@dataclass(frozen=True, slots=True)
class Block:
    """A fence, a comment or a paragraph; ``line`` counts from 1. ``tag``: a fence's language, "" for the others."""

    page: str
    line: int
    tag: str
    text: str


@cache
def written() -> dict[str, str]:
    """Path from the root -> text, of every page that people wrote."""
    paths = [ROOT / README, *(path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts)]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


@cache
def everything() -> dict[str, str]:
    """The written pages and those made from the code."""
    return {**written(), **{f"docs/{page}": made() for page, made in GENERATED.items()}}


@cache
def tokens(text: str) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(text))


def blocks(page: str) -> Iterator[Block]:
    """Fences, comments and paragraphs of a written page, in order."""
    for token in tokens(written()[page]):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            yield Block(page, line, token.info.strip() or "text", token.content)
        elif token.type in ("html_block", "inline"):
            yield Block(page, line, "", token.content.strip())


def links(page: str) -> Iterator[str]:
    """Every target that a page links to, pictures as well."""
    for token in tokens(everything()[page]):
        for child in token.children or ():
            target = child.attrs.get("href" if child.type == "link_open" else "src")
            if target is not None:
                yield str(target)


def anchors(page: str) -> set[str]:
    """What may follow ``#``: headings as GitHub and MyST spell them, and labels."""
    text = everything()[page]
    found = set(re.findall(r"^\(([^)\s]+)\)=$", text, re.MULTILINE))
    for opening, inline in zip(tokens(text), tokens(text)[1:], strict=False):
        if opening.type == "heading_open":
            words = "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))
            found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found


def path_of(page: str) -> Path:
    return ROOT / page
