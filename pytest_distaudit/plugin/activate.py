"""Switching the audit on: the workbench, the fixtures, the hooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.plugin.collector import ClaimCollection, MinedCollection
from pytest_distaudit.plugin.fixtures import fixtures_plugin
from pytest_distaudit.plugin.outcomes import Outcomes
from pytest_distaudit.plugin.reading_bar import reading_bar
from pytest_distaudit.plugin.recorder import AuditRecorder
from pytest_distaudit.plugin.selection import Selection
from pytest_distaudit.plugin.state import BENCH, worker_id
from pytest_distaudit.wiring import Bench, Wishes
from pytest_distaudit.wiring.file_claims import claims_of, undecided, waived


def activate(config: pytest.Config) -> None:
    """Build the workbench and register everything that an audit needs. Bad targets are usage errors."""
    option = config.option
    tree = option.distaudit_tree
    wishes = Wishes(
        root=tree or config.rootpath,
        files_only=tree is not None,
        target=option.distaudit_target,
        provision=option.distaudit_provision,
        scope=Scope[option.distaudit_scope.upper()],
        evidence=_evidence_folder(config),
        replay=option.distaudit_replay,
        progress=_progress(config),
        reading=reading_bar(config),
    )
    try:
        bench = Bench(wishes)
    except InvalidInput as error:
        raise pytest.UsageError(*(str(problem) for problem in error.problems)) from None
    config.stash[BENCH] = bench
    alone = config.args_source is not config.ArgsSource.ARGS
    mined = _mined(bench) if tree or (alone and bench.unprepared) else None
    if mined is not None:
        option.distaudit_scope = Scope.STATIC.word
        config.args = [str(path) for path in mined] or [str(bench.wishes.root)]
    elif alone:
        config.args = [str(path) for path in (*bench.claim_files, *bench.claimed_documents)]
    selection = Selection(bench, undecided(bench.files) if mined is not None else ())
    recorder = AuditRecorder(bench, selection, config)
    plugins: dict[str, object] = {
        "distaudit-fixtures": fixtures_plugin(bench),
        "distaudit-collection": ClaimCollection(bench) if mined is None else MinedCollection(bench, mined),
        "distaudit-selection": selection,
        "distaudit-outcomes": Outcomes(bench),
        "distaudit-recorder": recorder,
    }
    if config.pluginmanager.hasplugin("html"):
        from pytest_distaudit.plugin.html import HtmlColumns

        plugins["distaudit-html"] = HtmlColumns(recorder)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, name)


def _mined(bench: Bench) -> dict[Path, list[Claim]]:
    """File -> what is judged at its lines without that anybody claimed it."""
    found: dict[Path, list[Claim]] = {}
    for claim in claims_of(bench.files, waived(bench.written_claims())):
        found.setdefault(bench.wishes.root / claim.document, []).append(claim)
    return found


def _evidence_folder(config: pytest.Config) -> Path | None:
    """xdist workers write beside each other until they share."""
    folder: Path | None = config.option.distaudit_evidence
    worker = worker_id(config)
    return folder / worker if folder is not None and worker else folder


def _progress(config: pytest.Config) -> Callable[[str], None]:
    """One line per step of starting systems, unless the run is quiet or a worker's."""

    def tell(line: str) -> None:
        manager = config.pluginmanager
        reporter, capture = manager.getplugin("terminalreporter"), manager.getplugin("capturemanager")
        if reporter is None or worker_id(config) or config.option.verbose < 0:
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"distaudit: {line}")

    return tell
