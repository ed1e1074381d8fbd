"""What a project's own files show: mined statements, facts, and what the ones say of the others."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_distaudit.domain.audit import Coverage
from pytest_distaudit.domain.claim import Claim, Waiver
from pytest_distaudit.domain.errors import Place, Problem
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.verdict import Reason, Severity, Verdict
from pytest_distaudit.ports.capabilities import FileWord
from pytest_distaudit.ports.codec import to_json

if TYPE_CHECKING:
    from pytest_distaudit.domain.document import PathMention
    from pytest_distaudit.domain.facts import Facts

_UNSAFE = re.compile(r"[^a-z0-9._]+")
_SEVERITY = {Confidence.HIGH: Severity.MAJOR, Confidence.MEDIUM: Severity.MINOR}


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
        self.refused: list[Problem] = []
        self._mined_apart: dict[str, Sequence[Proposal]] = {}

    @cached_property
    def facts(self) -> Facts:
        """What manifests say; documents' words, code and history are read later still."""
        from pytest_distaudit.sources.facts import read_facts

        return read_facts(self.root)

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """Every checkable sentence of the documents."""
        return tuple(self._mine(None if self._documents is None else self._documents()))

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """What nobody has to claim to be seen: id -> finding. Those of low confidence are left out."""
        from pytest_distaudit.checks.files import findings_of

        found: dict[str, Finding] = {}
        for finding in findings_of(self.facts, self.proposals):
            name = slug(f"{finding.kind.value}-{finding.component}")
            said_before = name in found and finding.kind is FindingKind.DOCUMENTED_ABSENT
            if finding.confidence is Confidence.LOW or said_before:
                continue  # what is nowhere is not there however many sentences speak of it
            if not found:
                self._progress(f"first finding: {finding.kind.value} {finding.component} ({finding.at})")
            found[name if name not in found else f"{name}-{_digest(finding.at, finding.said)}"] = finding
        return found

    @property
    def asked_for_findings(self) -> bool:
        """Whether anybody has looked for findings in this run."""
        return "findings" in vars(self)

    def decided(self, proposal: Proposal) -> Judgement | None:
        """What files alone say of the sentence; None where it needs a running system."""
        from pytest_distaudit.checks.files import decide

        return decide(proposal, self.facts)

    def observe(self, ask: Ask) -> Observation:
        """The word of the files as evidence; what goes wrong here is the audit's error."""
        at, started = time.time(), time.perf_counter()
        value, reason, detail = None, None, ""
        try:
            value = to_json(self._word(ask))
        except Exception as error:  # noqa: BLE001 - the tree is foreign input, whatever it provokes says nothing of it
            reason, detail = Reason.AUDIT_ERROR, f"{type(error).__name__}: {error}"
        way = "documents, manifests and code"
        return Observation("", ask, at, time.perf_counter() - started, way, value=value, reason=reason, detail=detail)

    def _word(self, ask: Ask) -> FileWord:
        if ask.arg("finding"):
            return self._of_finding(ask.arg("finding"))
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
        tree, folder = self.facts.tree, document.rpartition("/")[0]
        for candidate in (path, f"{folder}/{path}" if folder else path):
            if tree.has(candidate):
                return candidate
        last = path.rstrip("/").rpartition("/")[2]
        return next((place for place in self._by_last_part.get(last, ()) if place.endswith(f"/{path}")), None)

    @cached_property
    def _by_last_part(self) -> Mapping[str, Sequence[str]]:
        """Files and folders of the tree by the last part of their path, in order."""
        found: dict[str, list[str]] = {}
        for place in sorted(self.facts.tree.files | self.facts.tree.folders):
            found.setdefault(place.rpartition("/")[2], []).append(place)
        return found

    def paths_there(self) -> Iterator[tuple[PathMention, str]]:
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

    @cached_property
    def _unread(self) -> int:
        """How many files could not be read."""
        return len(self.facts.not_read)

    def _mine(self, documents: Sequence[Path] | None) -> list[Proposal]:
        from pytest_distaudit.sources.mining.remembered import mine_remembered

        read = self._reading
        return list(mine_remembered(self.root, documents, refused=self.refused.append, progress=read))


def overlap(one: str, other: str) -> bool:
    """Whether one of two quotes holds the other."""
    return bool(one and other) and (one in other or other in one)


def claims_of(files: Files, waivers: Mapping[str, Waiver] | None = None) -> Sequence[Claim]:
    """What the files can judge at once, as claims: every finding, every decided sentence without one, every path.

    ``waivers`` are those of :func:`waived`.
    """
    said = {(one.document, one.line): one.quote for one in files.proposals}
    found = [
        _claim_of_finding(name, finding, said.get((finding.at.file, finding.at.line), ""))
        for name, finding in files.findings.items()
    ]
    told = {(claim.document, claim.line) for claim in found}
    decided = [one for one in files.proposals if (one.document, one.line) not in told and files.decided(one)]
    paths = [_claim_of_path(mention) for mention, _ in files.paths_there()]
    known = waivers or {}
    return [replace(claim, waiver=known.get(_subject(claim))) for claim in _unique([*found, *named(decided), *paths])]


