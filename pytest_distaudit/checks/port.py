"""Claims about ports: something of the right kind serves there."""

from __future__ import annotations

from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.capabilities import Listener


def _needs(claim: Claim) -> tuple[Need, ...]:
    if claim["port"] is not None:
        return (Look("system", Listener.ask(port=int(claim.number("port")))),)
    return (Look("system", Listener.ask(**({"endpoint": claim["endpoint"]} if claim["endpoint"] else {}))),)


@check(
    "port.open",
    claims="the system serves on that port, in its own protocol",
    rung=Rung.RUNNING,
    params={
        "port": Parameter(ParameterType.NUMBER, "the port number on the system's host", None),
        "endpoint": Parameter(ParameterType.TEXT, "or the name of one of its endpoints", None),
    },
    needs=_needs,
    shows_not="that anybody uses it",
)
def open_(claim: Claim, evidence: Evidence) -> Judgement:
    """An accepted connection proves a listener, not the system: the protocol or the owner must fit."""
    port = claim["port"]
    if port is not None and not (port.operator == "==" and port.quantity.value in range(1, 65536)):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"port {port}", "is no port; write one of 1 to 65535")
    listener = evidence.one(Listener)
    where = f"port {listener.port}"
    if not listener.open:
        refute(f"{where} closed", listener.witness, remedy="correct the port in the document, or let the system listen")
    if listener.owner is False:
        refute(f"{where} is another process's", "the process that listens there is not the system's")
    if listener.expected and listener.protocol == listener.expected:
        return verified(f"{where} speaks {listener.protocol}")
    if listener.expected and listener.protocol == "silent":
        unverifiable(Reason.TIMED_OUT, f"{where} accepts and stays silent", f"{listener.expected} was expected")
    if listener.expected:
        refute(f"{where}: {_words(listener.protocol)}", f"{listener.expected} was expected there")
    if listener.owner:
        return verified(f"{where} open", "its own process listens there")
    return unverifiable(Reason.NO_OBSERVABLE, f"{where} accepts", "whose process listens there cannot be seen")


def _words(protocol: str) -> str:
    return {"closed": "hangs up at once", "unknown": "speaks something else"}.get(protocol, f"speaks {protocol}")
