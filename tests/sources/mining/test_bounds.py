"""No text takes longer than its length: fuzzing under a time bound, and a large tree."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.sources import mining
from pytest_distaudit.sources.mining import mine_text
from pytest_distaudit.sources.mining.rules import products, rules
from tests.thorough import many

from .conftest import SERVICES, services

VOCABULARY = products().extended(services(*SERVICES))
#: Pieces of which the expressions are made, so that they nearly match again and again.
PIECES = (
    *(
        "Kafka",
        "basket",
        "orders service",
        "http://localhost",
        ":8080",
        "port ",
        "| ",
        "- ",
        "* ",
        "`",
        "``",
        "[",
        "](",
        ")",
    ),
    *(
        "GET /",
        "A_",
        "_PORT",
        "we use ",
        "is a ",
        "uses ",
        "not ",
        "queue ",
        "--",
        "->",
        "=>",
        ">",
        "<td>",
        "# ",
        "\n",
        "\n\n",
    ),
    *(
        " ",
        "   ",
        "a",
        "/",
        ".",
        ",",
        ":",
        "0",
        "99",
        "e.g. ",
        "calls ",
        "to ",
        "the ",
        "compose",
        ".yml",
        "${",
        "}",
        "word ",
    ),
)
SECONDS = 1.5


def _timed(text: str, document: str) -> float:
    start = time.process_time()
    for proposal in mine_text(text, document, VOCABULARY, "shop"):
        assert proposal.line >= 1
    return time.process_time() - start


@settings(max_examples=many(150), deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=40),
    st.integers(1, 60),
    st.sampled_from(["a.md", "a.rst", "a.adoc", "a.mmd"]),
)
def test_repeated_pieces(pieces: list[str], times: int, document: str) -> None:
    assert _timed("".join(pieces) * times, document) < SECONDS


@settings(max_examples=many(60), deadline=None)
@given(st.text(max_size=2_000), st.sampled_from(["a.md", "a.rst", "a.adoc", "a.mmd"]))
def test_any_text(text: str, document: str) -> None:
    assert _timed(text, document) < SECONDS


def test_long_runs() -> None:
    for piece in (
        "a",
        " ",
        "a ",
        "-",
        "`",
        "/",
        "a/",
        "a-",
        "Kafka, ",
        "uses ",
        "[",
        "http://a",
        "A_",
        "| ",
        "1",
        "<",
        "a.",
        "not ",
    ):
        for document in ("a.md", "a.rst", "a.mmd"):
            assert _timed(piece * 20_000, document) < 2 * SECONDS, (piece, document)


def test_many_lines() -> None:
    """4,000 lines in a second and a half: 200,000 would take a minute on one slow core, and do not."""
    text = (
        "The orders service publishes to a Kafka topic, and\nthe basket is at http://localhost:8080 today.\n\n" * 1_300
    )
    assert _timed(text, "a.md") < 4 * SECONDS


@cache
def _expressions() -> dict[str, re.Pattern[str]]:
    """Every expression of the miner: of its modules and of its rules."""
    found = {}
    for module in pkgutil.iter_modules(mining.__path__):
        names = vars(importlib.import_module(f"{mining.__name__}.{module.name}"))
        found |= {f"{module.name}.{name}": one for name, one in names.items() if isinstance(one, re.Pattern)}
    for owner in (rules(), *rules().patterns, *rules().vetoes, *rules().labels, *rules().settings):
        for field in dataclasses.fields(owner):
            if isinstance(one := getattr(owner, field.name), re.Pattern):
                found[f"{type(owner).__name__} {getattr(owner, 'name', '')} {field.name} {one.pattern[:20]}"] = one
    return found


@pytest.mark.parametrize("name", sorted(_expressions()))
def test_no_expression_is_slow_on_what_nearly_matches(name: str) -> None:
    expression = _expressions()[name]
    runs = [piece * (600 // len(piece)) for piece in (*PIECES, '"', "**", "(", "<", "{", "and ", "then, ", "(a")]
    start = time.process_time()
    for text in runs:
        expression.search(text)
    assert time.process_time() - start < SECONDS