def waived(claims: Iterable[Claim]) -> Mapping[str, Waiver]:
    """The waivers that somebody wrote for what files decide, by what they are about."""
    return {_subject(claim): claim.waiver for claim in claims if claim.waiver and claim.check.startswith("files.")}


def _subject(claim: Claim) -> str:
    if claim.check == "files.finding":
        return str(claim["finding"])
    return "|".join((claim.check, claim.document, *(str(claim.params[name]) for name in sorted(claim.params))))


def _unique(claims: Sequence[Claim]) -> Iterator[Claim]:
    """Ids once in the whole tree: a second one tells itself by what it is about."""
    taken = set[str]()
    for claim in claims:
        name = claim.id if claim.id not in taken else f"{claim.id}-{_digest(claim.document, claim.line, claim.quote)}"
        taken.add(name)
        yield replace(claim, id=name)


def covered(proposals: Iterable[Proposal], claims: Iterable[Claim]) -> Coverage:
    """Which sentences the claims quote: a line's own claim, or a quote that holds the sentence or a part of it."""
    lines: dict[tuple[str, int], str] = {}
    for one in proposals:
        lines.setdefault((one.document, one.line), one.quote)
    quotes: dict[str, dict[str, None]] = {}
    own = set[tuple[str, int]]()
    for claim in claims:
        own.add((claim.document, claim.line))
        if claim.quote:
            quotes.setdefault(claim.document, {})[" ".join(claim.quote.split())] = None
    # what is claimed is checkable, whether or not it was read so
    total = {**dict.fromkeys(own, ""), **lines}
    open_ = [
        (place, text)
        for place, text in lines.items()
        if place not in own and not any(overlap(text, quote) for quote in quotes.get(place[0], ()))
    ]
    unclaimed = tuple(f"{document}:{line}: {text}" for (document, line), text in open_)
    return Coverage(len(total), len(total) - len(open_), unclaimed)


def undecided(files: Files) -> list[Proposal]:
    """The sentences that need a running system."""
    return [one for one in files.proposals if files.decided(one) is None]


def named(proposals: Iterable[Proposal]) -> list[Claim]:
    """A claim ``files.agree`` for each that says something else; its id stays when other sentences come and go."""
    claims: dict[tuple[object, ...], Claim] = {}
    for one in proposals:
        claim = Claim(
            id=id_of(one),
            check="files.agree",
            roles={},
            place=Place(one.document, one.line),
            quote=one.quote,
            document=one.document,
            line=one.line,
            area=one.pattern,
            params={"component": one.component, "pattern": one.pattern},
        )
        claims.setdefault((one.document, one.line, one.component, one.pattern), claim)
    return list(_unique(list(claims.values())))


def id_of(proposal: Proposal) -> str:
    """``readme-port-gateway``: of the document, what it says and of what."""
    return slug(f"{Path(proposal.document).stem}-{proposal.pattern}-{proposal.component or 'system'}")


def slug(text: str) -> str:
    """``text`` as an id: lower case letters, digits, dots, underscores and dashes."""
    return _UNSAFE.sub("-", text.lower()).strip("-.") or "unnamed"


def sentence(finding: Finding) -> str:
    """The finding with both of its places."""
    against = f" ({finding.against})" if finding.against else ""
    return f"{finding.at}: {finding.message}{against}"


def found_words(finding: Finding) -> str:
    """What the files hold, in few words."""
    return finding.kind.value.replace("_", " ") if finding.found in ("", "nothing") else finding.found


def remedy_of(finding: Finding) -> str:
    """What to do: the message's last part says it."""
    return "" if ": " not in finding.message else finding.message.rpartition(": ")[2]


def _claim_of_finding(name: str, finding: Finding, quote: str) -> Claim:
    return Claim(
        id=name,
        check="files.finding",
        roles={},
        place=Place(finding.at.file, finding.at.line),
        quote=quote,
        document=finding.at.file,
        line=finding.at.line,
        area=finding.kind.value,
        params={"finding": name},
        severity=_SEVERITY[finding.confidence],
    )


def _claim_of_path(mention: PathMention) -> Claim:
    spot = mention.spot
    return Claim(
        id=slug(f"{Path(spot.file).stem}-path-{mention.path}"),
        check="files.path",
        roles={},
        place=Place(spot.file, spot.line),
        document=spot.file,
        line=spot.line,
        area="path",
        params={"path": mention.path},
        severity=Severity.MINOR,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:6]
