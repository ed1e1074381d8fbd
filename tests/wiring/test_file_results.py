"""What files show is remembered exactly as long as it is true."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_distaudit.sources.facts.fingerprint import fingerprint
from pytest_distaudit.wiring.file_claims import claims_of
from pytest_distaudit.wiring.file_results import FileResults, Remembered
from pytest_distaudit.wiring.files import Files

README = """\
# Shop

The gateway listens on port 8080.
The catalog listens on port 9000.
All orders go through RabbitMQ. See `compose.yaml`.
"""
COMPOSE = """\
services:
  gateway:
    image: acme/gateway
    ports: ["8081:8081"]
  catalog:
    image: acme/catalog
    ports: ["9000:9000"]
  rabbitmq:
    image: rabbitmq:3.13
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "shop"
    root.mkdir()
    (root / "README.md").write_text(README, encoding="utf-8")
    (root / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    return root


def look(root: Path) -> FileResults:
    return Files(root, lambda line: None).results


def test_what_is_remembered_is_what_was_found_and_nothing_is_read_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Files(tree, lambda line: None)
    claims = claims_of(first)
    assert {claim.check for claim in claims} == {"files.finding", "files.agree", "files.path"}
    monkeypatch.setattr("pytest_distaudit.sources.facts.read_facts", _must_not_be_called)
    monkeypatch.setattr("pytest_distaudit.sources.mining.miner.mine_text", _must_not_be_called)
    again = Files(tree, lambda line: None)
    assert again.results == first.results
    assert claims_of(again) == claims
    assert [again.decided(one) for one in again.proposals] == [first.decided(one) for one in first.proposals]


def _must_not_be_called(*arguments: object) -> None:
    raise AssertionError(f"read again: {arguments}")


def _same_size_and_time(root: Path) -> None:
    """The change that no clock and no size tells."""
    path = root / "compose.yaml"
    told = path.stat()
    path.write_text(COMPOSE.replace("8081:8081", "8080:8080"), encoding="utf-8")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def _another_file(root: Path) -> None:
    (root / "override.yaml").write_text("services: {search: {image: 'elasticsearch:8'}}\n", encoding="utf-8")


def _a_document_gone(root: Path) -> None:
    (root / "README.md").unlink()


def _a_folder(root: Path) -> None:
    (root / "notes").mkdir()


def _a_link(root: Path) -> None:
    (root / "notes.md").symlink_to("README.md")


@pytest.mark.parametrize("change", [_same_size_and_time, _another_file, _a_document_gone, _a_folder, _a_link])
def test_any_change_is_seen(tree: Path, change: Callable[[Path], None]) -> None:
    before = fingerprint(tree)
    look(tree)
    assert fingerprint(tree) == before
    assert Remembered(tree, None).told() is not None
    change(tree)
    assert fingerprint(tree) != before
    assert Remembered(tree, None).told() is None


def test_a_lie_that_was_mended_is_not_remembered(tree: Path) -> None:
    assert any(name.startswith("wrong_port") for name in look(tree).findings)
    _same_size_and_time(tree)
    assert not any(name.startswith("wrong_port") for name in look(tree).findings)


def test_a_commit_changes_what_history_can_say(tree: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(tree), *who, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    first = fingerprint(tree)
    git("commit", "-qm", "two", "--allow-empty")
    assert fingerprint(tree) != first


def test_of_large_files_a_new_time_is_a_change(tree: Path) -> None:
    large = tree / "data.bin"
    large.write_bytes(b"x" * 1_000_000)
    before = fingerprint(tree)
    large.write_bytes(b"y" * 1_000_000)
    assert fingerprint(tree) != before


def test_a_tree_that_changes_meanwhile_is_not_remembered(tree: Path) -> None:
    results, remembered = look(tree), Remembered(tree, [tree / "README.md"])
    assert remembered.told() is None
    _another_file(tree)
    remembered.keep(results)
    _same_size_and_time(tree)
    (tree / "override.yaml").unlink()
    (tree / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    assert Remembered(tree, [tree / "README.md"]).told() is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"proposals": 1}'])
def test_a_broken_memory_is_read_over(tree: Path, tmp_path: Path, content: bytes) -> None:
    first = look(tree)
    kept = list((tmp_path / "cache").rglob("files/*/*.json"))
    assert len(kept) == 1
    kept[0].write_bytes(content)
    assert look(tree) == first


def test_other_documents_are_other_results(tree: Path) -> None:
    everything = look(tree)
    nothing = Files(tree, lambda line: None, list).results
    assert everything.proposals
    assert not nothing.proposals
