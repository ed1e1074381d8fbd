"""What the user asked of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pytest_distaudit.domain.target import Provision
from pytest_distaudit.domain.verdict import Scope, Severity


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked of this run; see the options of the same names.

    ``files_only``: the tree below ``root`` is data, its target file is not read.
    ``progress`` gets what is being done now ("" when that is over), ``notice`` what is worth knowing afterwards.
    """

    root: Path
    files_only: bool = False
    target: str | None = None
    provision: Provision = "auto"
    scope: Scope = Scope.ACTIVITY
    keep_s: float = 0.0
    evidence: Path | None = None
    fail_on: Severity = Severity.MINOR
    baseline: Path | None = None
    base: str | None = None
    prove: bool = False
    replay: tuple[Path, ...] = ()
    progress: Callable[[str], None] = field(default=lambda line: None, repr=False)
    notice: Callable[[str], None] = field(default=lambda line: None, repr=False)
    reading: Callable[[int, int], None] = field(default=lambda done, of: None, repr=False)
