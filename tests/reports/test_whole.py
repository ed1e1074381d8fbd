"""A report's file is whole, or it is the old one."""

import os
import threading
from pathlib import Path

import pytest

from pytest_distaudit.reports.whole import write_whole


def test_a_file_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "audit.json"
    write_whole(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    assert os.listdir(path.parent) == ["audit.json"]


@pytest.mark.parametrize("disaster", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_the_old_report_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disaster: BaseException) -> None:
    path = tmp_path / "audit.json"
    path.write_text("old")

    def fails(handle: int) -> None:
        raise disaster

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(type(disaster)):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["audit.json"]


def test_two_runs_on_one_file_leave_one_of_the_two(tmp_path: Path) -> None:
    path, texts = tmp_path / "audit.json", [letter * 200_000 for letter in "abcd"]
    writers = [threading.Thread(target=write_whole, args=(path, text)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in texts


def test_mode_and_link_stay(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "real.json").chmod(0o640)
    (tmp_path / "link.json").symlink_to("real.json")
    write_whole(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"
    assert (tmp_path / "real.json").stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "whole")
    assert os.read(reader, 100) == b"whole"
    os.close(reader)
    assert not pipe.is_file()
