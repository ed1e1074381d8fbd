"""Nothing that an audited system or a pull request says does anything in any format."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.markup import code, prose, table
from pytest_distaudit.reports.wording import defused
from tests.reports.formats import ALL, MARKUP
from tests.reports.hostile import BIG, HOSTILE, SCRIPT, audit_of

#: as GitHub reads it: CommonMark with tables, HTML passed on, bare addresses made links
GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
#: what our own markup consists of; nothing else may come out as an element
_OURS = {"h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "code", "br", "sub", "table", "thead", "tbody", "tr", "th"}
_OURS |= {"td"}
_ELEMENT = re.compile(r"</?([a-zA-Z][\w-]*)([^>]*)>")
_MENTION = re.compile(r"(?:@|\bGH-|#\d|www\.|://)(?!\u200b)")
_COMMAND = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)


@pytest.fixture(scope="module")
def hostile() -> Audit:
    return audit_of(HOSTILE)


@pytest.mark.parametrize("name", ALL)
def test_no_control_and_direction_characters_come_out(name: str, hostile: Audit) -> None:
    text = ALL[name](hostile)
    text.encode("utf-8", "strict" if name != "audit.json" else "replace")
    if name != "audit.json":
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("name", MARKUP)
def test_markdown_renders_to_our_own_markup_alone(name: str, hostile: Audit) -> None:
    text = MARKUP[name](hostile)
    page = GITHUB.render(text)
    elements = {found[1].lower(): found[2] for found in _ELEMENT.finditer(page)}
    assert set(elements) <= _OURS
    assert not [one for one in elements.values() if "href" in one or "src" in one or re.search(r"\bon\w+=", one)]
    assert "javascript:" in page  # it is shown, as text
    outside_code = re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)
    outside_code = outside_code.replace("&#8203;", "\u200b").replace("pytest-distaudit", "")
    assert not _MENTION.findall(re.sub(r"&#?\w+;", "", outside_code))


@pytest.mark.parametrize("name", MARKUP)
def test_tables_keep_their_columns(name: str, hostile: Audit) -> None:
    page = GITHUB.render(MARKUP[name](hostile))
    for found in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        columns = found.count("<th>")
        assert {row.count("<td>") for row in re.findall(r"<tr>.*?</tr>", found, re.DOTALL)[1:]} == {columns}


def test_the_comment_has_one_marker_and_begins_with_it(hostile: Audit) -> None:
    text = MARKUP["comment.md"](hostile)
    assert re.match(r"<!-- distaudit-comment: [\w.-]+ -->\n", text)


@pytest.mark.parametrize("name", ["terminal.txt", "failures.txt"])
def test_what_is_printed_starts_no_workflow_command(name: str, hostile: Audit) -> None:
    assert not _COMMAND.findall(ALL[name](hostile))


def test_annotations_are_one_command_a_line(hostile: Audit) -> None:
    lines = ALL["annotations.txt"](hostile).splitlines()
    assert len(lines) == 2  # the error, and the refuted claim that all others wait for
    for line in lines:
        assert re.fullmatch(r"::error file=[^:,]+,line=\d+,title=[^:,]+::[^\r\n]*", line), line


@pytest.mark.parametrize("name", sorted(set(ALL) - {"audit.json"}))
def test_megabytes_are_cut(name: str) -> None:
    big = audit_of("\x1b[31m<@|`\ud800" * (BIG // 10), named="x")
    assert len(ALL[name](big).encode()) < 100_000


ANY = st.text(st.one_of(st.characters(), st.sampled_from("`|\\<>[]()!*_~$@#:&-+=.1 \n\r\t\u202e")), max_size=60)


@given(ANY)
@example(SCRIPT)
@example("a\\|b``c")
@example("&lt;b&gt; &#60;")
def test_prose_and_code_are_shown_as_they_are(text: str) -> None:
    for markup, element in ((prose(text), "p"), (code(text), "code")):
        page = GITHUB.render(f"said: {markup}.")
        inside = page.removeprefix("<p>said: ").removesuffix("</p>\n").removesuffix(".")
        if element == "code" and markup:
            assert inside.startswith("<code>")
            inside = inside.removeprefix("<code>").removesuffix("</code>")
        assert not _ELEMENT.search(inside), markup
        assert not re.search(r"<(?!br)", inside)


@given(ANY, ANY)
def test_no_text_leaves_its_cell(one: str, other: str) -> None:
    page = GITHUB.render("\n".join(table(("a", "b"), [(prose(one), code(other))])))
    assert page.count("<td>") == 2
    assert page.count("<tr>") == 2


@given(st.lists(st.sampled_from(["::error::x", "\n", "\r", " ", "\t", "##[", "##vso[", "#", ":", "a", "::"])))
def test_no_line_of_defused_text_is_a_command(parts: list[str]) -> None:
    text = defused("".join(parts))
    assert not re.search(r"(?:^|[\r\n])\s*::|##\w*\[", text)
