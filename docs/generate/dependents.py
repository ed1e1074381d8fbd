"""Who depends on whom in the example, as ``./run dependencies`` found it from outside."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.generate.markdown import code, page, table

#: "redis stopped" -> claim -> its verdict then
TABLE = Path(__file__).parents[2] / "tests/dependencies.toml"


def dependents_page() -> str:
    """The reference page."""
    lines = tomllib.loads(TABLE.read_text("utf-8"))
    return page(
        "Who depends on whom in the example",
        "`./run dependencies` kills, then halts each system of the example's target `connected`, with signals of the "
        "operating system that the audit knows nothing of, and lets an audit attach to what is left. These claims are "
        "no longer *verified* then, and no others; all are while nothing is done. *Not decided* is what could not be "
        "looked at any more: the system itself, and whatever is asked through it. *At times* is what hangs on the "
        "moment.",
        table(
            ["system", "is", "refuted", "not decided", "at times"],
            (_row(line, claims) for line, claims in lines.items()),
        ),
    )


def _row(line: str, claims: Mapping[str, str]) -> Iterator[str]:
    system, _, way = line.partition(" ")
    yield code(system)
    yield {"stopped": "killed", "frozen": "halted"}[way]
    for verdict in ("refuted", "unverifiable", "at times"):
        yield ", ".join(claim for claim, found in claims.items() if found == verdict) or "–"
