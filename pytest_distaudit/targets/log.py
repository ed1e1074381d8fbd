"""A started system's last words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINES = 40
_LINE_LENGTH = 500
_BYTES = 64 * 1024
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def tail(path: Path, secrets: Collection[str]) -> str:
    """The last 40 lines, each cut at 500 characters, with every secret replaced; "" without a file."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return last_lines(text, secrets)


def last_lines(text: str, secrets: Collection[str]) -> str:
    """Of ``text``, the same."""
    text = _COLOUR.sub("", text)
    # Before cutting lines: half a secret would not be recognised.
    for secret in secrets:
        text = text.replace(secret, "***")
    return "\n".join(line[:_LINE_LENGTH] for line in text.splitlines()[-_LINES:])


def secrets_in(endpoints: Mapping[str, str]) -> frozenset[str]:
    """The passwords written in the URLs, as written and decoded."""
    try:
        written = [urlsplit(url).password for url in endpoints.values()]
    except ValueError:
        return frozenset()
    return frozenset(form for word in written if word for form in (word, unquote(word)))
