"""One file of the project as data, and nothing beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.sources import project_file
from pytest_distaudit.sources.project_file import read_project_file


@pytest.mark.parametrize(
    ("name", "text", "content"),
    [
        ("a.json", '{"a": [1]}', {"a": [1]}),
        ("a.yaml", "a: [1]\nb: no", {"a": [1], "b": "no"}),
        ("a.yml", "200: x", {"200": "x"}),
    ],
)
def test_data_is_read(tmp_path: Path, name: str, text: str, content: object) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_project_file(tmp_path, name).content == content


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "{", Reason.PROTOCOL_ERROR),
        ("a.json", "[" * 100_000, Reason.PROTOCOL_ERROR),
        ("a.json", "\udcff", Reason.PROTOCOL_ERROR),
        ("a.yaml", "a: [", Reason.PROTOCOL_ERROR),
        ("a.yaml", "a: 1\na: 2", Reason.PROTOCOL_ERROR),
        ("a.yaml", "a" * 100, Reason.TOO_LARGE),
        ("gone/../../a.yaml", "", Reason.NOT_SAFE),
        ("/etc/hostname", "", Reason.NOT_SAFE),
        ("folder", "", Reason.NO_OBSERVABLE),
        ("gone.yaml", "", Reason.NO_OBSERVABLE),
    ],
)
def test_what_is_no_data_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, reason: Reason
) -> None:
    if reason is Reason.TOO_LARGE:
        monkeypatch.setattr(project_file, "LARGEST", 99)
    (tmp_path / "folder").mkdir()
    if text:
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Unobservable) as told:
        read_project_file(tmp_path, name)
    assert told.value.reason is reason


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("/etc/hostname")
    with pytest.raises(Unobservable) as told:
        read_project_file(tmp_path, "a.json")
    assert told.value.reason is Reason.NOT_SAFE
