"""YAML to plain data with places: 1.2 words, bounds, and nothing but InvalidInput for bad bytes."""

import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.sources.source_text import LARGEST
from pytest_distaudit.sources.yaml_reader import read_yaml, resolve_scalar


def refusal(read: Callable[[], object]) -> Sequence[Problem] | None:
    """The problems of what was refused; None if it was read."""
    try:
        read()
    except InvalidInput as refused:
        return refused.problems
    return None


def problem_of(source: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_yaml(source, "claims/a.yaml")
    (problem,) = refused.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("on", "on"), ("no", "no"), ("off", "off"), ("yes", "yes"), ("y", "y"),
        ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("0o17", 15), ("0x1F", 31), ("017", 17),
        ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0), (".inf", float("inf")), ("2027-01-31", "2027-01-31"),
        ("12:30:45", "12:30:45"), ("1_000", "1_000"), ("=", "="), ("9" * 101, "9" * 101),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)


def test_quoted_scalars_are_text() -> None:
    assert read_yaml("a: 'true'\nb: \"12\"\nc: |\n  3\n", "f").data == {"a": "true", "b": "12", "c": "3\n"}


def test_keys_are_text() -> None:
    assert read_yaml("on: 1\n15: 2\ntrue: 3\n", "f").data == {"on": 1, "15": 2, "true": 3}


def test_every_key_and_value_has_its_place() -> None:
    document = read_yaml("claims:\n  - id: a\n    with: {queue: tasks}\n", "f")
    path = ("claims", 0, "with", "queue")
    assert document.key_place(path) == Place("f", 3, 12)
    assert document.place(path) == Place("f", 3, 19)
    assert document.place(("claims", 0)) == Place("f", 2, 5)
    assert document.key_place(("claims", 0)) == Place("f", 2, 5)


def test_a_missing_path_has_the_place_around_it() -> None:
    document = read_yaml("claims:\n  - id: a\n", "f")
    assert document.place(("claims", 0, "waiver", "until")) == Place("f", 2, 5)
    assert document.key_place(("claims", 0, "id", "x")) == Place("f", 2, 9)
    assert read_yaml("", "f").place(("claims",)) == Place("f")


def test_the_source_text_of_scalars_is_kept() -> None:
    document = read_yaml("a: 1.10\nb: [x]\nc: '1.10'\n", "f")
    assert [document.text((key,)) for key in "abcd"] == ["1.10", None, "1.10", None]


def test_aliases_stand_for_their_anchor() -> None:
    document = read_yaml("a: &x {k: 1.10}\nb: *x\n", "f")
    assert document.data == {"a": {"k": 1.1}, "b": {"k": 1.1}}
    assert document.text(("b", "k")) == "1.10"
    assert document.place(("b", "k")) == Place("f", 1, 11)


def test_a_duplicate_key_names_both_lines_and_the_first_one_counts() -> None:
    document = read_yaml("a:\n  k: 1\n  k: 2\n", "f")
    ((path, problem),) = document.problems
    assert document.data == {"a": {"k": 1}}
    assert path == ("a",)
    assert str(problem) == "f:3:3: duplicate key 'k', first given at f:2:3; keep one of the two"


def test_a_byte_order_mark_is_no_text() -> None:
    assert read_yaml("\ufeffa: 1".encode(), "f").data == {"a": 1}


def test_binary_and_other_encodings_are_refused_with_the_offset() -> None:
    assert "binary file (a zero byte at offset 2)" in problem_of(b"\x7fE\0F")
    assert problem_of("a: ok\nb: é".encode("latin-1")).startswith("claims/a.yaml:2: not UTF-8: byte 0xE9 at offset 9")
    assert "binary" in problem_of("a: 1".encode("utf-16"))


def test_control_characters_are_refused_at_their_place() -> None:
    assert problem_of("a: 1\nb: é\x07") == (
        "claims/a.yaml:2:6: this is no YAML: control characters are not allowed (character U+0007); remove it"
    )


@pytest.mark.parametrize("source", ["a: [", "a: b: c", "\ta: 1", "%FOO", "a: 'x", "a: b\n c: d\n- e"])
def test_a_syntax_error_has_line_and_column_and_no_frames(source: str) -> None:
    text = problem_of(source)
    assert text.startswith("claims/a.yaml:")
    assert "this is no YAML: " in text
    assert "\n" not in text
    assert "unicode string" not in text


def test_ten_megabytes_are_refused_without_parsing() -> None:
    started = time.perf_counter()
    text = problem_of(b"- a\n" * (10 * 1024 * 1024 // 4))
    assert time.perf_counter() - started < 20
    assert str(LARGEST) in text


@pytest.mark.parametrize("width", [2, 10, 100])
def test_an_alias_bomb_is_refused_quickly(width: int) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, 100)]
    started = time.perf_counter()
    assert "aliases stand for more than 10000 values" in problem_of("\n".join(lines))
    assert time.perf_counter() - started < 20


def test_deep_nesting_is_refused_quickly() -> None:
    started = time.perf_counter()
    assert "nested deeper than 32" in problem_of("[" * 1_000_000)
    assert "nested deeper than 32" in problem_of("- " * 100_000)
    assert "a key must be a word" in problem_of("? " * 100_000)
    assert "a key must be a word" in problem_of("{" * 100_000)
    assert time.perf_counter() - started < 30


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_document_or_invalid_input(source: bytes) -> None:
    assert refusal(lambda: read_yaml(source, "f")) != ()


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@,? \n<~0.", max_size=60))
def test_any_yaml_like_text_gives_a_document_or_invalid_input(source: str) -> None:
    assert refusal(lambda: read_yaml(source, "f")) != ()


_WORDS = st.text(alphabet="abcdefgh", min_size=1, max_size=4)
_DATA = st.recursive(
    _WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(_DATA)
def test_json_data_is_read_as_it_is_written(data: object) -> None:
    import json

    document = read_yaml(json.dumps(data), "f")
    assert document.data == data
    assert document.problems == ()


@given(st.lists(_WORDS, min_size=2, max_size=6))
def test_every_repeated_key_is_a_problem(keys: list[str]) -> None:
    document = read_yaml("".join(f"{key}: x\n" for key in keys), "f")
    assert len(document.problems) == len(keys) - len(set(keys))
