"""What a project's own files show: mined statements, facts, and what the ones say of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_distaudit.domain.errors import Problem, Unobservable
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import FileWord
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.edges import Diagram
from pytest_distaudit.ports.rest import ProjectFile
from pytest_distaudit.wiring.file_names import found_words, overlap, remedy_of, sentence, short_digest, slug
from pytest_distaudit.wiring.file_results import FileResults, Remembered

if TYPE_CHECKING:
    from pytest_distaudit.domain.document import PathMention
    from pytest_distaudit.domain.facts import Facts


class Files:
    """The files below ``root``, each read when it is first needed. Nothing of theirs is run or imported.

    ``documents`` are those to mine; None: all documents of the tree. ``reading`` is told how many of them
    are read, of how many; ``progress`` gets a line for what a user should know early.
    """

    def __init__(
        self,
        root: Path,
        progress: Callable[[str], None],
        documents: Callable[[], Sequence[Path]] | None = None,
        reading: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        self.root, self._progress, self._documents, self._reading = root, progress, documents, reading
        self._refused: list[Problem] = []
        self._announced = False
        self._mined_apart: dict[str, Sequence[Proposal]] = {}

    @cached_property
    def facts(self) -> Facts:
        """What manifests say; documents' words, code and history are read later still."""
        from pytest_distaudit.sources.facts import read_facts

        return read_facts(self.root)

    @cached_property
    def results(self) -> FileResults:
        """Everything that an audit without systems asks of these files; remembered while they stay as they are."""
        remembered = Remembered(self.root, self._to_mine)
        results = remembered.told()
        if results is None:
            findings = self._found()
            results = FileResults(
                self._mined,
                findings,
                tuple(map(self._decide, self._mined)),
                tuple(self._paths_there()),
                tuple(map(str, (*self.facts.not_read, *self._refused))),
                self._configs(),
            )
            remembered.keep(results)
        self._announce(results.findings.values())
        return results

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Every checkable sentence of the documents."""
        return self.results.proposals if self.asked_for_findings else self._mined

    @cached_property
    def _mined(self) -> tuple[Proposal, ...]:
        return tuple(self._mine(self._to_mine))

    def _mining(self) -> Iterator[Proposal]:
        """Mined when the first is taken."""
        yield from self._mined

    @cached_property
    def _to_mine(self) -> Sequence[Path] | None:
        return None if self._documents is None else self._documents()

    @property
    def findings(self) -> Mapping[str, Finding]:
        """What nobody has to claim to be seen: id -> finding. Those of low confidence are left out."""
        return self.results.findings

    def _found(self) -> Mapping[str, Finding]:
        from pytest_distaudit.checks.files import findings_of

        found: dict[str, Finding] = {}
        for finding in findings_of(self.facts, self._mining()):
            name = slug(f"{finding.kind.value}-{finding.component}")
            said_before = name in found and finding.kind is FindingKind.DOCUMENTED_ABSENT
            if finding.confidence is Confidence.LOW or said_before:
                continue  # what is nowhere is not there however many sentences speak of it
            self._announce([finding])
            found[name if name not in found else f"{name}-{short_digest(finding.at, finding.said)}"] = finding
        return found

    def _announce(self, findings: Iterable[Finding]) -> None:
        """Tell the first of them, once."""
        for finding in () if self._announced else findings:
            self._progress(f"first finding: {finding.kind.value} {finding.component} ({finding.at})")
            self._announced = True
            return

    @property
    def asked_for_findings(self) -> bool:
        """Whether anybody has looked for findings in this run."""
        return "results" in vars(self)

    def decided(self, proposal: Proposal) -> Judgement | None:
        """What files alone say of the sentence; None where it needs a running system."""
        return self.results.decision(proposal) if self.asked_for_findings else self._decide(proposal)

    def _decide(self, proposal: Proposal) -> Judgement | None:
        from pytest_distaudit.checks.files import decide

        return decide(proposal, self.facts)

    def observe(self, ask: Ask) -> Observation:
        """The word of the files as evidence; what goes wrong here is the audit's error."""
        at, started = time.time(), time.perf_counter()
        value, reason, detail = None, None, ""
        try:
            value = to_json(self._read(ask))
        except Unobservable as error:
            reason, detail = error.reason, error.detail
        except Exception as error:  # noqa: BLE001 - the tree is foreign input, whatever it provokes says nothing of it
            reason, detail = Reason.AUDIT_ERROR, f"{type(error).__name__}: {error}"
        way = "documents, manifests and code"
        return Observation("", ask, at, time.perf_counter() - started, way, value=value, reason=reason, detail=detail)

    def _read(self, ask: Ask) -> FileWord | ProjectFile | Diagram:
        if ask.capability == Diagram.capability:
            from pytest_distaudit.sources.diagram_file import read_diagram

            return read_diagram(self.root, ask.arg("document"), int(ask.arg("line", "0")))
        if ask.capability != ProjectFile.capability:
            return self._word(ask)
        from pytest_distaudit.sources.project_file import read_project_file

        return read_project_file(self.root, ask.arg("path"))

    def _word(self, ask: Ask) -> FileWord:
        if ask.arg("finding"):
            return self._of_finding(ask.arg("finding"))
        if ask.arg("validator"):
            return self._of_validator(ask.arg("path"), ask.arg("validator"))
        return self._of_path(ask) if ask.arg("path") else self._of_statement(ask)

    def _of_finding(self, name: str) -> FileWord:
        finding, unread = self.findings.get(name), self._unread
        if finding is not None:
            return FileWord(False, found_words(finding), sentence(finding), remedy_of(finding), unread)
        if not name.startswith(tuple(f"{kind.value}-" for kind in FindingKind)):
            kinds = ", ".join(kind.value for kind in FindingKind)
            return FileWord(None, because=f"{name!r} is no finding's id: it begins with a kind ({kinds}) and a dash")
        left_out = f"; {unread} files could not be read" if unread else ""
        return FileWord(True, "not found", f"the files do not show it{left_out}", unread=unread)

    def _of_validator(self, path: str, name: str) -> FileWord:
        from pytest_distaudit.sources.validators import VALIDATORS, validate

        if name not in VALIDATORS:
            return FileWord(None, because=f"{name!r} is no validator; there are {', '.join(VALIDATORS)}")
        told = validate(self.root, path, name)
        if told.valid is None:
            because = f"{told.tool} on this machine: {told.said}; that may lie in what the file needs from elsewhere"
            return FileWord(None, because=because)
        found = "valid" if told.valid else "not valid"
        return FileWord(told.valid, found, f"{told.tool}: {told.said}", "" if told.valid else f"correct {path}")

    def _of_path(self, ask: Ask) -> FileWord:
        document, path, spot = ask.arg("document"), ask.arg("path"), Spot(ask.arg("document"), int(ask.arg("line")))
        place = self.path_there(document, path)
        if place is not None:
            return FileWord(True, f"{place} is there", f"{spot} names it")
        missing = next((one for one in self.findings.values() if (one.at.file, one.said) == (document, path)), None)
        if missing:
            return FileWord(False, found_words(missing), sentence(missing), remedy_of(missing))
        return FileWord(None, because=f"whether {path} is there cannot be known: it may be made by a build")

    def path_there(self, document: str, path: str) -> str | None:
        """The path below the root that a document means by ``path``; None if there is none."""
        if self.asked_for_findings and (place := self.results.place(document, path)):
            return place
        tree, folder = self.facts.tree, document.rpartition("/")[0]
        for candidate in (path, f"{folder}/{path}" if folder else path):
            if tree.has(candidate):
                return candidate
        last = path.rstrip("/").rpartition("/")[2]
        return next((place for place in self._by_last_part.get(last, ()) if place.endswith(f"/{path}")), None)

    def _configs(self) -> tuple[tuple[str, str], ...]:
        from pytest_distaudit.sources.validators import to_validate

        return tuple(dict.fromkeys(to_validate(self.facts)))

    @cached_property
    def _by_last_part(self) -> Mapping[str, Sequence[str]]:
        """Files and folders of the tree by the last part of their path, in order."""
        found: dict[str, list[str]] = {}
        for place in sorted(self.facts.tree.files | self.facts.tree.folders):
            found.setdefault(place.rpartition("/")[2], []).append(place)
        return found

    def _paths_there(self) -> Iterator[tuple[PathMention, str]]:
        """Every path that a document names and that is there, once for each document."""
        seen = set[tuple[str, str]]()
        for document in self.facts.documents:
            for mention in document.paths:
                place = self.path_there(document.file, mention.path)
                if place is not None and (document.file, mention.path) not in seen:
                    seen.add((document.file, mention.path))
                    yield mention, place

    def _of_statement(self, ask: Ask) -> FileWord:
        said = self._said(ask)
        if not said:
            where = f"{ask.arg('document')}:{ask.arg('line')}"
            because = f"{where} is not read as a statement about {ask.arg('pattern')} of {ask.arg('component')}"
            return FileWord(None, because=because)
        words = [self.decided(one) for one in said]
        refuted = [word for word in words if word and word.verdict is Verdict.REFUTED]
        told = refuted or [word for word in words if word]
        if not told or (not refuted and len(told) < len(words)):
            return FileWord(None, because="manifests and code say nothing that decides it")
        return FileWord(not refuted, told[0].actual, told[0].because, told[0].remedy, self._unread)

    def _said(self, ask: Ask) -> list[Proposal]:
        """The statements of a claim's quote: at its line, or in its words."""
        document, line, quote = ask.arg("document"), int(ask.arg("line")), " ".join(ask.arg("quote").split())
        subject = (ask.arg("component"), ask.arg("pattern"))
        about = [one for one in self.of_document(document) if (one.component, one.pattern) == subject]
        return [one for one in about if one.line == line] or [one for one in about if overlap(one.quote, quote)]

    def of_document(self, document: str) -> Sequence[Proposal]:
        """The statements of one document, whether or not it is among those that are mined for coverage."""
        if document not in self._mined_apart and document not in self._by_document:
            self._mined_apart[document] = self._mine([self.root / document])
        return self._by_document.get(document) or self._mined_apart.get(document, ())

    @cached_property
    def _by_document(self) -> Mapping[str, Sequence[Proposal]]:
        return {name: list(group) for name, group in groupby(self.proposals, key=lambda one: one.document)}

    @property
    def not_read(self) -> tuple[str, ...]:
        """What could not be read of all that was wanted so far, and why."""
        return self.results.not_read if self.asked_for_findings else tuple(map(str, self._refused))

    @property
    def _unread(self) -> int:
        """How many files could not be read."""
        return len(self.not_read if self.asked_for_findings else self.facts.not_read)

    def _mine(self, documents: Sequence[Path] | None) -> list[Proposal]:
        from pytest_distaudit.sources.mining.remembered import mine_remembered

        read = self._reading
        return list(mine_remembered(self.root, documents, refused=self._refused.append, progress=read))
