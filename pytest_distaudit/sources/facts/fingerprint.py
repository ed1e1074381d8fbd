"""Whether a tree is still the one that was read: a digest over all that its facts follow from."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from pytest_distaudit.sources.facts.git_history import head_of
from pytest_distaudit.sources.facts.tree import read_tree

#: What people write is smaller and is compared as it is; larger files by size and the times of their last change.
_BY_CONTENT = 512 * 1024
_TOOLS = ("git", "helm")


def fingerprint(root: Path) -> str:
    """Hexadecimal; equal for trees of equal names, contents and history, where the same tools are installed."""
    root = root.absolute()
    tree, notes = read_tree(root)
    listing = (sorted(tree.files), sorted(tree.folders), sorted(tree.opaque), tree.ignored, tree.complete, notes)
    tools = [name for name in _TOOLS if shutil.which(name)]
    digest = hashlib.sha256(repr((root.name, listing, tools, head_of(root))).encode("utf-8", "surrogatepass"))
    for file in sorted(tree.files - tree.opaque):
        digest.update(_content(f"{root}/{file}"))
    return digest.hexdigest()


def _content(path: str) -> bytes:
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            told = os.fstat(handle)
            if told.st_size > _BY_CONTENT:
                return repr((told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino)).encode()
            return hashlib.sha256(os.read(handle, _BY_CONTENT + 1)).digest()
        finally:
            os.close(handle)
    return b"unreadable"
