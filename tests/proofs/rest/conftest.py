"""The town of rest_town.py as a target, with the files of those who document it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_town import CONSUMERS, DOCUMENT

from pytest_distaudit.testing import Room


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    root = tmp_path_factory.mktemp("rest")
    (root / "shop.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    for name, calls in CONSUMERS.items():
        (root / f"{name}.json").write_text(json.dumps({"calls": calls}), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("rest_town.py"))], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            systems = [
                f'[targets.proof.systems."{name}"]\nkind = "http"\nurl = "http://127.0.0.1:{port}"\n'
                for name, port in ports.items()
            ]
            with Room(root, "\n".join(systems)) as room:
                yield room
        finally:
            process.kill()
