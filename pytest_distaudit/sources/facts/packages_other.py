"""Manifests of other languages: only the known clients that they name, which is all that is asked of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dependency
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.products import speaks_to_any

# fmt: off
NAMES = frozenset((
    "composer.json", "Gemfile", "mix.exs", "Pipfile", "setup.py", "setup.cfg", "build.sbt", "libs.versions.toml",
    "deps.edn", "rebar.config", "conanfile.txt", "CMakeLists.txt",
))
# fmt: on
_WORD = re.compile(r"[@A-Za-z][\w./@-]{1,80}")


def read_other(file: str, text: str) -> Iterator[Dependency]:
    """The words that name a client of a known product, each once."""
    seen: set[str] = set()
    for match in _WORD.finditer(text):
        if match[0] not in seen and speaks_to_any(match[0]):
            seen.add(match[0])
            yield Dependency("other", match[0], "", Spot(file, text.count("\n", 0, match.start()) + 1))
