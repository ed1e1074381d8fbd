"""``--distaudit-attestation``: an in-toto statement that binds the verdict to the evidence it was judged on.

Statement v1 with the predicate test-result v0.1 (github.com/in-toto/attestation, spec/). It is not signed: whoever runs
the audit signs it with the tools of their supply chain.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_distaudit.domain.audit import Audit, ClaimResult, Digest
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.ranking import fails, is_open
from pytest_distaudit.reports.wording import tame

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
#: the folder of --distaudit-evidence among an audit's digests
EVIDENCE = "evidence"


def document(audit: Audit) -> str:
    """The statement."""
    return json.dumps(statement(audit), indent=1, ensure_ascii=True) + "\n"


def statement(audit: Audit) -> dict[str, Any]:
    """The evidence and, if nothing was changed beside it, the commit; what passed, what is tolerated, what failed."""
    words = ("passed", "warned", "failed")
    told = {word: [tame(claim.key) for claim in audit.claims if _word(claim) == word] for word in words}
    run = tame(f"pytest-distaudit {audit.tool}, {audit.scope}, target {audit.target or 'none'}")
    return {
        "_type": STATEMENT,
        "subject": _subjects(audit),
        "predicateType": PREDICATE,
        "predicate": {
            "result": _result(audit),
            "configuration": [{"name": run}, *(_descriptor(one) for one in audit.digests if one.name != EVIDENCE)],
            **{f"{word}Tests": keys for word, keys in told.items()},
        },
    }


def _word(claim: ClaimResult) -> str:
    if fails(claim):
        return "failed"
    return "warned" if is_open(claim) else "passed"


def _subjects(audit: Audit) -> list[dict[str, Any]]:
    found = [_descriptor(one) for one in audit.digests if one.name == EVIDENCE]
    if audit.commit and audit.dirty is False:
        found.append({"name": audit.repository or "source", "digest": {"gitCommit": audit.commit}})
    return found


def _descriptor(digest: Digest) -> dict[str, Any]:
    return {"name": tame(digest.name), "digest": {digest.algorithm: digest.value}}


def _result(audit: Audit) -> str:
    """Passed only where all was judged and holds; what is waived, tolerated or left out warns."""
    judged = any(claim.verdict is not Verdict.UNVERIFIABLE for claim in audit.claims)
    weaker = any(not one.allowed for one in audit.weaker)
    if audit.errors or weaker or not judged or any(map(fails, audit.claims)):
        return "FAILED"
    whole = not any(map(is_open, audit.claims)) and not audit.not_judged and not audit.narrowed
    return "PASSED" if whole else "WARNED"
