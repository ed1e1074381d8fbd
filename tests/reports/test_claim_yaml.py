"""Proposals as claim files: whatever a sentence holds, the file is read back as it was meant."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.reports.claim_yaml import claim_text, head_text, scalar
from pytest_distaudit.sources.yaml_reader import read_yaml


@given(st.text(max_size=40))
@example("isn\x92t")
@example("\x7f\x85\u2028\u2029\ufeff\uffff\U0001f680")
@example("no")
@example("1e3")
@example("~")
def test_every_text_reads_back_as_it_stands(text: str) -> None:
    written = f"a: {scalar(text)}\n"
    assert written.count("\n") == 1
    assert read_yaml(written, "a.yaml").data == {"a": text}
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize("check", ["port.open", ""])
@given(st.text(min_size=1, max_size=40))
def test_a_sentence_stays_within_its_claim_or_its_comment(check: str, quote: str) -> None:
    found = Proposal("README.md", 3, quote, "web", "port", "port", "web", check, {"system": "web"}, {"port": 80})
    written = f"{head_text('README.md')}claims:\n{claim_text(found, 'a')}"
    claim = {"id": "a", "quote": quote, "line": 3, "check": "port.open", "system": "web", "with": {"port": 80}}
    assert read_yaml(written, "a.yaml").data == {"document": "README.md", "claims": [claim] if check else None}
