"""Links, anchors and roles lead somewhere; pages load nothing from other hosts; examples of files can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest
import yaml

from docs.generate.foreign import foreign
from docs.generate.source import BORROWED, GENERATED, ROOT, with_links, with_pictures, write_source, written_pages
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.sources.target_file import read_project
from pytest_distaudit.wiring.definitions import load_kinds
from tests.docs.pages import anchors, blocks, everything, links, written

ROLE = re.compile(r"\{(?P<role>doc|ref)\}`(?:[^`<]*<)?(?P<target>[^`>]+)>?`")
TOCTREE = re.compile(r"```\{toctree\}\n(.*?)```", re.DOTALL)
LABELS = {label for page in everything() for label in anchors(page)}


@pytest.mark.parametrize("page", everything())
def test_every_link_leads_somewhere(page: str) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        assert "://" not in target, f"{page}: {link} is not of this repository"
        place = normpath(join(dirname(page), target)) if target else page
        assert place in everything() or (ROOT / place).exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(place), f"{page}: {link}"


@pytest.mark.parametrize("page", everything())
def test_every_role_leads_somewhere(page: str) -> None:
    for role in ROLE.finditer(everything()[page]):
        if role["role"] == "doc":
            assert f"docs{role['target']}.md" in everything(), f"{page}: {role[0]}"
        else:
            assert role["target"] in LABELS, f"{page}: {role[0]}"


def test_every_page_is_in_a_list() -> None:
    listed = set()
    for page, text in written().items():
        for names in TOCTREE.findall(text):
            lines = [line for line in names.splitlines() if line and not line.startswith(":")]
            listed |= {normpath(join(dirname(page), f"{name}.md")) for name in lines}
    docs = {page for page in everything() if page.startswith("docs/")} - {"docs/index.md"}
    assert listed == docs | {f"docs/{page}" for page in BORROWED.values()}


def test_pages_are_moved_with_their_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_source(source, dict.fromkeys(("report", "systems", "narrow"), "a picture: {words}"))
    assert {path.relative_to(source).as_posix() for path in source.rglob("*.md")} == {*written_pages(), *GENERATED}
    assert "](project/readme.md)" in (source / "index.md").read_text()
    assert "a picture: The ladders" in (source / "how-to" / "read-a-report.md").read_text()


def test_links_that_lead_out_of_the_pages_become_names() -> None:
    text = "[a](docs/tutorial.md#b) [c](action.yml) [d](#e)\n```\n[a](docs/tutorial.md)\n```\n"
    moved = with_links(text, ROOT / "README.md", "project/readme.md", written_pages())
    assert moved == (
        "[a](../tutorial.md#b) c (`action.yml` in the repository) [d](#e)\n```\n[a](docs/tutorial.md)\n```\n"
    )


def test_a_link_to_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"README.md: there is no docs/nowhere.md"):
        with_links("[a](docs/nowhere.md)", ROOT / "README.md", "project/readme.md", {})


def test_an_unknown_picture_is_an_error() -> None:
    with pytest.raises(KeyError):
        with_pictures("<!-- picture: nobody: Words -->\n", {})


@pytest.mark.parametrize(
    "loading",
    [
        '<script src="https://cdn.invalid/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.invalid/css">',
        '<link rel="preconnect" href="HTTPS://fonts.invalid">',
        '<img srcset="a.png 1x, https://img.invalid/b.png 2x">',
        "<style>@import 'https://fonts.invalid/css';</style>",
        '<p style="background: url(https://img.invalid/a.png)">',
        '<iframe src="https://frame.invalid"></iframe>',
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(tmp_path: Path, loading: str) -> None:
    (tmp_path / "page.html").write_text(f"<html><body>{loading}</body></html>")
    [found] = foreign(tmp_path)
    assert found.startswith("page.html: ")


def test_what_a_page_only_points_to_is_nobodys_business(tmp_path: Path) -> None:
    own = '<a href="https://example.invalid">x</a><link rel="canonical" href="https://a.invalid"><img src="a.png">'
    (tmp_path / "page.html").write_text(f"{own}<script src='_static/x.js'></script>")
    (tmp_path / "style.css").write_text("a { background: url(data:image/png;base64,AA==) }")
    assert foreign(tmp_path) == []
    (tmp_path / "style.css").write_text("@font-face { src: url('https://fonts.invalid/a.woff2') }")
    assert foreign(tmp_path) == ["style.css: https://fonts.invalid/a.woff2"]


def examples(tag: str) -> list[object]:
    """The blocks of one language."""
    return [
        pytest.param(block.text, id=f"{page}:{block.line}")
        for page in written()
        for block in blocks(page)
        if block.tag == tag
    ]


@pytest.mark.parametrize("text", examples("toml"))
def test_targets_can_be_read(tmp_path: Path, text: str) -> None:
    data = tomllib.loads(text)
    if "project" in data:
        return
    kinds = load_kinds()
    allowed = {name: kinds[name].endpoints for name in kinds} | {"spool": {"url": ("file",)}}
    (tmp_path / "distaudit.toml").write_text(text)
    try:
        project = read_project(tmp_path, allowed)
    except InvalidInput as error:
        raise AssertionError([str(problem) for problem in error.problems]) from None
    assert project is not None
    assert project.targets


@pytest.mark.parametrize("text", examples("yaml"))
def test_yaml_can_be_read(text: str) -> None:
    assert yaml.safe_load(text)
