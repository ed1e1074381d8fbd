"""What a store of vectors or documents offers to checks: one collection and what moves it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Collection(Capability):
    """One collection by name. Args: ``name``, and where the product has such: ``tenant``, ``database``.

    ``place`` names tenant and database, "" without. ``others``: collections beside it, as far as they may be
    listed (None). ``fault``: why it does not serve although it is there, in the product's words.
    ``records`` is what it holds now, ``approximate`` where the product only estimates it; ``dimensions`` are the
    lengths of its vectors: one for each sort that it stores, () while that is open, None where it is not told.
    ``reads`` and ``writes`` count requests that succeeded since the product's counters began, the audit's own left
    out; None: it counts none. ``counts_all``: they are those of the whole store, which has no finer ones.
    ``nonces``: those of the audit that can be read in what is stored, None: that cannot be read. ``digest`` stands
    for everything that is stored; "" where not all was read.
    """

    capability = "collection"
    name: str
    exists: bool
    place: str = ""
    others: tuple[str, ...] | None = None
    fault: str = ""
    records: int | None = None
    approximate: bool = False
    dimensions: tuple[int, ...] | None = None
    reads: int | None = None
    writes: int | None = None
    counts_all: bool = False
    nonces: tuple[str, ...] | None = None
    digest: str = ""
