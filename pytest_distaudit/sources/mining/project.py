"""What the project is called: the words that its folder and its README's title share."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_distaudit.sources.mining.vocabulary import key_of

_TITLE = re.compile(r"^\s{0,3}#\s+(.{1,200})$|^([^\n#=]{1,200})\n={3,}\s*$|^=\s+(.{1,200})$", re.MULTILINE)
_READ = 8_000
_GENERAL = re.compile(
    r"[-_. ](?:micro-?services?|demo|sample|samples|example|app|application|project|system|platform)$", re.IGNORECASE
)


def project_of(root: Path) -> str:
    """The shared name, else the title's first words, else the folder's name."""
    folder = _GENERAL.sub("", root.resolve().name.rpartition("__")[2])
    title = _title(root)
    words = re.split(r"[-_. ]+", folder)
    for count in range(len(words), 0, -1):
        name = "-".join(words[:count]).lower()
        if len(key_of(name)) >= 3 and key_of(name) in key_of(title):
            return name
    short = re.split(r"\s[-–—|]\s|:", title)[0].strip(" *`")
    return short if 0 < len(short) <= 40 else folder


def _title(root: Path) -> str:
    for path in sorted(root.glob("[Rr][Ee][Aa][Dd][Mm][Ee]*")):
        if path.is_file() and not path.is_symlink():
            with path.open(encoding="utf-8", errors="replace") as stream:
                match = _TITLE.search(stream.read(_READ))
            if match:
                return next(group for group in match.groups() if group)
    return ""
