"""Kinds of systems: what each offers to checks, how it is started, and on what it is proven."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.markdown import code, page, table
from docs.generate.variants import row
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.wiring import load_kinds

ROOT = Path(__file__).parents[2]
#: kind -> what the last recorded runs of ``lab/everything`` saw: its version, and how often its servers were asked
SEEN: dict[str, dict[str, Any]] = json.loads((ROOT / "lab/everything/seen.json").read_text("utf-8"))


def kinds_page() -> str:
    """The reference page."""
    kinds = load_kinds()
    return page(
        "Kinds of systems",
        "What a target file may name as `kind`. *Offers* are the facts that checks ask for; a check runs on every kind "
        "that offers what it asks.",
        table(["kind", "endpoints", "offers"], (_offer(kinds[name]) for name in kinds)),
        "(proven)=\n## What is proven on what",
        "*Live*: the tests start the product itself, with `native = {}` or as the line below says, and hold what the "
        "audit says against what was done to it. *Live with lab-extra*: the same, where `./run lab-extra` has made the "
        "server; elsewhere these tests are skipped by name. *Contract only*: no package carries the product; a double "
        "made from its published API stands in. It can refute a claim, never verify one. *Requests*: how many of them "
        "the servers of `./run everything` counted themselves while they were audited; – where a product keeps no such "
        "count that can be asked for, or the kind is not among these.",
        table(["kind", "proven", "version seen", "requests"], (_proven(name) for name in kinds)),
        "## Versions and variants that are tested",
        "By doubles that answer as the published API of that version or variant says, or by the product where a test "
        "starts it. What is asked of each: the same facts where it still tells them, else a reason, never nothing. "
        "*Managed*: as a provider hands it out, without an administrator's rights.",
        table(["kind", "older", "newer", "managed"], ([code(name), *row(name)] for name in kinds)),
    )


def _offer(kind: Kind) -> list[str]:
    endpoints = (f"{code(name)}: {', '.join(schemes)}" for name, schemes in kind.endpoints.items())
    return [code(kind.name), "; ".join(endpoints) or "–", ", ".join(sorted(kind.answers))]


def _proven(name: str) -> list[str]:
    seen = SEEN.get(name, {})
    return [code(name), "; ".join(_ways(name)), str(seen.get("version", "–")), str(seen.get("requests", "–"))]


def _ways(name: str) -> Iterator[str]:
    if name in builtin_recipes():
        extra = (ROOT / "lab/extra" / name).exists()
        yield "live with lab-extra" if extra else "live"
    elif name == "docker":
        yield "live, with an engine of its own (`./run lab`)"
    else:
        yield "contract only"
    if (ROOT / f"lab/images/{name}").exists():
        yield "live in containers, with an image of Debian's package"
