"""Proposals as other tools read them, and as a claim file would hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby

from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.reports.claim_yaml import claim_text, head_text


def as_jsonl(proposals: Iterable[Proposal]) -> Iterator[str]:
    """One JSON object a line, its keys the proposal's fields."""
    for one in proposals:
        yield json.dumps(asdict(one), ensure_ascii=False) + "\n"


def as_yaml(proposals: Iterable[Proposal]) -> Iterator[str]:
    """One YAML document for each document of the tree, in the shape of a claim file."""
    for document, group in groupby(proposals, key=lambda one: one.document):
        yield f"---\n{head_text(document)}claims:\n"
        for one in group:
            yield claim_text(one)
