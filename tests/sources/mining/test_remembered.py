"""Mining with a memory: the same proposals, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.sources.mining import mine, miner
from pytest_distaudit.sources.mining.remembered import mine_remembered

SHOP = "# Shop\n\nThe gateway listens on port 8080.\n\nOrders go to a RabbitMQ queue. We do not use Kafka.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "README.md").write_text(SHOP, encoding="utf-8")
    (root / "compose.yaml").write_text("services:\n  gateway: {image: a/b}\n", encoding="utf-8")
    return root


def read(tree: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[str]]:
    """The proposals, and the documents that were read for them."""
    fresh: list[str] = []
    original = miner.mine_text

    def noted(text: str, document: str, *more: object) -> object:
        fresh.append(document)
        return original(text, document, *more)

    monkeypatch.setattr(miner, "mine_text", noted)
    found: list[object] = list(mine_remembered(tree, memory=memory))
    monkeypatch.undo()
    return found, fresh


def test_what_is_remembered_is_what_was_read(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "memory"
    first, fresh = read(tree, memory, monkeypatch)
    assert first == list(mine(tree))
    assert first
    assert fresh == ["README.md"]
    assert read(tree, memory, monkeypatch) == (first, [])


@pytest.mark.parametrize("changed", ["README.md", "compose.yaml"])
def test_a_change_of_anything_it_follows_from_is_read(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    memory = tmp_path / "memory"
    read(tree, memory, monkeypatch)
    (tree / changed).write_text((tree / changed).read_text("utf-8").replace("gateway", "doorway"), "utf-8")
    found, fresh = read(tree, memory, monkeypatch)
    assert fresh == ["README.md"]
    assert found == list(mine(tree))


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b"[1]", b"\xff", b'[{"document": 1}]'])
def test_a_broken_memory_is_read_over(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    memory = tmp_path / "memory"
    first, _ = read(tree, memory, monkeypatch)
    for path in memory.rglob("*.json"):
        path.write_bytes(content)
    assert read(tree, memory, monkeypatch)[0] == first


def test_a_memory_that_cannot_be_written_is_no_error(tree: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert list(mine_remembered(tree, memory=blocked)) == list(mine(tree))


def test_many_documents_come_in_order_and_are_counted(tree: Path, tmp_path: Path) -> None:
    for number in range(80):
        (tree / f"page{number:02}.md").write_text(SHOP, encoding="utf-8")
    (tree / "bad.md").write_bytes(b"\xff\xfe\x00")
    told: list[tuple[int, int]] = []
    refused: list[Problem] = []
    found = list(
        mine_remembered(
            tree, memory=tmp_path / "m", refused=refused.append, progress=lambda done, of: told.append((done, of))
        )
    )
    assert found == list(mine(tree))
    assert [problem.place.file for problem in refused] == ["bad.md"]
    assert told[-1] == (81, 82)
