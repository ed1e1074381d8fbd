"""Claims about REST interfaces: that the documented operations exist and answer as documented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_distaudit.checks._openapi import (
    Operation,
    mismatch,
    named_operations,
    operations_of,
    parse_values,
    tells,
)
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Read
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.rest import ProjectFile, Served

#: operations that one claim may have asked
_MOST = 200
_TOLD = 3


def _needs(claim: Claim) -> tuple[Need, ...]:
    if claim["operations"]:
        try:
            named = named_operations(claim["operations"], parse_values(claim["values"] or ""))
            return tuple(Look("system", _ask(one)) for one in named if _sendable(one))
        except Unobservable:
            return ()  # the judge says what is wrong with it
    return (document_need(claim),)


def document_need(claim: Claim) -> Look | Read:
    """What brings the provider's document: a file of the project, or the service itself."""
    if claim["openapi"]:
        return Read(ProjectFile.ask(path=claim["openapi"]))
    return Look("system", Served.ask(path=claim["at"]))


def _ask(operation: Operation) -> Ask:
    return Served.ask(path=operation.asked, template=operation.path)


def _sendable(operation: Operation) -> bool:
    return operation.method == "GET" and operation.asked is not None


@check(
    "rest.serves",
    claims="the documented operations of the interface exist and answer as documented",
    rung=Rung.CONFIGURED,
    roles={"system": Role("the service that offers the interface")},
    params={
        "openapi": Parameter(ParameterType.TEXT, "the OpenAPI document as a file of the project", None),
        "at": Parameter(ParameterType.TEXT, "else the path at which the service publishes it", "/openapi.json"),
        "operations": Parameter(
            ParameterType.TEXT, "instead, the operations themselves: 'GET /orders 200 id, total; GET /stock'", None
        ),
        "values": Parameter(ParameterType.TEXT, "values of parameters in paths and queries: 'id=1, day=today'", None),
    },
    needs=_needs,
    cost_s=1.0,
    shows_not="operations that change something (only GET is sent), and that anything is behind a right answer",
)
def serves(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Every documented GET must be answered with a documented success that fits its schema, unlike nonsense."""
    operations, since = _documented(claim, evidence)
    if not operations:
        unverifiable(Reason.VACUOUS, "no operations", "the document describes none")
    sent = [one for one in operations if _sendable(one)]
    if len(sent) > _MOST:
        unverifiable(Reason.BUDGET, f"{len(sent)} operations", f"at most {_MOST} are asked for one claim")
    system = evidence.systems()[0]
    looked = {one.ask for one in evidence.observations if one.system == system and one.at >= since}
    if missing := [Look("system", _ask(one)) for one in sent if _ask(one) not in looked]:
        return NeedMore(tuple(missing))
    fates = [_fate(one, evidence) for one in sent]
    return _merged(operations, fates)


def _documented(claim: Claim, evidence: Evidence) -> tuple[Sequence[Operation], float]:
    """The operations and since when (epoch seconds) their answers count."""
    values = parse_values(claim["values"] or "")
    if claim["operations"]:
        return named_operations(claim["operations"], values), 0.0
    content, since = document_of(claim, evidence)
    return operations_of(content, values), since


def document_of(claim: Claim, evidence: Evidence) -> tuple[object, float]:
    """The provider's document, and when it was read (epoch seconds). Raises Unobservable or unverifiable."""
    if claim["openapi"]:
        ask = ProjectFile.ask(path=claim["openapi"])
        return evidence.shared(ProjectFile, ask).content, max(one.at for one in evidence.observations if one.ask == ask)
    seen = evidence.history(Served, ask=Served.ask(path=claim["at"]))[-1]
    return _published(seen.fact), seen.at


def _published(answer: Served) -> object:
    """The document that the service itself publishes: without it nothing is known of its operations."""
    if answer.status != 200 or not answer.is_json:
        because = f"GET {answer.path} answers {answer.status}, {answer.content_type or 'no type'}"
        remedy = "name the document: openapi (a file of the project), at (a path) or operations"
        unverifiable(Reason.NO_OBSERVABLE, "no OpenAPI document", because, remedy=remedy)
    return answer.document


@dataclass(frozen=True, slots=True)
class _Fate:
    """What came of one operation. ``wrong``: a contradiction; else ``open``: why it cannot be told."""

    operation: Operation
    wrong: str = ""
    open: Unobservable | None = None
    shaped: bool = False


def _fate(operation: Operation, evidence: Evidence) -> _Fate:
    try:
        answer = evidence.history(Served, ask=_ask(operation))[-1].fact
        wrong = _wrong(operation, answer)
        if wrong:
            return _Fate(operation, wrong=f"{operation}: {wrong}")
        schema = operation.answers[operation.documented(answer.status) or ""]
    except Unobservable as error:
        return _Fate(operation, open=error)
    if answer.same_as_nonsense:
        because = f"{operation}: a path that nobody documents is answered alike"
        return _Fate(operation, open=Unobservable(Reason.VACUOUS, because))
    return _Fate(operation, shaped=tells(schema))


def _wrong(operation: Operation, answer: Served) -> str:
    """What contradicts the document, "" if the answer is a documented success. Raises Unobservable where it is open."""
    status, entry = answer.status, operation.documented(answer.status)
    told = f"GET {answer.path} answers {status}"
    if status == 501 or (entry is None and (status >= 500 or status in (405, 410))):
        return f"{told}: {answer.text[:80]}"
    gone = status == 404 and "{" not in operation.path and not _only_failures(operation)
    if gone and (entry is None or answer.same_as_nonsense):
        return f"{told}{', as what cannot exist does' if answer.same_as_nonsense else ''}: {answer.text[:80]}"
    if entry is None and not 200 <= status < 300:
        raise Unobservable(because_of(status), f"{operation}: {told}, which is not documented")
    if entry is None:
        return f"{told}; documented: {', '.join(operation.answers) or 'nothing'}"
    if status >= 400 and not _only_failures(operation):
        reason = because_of(status)
        raise Unobservable(reason, f"{operation}: {told}: documented, and shows nothing; give other values")
    schema = operation.answers[entry]
    if schema is None:
        return ""
    if not answer.is_json:
        return f"{told} with {answer.content_type or 'no type'}, no JSON: {answer.text[:80]}"
    flaw = mismatch(operation, schema, answer.document)
    return f"{told} and does not fit its schema, at {flaw}" if flaw else ""


def _only_failures(operation: Operation) -> bool:
    """Whether the document says that nothing else comes: "GET /admin 403"."""
    return all(status[0] in "45" for status in operation.answers)


def because_of(status: int) -> Reason:
    """Why an answer of that status shows nothing."""
    if status in (401, 403, 407, 429):
        return Reason.FORBIDDEN
    return Reason.REDIRECTED if 300 <= status < 400 else Reason.NO_OBSERVABLE


def _merged(operations: Sequence[Operation], fates: Sequence[_Fate]) -> Judgement:
    """Refuted before unverifiable before verified, over all operations."""
    wrong = [fate.wrong for fate in fates if fate.wrong]
    shown = [fate for fate in fates if not fate.wrong and fate.open is None]
    told = f"{len(shown)} of {counted(len(operations), 'documented operation')} answer as documented"
    if wrong:
        refute(f"{len(wrong)} of {counted(len(fates), 'operation')} answer otherwise", few(wrong))
    for fate in fates:
        if fate.open is not None:
            unverifiable(fate.open.reason, told, fate.open.detail)
    if unknown := [str(one) for one in operations if one.method == "GET" and one.asked is None]:
        because = f"no value is known for what must be given: {few(unknown)}"
        unverifiable(Reason.NO_OBSERVABLE, told, because, remedy="give them in values")
    if not shown:
        unverifiable(Reason.NOT_SAFE, told, f"only GET is sent: {few(map(str, operations))}")
    others = [str(one) for one in operations if not _sendable(one)]
    left = f"{few(others)}: only GET is sent" if others else ""
    unshaped = sum(not fate.shaped for fate in shown)
    loose = f"; for {unshaped} of them any body would do" if unshaped else ""
    return verified(told, f"status and schema of {counted(len(shown), 'answer')}{loose}", shows_not=left)


def few(texts: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    listed = list(texts)
    more = f"; and {len(listed) - _TOLD} more" if len(listed) > _TOLD else ""
    return "; ".join(listed[:_TOLD]) + more
