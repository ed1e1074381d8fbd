"""Versions that claims want, and those that names tell. Pure."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason

_TOLD = re.compile(
    r"v?(?P<number>\d+(?:\.\d+)*)(?P<early>[-._~]?(?:rc|alpha|beta|dev|pre|a|b)[-._]?\d*)?(?:[-+~._].*)?", re.DOTALL
)
#: from here on a number is a date
_YEARS = 1990


def specifier(text: str) -> SpecifierSet:
    """What the claim allows. Nothing at all would allow everything."""
    bare = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:\.[x*])?", text.strip())
    try:
        wanted = SpecifierSet(f"=={bare[1]}.*" if bare else text, prereleases=True)
    except InvalidSpecifier:
        wanted = SpecifierSet()
    if not len(wanted):
        because = "is no version; write '15' or comparisons such as '>= 15, < 17'"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{text!r}", because)
    return wanted


def told(text: str) -> Version | None:
    """The version at the front of a tag or a label, if one stands there: "15.4-alpine" is 15.4, "16-rc1" not yet 16."""
    match = _TOLD.fullmatch(text)
    if match is None:
        return None
    try:
        found = Version(match["number"] + (match["early"] or ""))
    except InvalidVersion:
        return None
    return found if found.major < _YEARS else None
