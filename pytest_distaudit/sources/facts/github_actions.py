"""GitHub's workflows: the language versions that they set up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Toolchain
from pytest_distaudit.domain.finding import Spot

NAMED = re.compile(r"(?:^|/)\.github/.+\.ya?ml$")
_VERSION = re.compile(r"^[ \t]*(java|node|python|go|dotnet|ruby|php)-version:[ \t]*['\"]?([0-9][0-9.]*)", re.MULTILINE)


def read_workflow(file: str, text: str) -> Iterator[Toolchain]:
    """The versions that stand literally; a matrix of several has none."""
    for match in _VERSION.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        yield Toolchain(match[1], match[2].rstrip("."), Spot(file, line))
