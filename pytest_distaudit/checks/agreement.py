"""Claims that the project's own files bear a sentence out: no system is asked."""

from __future__ import annotations

from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Read
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.capabilities import FileWord

_DECLARED = "that anything of it runs"


def _statement(claim: Claim) -> Ask:
    where = {"document": claim.document, "line": claim.line, "quote": claim.quote}
    return FileWord.ask(**where, component=claim["component"], pattern=claim["pattern"])


def _finding(claim: Claim) -> Ask:
    return FileWord.ask(finding=claim["finding"])


def _path(claim: Claim) -> Ask:
    return FileWord.ask(document=claim.document, line=claim.line, path=claim["path"])


def _validity(claim: Claim) -> Ask:
    return FileWord.ask(path=claim["path"], validator=claim["validator"])


def _told(word: FileWord, remedy: str = "") -> Judgement:
    if word.agrees is None:
        unverifiable(Reason.NO_OBSERVABLE, "files cannot tell", word.because, remedy=remedy)
    if not word.agrees:
        refute(word.found, word.because, remedy=word.remedy, conclusive=True)
    return verified(word.found, word.because)


@check(
    "files.agree",
    claims="the project's manifests and code bear the sentence out",
    says="{pattern} of {component}, by the project's files",
    rung=Rung.DECLARED,
    scope=Scope.STATIC,
    roles={},
    params={
        "component": Parameter(ParameterType.TEXT, "the product or service that the sentence is about"),
        "pattern": Parameter(ParameterType.TEXT, "what it says of it: port, count, version, running, replicated, ..."),
    },
    needs=lambda claim: (Read(_statement(claim)),),
    shows_not=_DECLARED,
)
def agree(claim: Claim, evidence: Evidence) -> Judgement:
    """Ports, counts, versions and names can be verified; behaviour can only be refuted, by what would prevent it."""
    return _told(evidence.shared(FileWord, ask=_statement(claim)), "claim it with a check that asks the running system")


@check(
    "files.path",
    claims="the file or folder that the document names is there",
    says="{path} is there",
    rung=Rung.DECLARED,
    scope=Scope.STATIC,
    roles={},
    params={"path": Parameter(ParameterType.TEXT, "the path as the document writes it")},
    needs=lambda claim: (Read(_path(claim)),),
    shows_not="that it holds what the document says",
)
def path(claim: Claim, evidence: Evidence) -> Judgement:
    """From the project's root, or from the document; words in code style may name the last parts only."""
    return _told(evidence.shared(FileWord, ask=_path(claim)))


@check(
    "files.finding",
    claims="the project's files do not contradict each other there",
    says="{quote}",
    rung=Rung.DECLARED,
    scope=Scope.STATIC,
    roles={},
    params={"finding": Parameter(ParameterType.TEXT, "the finding's id, as pytest --distaudit-static lists it")},
    needs=lambda claim: (Read(_finding(claim)),),
    shows_not=_DECLARED,
)
def finding(claim: Claim, evidence: Evidence) -> Judgement:
    """Refuted while the finding is there."""
    return _told(evidence.shared(FileWord, ask=_finding(claim)))


@check(
    "files.valid",
    claims="the product's own validator accepts the file",
    says="{path} is valid for {validator}",
    rung=Rung.DECLARED,
    scope=Scope.STATIC,
    roles={},
    params={
        "path": Parameter(ParameterType.TEXT, "the file, from the project's root"),
        "validator": Parameter(ParameterType.TEXT, "haproxy, nginx, prometheus or compose"),
    },
    needs=lambda claim: (Read(_validity(claim)),),
    shows_not="that the hosts, certificates and modules that it names are there",
)
def valid(claim: Claim, evidence: Evidence) -> Judgement:
    """Refuted by what is wrong wherever the file is used; what may lie in this machine is unverifiable."""
    return _told(evidence.shared(FileWord, ask=_validity(claim)))
