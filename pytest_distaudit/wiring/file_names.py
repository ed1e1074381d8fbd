"""Names and words for what files show."""

from __future__ import annotations

import hashlib
import re

from pytest_distaudit.domain.finding import Finding

_UNSAFE = re.compile(r"[^a-z0-9._]+")


def slug(text: str) -> str:
    """``text`` as an id: lower case letters, digits, dots, underscores and dashes."""
    return _UNSAFE.sub("-", text.lower()).strip("-.") or "unnamed"


def overlap(one: str, other: str) -> bool:
    """Whether one of two quotes holds the other."""
    return bool(one and other) and (one in other or other in one)


def sentence(finding: Finding) -> str:
    """The finding with both of its places."""
    against = f" ({finding.against})" if finding.against else ""
    return f"{finding.at}: {finding.message}{against}"


def found_words(finding: Finding) -> str:
    """What the files hold, in few words."""
    return finding.kind.value.replace("_", " ") if finding.found in ("", "nothing") else finding.found


def remedy_of(finding: Finding) -> str:
    """What to do: the message's last part says it."""
    return "" if ": " not in finding.message else finding.message.rpartition(": ")[2]


def short_digest(*parts: object) -> str:
    """Tells one of several equal names from the others."""
    return hashlib.sha256("|".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:6]
