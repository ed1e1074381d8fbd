"""Text and places as SARIF has them."""

from __future__ import annotations

import re
from urllib.parse import quote

from pytest_distaudit.reports.wording import one_line

#: "[text](target)" is a link in a SARIF message, "{0}" a placeholder
_LINK = re.compile(r"\](?=\()")
_PLACEHOLDER = re.compile(r"\{(?=\d+\})")


def sentence(text: str, limit: int) -> str:
    """Foreign text as part of a message: never empty, no link, no placeholder in it."""
    line = one_line(text, limit) or "-"
    return _PLACEHOLDER.sub("{ ", _LINK.sub("] ", line))


def is_inside(path: str) -> bool:
    """Whether a path, written with slashes, stays in the project."""
    return bool(path) and not path.startswith(("/", "\\")) and ".." not in re.split(r"[/\\]", path)


def relative_uri(path: str) -> str:
    """A path below the repository's root as a URI; bytes that are no text keep their value."""
    return quote(path.encode("utf-8", "surrogateescape" if _only_bytes(path) else "replace"), safe="/")


def _only_bytes(path: str) -> bool:
    """Whether each lone surrogate stands for a byte, as Python reads names of files that are no UTF-8."""
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
