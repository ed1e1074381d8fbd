"""Targets of many callers and one dependency, each caller with a link of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
_DEPENDENCY = f"""
[targets.miniature.systems.dependency]
kind = "http"
native.argv = {json.dumps([sys.executable, str(HERE / "dependency.py")])}
native.ready = "GET /"
native.env = {{PORT = "{{port}}"}}
"""


def target(program: str, ways: Iterable[str], unlinked: str = "") -> str:
    """Callers named by their ways, and the operation ``ask-WAY`` of each; ``unlinked``: one that has no link."""
    linked = "".join(_caller(program, way) + _link(way) for way in ways)
    return _DEPENDENCY + linked + (_caller(program, unlinked, named="unlinked") if unlinked else "")


def _caller(program: str, way: str, named: str = "") -> str:
    name = named or way
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
disposable = true
native.argv = {json.dumps([sys.executable, str(HERE / program), way])}
native.ready = "GET /ask"
native.after = ["dependency"]
native.env = {{PORT = "{{port}}", DEPENDENCY_URL = "{{dependency.url}}"}}
[targets.miniature.operations.ask-{name}]
request = "GET http://{name}/ask?word={{nonce}}"
[targets.miniature.operations.free-{name}]
request = "GET http://{name}/free?word={{nonce}}"
"""


def _link(way: str) -> str:
    return f"""
[targets.miniature.links.{way}-dependency]
from = "{way}"
to = "dependency"
inject = {{env = "DEPENDENCY_URL"}}
"""
