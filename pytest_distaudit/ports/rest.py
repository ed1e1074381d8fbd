"""What a REST interface is documented to be, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class ProjectFile(Capability):
    """A JSON or YAML file of the project. Args: ``path``, below the root. ``content`` is what JSON can hold."""

    capability = "project-file"
    path: str
    content: Any


@dataclass(frozen=True, slots=True)
class Served(Capability):
    """A whole answer to a GET. Args: ``path``; ``template``, the documented path with its ``{names}``.

    ``document`` is the body as JSON where it is JSON (``is_json``); ``text`` is its beginning.
    ``same_as_nonsense``: the path with its last fixed segment replaced by one that cannot exist was
    answered with the same status and body.
    """

    capability = "served"
    path: str
    status: int
    content_type: str = ""
    is_json: bool = False
    document: Any = None
    text: str = ""
    location: str = ""
    same_as_nonsense: bool = False
