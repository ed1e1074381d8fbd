"""Documents become passages: their text, lines, headings, leads; what is no text stays out."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_distaudit.sources.blocks import blocks_of_markdown
from pytest_distaudit.sources.documents import Document
from pytest_distaudit.sources.mining.markdown import passages_of_markdown
from pytest_distaudit.sources.mining.miner import passages_of
from pytest_distaudit.sources.mining.passage import Shape
from tests.thorough import many

MARKDOWN = """\
# Shop

The *basket* uses [Redis](https://redis.example) and
`orders` calls it. <!-- Kafka -->

It depends on:

- `redis`
- the **orders** service

  with a second paragraph

| service | port |
|---|---|
| basket | `8080` |

```sh
docker run postgres
```

![Kafka everywhere](kafka.png)
"""


def test_markdown() -> None:
    found = [(p.shape, p.text, p.line(0), p.headings, p.lead) for p in passages_of_markdown(MARKDOWN)]
    shop = ("Shop",)
    assert found == [
        (Shape.HEADING, "Shop", 1, (), ""),
        (Shape.PARAGRAPH, "The basket uses Redis and orders calls it.", 3, shop, ""),
        (Shape.PARAGRAPH, "It depends on:", 6, shop, ""),
        (Shape.ITEM, "redis", 8, shop, "It depends on:"),
        (Shape.ITEM, "the orders service", 9, shop, "It depends on:"),
        (Shape.PARAGRAPH, "with a second paragraph", 11, shop, "It depends on:"),
        (Shape.ROW, "| basket | 8080 |", 15, shop, "It depends on:"),
        (Shape.PARAGRAPH, "Kafka everywhere", 21, shop, ""),
    ]


def test_the_text_is_that_of_the_document() -> None:
    """A quote cut out of a passage stands in the document as claims are located in it."""
    blocks = {block.text for block in blocks_of_markdown(MARKDOWN)}
    assert {passage.text for passage in passages_of_markdown(MARKDOWN)} <= blocks


def test_marks_and_lines_of_a_paragraph() -> None:
    passage = next(p for p in passages_of_markdown(MARKDOWN) if p.line(0) == 3)
    assert [(mark.kind, passage.text[mark.start : mark.end], mark.target) for mark in passage.marks] == [
        ("link", "Redis", "https://redis.example"),
        ("code", "orders", ""),
    ]
    assert passage.line(passage.text.index("orders")) == 4


def test_rows_know_their_cells_and_the_head() -> None:
    row = next(p for p in passages_of_markdown(MARKDOWN) if p.shape is Shape.ROW)
    assert [row.cell(index) for index in range(3)] == ["basket", "8080", ""]
    assert row.head == ("service", "port")


def test_an_empty_cell_keeps_its_column() -> None:
    text = "| a | b | c |\n|---|---|---|\n| 1 |  | 3 |\n"
    row = next(p for p in passages_of_markdown(text) if p.shape is Shape.ROW)
    assert (row.text, [row.cell(index) for index in range(3)]) == ("| 1 | 3 |", ["1", "", "3"])
    assert row.text in {block.text for block in blocks_of_markdown(text)}


def test_a_table_in_html_is_read_line_by_line() -> None:
    text = "# Blocks\n\n<table>\n<tr>\n<td><b>State</b></td>\n<td>the basket</td>\n</tr>\n</table>\n"
    found = [(p.text, p.line(0), p.lead) for p in passages_of_markdown(text)][1:]
    assert found == [("State", 5, ""), ("the basket", 6, "State")]
    assert {"State", "the basket"} <= {block.text for block in blocks_of_markdown(text)}


RST = """\
Shop
====

The basket uses ``redis`` and
orders calls it.

Stores
------

* PostgreSQL keeps
  the orders
* Redis

.. note:: ignored

.. code-block:: sh

   docker run kafka

Run it::

   kafka-server-start

.. a comment about MongoDB
"""

ASCIIDOC = """\
= Shop
:toc:

The basket uses `redis`.

== Stores

* PostgreSQL keeps the orders
// a comment about MongoDB

[source,sh]
----
docker run kafka
----

|===
|service |port
|basket |8080
|===
"""


def test_restructured_text() -> None:
    found = [(p.shape, p.text, p.line(0), p.headings) for p in passages_of(RST, "a.rst")]
    assert found == [
        (Shape.HEADING, "Shop", 1, ()),
        (Shape.PARAGRAPH, "The basket uses ``redis`` and orders calls it.", 4, ("Shop",)),
        (Shape.HEADING, "Stores", 7, ("Shop",)),
        (Shape.ITEM, "* PostgreSQL keeps the orders", 10, ("Shop", "Stores")),
        (Shape.ITEM, "* Redis", 12, ("Shop", "Stores")),
        (Shape.PARAGRAPH, "Run it::", 20, ("Shop", "Stores")),
    ]


def test_asciidoc() -> None:
    found = [(p.shape, p.text, p.line(0), p.headings) for p in passages_of(ASCIIDOC, "a.adoc")]
    assert found == [
        (Shape.HEADING, "Shop", 1, ()),
        (Shape.PARAGRAPH, "The basket uses `redis`.", 4, ("Shop",)),
        (Shape.HEADING, "Stores", 6, ("Shop",)),
        (Shape.ITEM, "* PostgreSQL keeps the orders", 8, ("Shop", "Stores")),
        (Shape.ROW, "|service |port", 17, ("Shop", "Stores")),
        (Shape.ROW, "|basket |8080", 18, ("Shop", "Stores")),
    ]


DIAGRAMS = {
    "flowchart": 'flowchart TD\n  B[Basket service] -->|publishes| K[(Kafka)]\n  B -- reads --> R["Redis"]\n  %% note',
    "sequence": "sequenceDiagram\n  participant B as Basket service\n  B->>orders: POST /orders over gRPC",
    "c4": 'C4Container\n  Container(b, "Basket service", "Go", "keeps items")\n  Rel(b, k, "publishes", "Kafka")',
    "plantuml": '@startuml\n[Basket service] as B\ndatabase "PostgreSQL" as db\nB ..> db : stores orders\n@enduml',
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "flowchart",
            [
                *[("Basket service", ""), ("Kafka", ""), ("Basket service", "Kafka", "publishes")],
                *[("Redis", ""), ("Basket service", "Redis", "reads")],
            ],
        ),
        ("sequence", [("Basket service", ""), ("Basket service", "orders", "POST /orders over gRPC")]),
        ("c4", [("Basket service", "Go keeps items"), ("Basket service", "k", "publishes Kafka")]),
        ("plantuml", [("Basket service", ""), ("PostgreSQL", ""), ("Basket service", "PostgreSQL", "stores orders")]),
    ],
)
def test_diagrams(name: str, expected: list[tuple[str, ...]]) -> None:
    assert [passage.head for passage in passages_of(DIAGRAMS[name], "a.mmd")] == expected


def test_a_diagram_in_a_fence_is_text_of_its_document() -> None:
    text = f"# Shop\n\n```mermaid\n{DIAGRAMS['flowchart']}\n```\n"
    found = [passage for passage in passages_of_markdown(text) if passage.shape is Shape.EDGE]
    assert [passage.line(0) for passage in found] == [5, 6]
    assert {passage.text for passage in found} <= {block.text for block in blocks_of_markdown(text)}


#: what a line of Markdown may hold that is not shown as it is written
_WRITTEN = st.sampled_from(
    ["word", "8081", ".", '"', "'", "\\", "\\ ", "\\_", "\\#", "&", "&amp;", "&lt;", "&nbsp;", "<", "*", "**",
     "_", "`", "``", "[", "]", "[a](b)", "![x](y)", "<i>", "</i>", "<!-- c -->", "http://a.b/?c&d", "<http://a.b>",
     "\n", "\\\n", "  \n", "\n\n", "\n- ", "\n# ", " ", "  ", "\t", "\u2028", "\u00a0", "\u00e9"]
)  # fmt: skip


@given(st.lists(_WRITTEN, max_size=30).map("".join))
@example("The gateway listens on port 8081, says \\ {no} &amp; R&amp;D \\# [yes].")
@settings(max_examples=many(300))
def test_whatever_is_mined_can_be_quoted(text: str) -> None:
    document = Document(blocks_of_markdown(text))
    for passage in passages_of_markdown(text):
        assert document.matches(passage.text), passage.text
