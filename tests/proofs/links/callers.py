"""Targets of many callers and one dependency, each caller with a link of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
_STARTED = f"""
[targets.miniature.systems.dependency]
kind = "http"
native.argv = {json.dumps([sys.executable, str(HERE / "dependency.py")])}
native.ready = "GET /"
native.env = {{PORT = "{{port}}"}}
"""


_THERE = """
[targets.miniature.systems.dependency]
kind = "http"
url = "{}"
"""


def target(program: str, ways: Iterable[str], unlinked: str = "", known: str = "") -> str:
    """Callers named by their ways, and the operation ``ask-WAY`` of each; ``unlinked``: one that has no link;
    ``known``: the URL of a dependency that has always been there.
    """
    linked = "".join(_caller(program, way, known) + _link(way, known) for way in ways)
    dependency = _THERE.format(known) if known else _STARTED
    return dependency + linked + (_caller(program, unlinked, known, named="unlinked") if unlinked else "")


def _caller(program: str, way: str, known: str, named: str = "") -> str:
    name = named or way
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
disposable = true
native.argv = {json.dumps([sys.executable, str(HERE / program), way])}
native.ready = "GET /ask"
native.after = ["dependency"]
native.env = {{PORT = "{{port}}", DEPENDENCY_URL = "{known or "{dependency.url}"}"}}
[targets.miniature.operations.ask-{name}]
request = "GET http://{name}/ask?word={{nonce}}"
[targets.miniature.operations.free-{name}]
request = "GET http://{name}/free?word={{nonce}}"
"""


def _link(way: str, known: str) -> str:
    inject = f'address = "{known}"' if known else 'env = "DEPENDENCY_URL"'
    return f"""
[targets.miniature.links.{way}-dependency]
from = "{way}"
to = "dependency"
inject = {{{inject}}}
"""
