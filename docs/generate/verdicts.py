"""Verdicts, rungs, reasons, findings, exit codes: the names from the code, the words from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from docs.generate.markdown import code, page, table
from pytest_distaudit.domain.finding import FindingKind
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.VERIFIED: "the evidence shows it",
    Verdict.REFUTED: "the evidence contradicts it",
    Verdict.UNVERIFIABLE: "the audit could not tell, and says why; never a pass",
    Verdict.WAIVED: "refuted, and somebody answers for it until a day",
}

RUNGS: Mapping[Rung, str] = {
    Rung.ABSENT: "there is nothing of it",
    Rung.DECLARED: "files speak of it",
    Rung.RUNNING: "its own product answers",
    Rung.HEALTHY: "it works, by a word that could have been no",
    Rung.CONFIGURED: "what it needs for its part is set up in it",
    Rung.USED: "what the system does goes through it",
    Rung.RESILIENT: "the system does its work without a part of it; no check reaches it yet",
}

#: reason -> (what happened, what to do)
REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.NOT_REACHABLE: (
        "nobody answered, and nothing shows that the system is down",
        "check address, network and variables; name its `pid`, so that its end can be seen",
    ),
    Reason.TIMED_OUT: ("it accepted and did not answer in time", "ask it by hand; it may be overloaded"),
    Reason.FORBIDDEN: ("it turned the audit away", "give the audit a user who may read"),
    Reason.WRONG_PRODUCT: ("another product answered", "correct the address or the kind"),
    Reason.UNSUPPORTED_VERSION: ("its version is one that the audit cannot read", "tell us; nothing is guessed"),
    Reason.PROTOCOL_ERROR: ("the answer makes no sense in its protocol", "look at the evidence: a proxy may answer"),
    Reason.TOO_LARGE: ("the answer is larger than the audit reads", "ask for less: name a queue, a path, a service"),
    Reason.TLS_UNTRUSTED: (
        "its certificate is not trusted",
        "make its authority known, see {doc}`/how-to/managed-services-and-private-cas`",
    ),
    Reason.REDIRECTED: ("it sent the audit elsewhere; the audit does not follow", "write the final address"),
    Reason.NOT_INSTALLED: ("what would start or read it is not on this machine", "install it, or attach"),
    Reason.STAND_IN: ("a double of the product was asked", "ask the product itself: a double can only refute"),
    Reason.NOT_RECORDED: ("the recording does not hold it", "record again with the claims of today"),
    Reason.BLOCKED: ("a system that it needs does not run", "look at the claim that blocks it"),
    Reason.BASELINE: ("there was trouble before anything was tried", "let the target settle, then try again"),
    Reason.NO_CONTROL: ("nothing would look different if it were untrue", "give the audit something that could differ"),
    Reason.NO_OBSERVABLE: ("the system offers no way to see it", "declare an endpoint, or choose another check"),
    Reason.FAULT_NOT_EFFECTIVE: ("a fault did not reach what it was meant for", "see what stands between"),
    Reason.VACUOUS: ("the answer would be the same for nonsense", "look at a catch-all route or a constant answer"),
    Reason.INCONCLUSIVE_STATISTICS: ("the numbers decide neither way", "give it more time with `within`, or quiet"),
    Reason.BUDGET: ("it would have taken longer than it may", "judge fewer claims at once, or ask for less"),
    Reason.AMBIGUOUS_CLAIM: ("the claim can be read in two ways", "name one system, or say what is counted"),
    Reason.NOT_SAFE: ("judging it would change what the audit may not change", 'consent, such as `probes = "write"`'),
    Reason.TOPOLOGY_TOO_SMALL: ("the target has too few systems to tell", "judge it on a target that has them"),
    Reason.AUDIT_ERROR: ("the audit itself failed", "report it; the claim stays open"),
}

FINDINGS: Mapping[FindingKind, str] = {
    FindingKind.DOCUMENTED_ABSENT: "a documented component that no manifest declares",
    FindingKind.UNDOCUMENTED_COMPONENT: "a declared component that no document names",
    FindingKind.WRONG_PORT: "a documented port that is declared otherwise",
    FindingKind.WRONG_COUNT: "a documented number of things that are declared in another number",
    FindingKind.WRONG_VERSION: "a documented version that is declared otherwise",
    FindingKind.CONTRADICTION: "two statements of the documents that cannot both be true",
    FindingKind.PATH_MISSING: "a file or folder that is named and not there",
    FindingKind.VALUE_MISMATCH: "a documented default of a variable that the files set otherwise",
    FindingKind.MOUNT_MISSING: "a mounted file or folder that is not there",
    FindingKind.BUILD_MISSING: "a build whose folder or Dockerfile is not there",
    FindingKind.VACUOUS_HEALTHCHECK: "a health check that cannot fail",
    FindingKind.UNMOUNTED_CONFIG: "a configuration that no service is given",
    FindingKind.BROKER_WITHOUT_CLIENT: "a broker whose client no code imports",
    FindingKind.TRACER_WITHOUT_SDK: "a tracer to which no code sends",
    FindingKind.ENDPOINT_UNMOUNTED: "a documented endpoint that no code serves",
    FindingKind.ONE_SERVER_POOL: "a pool that balances over one server",
    FindingKind.UNSCALABLE: "a service that is said to scale and cannot, by its own manifest",
    FindingKind.DEAD_SCRAPE_TARGET: "a scrape target that nothing serves",
}

EXITS: Mapping[pytest.ExitCode, str] = {
    pytest.ExitCode.OK: "at least one claim was judged, and none failed",
    pytest.ExitCode.TESTS_FAILED: "a claim is refuted or unverifiable, a claim file is wrong, or coverage is too low",
    pytest.ExitCode.INTERRUPTED: "it was interrupted",
    pytest.ExitCode.INTERNAL_ERROR: "pytest or a plugin failed",
    pytest.ExitCode.USAGE_ERROR: "the command or `distaudit.toml` is wrong",
    pytest.ExitCode.NO_TESTS_COLLECTED: "there was nothing to judge",
}

_TARGET = (
    ("genuine", "every judged claim is verified or waived, and there are no errors"),
    ("facade", "for some system, every judged claim at the rung used or above is refuted, and none is verified"),
    ("partial", "the rest"),
    ("undetermined", "nothing could be judged"),
)


def verdicts_page() -> str:
    """The reference page. Raises KeyError for a name without words above."""
    return page(
        "Verdicts, rungs and reasons",
        "## Verdicts on a claim",
        _table("verdict", ([one.value, VERDICTS[one]] for one in Verdict)),
        "## Verdicts on the target",
        "They name their scope and coverage. Where only a part of the claims was selected there is none.",
        _table("verdict", _TARGET),
        "## Rungs",
        "Each includes those before it.",
        _table("rung", ([one.word, RUNGS[one]] for one in Rung)),
        "(reasons)=\n## Why a claim is unverifiable",
        "The list is closed. A report writes `unverifiable(timed-out)`.",
        table(["reason", "what happened", "what to do"], ([code(one.value), *REASONS[one]] for one in Reason)),
        "(findings)=\n## Findings",
        "What files show by themselves, whether or not anybody claimed it.",
        _table("finding", ([code(one.value), FINDINGS[one]] for one in FindingKind)),
        "## Exit codes",
        "They are pytest's.",
        _table("code", ([str(one.value), EXITS[one]] for one in pytest.ExitCode if one in EXITS)),
    )


def _table(what: str, rows: Iterable[Iterable[str]]) -> str:
    return table([what, "when"], map(list, rows))
