"""Findings: what nobody claimed but the files of a project show by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What may be found. The list is closed: reports and tools rely on it."""

    DOCUMENTED_ABSENT = "documented_absent"
    UNDOCUMENTED_COMPONENT = "undocumented_component"
    WRONG_PORT = "wrong_port"
    WRONG_COUNT = "wrong_count"
    WRONG_VERSION = "wrong_version"
    CONTRADICTION = "contradiction"
    PATH_MISSING = "path_missing"
    VALUE_MISMATCH = "value_mismatch"
    MOUNT_MISSING = "mount_missing"
    BUILD_MISSING = "build_missing"
    VACUOUS_HEALTHCHECK = "vacuous_healthcheck"
    UNMOUNTED_CONFIG = "unmounted_config"
    BROKER_WITHOUT_CLIENT = "broker_without_client"
    TRACER_WITHOUT_SDK = "tracer_without_sdk"
    ENDPOINT_UNMOUNTED = "endpoint_unmounted"
    ONE_SERVER_POOL = "one_server_pool"
    UNSCALABLE = "unscalable"
    DEAD_SCRAPE_TARGET = "dead_scrape_target"


class Confidence(StrEnum):
    """How sure a finding is: what a reader would have to doubt to doubt it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in the audited tree; ``line`` counts from 1, 0 where the whole file or folder is meant."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement, with both places and both values, and a sentence to act on.

    ``at`` is where it is said, ``against`` what speaks against it; None where nothing is there at all.
    ``said`` and ``found`` are the two values ("8080", "8989").
    """

    kind: FindingKind
    component: str
    at: Spot
    message: str
    confidence: Confidence
    against: Spot | None = None
    said: str = ""
    found: str = ""
