"""One dock a module and run; the modules fill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dock import Dock

from tests.lab import Lab

IMAGES = ("busybox:1.35", "base:12", "nginx:1.22", "python:3.11")


@pytest.fixture(scope="module")
def empty_dock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dock]:
    with Lab.reached(*IMAGES) as lab:
        dock = Dock(lab, tmp_path_factory.mktemp("dock"))
        try:
            yield dock
        finally:
            dock.close()
