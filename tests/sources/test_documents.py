"""Quotes against documents: rendered text, one block, line numbers."""

from pathlib import Path

import pytest

from pytest_distaudit.sources.blocks import blocks_of_markdown, blocks_of_text
from pytest_distaudit.sources.documents import Documents, NoSuchDocument, NotInDocument


@pytest.fixture
def documents(project: Path) -> Documents:
    return Documents(project)


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("Messaging", 1),
        ("RabbitMQ hands every task to a worker", 3),
        ("a worker, and the worker acknowledges", 3),
        ("the  worker\nacknowledges it.", 4),
        ("The queue tasks is durable.", 6),
        ("purpose", 11),
        ("work done", 14),
        ("results | work done", 14),
        ("| results | work done |", 14),
        ("results work done", 14),
    ],
)
def test_a_quote_is_found_in_rendered_text(documents: Documents, quote: str, line: int) -> None:
    assert documents.locate("docs/messaging.md", quote) == line


@pytest.mark.parametrize("quote", ["rabbitmq hands", "in a code fence", "durable. Nothing", "", "   ", "*task*"])
def test_letter_case_code_blocks_and_markup_count(documents: Documents, quote: str) -> None:
    with pytest.raises(NotInDocument, match=r"is not in docs/messaging\.md; nearest is line"):
        documents.locate("docs/messaging.md", quote)


def test_a_line_chooses_among_several(documents: Documents) -> None:
    assert documents.locate("docs/messaging.md", "Nothing is lost.", 9) == 9
    with pytest.raises(NotInDocument, match=r"stands 2 times .* in lines 7, 9 and not in line 8; add 'line: 7'"):
        documents.locate("docs/messaging.md", "Nothing is lost.", 8)


def test_a_line_is_not_needed_when_the_quote_stands_once(documents: Documents) -> None:
    assert documents.locate("docs/messaging.md", "is durable", 400) == 6


def test_a_line_inside_the_block_will_do(project: Path) -> None:
    (project / "a.md").write_text("One two\nthree four.\n\nOne two\nthree.\n", encoding="utf-8")
    assert Documents(project).locate("a.md", "One two", 5) == 4


def test_twice_in_one_line_is_once(project: Path) -> None:
    (project / "a.md").write_text("Kong and Kong.\n", encoding="utf-8")
    assert Documents(project).locate("a.md", "Kong") == 1


def test_overlapping_matches_are_all_seen(project: Path) -> None:
    (project / "a.md").write_text("aa\naa\naa\n", encoding="utf-8")
    with pytest.raises(NotInDocument, match="lines 1, 2"):
        Documents(project).locate("a.md", "aa aa")


def test_a_document_must_be_there_and_inside(documents: Documents, project: Path) -> None:
    outside = project.parent / "outside.md"
    outside.write_text("secret", encoding="utf-8")
    (project / "link.md").symlink_to(outside)
    for name in ("../outside.md", str(outside), "link.md"):
        with pytest.raises(NoSuchDocument, match="lies outside the project") as refused:
            documents.locate(name, "x")
        assert "secret" not in str(refused.value)
    with pytest.raises(NoSuchDocument, match="does not exist"):
        documents.locate("docs", "x")


def test_a_document_must_be_text(project: Path) -> None:
    (project / "a.md").write_bytes(b"caf\xe9")
    documents = Documents(project)
    for _ in range(2):
        with pytest.raises(NoSuchDocument, match="byte 0xE9 at offset 3"):
            documents.locate("a.md", "x")


def test_a_document_is_read_once(project: Path, documents: Documents) -> None:
    documents.locate("docs/messaging.md", "Messaging")
    (project / "docs" / "messaging.md").unlink()
    assert documents.locate("docs/messaging.md", "is durable") == 6


def test_an_empty_document_holds_no_nearest_line(project: Path) -> None:
    (project / "a.md").write_text("\n", encoding="utf-8")
    with pytest.raises(NotInDocument, match="which holds no text"):
        Documents(project).locate("a.md", "x")


@pytest.mark.parametrize("suffix", ["rst", "adoc", "txt"])
def test_other_formats_are_paragraphs(project: Path, suffix: str) -> None:
    (project / f"a.{suffix}").write_text("Title\n=====\n\nRabbitMQ hands\n  every task on.\n", encoding="utf-8")
    documents = Documents(project)
    assert documents.locate(f"a.{suffix}", "hands every task") == 4
    assert documents.locate(f"a.{suffix}", "every task on.") == 5


def test_markdown_blocks_give_their_words() -> None:
    text = 'A `b` [c](d "e") ![f](g) <b>h</b> &amp; i\\\nj\n\n> k\n\n    code\n\n<div>\nhtml\n</div>\n\n1. l\n\n   m\n'
    assert [block.text for block in blocks_of_markdown(text)] == ["A b c f h & i j", "k", "l", "m"]


def test_text_blocks_keep_their_lines() -> None:
    (block,) = blocks_of_text("\r\n\r\na \r\n b\r\n")
    assert block.pieces == ((3, "a"), (4, "b"))


def test_five_thousand_quotes_cost_little(project: Path) -> None:
    import time

    lines = [f"Sentence number {number} of this document says something.\n" for number in range(5000)]
    (project / "long.md").write_text("\n".join(lines), encoding="utf-8")
    documents = Documents(project)
    documents.locate("long.md", "number 1 of")
    started = time.process_time()
    for number in range(5000):
        documents.locate("long.md", f"Sentence number {number} of")
    assert time.process_time() - started < 2
