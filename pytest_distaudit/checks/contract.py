"""Claims about contracts: what consumers count on is published by the provider, and given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_distaudit.checks._consumer import NOTHING, Call, calls_of, not_given, not_promised, operation_for
from pytest_distaudit.checks._openapi import Operation, mismatch, operations_of
from pytest_distaudit.checks.rest import because_of, document_need, document_of, few
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Read
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.rest import ProjectFile, Served

_MOST = 200


@check(
    "contract.holds",
    claims="the provider publishes what its consumer counts on, and gives it",
    rung=Rung.CONFIGURED,
    roles={"system": Role("the provider")},
    params={
        "consumer": Parameter(ParameterType.TEXT, "the file of the consumer's calls, each a request and a response"),
        "openapi": Parameter(ParameterType.TEXT, "the provider's OpenAPI document as a file of the project", None),
        "at": Parameter(ParameterType.TEXT, "else the path at which the provider publishes it", "/openapi.json"),
    },
    needs=lambda claim: (Read(ProjectFile.ask(path=claim["consumer"])), document_need(claim)),
    cost_s=1.0,
    shows_not="that the consumer makes these calls and no others, and calls that change something (only GET is sent)",
)
def holds(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Each call must meet the published document, and each GET an answer that fits both sides."""
    calls = calls_of(evidence.shared(ProjectFile, ProjectFile.ask(path=claim["consumer"])).content)
    content, since = document_of(claim, evidence)
    operations = operations_of(content, {})
    if not calls:
        unverifiable(Reason.VACUOUS, "no calls", f"{claim['consumer']} lists none")
    if len(calls) > _MOST:
        unverifiable(Reason.BUDGET, f"{len(calls)} calls", f"at most {_MOST} are asked for one claim")
    met = [(call, operation_for(call, operations)) for call in calls]
    sent = [_ask(call, operation) for call, operation in met if operation and call.method == "GET"]
    system = evidence.systems()[0]
    looked = {one.ask for one in evidence.observations if one.system == system and one.at >= since}
    if missing := tuple(Look("system", ask) for ask in dict.fromkeys(sent) if ask not in looked):
        return NeedMore(missing)
    return _merged([_fate(call, operation, evidence) for call, operation in met])


def _ask(call: Call, operation: Operation) -> Ask:
    return Served.ask(path=call.path, template=operation.path)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What came of one call. ``wrong``: a contradiction; else ``open``: why it cannot be told."""

    call: Call
    wrong: str = ""
    open: Unobservable | None = None


def _fate(call: Call, operation: Operation | None, evidence: Evidence) -> _Fate:
    """A contradiction of either side outweighs what the other one leaves open."""
    if operation is None:
        return _Fate(call, wrong=f"{call} is not published")
    left = None
    for side in (_not_published, _not_answered):
        try:
            if wrong := side(call, operation, evidence):
                return _Fate(call, wrong=f"{call}: {wrong}")
        except Unobservable as error:
            left = left or error
    return _Fate(call, open=left)


def _not_published(call: Call, operation: Operation, evidence: Evidence) -> str:
    entry = operation.documented(call.status)
    if entry is None:
        return f"status {call.status} is not published, but {', '.join(operation.answers)}"
    if call.body is NOTHING:
        return ""
    schema = operation.answers[entry]
    if schema is None:
        raise Unobservable(Reason.VACUOUS, f"{call}: the published document says nothing of the answer's body")
    flaw = not_promised(operation, schema, call.body)
    return f"the consumer counts on what is not promised: {flaw}" if flaw else ""


def _not_answered(call: Call, operation: Operation, evidence: Evidence) -> str:
    if call.method != "GET":
        return ""
    answer = evidence.history(Served, ask=_ask(call, operation))[-1].fact
    if answer.status != call.status:
        told = f"answers {answer.status}, not {call.status}"
        absent = answer.status == 404 and "{" in operation.path
        if absent or answer.status in (401, 403, 407, 429) or 300 <= answer.status < 400:
            raise Unobservable(because_of(answer.status), f"{call} {told}")
        return told
    schema = operation.answers.get(operation.documented(answer.status) or "")
    if (schema is not None or call.body is not NOTHING) and not answer.is_json:
        return f"answers no JSON: {answer.text[:80]}"
    if schema is not None and (flaw := mismatch(operation, schema, answer.document)):
        return f"the answer has drifted from the published schema, at {flaw}"
    if call.body is not NOTHING and (lack := not_given(call.body, answer.document)):
        return f"the answer lacks what the consumer reads: {lack}"
    if answer.same_as_nonsense:
        raise Unobservable(Reason.VACUOUS, f"{call}: a path that nobody documents is answered alike")
    return ""


def _merged(fates: Sequence[_Fate]) -> Judgement:
    """Refuted before unverifiable before verified, over all calls."""
    wrong = [fate.wrong for fate in fates if fate.wrong]
    held = [fate.call for fate in fates if not fate.wrong and fate.open is None]
    asked = [call for call in held if call.method == "GET"]
    told = f"{len(held)} of {counted(len(fates), 'call')} hold"
    if wrong:
        refute(f"{len(wrong)} of {counted(len(fates), 'call')} broken", few(wrong))
    for fate in fates:
        if fate.open is not None:
            unverifiable(fate.open.reason, told, fate.open.detail)
    if not asked:
        because = f"published as the consumer counts on it; none was sent, since only GET is: {few(map(str, held))}"
        unverifiable(Reason.NOT_SAFE, "none answered", because)
    others = [str(call) for call in held if call.method != "GET"]
    left = f"{few(others)}: published, and not sent" if others else ""
    return verified(told, f"{counted(len(asked), 'call')} answered as published and as read", shows_not=left)
