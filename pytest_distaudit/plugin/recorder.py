"""The controller's side: results become one audit, the audit becomes reports and an exit code."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_distaudit.domain.audit import (
    Audit,
    CheckNote,
    ClaimResult,
    Coverage,
    Digest,
    InputError,
    NotJudged,
    Page,
    Proof,
)
from pytest_distaudit.domain.drift import compared
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.verdict import Scope, Verdict
from pytest_distaudit.plugin.baselining import Baselining
from pytest_distaudit.plugin.comparing import earlier_audit
from pytest_distaudit.plugin.report_files import ReportFiles, shows_documents, speaks_of_evidence, write_reports
from pytest_distaudit.plugin.selection import Selection
from pytest_distaudit.plugin.state import worker_id
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.wiring import Bench


class AuditRecorder:
    """Collects results (from workers, too), builds the audit, writes what was asked for."""

    def __init__(self, bench: Bench, selection: Selection, config: pytest.Config) -> None:
        self._bench, self._selection, self._config = bench, selection, config
        self._claims: dict[str, ClaimResult] = {}
        self._errors: dict[InputError, None] = {}
        self._failed_setups: dict[str, NotJudged] = {}
        self._started = time.perf_counter()
        self._remote: dict[str, Any] | None = None
        self._remote_proofs: list[Proof] = []
        self._files = ReportFiles()
        self._alone: dict[str, str] = {}
        self._earlier = None if worker_id(config) else earlier_audit(bench, config.option.distaudit_since)
        self._baselining = Baselining(bench, config.option)
        self.audit: Audit | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the report carries."""
        result = getattr(report, "distaudit_result", None)
        if result is not None:
            self._claims[report.nodeid] = from_json(ClaimResult, result) if isinstance(result, dict) else result
        errors = getattr(report, "distaudit_errors", None)
        if errors is not None:
            found = [from_json(InputError, error) if isinstance(error, dict) else error for error in errors]
            self._errors.update(dict.fromkeys(found))
            why = found[0].message.partition("\n")[0]
            self._failed_setups[report.nodeid] = NotJudged(report.nodeid.rpartition("::")[2], why)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """What a worker selected; all workers collect alike."""
        output = getattr(node, "workeroutput", {})
        self._remote = output.get("distaudit", self._remote)
        self._remote_proofs += [from_json(Proof, one) for one in output.get("distaudit_proofs", ())]
        if self._remote and self._remote["alone"]:
            self._alone[node.gateway.id] = self._remote["alone"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """On a worker: send what only collection knows. On the controller: the audit, its files, the exit code."""
        if worker_id(self._config):
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
            output["distaudit"] = self._collected()
            output["distaudit_proofs"] = [to_json(one) for one in self._bench.proofs() or ()]
            return
        option = session.config.option
        if option.collectonly or option.setuponly or option.setupplan:
            return
        _forget_quiet_phases(self._config, self._claims)
        self.audit = self._build()
        self.audit = replace(self.audit, proofs=self._proofs())
        if self._bench.gate is not None:
            weaker = self._bench.gate.weaker(self._config.option.distaudit_allow_weaker)
            self.audit = replace(self.audit, base=self._bench.gate.commit, weaker=weaker)
        if self._earlier is not None:
            self.audit = compared(self.audit, self._earlier, whole=not self._why_partial(session))
        self._config.hook.pytest_distaudit_finished(audit=self.audit, config=self._config)
        self._files = write_reports(self.audit, self._config.option)
        self._baselining.finish(self.audit, self._why_partial(session))
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and self._must_fail():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _must_fail(self) -> bool:
        """Never green when nothing was judged, or less was claimed than was asked for."""
        assert self.audit is not None
        judged = any(claim.verdict is not Verdict.UNVERIFIABLE for claim in self.audit.claims)
        failed = [*self._files.failed, *self._baselining.failed]
        weaker = any(not one.allowed for one in self.audit.weaker)
        return not judged or weaker or bool(failed) or bool(self._too_little() or self._too_few_proved())

    def _too_little(self) -> str | None:
        """What is missing to ``--distaudit-min-coverage``."""
        wanted, coverage = self._config.option.distaudit_min_coverage, self.audit.coverage if self.audit else None
        if wanted is None or coverage is None or coverage.percent is None or coverage.percent >= wanted:
            return None
        return f"coverage {coverage.percent:.1f} % is below --distaudit-min-coverage={wanted:g}"

    def _proofs(self) -> tuple[Proof, ...] | None:
        """Those of this process and of all workers, in the order of the claims' ids."""
        own = self._bench.proofs()
        return None if own is None else tuple(sorted((*own, *self._remote_proofs), key=lambda one: one.claim))

    def _too_few_proved(self) -> str | None:
        """What is missing to ``--distaudit-min-proved``; nothing green to try is too few as well."""
        wanted, percent = self._config.option.distaudit_min_proved, self.audit and self.audit.proved_percent
        if wanted is None or (percent is not None and percent >= wanted):
            return None
        told = "no green claim could be tried" if percent is None else f"{percent:.1f} % of the green claims can go red"
        return f"{told}: below --distaudit-min-proved={wanted:g}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The audit's own section."""
        if self.audit is None:
            return
        from pytest_distaudit.reports.terminal import summary
        from pytest_distaudit.reports.wording import defused, tame

        lines = summary(self.audit, verbose=self._config.option.verbose, written=self._files.written)
        terminalreporter.section("audit verdict", sep="=")
        for text, markup in lines:
            terminalreporter.write_line(defused(tame(text)), **markup)
        for worker, why in self._alone.items():
            terminalreporter.write_line(
                f"{worker} gathered for itself, the systems were asked again ({why})", yellow=True
            )
        if self._config.option.distaudit_since is not None and self._earlier is None:
            terminalreporter.write_line(f"--distaudit-since={self._config.option.distaudit_since}: no such file yet")
        for line in self._baselining.lines:
            terminalreporter.write_line(line)
        for failure in (*self._files.failed, *self._baselining.failed):
            terminalreporter.write_line(failure, red=True)
        for missing in filter(None, (self._too_little(), self._too_few_proved())):
            terminalreporter.write_line(missing, red=True)

    def pytest_report_header(self) -> str:
        """Which target, from where, how far."""
        if self._config.option.distaudit_scope == Scope.STATIC.word:
            return f"distaudit: the files below {self._bench.wishes.root}; nothing of them is run"
        target = self._bench.target.name or "none declared"
        source = "replayed evidence" if self._bench.recording else self._config.option.distaudit_provision
        return f"distaudit: target {target}, provision {source}, scope {self._config.option.distaudit_scope}"

    def _collected(self) -> dict[str, Any]:
        chosen = self._selection
        return {
            "selected": chosen.selected,
            "total": chosen.total,
            "coverage": to_json(chosen.coverage),
            "findings": [to_json(one) for one in self._bench.findings()],
            "not_judged": [to_json(one) for one in chosen.not_judged],
            "sources": self._bench.sources,
            "alone": self._bench.alone,
        }

    def _build(self) -> Audit:
        from pytest_distaudit.reports.assemble import assemble

        collected = self._remote or self._collected()
        not_judged = [from_json(NotJudged, one) for one in collected["not_judged"]]
        return assemble(
            claims=list(self._claims.values()),
            errors=list(self._errors),
            not_judged=[*not_judged, *self._failed_setups.values()],
            collected=collected,
            coverage=from_json(Coverage, collected["coverage"]),
            findings=[from_json(Finding, one) for one in collected["findings"]],
            target=self._bench.target,
            provision=self._provision(collected["sources"]),
            scope=self._config.option.distaudit_scope,
            started=datetime.fromisoformat(self._recorded_start() or datetime.now(UTC).isoformat()),
            duration_s=time.perf_counter() - self._started,
            root=self._config.rootpath,
            narrowed=self._narrowed(),
            replayed=self._bench.recording is not None,
            gated=self._bench.gate is not None,
            pages=self._pages(),
            checks=self._check_notes(),
            digests=self._digests(),
        )

    def _digests(self) -> Iterable[Digest]:
        if not speaks_of_evidence(self._config.option):
            return ()
        judged_by = {claim.nodeid.partition("::")[0] for claim in self._claims.values()}
        documents = {claim.document for claim in self._claims.values() if claim.document}
        return self._bench.digests({*judged_by, *documents})

    def _check_notes(self) -> Iterable[CheckNote]:
        """Of the checks that decided something; findings of files without a claim are those of ``files.finding``."""
        used = {claim.check for claim in self._claims.values()} | {"files.finding"}
        known = (self._bench.checks[name] for name in sorted(used) if name in self._bench.checks)
        return [CheckNote(check.name, check.claims, check.shows_not) for check in known]

    def _pages(self) -> Iterable[Page]:
        if not shows_documents(self._config.option):
            return ()
        return self._bench.pages(claim.document for claim in self._claims.values() if claim.document)

    def _provision(self, sources: dict[str, str]) -> str:
        """Where the systems really came from; the option where none was needed, nothing where only files were read."""
        if self._bench.recording is not None:
            return "replay" if len(self._bench.recording.parts) == 1 else "merge"
        if self._config.option.distaudit_scope == Scope.STATIC.word:
            return "files"
        return "+".join(sorted(set(sources.values()))) or str(self._config.option.distaudit_provision)

    def _recorded_start(self) -> str | None:
        return self._bench.recording.started if self._bench.recording else self._bench.started.isoformat()

    def _why_partial(self, session: pytest.Session) -> str:
        """What keeps this run from speaking of every claim of the target; "" if nothing does."""
        assert self.audit is not None
        option, audit = self._config.option, self.audit
        named = self._config.args_source is self._config.ArgsSource.ARGS
        if audit.narrowed or named or option.deselect or option.ignore or option.ignore_glob:
            return "only a part of the claims was selected; run it without that"
        if session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return "the run did not come to its end"
        if audit.errors:
            return "there are errors in claims or targets; mend them first"
        judged, left_out = len(audit.claims), len(audit.not_judged)
        if judged != audit.selected or judged + left_out != audit.total:
            return f"{judged} of {audit.total - left_out} claims were judged"
        return ""

    def _narrowed(self) -> bool:
        """Whether the user looked at a part only, so that no verdict on the whole target is due."""
        option = self._config.option
        by_name = self._config.args_source is self._config.ArgsSource.ARGS and any(
            "::" in arg for arg in self._config.args
        )
        last_failed = getattr(option, "lf", False) or getattr(option, "stepwise", False)
        return bool(option.keyword or option.markexpr or option.maxfail or last_failed or by_name)


def _forget_quiet_phases(config: pytest.Config, ours: Container[str]) -> None:
    """The terminal reporter goes through all set-ups and tear-downs for every failure that it prints; those of
    claims print nothing, and thousands of refuted claims would cost minutes."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    phases = reporter.stats.get("", []) if reporter else []
    phases[:] = [one for one in phases if one.nodeid not in ours or getattr(one, "sections", None)]
