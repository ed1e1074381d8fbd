"""The proposal: a sentence of a document that could be a claim, as the miner reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_distaudit.domain.claim import Expect


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a sentence: ``value`` as written ("8", "15.2"), ``unit`` ("", "ms", "%"), and ``of``:
    what it counts or names ("services", "port", "version", "p95")."""

    value: str
    unit: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One checkable statement that nobody has claimed yet.

    ``document`` is relative to the audited tree, with slashes; ``line`` counts from 1; ``quote`` stands
    in the document's rendered text (``sources.documents``). ``component`` is the normalised name of the
    product or service, ``spelled`` how the document writes it, ``pattern`` one of the vocabulary's
    patterns. ``check`` is "" where no check decides it yet; ``params`` are written as a claim file
    would write them. ``rule`` names the rule that said so, ``headings`` what the line stands under,
    outermost first.
    """

    document: str
    line: int
    quote: str
    component: str
    pattern: str
    rule: str
    spelled: str = ""
    check: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    expect: Expect = Expect.PRESENT
    headings: tuple[str, ...] = ()
