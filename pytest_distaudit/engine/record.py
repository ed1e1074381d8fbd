"""The evidence folder: small JSON files that judge the same again without any server.

``<folder>/observations/<system>/<ask>.<digest>.json`` holds one observation;
``<folder>/claims/<key>.json`` the looks of one claim as lists of those files;
``<folder>/audit.json`` when and where the audit was made. xdist workers write into one folder: files of one
name are equal, and each appears whole. Each bears a digest of all else in it: one that was changed is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.needs import Need
from pytest_distaudit.domain.observation import Observation, observation_from_json, observation_to_json
from pytest_distaudit.engine.conduct import Conducted, Sight

#: the key under which a file bears its own digest
_SEAL = "seal"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]+")


class Changed(ValueError):
    """A file of the evidence is not as it was recorded."""


class Recorder:
    """Writes the evidence folder; every file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[int, tuple[Observation, str]] = {}
        self._told = False

    def about(self, facts: Mapping[str, Any]) -> None:
        """When, where and with what the audit was made; written once."""
        if not self._told:
            _write(self.folder / "audit.json", facts)
            self._told = True

    def claim(self, key: str, conducted: Conducted, extra: Mapping[str, Any]) -> None:
        """One claim's looks."""
        looks = [[self._observation(seen) for seen in look] for look in conducted.looks]
        _write(self.folder / "claims" / f"{_slug(key)}.json", {"claim": key, "looks": looks, **extra})

    def _observation(self, seen: Observation) -> str:
        known = self._names.get(id(seen))
        if known is None:
            moment = f"{seen.sha256[:12]}-{seen.at:.6f}"
            name = f"{_slug(seen.system or 'target')}/{_slug(str(seen.ask))}.{moment}.json"
            _write(self.folder / "observations" / name, observation_to_json(seen))
            known = self._names[id(seen)] = (seen, name)
        return known[1]


@dataclass(frozen=True, slots=True)
class Part:
    """The evidence of one run: ``name`` tells it from the others, ``about`` is its ``audit.json``."""

    name: str
    folder: Path
    about: Mapping[str, Any]


class Recording:
    """Reads evidence folders, and folders of such folders. Raises FileNotFoundError for one that holds none, Changed
    for what is not as it was recorded.
    """

    def __init__(self, *folders: Path) -> None:
        self.parts = tuple(part for folder in folders for part in _parts(folder))
        self._seen: dict[Path, Observation] = {}

    @property
    def started(self) -> str:
        """When the first of the runs began, ISO 8601."""
        return min(str(part.about["started"]) for part in self.parts)

    def recorded(self, key: str) -> Iterator[tuple[Part, Iterator[Sight]]]:
        """The claim's looks as they were, by run; none if it was not recorded."""
        for part in self.parts:
            path = part.folder / "claims" / f"{_slug(key)}.json"
            if path.is_file():
                yield part, self._sights(part, _read(path)["looks"])

    def _sights(self, part: Part, looks: Sequence[Sequence[str]]) -> Iterator[Sight]:
        for look in looks:
            yield RecordedSight([self._observation(part.folder / "observations" / name) for name in look])

    def _observation(self, path: Path) -> Observation:
        if path not in self._seen:
            try:
                self._seen[path] = observation_from_json(_read(path))
            except FileNotFoundError:
                raise Changed(f"{path} is gone since it was recorded") from None
        return self._seen[path]


def _parts(folder: Path) -> list[Part]:
    found = sorted(path.parent for path in (*folder.glob("audit.json"), *folder.glob("*/audit.json")))
    if not found:
        raise FileNotFoundError(folder / "audit.json")
    return [Part(one.resolve().name, one, _read(one / "audit.json")) for one in found]


class RecordedSight:
    """One recorded look; what a check asked for on top stands in it already."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations

    def extend(self, needs: tuple[Need, ...]) -> bool:
        """Nothing more can be seen of the past."""
        return False


def _slug(text: str) -> str:
    """A file name; a digest keeps apart what folding would make equal."""
    safe = _UNSAFE.sub("_", text).strip("_.")
    return safe if safe == text else f"{safe[:80]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    told = json.loads(json.dumps(value))
    whole = {**told, _SEAL: _seal(told)}
    try:
        draft.write_text(json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError:  # a full disk
        draft.unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
        kept = told.pop(_SEAL, None)
    except (ValueError, AttributeError, TypeError):
        raise Changed(f"{path} was changed since it was recorded: it is no evidence any more") from None
    if kept is None:
        raise Changed(f"{path} bears no digest: it was changed, or recorded by an earlier version")
    if kept != _seal(told):
        raise Changed(f"{path} was changed since it was recorded: its digest is another one")
    return told


def _seal(value: Mapping[str, Any]) -> str:
    """Over everything, times included."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
