"""Switching the audit on: the workbench, the fixtures, the hooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import NotJudged
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.verdict import Scope, Severity
from pytest_distaudit.plugin.collector import ClaimCollection, MinedCollection
from pytest_distaudit.plugin.distributed import Controller, join
from pytest_distaudit.plugin.fixtures import fixtures_plugin
from pytest_distaudit.plugin.github import GitHub, wanted
from pytest_distaudit.plugin.outcomes import Outcomes
from pytest_distaudit.plugin.reading_bar import reading_bar
from pytest_distaudit.plugin.recorder import AuditRecorder
from pytest_distaudit.plugin.report_files import fill_folder
from pytest_distaudit.plugin.selection import Selection
from pytest_distaudit.plugin.state import BENCH, worker_id
from pytest_distaudit.plugin.telling import Telling
from pytest_distaudit.reports.terminal import NEEDS_SYSTEM, NEEDS_VALIDATE
from pytest_distaudit.wiring import Bench, Wishes
from pytest_distaudit.wiring.file_claims import claims_of, named, undecided, validations, waived


def activate(config: pytest.Config) -> None:
    """Build the workbench and register everything that an audit needs. Bad targets are usage errors."""
    fill_folder(config.option)
    bench = config.stash[BENCH] = _bench(config)
    mined = _choose_what_is_judged(config, bench)
    selection = Selection(bench, () if mined is None else _left_out(config, bench))
    recorder = AuditRecorder(bench, selection, config)
    plugins: dict[str, object] = {
        "distaudit-fixtures": fixtures_plugin(bench),
        "distaudit-collection": ClaimCollection(bench) if mined is None else MinedCollection(bench, mined),
        "distaudit-selection": selection,
        "distaudit-outcomes": Outcomes(bench),
        "distaudit-recorder": recorder,
    }
    if worker_id(config):
        join(bench, config)
    elif config.pluginmanager.hasplugin("xdist"):
        plugins["distaudit-controller"] = Controller(bench)
    if config.pluginmanager.hasplugin("html"):
        from pytest_distaudit.plugin.html import HtmlColumns

        plugins["distaudit-html"] = HtmlColumns(recorder)
    if wanted(config) and not worker_id(config):
        plugins["distaudit-github"] = GitHub(recorder, config)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, name)


def _bench(config: pytest.Config) -> Bench:
    option, telling = config.option, Telling(config)
    wishes = Wishes(
        root=option.distaudit_tree or config.rootpath,
        files_only=option.distaudit_tree is not None,
        target=option.distaudit_target,
        provision=option.distaudit_provision,
        scope=Scope[option.distaudit_scope.upper()],
        keep_s=option.distaudit_keep or 0.0,
        evidence=option.distaudit_evidence,
        base=option.distaudit_base,
        prove=option.distaudit_prove or option.distaudit_min_proved is not None,
        baseline=option.distaudit_baseline,
        fail_on=Severity(option.distaudit_fail_on),
        replay=tuple(option.distaudit_merge or filter(None, [option.distaudit_replay])),
        progress=telling.progress,
        notice=telling.notice,
        reading=reading_bar(config),
    )
    try:
        return Bench(wishes)
    except InvalidInput as error:
        raise pytest.UsageError(*(str(problem) for problem in error.problems)) from None


_Mined = dict[Path, list[Claim]]


def _choose_what_is_judged(config: pytest.Config, bench: Bench) -> _Mined | None:
    """The claims, unless others are named; what files show (returned) where nobody has claimed anything."""
    alone = config.args_source is not config.ArgsSource.ARGS
    if not (bench.wishes.files_only or (alone and bench.unprepared)):
        if alone:
            config.args = [str(path) for path in (*bench.claim_files, *bench.claimed_documents)]
        return None
    mined = _mined(config, bench)
    config.option.distaudit_scope = Scope.STATIC.word
    config.args = list(dict.fromkeys(map(_argument, mined))) or [str(bench.wishes.root)]
    return mined


def _argument(path: Path) -> str:
    """The path for pytest, to which ``::`` ends a file's name: where it stands in one, the folder around that."""
    while "::" in str(path):
        path = path.parent
    return str(path)


def _left_out(config: pytest.Config, bench: Bench) -> list[NotJudged]:
    """What files cannot decide, and what is not asked for."""
    asked = config.option.distaudit_validate
    validating = [] if asked else [NotJudged(claim.id, NEEDS_VALIDATE) for claim in validations(bench.files)]
    return [NotJudged(claim.id, NEEDS_SYSTEM) for claim in named(undecided(bench.files))] + validating


def _mined(config: pytest.Config, bench: Bench) -> _Mined:
    """File -> what is judged at its lines without that anybody claimed it."""
    found: _Mined = {}
    validating = validations(bench.files) if config.option.distaudit_validate else ()
    for claim in (*claims_of(bench.files, waived(bench.written_claims())), *validating):
        found.setdefault(bench.wishes.root / claim.document, []).append(claim)
    return found
