"""Claims inside a Markdown document: ``<!-- claim: queue.consumed system=rabbitmq queue=tasks -->``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.sources.blocks import Block, block_of_children, block_of_inline, lines_of, parser
from pytest_distaudit.sources.claim_builder import ClaimFile, Malformed, Page, build_claim, file_of
from pytest_distaudit.sources.claim_parameters import slug
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.shape_errors import Path as KeyPath
from pytest_distaudit.sources.source_text import read_text, shown

if TYPE_CHECKING:
    from markdown_it.token import Token

_MENTION = re.compile(rb"<!--\s*claim:")
_OPENING = re.compile(r"<!--\s*claim:")
_UNESCAPED = re.compile(r"(?<!\\)<!--\s*claim:")
_COMMENT = re.compile(r"<!--(.*?)(-->|\Z)", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?]\s+")
#: Keys of a claim; every other key but a role is a parameter.
_KEYS = {
    "id", "system", "quote", "within", "holds_for", "never_for", "expect", "severity", "targets", "activity",
    "operation", "action", "area", "line", "pending",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Comment:
    """One claim comment: what follows ``claim:``, where it stands, and what it speaks of."""

    text: str
    place: Place
    closed: bool
    quote: str
    line: int


@dataclass(frozen=True, slots=True)
class _Everywhere:
    """All of a comment stands at one place."""

    at: Place

    def place(self, path: KeyPath) -> Place:
        return self.at

    def key_place(self, path: KeyPath) -> Place:
        return self.at

    def text(self, path: KeyPath) -> str | None:
        return None


def mentions_claims(path: Path) -> bool:
    """Whether the file can hold inline claims: a test of its bytes, without parsing."""
    try:
        return _MENTION.search(path.read_bytes()) is not None
    except OSError:
        return False


def read_inline_claims(
    path: Path, root: Path, checks: Registry[Check], documents: Documents, taken: dict[str, Place]
) -> ClaimFile:
    """Read the claims in one Markdown document. Never raises for what stands in it.

    Each claim's quote is the sentence before its comment, in the same block or, for a comment that
    is a block of its own, the block before it. Arguments as for ``read_claim_file``.
    """
    file = shown(path, root)
    try:
        text = read_text(path, file)
    except InvalidInput as error:
        return file_of((), error.problems)
    page = Page(checks, documents, taken, file, Place(file), path.stem)
    return file_of([_built(comment, page, at + 1) for at, comment in enumerate(_Reader(text, file).comments())], ())


class _Reader:
    """The claim comments of one Markdown text, each with the text that it follows."""

    def __init__(self, text: str, file: str) -> None:
        self._tokens = parser().parse(text)
        self._source = lines_of(text)
        self._file = file
        #: line -> column after the last comment found there
        self._columns: dict[int, int] = {}

    def comments(self) -> Iterator[_Comment]:
        before: Block | None = None
        for token in self._tokens:
            first = token.map[0] + 1 if token.map else 1
            if token.type == "html_block":
                yield from self._found(token.content, first, before)
            elif token.type == "inline":
                yield from self._inline(token, first)
                before = block_of_inline(token) or before

    def _inline(self, token: Token, first: int) -> Iterator[_Comment]:
        line, children = first, token.children or []
        read = [child.content for child in children if child.type in ("code_inline", "html_inline")]
        # Without its end a comment in a sentence is plain text: the claim would vanish silently.
        unread = len(_UNESCAPED.findall(token.content)) > len(_OPENING.findall("\n".join(read)))
        for at, child in enumerate(children):
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "html_inline":
                yield from self._found(child.content, line, block_of_children(children[:at], first))
                line += child.content.count("\n")
            elif unread and child.type == "text" and _OPENING.search(child.content):
                yield self._comment("", line, False, None)

    def _found(self, html: str, line: int, before: Block | None) -> Iterator[_Comment]:
        for found in _COMMENT.finditer(html):
            text = found[1].strip()
            if text.startswith("claim:"):
                start = line + html.count("\n", 0, found.start())
                yield self._comment(text.removeprefix("claim:").strip(), start, bool(found[2]), before)

    def _comment(self, text: str, line: int, closed: bool, before: Block | None) -> _Comment:
        source = self._source[line - 1] if line <= len(self._source) else ""
        opening = _OPENING.search(source, self._columns.get(line, 0))
        column = opening.start() + 1 if opening else 1
        self._columns[line] = opening.end() if opening else 0
        quote, quoted = _last_sentence(before) if before else ("", 0)
        return _Comment(text, Place(self._file, line, column), closed, quote, quoted)


def _last_sentence(block: Block) -> tuple[str, int]:
    text = block.text
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    start = ends[-1] if ends else 0
    offset = 0
    for line, piece in block.pieces:
        offset += len(piece) + 1
        if start < offset:
            return text[start:], line
    return text[start:], block.pieces[-1][0]


def _built(comment: _Comment, page: Page, number: int) -> tuple[Any, ...] | Malformed:
    if not comment.closed:
        problem = Problem(comment.place, "this claim comment is not closed; end it with -->")
        return Malformed(f"claim-{number}", comment.place, (problem,))
    problems: list[Problem] = []
    raw = _raw(comment, page, problems)
    raw.setdefault("id", _default_id(raw, page, number))
    own = Page(page.checks, page.documents, page.taken, page.document, comment.place, raw.pop("area", page.area))
    # A quote that the author gives is looked up; the sentence before the comment is where it is.
    located = None if "quote" in raw else comment.line
    if not comment.quote and "quote" not in raw:
        problems.append(Problem(comment.place, "no sentence stands before this comment; move it behind its sentence"))
    raw.setdefault("quote", comment.quote or "nothing")
    return build_claim(raw, _Everywhere(comment.place), own, number, problems, located)


def _raw(comment: _Comment, page: Page, problems: list[Problem]) -> dict[str, Any]:
    """The comment as an entry of a claim file."""

    def report(message: str) -> None:
        problems.append(Problem(comment.place, message))

    try:
        words = shlex.split(comment.text)
    except ValueError as error:
        report(f"the claim cannot be split into words: {str(error).lower()}; close every quote")
        words = comment.text.split()
    check = words.pop(0) if words and "=" not in words[0] else ""
    raw: dict[str, Any] = {"check": check} if check else {}
    roles = page.checks[check].roles if check in page.checks else {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            report(f"{word!r} is no key=value; put values that hold spaces in quotes")
        elif key in raw or key in raw.get("with", ()) or key in raw.get("roles", ()):
            report(f"key {key!r} is given twice; keep one of the two")
        else:
            _take(raw, key, value, roles)
    return raw


def _take(raw: dict[str, Any], key: str, value: str, roles: Any) -> None:
    if key == "targets":
        raw[key] = value.split(",")
    elif key == "line":
        raw[key] = int(value) if value.isdecimal() else value
    elif key in _KEYS:
        raw[key] = value
    else:
        raw.setdefault("roles" if key in roles else "with", {})[key] = value


def _default_id(raw: dict[str, Any], page: Page, number: int) -> str:
    """``<document stem>-<check>-<system>``; without a check, the comment's number in the document."""
    stem, check = slug(Path(page.document or "").stem), slug(raw.get("check", "").replace(".", "-"))
    player = raw.get("system") or next(iter(raw.get("roles", {}).values()), "")
    return "-".join(filter(None, (stem, check or f"claim-{number}", slug(player))))
