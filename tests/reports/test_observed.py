"""What was observed as a document: its claims can be read back, and names of a hostile system do nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.reports.observed import Observed, document
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.inline import read_inline_claims
from pytest_distaudit.wiring import load_checks

QUEUE = Observed(
    "broker", "queue.exists", "system", {"queue": "tasks"}, "queue tasks", "queue tasks exists", "", True, False, True
)
CHECKS = load_checks()


def read(text: str, folder: Path):
    path = folder / "observed.md"
    path.write_text(text, "utf-8")
    return read_inline_claims(path, folder, CHECKS, Documents(folder), {})


def named(name: str) -> Observed:
    return replace(QUEUE, params={"queue": name}, says=f"queue {name}")


def written(*found: Observed) -> str:
    return "\n".join(document("local", "2026-01-02", found)) + "\n"


def test_claims_are_read_back(tmp_path: Path) -> None:
    count = replace(QUEUE, check="queue.count", params={"count": 2}, says="2 lasting queues")
    file = read(written(QUEUE, named("tasks failed"), count), tmp_path)
    assert not file.malformed
    assert [(one.id, one.params.get("queue"), one.roles) for one in file.claims] == [
        ("observed-broker-queue-exists-tasks", "tasks", {"system": "broker"}),
        ("observed-broker-queue-exists-tasks-failed", "tasks failed", {"system": "broker"}),
        ("observed-broker-queue-count", None, {"system": "broker"}),
    ]


def test_names_that_fall_together_have_ids_of_their_own(tmp_path: Path) -> None:
    file = read(written(named("a b"), named("a-b"), named("a/b")), tmp_path)
    assert [one.id.removeprefix("observed-broker-queue-exists-") for one in file.claims] == ["a-b", "a-b-2", "a-b-3"]


def test_what_does_not_hold_or_could_not_be_told_is_no_claim() -> None:
    refuted = replace(named("gone"), holds=False, refuted=True, actual="no queue gone")
    unclear = replace(named("dim"), holds=False, actual="?", because="forbidden")
    text = written(refuted, unclear)
    assert "<!-- claim" not in text
    assert "## Does not hold\n\n- broker, queue.exists queue=gone: no queue gone\n" in text
    assert "## Could not be told\n\n- broker, queue.exists queue=dim: forbidden\n" in text


@pytest.mark.parametrize("name", ["a --> <script>alert(1)</script>", "a --!> b", "line\nbreak", "\x1b[31mred"])
def test_a_name_that_would_end_the_comment_is_left_out_of_claims(name: str, tmp_path: Path) -> None:
    text = written(replace(named(name), mentioned=False))
    assert "<!-- claim" not in text
    assert "<script>" not in text
    assert "\x1b" not in text
    assert read(text, tmp_path).claims == ()


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40))
def test_any_name_is_read_back_or_left_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    file = read(written(named(name)), tmp_path_factory.mktemp("observed"))
    assert not file.malformed
    assert [one.params["queue"] for one in file.claims] in ([name], [])
