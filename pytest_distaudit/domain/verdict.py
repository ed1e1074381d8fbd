"""Verdicts, their reasons, and the rungs they prove (design: words, verdict rules)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """What the audit says of one claim."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    UNVERIFIABLE = "unverifiable"
    WAIVED = "waived"


#: Refuted beats unverifiable beats verified: not knowing never hides a failure, never counts as a pass.
_PRECEDENCE = (Verdict.REFUTED, Verdict.UNVERIFIABLE, Verdict.VERIFIED)


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole whose parts have ``verdicts``; an empty whole is unverifiable."""
    present = set(verdicts)
    unknown = present - set(_PRECEDENCE)
    if unknown:
        raise ValueError(f"cannot merge {sorted(v.value for v in unknown)}: waivers apply to merged verdicts")
    return next((verdict for verdict in _PRECEDENCE if verdict in present), Verdict.UNVERIFIABLE)


class Reason(StrEnum):
    """Why a claim is unverifiable. The list is closed: reports and tools rely on it."""

    NOT_REACHABLE = "not-reachable"
    TIMED_OUT = "timed-out"
    FORBIDDEN = "forbidden"
    WRONG_PRODUCT = "wrong-product"
    UNSUPPORTED_VERSION = "unsupported-version"
    PROTOCOL_ERROR = "protocol-error"
    TOO_LARGE = "too-large"
    TLS_UNTRUSTED = "tls-untrusted"
    REDIRECTED = "redirected"
    NOT_INSTALLED = "not-installed"
    STAND_IN = "stand-in"
    NOT_RECORDED = "not-recorded"
    BLOCKED = "blocked"
    BASELINE = "baseline"
    NO_CONTROL = "no-control"
    NO_OBSERVABLE = "no-observable"
    FAULT_NOT_EFFECTIVE = "fault-not-effective"
    VACUOUS = "vacuous"
    INCONCLUSIVE_STATISTICS = "inconclusive-statistics"
    BUDGET = "budget"
    AMBIGUOUS_CLAIM = "ambiguous-claim"
    NOT_SAFE = "not-safe"
    TOPOLOGY_TOO_SMALL = "topology-too-small"
    AUDIT_ERROR = "audit-error"


class Rung(IntEnum):
    """How far a system has come from words to dependence; each rung includes those below."""

    ABSENT = 0
    DECLARED = 1
    RUNNING = 2
    HEALTHY = 3
    CONFIGURED = 4
    USED = 5
    RESILIENT = 6

    @property
    def word(self) -> str:
        """The rung as reports print it: ``"running"``."""
        return self.name.lower()


class Severity(StrEnum):
    """How much a refuted claim hurts."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


def severity_rank(severity: str) -> int:
    """0 for the worst; what is no severity counts as the worst."""
    return _RANK.get(severity, 0)


_RANK = {severity.value: rank for rank, severity in enumerate(Severity)}


class Scope(IntEnum):
    """What an audit may do, cheapest first; a check of a higher scope is not run."""

    STATIC = 0
    SNAPSHOT = 1
    ACTIVITY = 2
    EXPERIMENT = 3

    @property
    def word(self) -> str:
        """The scope as options and reports spell it."""
        return self.name.lower()
