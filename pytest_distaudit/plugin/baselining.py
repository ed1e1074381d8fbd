"""The baseline of a run: read at its beginning, shrunk or written whole at its end."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.tolerance import Known
from pytest_distaudit.plugin.state import in_ci
from pytest_distaudit.wiring import Bench

_MOST_NAMED = 20


class Baselining:
    """What became of the baseline at the end of a run; ``failed`` makes the run red."""

    def __init__(self, bench: Bench, option: Namespace) -> None:
        self._bench, self._option = bench, option
        self.lines: list[str] = []
        self.failed: list[str] = []

    def finish(self, audit: Audit, why_partial: str) -> None:
        """Take out of the file what it need not excuse any more; write it whole where that was asked for.

        ``why_partial``: what keeps this run from speaking of all claims, "" if nothing does.
        """
        if self._option.distaudit_write_baseline is not None:
            self._write(audit, self._option.distaudit_write_baseline, why_partial)
        elif self._option.distaudit_baseline is not None:
            self._shrink(audit, self._option.distaudit_baseline, why_partial)

    def _shrink(self, audit: Audit, path: Path, why_partial: str) -> None:
        from pytest_distaudit.reports.baseline import baseline_text, outlived

        over = outlived(self._bench.known, audit) if not why_partial else []
        if not over:
            return
        kept_for = self._why_not_written()
        word = f"stays in {path} ({kept_for})" if kept_for else f"taken out of {path}"
        self.lines += [f"baseline: {one.entry.claim} {word}: {one.why}" for one in over[:_MOST_NAMED]]
        if len(over) > _MOST_NAMED:
            self.lines.append(f"baseline: {len(over) - _MOST_NAMED} more entries, too")
        if not kept_for:
            gone = {one.entry for one in over}
            # Read again: another run may have shrunk it meanwhile.
            self._put(path, lambda: baseline_text(one for one in self._read(path) if one not in gone))

    def _why_not_written(self) -> str:
        if self._option.distaudit_base is not None:
            return "the gate writes nothing"
        if self._bench.recording is not None:
            return "a recorded run takes nothing out"
        return "not rewritten in CI; run it once elsewhere, and commit the file" if in_ci() else ""

    def _write(self, audit: Audit, path: Path, why_partial: str) -> None:
        from pytest_distaudit.reports.baseline import baseline_text, known_of

        if self._option.distaudit_base is not None:
            why_partial = "the gate writes nothing; write it in an ordinary run"
        if why_partial:
            self.failed.append(f"--distaudit-write-baseline={path} was not written: {why_partial}")
            return
        self._put(path, lambda: baseline_text(known_of(audit, self._read(path) if path.exists() else ())))
        self.lines += [] if self.failed else [f"written: {path}"]

    def _put(self, path: Path, text: Callable[[], str]) -> None:
        from pytest_distaudit.reports.whole import write_whole

        try:
            write_whole(path, text())
        except InvalidInput as error:
            self.failed += [f"{path} was not rewritten: {problem}" for problem in error.problems]
        except OSError as error:
            self.failed.append(f"{path} was not rewritten: {error.strerror or error}; the older file stays")

    def _read(self, path: Path) -> tuple[Known, ...]:
        from pytest_distaudit.sources.baseline_file import read_baseline

        return read_baseline(path, str(path))
