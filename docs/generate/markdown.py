"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: what Markdown would read as its own
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>{}$"})


def plain(text: str) -> str:
    """The text as text: nothing in it is markup."""
    return " ".join(text.split()).translate(_SPECIAL)


def code(text: str) -> str:
    """The text in code, whatever single backticks it holds."""
    fence, space = ("``", " ") if "`" in text else ("`", "")
    return f"{fence}{space}{text}{space}{fence}"


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; its cells are Markdown. Without words in the head it has no head that shows."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def page(title: str, *parts: str) -> str:
    """A page of parts with a blank line between them."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts if part)]) + "\n"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
