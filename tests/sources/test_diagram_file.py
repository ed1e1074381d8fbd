"""A document's diagram as data: which one is meant, what it connects, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.edges import Diagram
from pytest_distaudit.sources.diagram_file import read_diagram
from pytest_distaudit.sources.mining.arrows import drawn
from pytest_distaudit.wiring.files import Files

TWO = """
# One

```mermaid
flowchart LR
    a[Front] --> b
```

```mermaid
flowchart LR
    c --> d
```
"""


def pairs(content: str) -> list[tuple[str, ...]]:
    return [(one.source, one.to, *(() if one.pointed else ("line",))) for one in drawn(content, 1)[1]]


def test_a_quoted_line_says_which(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(TWO, encoding="utf-8")
    first, second = read_diagram(tmp_path, "a.md", 6), read_diagram(tmp_path, "a.md", 11)
    assert [(one.source, one.to, one.line) for one in first.arrows] == [("a", "b", 6)]
    assert [(one.name, one.id) for one in first.nodes] == [("Front", "a"), ("b", "b")]
    assert [(one.source, one.to, one.line) for one in second.arrows] == [("c", "d", 11)]
    with pytest.raises(Unobservable, match="has 2 diagrams") as told:
        read_diagram(tmp_path, "a.md", 2)
    assert told.value.reason is Reason.AMBIGUOUS_CLAIM


def test_the_only_one_needs_no_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(TWO.partition("```\n\n")[0] + "```\n", encoding="utf-8")
    assert len(read_diagram(tmp_path, "a.md", 0).arrows) == 1
    (tmp_path / "b.puml").write_text("@startuml\na -> b\n@enduml\n", encoding="utf-8")
    assert len(read_diagram(tmp_path, "b.puml", 0).arrows) == 1


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.md", "no diagram", Reason.AMBIGUOUS_CLAIM),
        ("a.rst", "a --> b", Reason.NO_OBSERVABLE),
        ("../a.md", "", Reason.NOT_SAFE),
        ("none.md", None, Reason.NO_OBSERVABLE),
        ("a.mmd", "a\0b", Reason.NO_OBSERVABLE),
    ],
)
def test_what_cannot_be_had(tmp_path: Path, name: str, text: str | None, reason: Reason) -> None:
    root = tmp_path / "root"
    root.mkdir()
    if text is not None:
        (root / name).write_text(text, encoding="utf-8")
    with pytest.raises(Unobservable) as told:
        read_diagram(root, name, 0)
    assert told.value.reason is reason


def test_it_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "a.mmd").write_text("a --> b\n", encoding="utf-8")
    seen = Files(tmp_path, lambda line: None).observe(Diagram.ask(document="a.mmd", line=0))
    assert seen.reason is None
    assert seen.value["arrows"] == [{"source": "a", "to": "b", "line": 1, "pointed": True}]
    missing = Files(tmp_path, lambda line: None).observe(Ask.of("diagram", document="b.mmd"))
    assert missing.reason is Reason.NO_OBSERVABLE


def test_arrows_of_flowcharts() -> None:
    assert pairs("a -- text --> b\nb -.-> c --> d") == [("a", "b"), ("b", "c"), ("c", "d")]
    assert pairs("a & b --> c & d") == [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]
    assert pairs("a <-- b\nc <--> d\ne --- f") == [("b", "a"), ("c", "d"), ("d", "c"), ("e", "f", "line")]
    assert pairs("A[Web <br/> front] -->|asks| B[(Store)]\n%% B --> C\nsubgraph x --> y") == [("A", "B")]


def test_answers_of_sequences_are_no_arrows() -> None:
    sequence = "sequenceDiagram\nparticipant F as Front\nF->>queue: task\nqueue-->>F: ok\nworker-)queue: done"
    assert pairs(sequence) == [("F", "queue"), ("worker", "queue")]
    assert pairs("front -> queue\nqueue --> worker") == [("front", "queue"), ("queue", "worker")]
    assert pairs('Rel(a, b, "asks")\nBiRel(b, c, "both")') == [("a", "b"), ("b", "c"), ("c", "b")]


@pytest.mark.parametrize("line", ["a --> ?", "==> b", "a --> (b --> c"])
def test_lines_that_cannot_be_read_are_told(line: str) -> None:
    assert drawn(f"x --> y\n{line}", 1)[2] == (2,)
