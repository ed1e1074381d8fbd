"""One run's workbench: definitions, the target, the plan, and the evidence behind every verdict."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.audit import ClaimResult, Coverage, Digest, Page, Proof
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput, Place, Problem, did_you_mean
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.target import Project, Target
from pytest_distaudit.domain.tolerance import Known, Tolerance
from pytest_distaudit.domain.verdict import Scope, Verdict
from pytest_distaudit.engine.blocking import blocker, systems_down
from pytest_distaudit.engine.conduct import Conducted, conduct
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.live import Live
from pytest_distaudit.engine.plan import Plan, Planned, plan_claim
from pytest_distaudit.engine.record import Changed, Recorder, Recording
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.engine.result import result_of
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.wiring.definitions import load_checks, load_kinds
from pytest_distaudit.wiring.file_claims import covered
from pytest_distaudit.wiring.files import Files
from pytest_distaudit.wiring.mishaps import audit_error, evidence_changed
from pytest_distaudit.wiring.wishes import Wishes
from pytest_distaudit.wiring.written import WrittenClaims, claim_files, documents_to_mine, written_below

if TYPE_CHECKING:
    from pytest_distaudit.wiring.gate import Gate
    from pytest_distaudit.wiring.sharing import Shared


class Bench:
    """One run's workbench: definitions, the target, the plan, and the evidence behind every verdict."""

    def __init__(self, wishes: Wishes) -> None:
        from pytest_distaudit.sources.documents import Documents

        self.wishes = wishes
        self.checks = load_checks()
        self.kinds = load_kinds()
        self.gate = self._open_gate()
        self.project = self._read_project()
        self.recording = self._open_recording()
        self.target = self._choose_target()
        self._check_lease(self.target)
        self.documents = Documents(wishes.root)
        self.taken: dict[str, Place] = {}
        self.plan = Plan(self.target)
        self.redactor = Redactor()
        self.hub = Hub({name: self.kinds[name] for name in self.kinds}, Limits(), self.redactor)
        self.recorder = Recorder(wishes.evidence) if wishes.evidence else None
        self.started = datetime.now(UTC)
        self.known = self._read_baseline()
        documents = None if wishes.files_only else self.documents_to_mine
        self.files = Files(wishes.root, wishes.notice, documents, wishes.reading)
        self.located: Mapping[str, Located] = {}
        #: the process that gathers for this one and others; None: every process for itself
        self.shared: Shared | None = None
        #: why this worker gathers for itself, "" if it need not
        self.alone = ""
        self._live: Live | None = None
        self._planned: dict[str, Planned] = {}
        self._green: list[tuple[Planned, Conducted]] = []

    @property
    def today(self) -> date:
        """The day on which waivers are judged: the recorded one in a replay."""
        if self.recording is not None:
            return datetime.fromisoformat(self.recording.started).date()
        return self.started.date()

    def _read_baseline(self) -> tuple[Known, ...]:
        """What is known not to hold, of all targets. Raises InvalidInput."""
        from pytest_distaudit.sources.baseline_file import read_baseline

        if self.gate is not None:
            return self.gate.known
        path = self.wishes.baseline
        return () if path is None else read_baseline(path, str(path))

    @cached_property
    def tolerance(self) -> Tolerance:
        """What does not fail this run although it does not hold."""
        mine = {one.claim: one for one in self.known if one.target == self.target.name}
        return Tolerance(self.wishes.fail_on, mine)

    def _open_gate(self) -> Gate | None:
        """What counts in place of the checkout's own word; None where that counts. Raises InvalidInput."""
        from pytest_distaudit.wiring.gate import open_gate

        wishes = self.wishes
        if wishes.base is None:
            return None
        return open_gate(wishes.root, wishes.base, self.checks, self._schemes(), wishes.baseline)

    def in_force(self, claim: Claim) -> Claim:
        """The claim with the excuses that count in this run."""
        return self.gate.in_force(claim) if self.gate else claim

    def _schemes(self) -> dict[str, Any]:
        return {name: self.kinds[name].endpoints for name in self.kinds}

    def _read_project(self) -> Project:
        from pytest_distaudit.sources.target_file import read_project

        if self.wishes.files_only:
            return Project(Place("distaudit.toml"))
        if self.gate is not None:
            return self.gate.project
        return read_project(self.wishes.root, self._schemes()) or Project(Place("distaudit.toml"))

    def _choose_target(self) -> Target:
        recorded = self._recorded_target()
        targets, wanted = self.project.targets, self.wishes.target or recorded or self.project.default
        if wanted is None:
            return next(iter(targets.values())) if len(targets) == 1 else Target("", Place("distaudit.toml"))
        if wanted not in targets:
            hint = did_you_mean(wanted, targets)
            raise InvalidInput([Problem(self.project.place, f"there is no target {wanted!r}; {hint}")])
        return targets[wanted]

    def _check_lease(self, target: Target) -> None:
        """Raises InvalidInput where the target names a system for it that offers none."""
        kind = target.systems[target.lease].kind if target.lease is not None else ""
        if kind and self.kinds[kind].lease is None:
            offering = ", ".join(name for name in self.kinds if self.kinds[name].lease)
            message = f"kind {kind!r} of {target.lease!r} offers no lease; allowed: systems of kind {offering}"
            raise InvalidInput([Problem(target.place, message)])

    def _recorded_target(self) -> str | None:
        """The target that all recorded runs were about. Raises InvalidInput where another one is wanted."""
        told = {str(part.about["target"]): part for part in self.recording.parts} if self.recording else {}
        wanted = self.wishes.target or next(iter(told), None)
        for other in told.keys() - {wanted}:
            next_step = "leave --distaudit-target out" if self.wishes.target else "merge runs of one target only"
            message = f"holds evidence of target {other!r}, not of {wanted!r}; {next_step}"
            raise InvalidInput([Problem(Place(str(told[other].folder)), message)])
        return next(iter(told), None)

    def _open_recording(self) -> Recording | None:
        if not self.wishes.replay:
            return None
        try:
            return Recording(*self.wishes.replay)
        except FileNotFoundError as error:
            message = "holds no evidence (audit.json is missing); record some with --distaudit-evidence=DIR"
            raise InvalidInput([Problem(Place(str(Path(error.args[0]).parent)), message)]) from None
        except Changed as error:
            raise InvalidInput([Problem(Place("evidence"), str(error))]) from None

    @cached_property
    def claim_files(self) -> list[Path]:
        """The files of the claims folder."""
        return claim_files(self.wishes.root, self.project)

    @cached_property
    def claimed_documents(self) -> list[Path]:
        """The project's documents that hold claims."""
        from pytest_distaudit.sources.inline import mentions_claims

        return [path for path in self.documents_to_mine() if mentions_claims(path)]

    @property
    def unprepared(self) -> bool:
        """Whether nobody has claimed anything that could be judged: its files alone have to speak."""
        return self.wishes.files_only or not (self.claim_files or (self.claimed_documents and self.project.targets))

    def written_claims(self) -> list[Claim]:
        """The well-formed claims of the claims folder, read as data."""
        if self.gate is not None:
            return list(self.gate.written.claims)
        from pytest_distaudit.sources.claim_file import read_claim_file

        taken: dict[str, Place] = {}
        read = [
            read_claim_file(path, self.wishes.root, self.checks, self.documents, taken) for path in self.claim_files
        ]
        return [claim for file in read for claim in file.claims]

    def all_written(self) -> WrittenClaims:
        """What claim files and documents claim, read as data."""
        return written_below(self.wishes.root, self.project, self.checks)

    def documents_to_mine(self) -> list[Path]:
        """The documents that the project names; all of the tree where none is there."""
        return documents_to_mine(self.wishes.root, self.project)

    def coverage(self, claims: Sequence[Claim]) -> Coverage:
        """How many of the documents' checkable sentences these claims quote."""
        found = covered(self.files.proposals, claims)
        return replace(found, not_read=self.files.not_read)

    def pages(self, claimed: Iterable[str]) -> Iterator[Page]:
        """The project's documents and those that claims quote, as a report shows them."""
        from pytest_distaudit.sources.pages import pages

        named = (path.relative_to(self.wishes.root).as_posix() for path in self.documents_to_mine())
        return pages(self.wishes.root, dict.fromkeys([*named, *claimed]))

    def digests(self, judged_by: Iterable[str]) -> Iterator[Digest]:
        """Of the evidence folder, of the target file, and of these files of the project."""
        from pytest_distaudit.sources.digests import digest_of_folder, digests_of_files

        if self.wishes.evidence is not None:
            yield digest_of_folder(self.wishes.evidence, "evidence")
        yield from digests_of_files(self.wishes.root, {self.project.place.file, *judged_by})

    def findings(self) -> list[Finding]:
        """What the files were seen to show, where they were asked for it."""
        return list(self.files.findings.values()) if self.files.asked_for_findings else []

    def problems(self, claim: Claim) -> tuple[Problem, ...]:
        """What is wrong with a well-formed claim when it is held against this run's target."""
        from pytest_distaudit.sources.claim_against_target import check_against_target, unknown_targets

        return (
            *unknown_targets(claim, self.project),
            *check_against_target(claim, self.checks[claim.check], self.target),
        )

    def left_out(self, claim: Claim) -> str | None:
        """Why this run may not judge the claim: it is of other targets, or of a higher scope."""
        if self._of_others(claim):
            return f"claimed of {', '.join(claim.targets)}, not of {self.target.name or 'a run without a target'}"
        needed = self.checks[claim.check].scope
        return f"needs --distaudit-scope={needed.word}" if needed > self.wishes.scope else None

    def _of_others(self, claim: Claim) -> bool:
        """Whether it is of other targets, and may name what this one does not have."""
        return bool(claim.targets) and self.target.name not in claim.targets

    def planned(self, claim: Claim) -> Planned:
        """The claim with its roles resolved; worked out once."""
        found = self._planned.get(claim.key)
        if found is None or found.claim is not claim:
            found = self._planned[claim.key] = plan_claim(claim, self.checks[claim.check], self.target)
        return found

    def kinds_of(self, claim: Claim) -> tuple[str, ...]:
        """The kinds whose fixtures the claim takes."""
        if self._of_others(claim):
            return ()
        planned = self.planned(claim)
        names = dict.fromkeys((*planned.systems, *planned.leans_on))
        return tuple(dict.fromkeys(self.target.systems[name].kind for name in names))

    @contextmanager
    def provisioned(self) -> Iterator[Mapping[str, Located]]:
        """Find or start every system that the plan needs; all looks of the plan begin at once."""
        with ExitStack() as stack:
            if self.recording is None and self.plan.systems:
                systems = self.plan.systems
                self.located = (
                    self.shared.provisioned(systems) if self.shared
                    else stack.enter_context(self.provision(systems))
                )  # fmt: skip
                self.wishes.progress("")
                self.live.begin(self.located)
            yield self.located

    @contextmanager
    def provision(self, systems: Sequence[str]) -> Iterator[Mapping[str, Located]]:
        """Find or start these, and what they need, while the block runs."""
        from pytest_distaudit.targets.ground import harmless_environment
        from pytest_distaudit.targets.left import try_again
        from pytest_distaudit.targets.provision import provision
        from pytest_distaudit.targets.recipes import builtin_recipes

        try_again(self.wishes.notice)
        with provision(
            self.target,
            self.wishes.provision,
            systems,
            builtin_recipes(),
            root=self.wishes.root,
            environ=os.environ,
            handed_on=harmless_environment(os.environ) if self.gate else None,
            on_progress=self.wishes.progress,
            on_notice=self.wishes.notice,
            keep_s=self.wishes.keep_s,
            relayed=self.wishes.scope >= Scope.EXPERIMENT,
        ) as found:
            yield found.located

    @property
    def live(self) -> Live:
        """Looks at running systems, for the plan as it stands."""
        if self._live is None:
            self._live = Live(self.plan, self.shared or self.gatherer, self.files.observe)
        return self._live

    @cached_property
    def gatherer(self) -> Gatherer:
        """What gathers evidence in this process."""
        from pytest_distaudit.systems.http_fetch import HttpFetch
        from pytest_distaudit.systems.http_load import http_load
        from pytest_distaudit.targets.alone import Alone
        from pytest_distaudit.targets.guard import promising

        kinds = {name: self.kinds[name] for name in self.kinds}
        limits, tell = self.hub.limits, self.wishes.progress
        alone = Alone(self.target.lease, kinds, limits, tell)
        return Gatherer(self.hub, kinds, HttpFetch, tell, promising, lambda: http_load(limits), alone)

    def judge(self, planned: Planned, bind: Callable[[], Mapping[str, Located]], nodeid: str) -> ClaimResult:
        """The verdict of one claim, its evidence recorded where that was asked for.

        ``bind`` tells where each system is. Whatever goes wrong here is the audit's error, never a pass.
        """
        started, part = time.perf_counter(), ""
        try:
            part, conducted = self._conducted(planned, bind)
        except Changed as error:
            conducted = Conducted(evidence_changed(error), ())
        except Exception as error:  # noqa: BLE001 - fixtures, recordings and adapters of others end here
            conducted = Conducted(audit_error(error), ())
        cause = blocker(planned, self.plan, systems_down(conducted.observations))
        conducted = self._recorded(planned, conducted)
        if self.wishes.prove and conducted.judgement.verdict is Verdict.VERIFIED:
            self._green.append((planned, conducted))
        result = result_of(
            planned,
            conducted,
            nodeid=nodeid,
            today=self.today,
            duration_s=time.perf_counter() - started,
            blocked_by=cause,
            recorded_in=part,
        )
        return self.tolerance.applied(result)

    def _recorded(self, planned: Planned, conducted: Conducted) -> Conducted:
        """Keep its evidence; a verdict whose evidence was to be kept and is not, as on a full disk, is none."""
        if self.recorder is None:
            return conducted
        try:
            self.recorder.about(self._about())
            self.recorder.claim(planned.claim.key, conducted, {"verdict": conducted.judgement.verdict.value})
        except OSError as error:
            return replace(conducted, judgement=audit_error(error))
        return conducted

    def proofs(self) -> tuple[Proof, ...] | None:
        """Whether the claims that were verified in this process can go red; None where that was not asked."""
        from pytest_distaudit.engine.prove import prove

        return tuple(prove(planned, conducted) for planned, conducted in self._green) if self.wishes.prove else None

    def _conducted(self, planned: Planned, bind: Callable[[], Mapping[str, Located]]) -> tuple[str, Conducted]:
        """(name of the recorded run, "" without one; what the claim came to). Of several runs, the worst counts."""
        if self.recording is None:
            return "", conduct(planned, self.live.sights(planned, bind()))
        found = [(part.name, conduct(planned, sights)) for part, sights in self.recording.recorded(planned.claim.key)]
        return max(
            found, key=lambda one: _WORSE.index(one[1].judgement.verdict), default=("", conduct(planned, iter(())))
        )

    @property
    def sources(self) -> dict[str, str]:
        """System -> where it was had from: "attach" or "native", as recorded in a replay."""
        if self.recording is not None:
            told = {name: one for part in self.recording.parts for name, one in part.about["systems"].items()}
            return {name: str(one["source"]) for name, one in told.items()}
        return {name: one.source for name, one in self.located.items()}

    def _about(self) -> dict[str, Any]:
        from pytest_distaudit import __version__

        return {
            "schema": "distaudit-evidence/1",
            "tool": __version__,
            "python": sys.version.split()[0],
            "target": self.target.name,
            "provision": self.wishes.provision,
            "started": self.started.isoformat(),
            "systems": {name: {"kind": one.kind, "source": one.source} for name, one in self.located.items()},
        }


#: what counts of several judgements of one claim: the last of these
_WORSE = (Verdict.VERIFIED, Verdict.WAIVED, Verdict.UNVERIFIABLE, Verdict.REFUTED)
