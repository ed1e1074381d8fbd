"""One JSON or YAML file of the project, as data. Nothing outside the project is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.errors import InvalidInput, Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.rest import ProjectFile
from pytest_distaudit.sources.yaml_reader import read_yaml

#: bytes; the largest interface descriptions that are published have a few
LARGEST = 8 * 1024 * 1024


def read_project_file(root: Path, path: str) -> ProjectFile:
    """The file at ``path`` below ``root``. Raises Unobservable: not there, a link, too large, not data."""
    place = root / path
    inside = not Path(path).is_absolute() and ".." not in Path(path).parts
    if not inside or place.resolve() != root.resolve() / path:
        raise Unobservable(Reason.NOT_SAFE, f"{path} lies outside the project or is a link; links are not followed")
    try:
        with place.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{path} cannot be read: {error.strerror}") from None
    if len(text) > LARGEST:
        raise Unobservable(Reason.TOO_LARGE, f"{path} is larger than {LARGEST} bytes")
    return ProjectFile(path, _data(text, path))


def _data(text: bytes, path: str) -> Any:
    try:
        if path.endswith(".json"):
            return json.loads(text)
        document = read_yaml(text, path)
    except (ValueError, RecursionError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{path} is not JSON ({error})") from None
    except InvalidInput as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{path} is not YAML ({error})") from None
    if document.problems:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{path} is not plain YAML: {document.problems[0][1]}")
    return document.data
