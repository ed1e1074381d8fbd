"""Which files are read, in which order, and what is refused without stopping the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.mining import documents_of, mine
from pytest_distaudit.sources.source_text import LARGEST

SENTENCE = "The orders service publishes to a Kafka topic.\n"


def _write(root: Path, *names: str, text: str = SENTENCE) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def _mined(root: Path) -> list[tuple[str, int]]:
    return [(proposal.document, proposal.line) for proposal in mine(root)]


def test_what_a_reader_opens_first_comes_first(tmp_path: Path) -> None:
    _write(
        tmp_path, "zoo.md", "docs/adr/0001-kafka.md", "docs/a.rst", "ARCHITECTURE.md", "README.md", "src/x/README.adoc"
    )
    _write(tmp_path, "notes.txt", "src/x/code.py", "docs/d.puml")
    found = [path.relative_to(tmp_path).as_posix() for path in documents_of(tmp_path)]
    assert found == [
        *("ARCHITECTURE.md", "README.md", "src/x/README.adoc"),
        *("zoo.md", "docs/a.rst", "docs/d.puml", "docs/adr/0001-kafka.md"),
    ]


def test_foreign_folders_and_nested_repositories_are_left_out(tmp_path: Path) -> None:
    _write(tmp_path, "a.md", "node_modules/x/README.md", "vendor/y.md", ".github/z.md", "sub/README.md", "wt/README.md")
    (tmp_path / "sub/.git").mkdir()
    (tmp_path / "wt/.git").write_text("gitdir: elsewhere", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    assert [path.name for path in documents_of(tmp_path)] == ["a.md"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    _write(outside, "secret.md")
    _write(root, "a.md")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "link.md").symlink_to(outside / "secret.md")
    assert [path.name for path in documents_of(root)] == ["a.md"]


def test_an_empty_tree(tmp_path: Path) -> None:
    assert _mined(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# Kafka\0\x01", "binary"),
        ("Wir benutzen Kafka für alles.".encode("latin-1"), "UTF-8"),
        (b"x" * (LARGEST + 1), "bytes"),
    ],
    ids=["binary", "latin-1", "huge"],
)
def test_a_bad_document_is_refused_and_the_rest_is_read(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(content)
    _write(tmp_path, "good.md")
    problems: list[Problem] = []
    found = list(mine(tmp_path, refused=problems.append))
    assert [proposal.document for proposal in found] == ["good.md"]
    assert [(problem.place.file, message in problem.message) for problem in problems] == [("bad.md", True)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_document_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "closed.md", "good.md")
    (tmp_path / "closed.md").chmod(0)
    assert _mined(tmp_path) == [("good.md", 1)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"one\r\n\r\n{SENTENCE}", [3]),
        (f"\ufeff{SENTENCE}", [1]),
        (f"```\n{SENTENCE}", []),
        (f"订单服务把订单发布到消息队列。\n\n{SENTENCE}", [3]),
        ("|" + "a|" * 10_000 + "\n|" + "-|" * 10_000 + "\n|" + "Kafka topic|" * 10_000 + f"\n\n{SENTENCE}", [3, 5]),
    ],
    ids=["windows", "byte order mark", "unclosed fence", "Chinese", "10,000 columns"],
)
def test_odd_documents(text: str, lines: list[int], tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(text.encode())
    assert [line for _, line in _mined(tmp_path)] == lines


def test_every_quote_stands_in_its_document(tmp_path: Path) -> None:
    """A proposal can become a claim as it is: the quote is found again, in its block."""
    _write(tmp_path, "docs/shop.md", text=(Path(__file__).parent / "shop.md").read_text(encoding="utf-8"))
    _write(tmp_path, "docs/a.rst", text=f"Shop\n====\n\n* {SENTENCE}")
    documents = Documents(tmp_path)
    proposals = list(mine(tmp_path))
    assert len(proposals) > 30
    for proposal in proposals:
        assert documents.locate(proposal.document, proposal.quote, proposal.line) <= proposal.line


def test_the_order_is_the_same_in_another_process(tmp_path: Path) -> None:
    _write(tmp_path, "docs/shop.md", text=(Path(__file__).parent / "shop.md").read_text(encoding="utf-8"))
    _write(tmp_path, "compose.yaml", text="services:\n  basket:\n    image: x\n  orders:\n    image: y\n")
    code = (
        "import sys; from pathlib import Path; from pytest_distaudit.sources.mining import mine\n"
        "for proposal in mine(Path(sys.argv[1])): print(proposal)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_first_proposal_comes_before_the_rest_is_read(tmp_path: Path) -> None:
    _write(tmp_path, "README.md")
    _write(tmp_path, "z.md", text="x")
    stream = mine(tmp_path, [tmp_path / "README.md", tmp_path / "missing.md"])
    assert next(stream).document == "README.md"
