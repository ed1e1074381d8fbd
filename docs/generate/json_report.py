"""The JSON report: its keys and types from a report that the tests hold fast, their meanings from here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.generate.markdown import code, page, table

_GOLDEN = Path(__file__).parents[2] / "tests" / "reports" / "golden"
#: the second one is of a gate, and compared with an earlier one
_REPORTS = (_GOLDEN / "audit.json", _GOLDEN / "known.json")

#: path in the report -> meaning; ``[]`` is an element of a list, ``{}`` a key that the audited project chooses
MEANINGS: Mapping[str, str] = {
    "schema": "the format; what is below stays as it is while this is `distaudit/1`, keys may be added",
    "tool": "version of pytest-distaudit",
    "target": "name of the target, null where files alone were judged",
    "provision": "where the systems came from: `attach`, `native`, `compose`, `containers`, `replay` or several",
    "scope": "the most that the audit was allowed to do",
    "started": "when, with its zone",
    "duration_s": "how long it took, in seconds",
    "commit": "the project's commit, null outside of a repository",
    "dirty": "whether the project has changes that are not committed, null outside of a repository",
    "base": "in the gate, the commit that targets, waivers, marks and the baseline are from, else null",
    "compared_with": "when the audit was made that this one was compared with, null without one",
    "verdict": "`genuine`, `partial`, `facade`, `undetermined`, or null where a part was selected",
    "selected": "claims that were to be judged",
    "total": "claims in all",
    "summary.verified": "how many claims are verified",
    "summary.refuted": "how many are refuted",
    "summary.unverifiable": "how many are unverifiable",
    "summary.waived": "how many are waived",
    "coverage.sentences": "checkable sentences of the documents, null where they were not read",
    "coverage.claimed": "how many of them are claimed",
    "coverage.not_read": "documents that could not be read",
    "not_judged[].id": "a claim that was not judged",
    "not_judged[].why": "why not",
    "errors[].file": "a file that could not be understood",
    "errors[].line": "where, counted from 1",
    "errors[].column": "where, counted from 1",
    "errors[].message": "what was refused, the rule, and what is allowed",
    "claims[].id": "the claim",
    "claims[].nodeid": "its name in pytest",
    "claims[].case": "its case, null where it has none",
    "claims[].quote": "the sentence of the document",
    "claims[].document": "the document",
    "claims[].line": "the sentence's line",
    "claims[].area": "what the claim is about",
    "claims[].severity": "`critical`, `major` or `minor`",
    "claims[].check": "the check that decides it",
    "claims[].check_version": "the check's version; a new one may judge the same evidence otherwise",
    "claims[].roles.{}": "role: the system or systems that play it",
    "claims[].verdict": "`verified`, `refuted`, `unverifiable` or `waived`",
    "claims[].reason": "why it is unverifiable, else null",
    "claims[].claimed": "the claim in the terms of its check",
    "claims[].actual": "what is so, in the same terms",
    "claims[].because": "the sentence that a reader can argue with",
    "claims[].shows_not": "what a verified answer leaves open",
    "claims[].rung.claimed": "the rung that the claim would prove",
    "claims[].rung.proven": "the rung that it proves, null unless it is verified",
    "claims[].blocked_by": "what has to run before this can be judged, else null",
    "claims[].waiver": "the waiver, else null",
    "claims[].waiver.until": "its last day",
    "claims[].waiver.owner": "who answers for it",
    "claims[].waiver.reason": "why",
    "claims[].baselined": "whether a baseline knows the refutation",
    "claims[].pending": "why it is not true yet, null where it is not marked so",
    "claims[].tolerated": "why it does not fail the run although it does not hold, else null",
    "claims[].since": "since when it has this verdict, null where no earlier audit tells",
    "claims[].statement": "digest of what is claimed, equal for the same claim in another run; null for a test",
    "claims[].replayable": "whether its evidence can be judged again; ordinary tests cannot",
    "claims[].recorded_in": "the folder that it was merged from, else null",
    "claims[].remedy": "what to do next",
    "claims[].duration_s": "seconds until it was judged",
    "claims[].evidence[].system": "who was asked; empty for files and activities",
    "claims[].evidence[].asked": "what was asked and in which way",
    "claims[].evidence[].value": "what came back; `unobservable` and the reason where nothing did",
    "claims[].evidence[].at": "when",
    "claims[].evidence[].sha256": "digest over what was seen, without its time",
    "weaker[].id": "in the gate, a claim that the change removes or weakens",
    "weaker[].what": "what is weaker",
    "weaker[].file": "where the claim stands, or stood",
    "weaker[].line": "its line",
    "weaker[].allowed": "whether the run was told that it may be",
    "changed[].id": "a claim that is not as it was",
    "changed[].kind": "`verdict`, `statement`, `gone`, `new` or `actual`",
    "changed[].verdict.before": "its verdict then, null for a new one",
    "changed[].verdict.after": "its verdict now, null for one that is gone",
    "changed[].actual.before": "what was so then, null for a new one",
    "changed[].actual.after": "what is so now, null for one that is gone",
    "proved": "with `--distaudit-prove` whether green claims can go red, else null",
    "proved.percent": "how many can, of a hundred; null where none was tried",
    "proved.claims[].id": "a green claim whose evidence was perturbed",
    "proved.claims[].able": "whether a perturbation refuted it",
    "proved.claims[].by": "which one, else null",
    "proved.claims[].shaken": "one that made it unverifiable, else null",
    "proved.claims[].tried": "how many were tried",
    "systems[].name": "a system of the target",
    "systems[].kind": "its kind",
    "systems[].source": "where it came from",
    "systems[].version": "product and version by its own account",
    "systems[].rung": "the highest rung that verified claims prove",
    "systems[].claims[]": "ids of the claims about it",
    "edges[].from": "the system that depends",
    "edges[].to": "the system that it depends on",
    "edges[].seen_by": "the verified claims that show it",
    "findings[].kind": "what kind of disagreement nobody claimed",
    "findings[].component": "whom it is about",
    "findings[].document": "where it is said",
    "findings[].line": "its line",
    "findings[].against": "what speaks against it, else null",
    "findings[].against_line": "its line, else null",
    "findings[].said": "the value that is said",
    "findings[].found": "the value that is found",
    "findings[].confidence": "`high`, `medium` or `low`",
    "findings[].message": "both, in a sentence to act on",
}

#: what its example happens not to hold
_NOT_IN_THE_EXAMPLE = ("edges[].from", "edges[].to", "edges[].seen_by")
#: tables whose keys are the audited project's own words, or may be anything
_FOREIGN = {"claims[].roles": "claims[].roles.{}"}
#: tables that may be missing, where the example shows both
_TABLES = ("claims[].waiver", "proved")
_WHOLE = ("claims[].evidence[].value",)


def paths() -> Mapping[str, str]:
    """Path -> type, of everything that a report holds."""
    found: dict[str, set[str]] = {path: {"text"} for path in _NOT_IN_THE_EXAMPLE}
    for report in _REPORTS:
        for path, kind in _walk(json.loads(report.read_text("utf-8")), ""):
            found.setdefault(path, set()).add(kind)
    for path in _TABLES:
        found[path].add("table")
    return {path: " or ".join(sorted(kinds, key=lambda kind: kind == "null")) for path, kinds in found.items()}


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if path in _WHOLE:
        yield path, "anything"
    elif path in _FOREIGN:
        yield _FOREIGN[path], "text"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        if not value and path in MEANINGS:
            yield path, "list of texts"
        for inner in value:
            yield from _walk(inner, f"{path}[]")
    else:
        yield path, _WORDS[type(value)]


_WORDS = {str: "text", int: "number", float: "number", bool: "true or false", type(None): "null"}


def _type(seen: str, meaning: str) -> str:
    """What the example shows, and null where the words speak of it."""
    kind = seen.removesuffix("null").removesuffix(" or ") or "text"
    return f"{kind} or null" if "null" in meaning else kind


def json_page() -> str:
    """The reference page. Raises KeyError for a key of the report that has no meaning above."""
    types = paths()
    order = {path: at for at, path in enumerate(MEANINGS)}
    rows = [
        [code(path), _type(types[path], MEANINGS[path]), MEANINGS[path]]
        for path in sorted(types, key=order.__getitem__)
    ]
    return page(
        "The JSON report",
        "`--distaudit-json=PATH` writes one object. `[]` in a path is each element of a list, `{}` any key.",
        table(["path", "type", "meaning"], rows),
    )
