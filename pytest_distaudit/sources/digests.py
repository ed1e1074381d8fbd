"""Digests of files and folders as attestations name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from pytest_distaudit.domain.audit import Digest


def digest_of_folder(folder: Path, name: str) -> Digest:
    """``dirHash`` of in-toto (Hash1 of Go modules): over the sorted list of the files with their own digests."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    listed = "".join(f"{_sha256(path)}  {relative}\n" for relative, path in files)
    return Digest(name, "dirHash", sha256(listed.encode()).hexdigest())


def digests_of_files(root: Path, names: Iterable[str]) -> Iterator[Digest]:
    """``sha256`` of those below ``root`` that can be read."""
    for name in sorted(set(names)):
        try:
            yield Digest(name, "sha256", _sha256(root / name))
        except OSError:
            continue


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
