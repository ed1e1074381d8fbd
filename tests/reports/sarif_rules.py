"""The part of SARIF 2.1.0 that the reports use, reduced by hand from the published specification.

``problems_of`` knows the objects below, refuses any property that the specification does not name (and thus every
misspelling), and adds what GitHub's code scanning asks for on top.
"""

from __future__ import annotations

import re
from typing import Any

LEVELS = {"none", "note", "warning", "error"}
#: object -> property -> (required, kind); a kind in "[]" is an array of at least none, "*" anything
OBJECTS: dict[str, dict[str, tuple[bool, str]]] = {
    "log": {"$schema": (False, "uri"), "version": (True, "=2.1.0"), "runs": (True, "[run]")},
    "run": {
        "tool": (True, "tool"),
        "automationDetails": (False, "automation"),
        "columnKind": (False, "=unicodeCodePoints"),
        "invocations": (False, "[invocation]"),
        "versionControlProvenance": (False, "[provenance]"),
        "results": (False, "[result]"),
        "properties": (False, "*"),
    },
    "tool": {"driver": (True, "driver")},
    "driver": {
        "name": (True, "text"),
        "version": (False, "text"),
        "semanticVersion": (False, "text"),
        "rules": (False, "[rule]"),
    },
    "rule": {
        "id": (True, "text"),
        "shortDescription": (True, "description"),
        "fullDescription": (True, "description"),
        "help": (True, "description"),
        "properties": (False, "*"),
    },
    "automation": {"id": (False, "text")},
    "invocation": {
        "executionSuccessful": (True, "flag"),
        "startTimeUtc": (False, "time"),
        "toolExecutionNotifications": (False, "[notification]"),
    },
    "notification": {"level": (False, "level"), "message": (True, "message")},
    "provenance": {"repositoryUri": (True, "uri"), "revisionId": (False, "text")},
    "result": {
        "ruleId": (True, "text"),
        "level": (True, "level"),
        "message": (True, "message"),
        "locations": (True, "[location]"),
        "relatedLocations": (False, "[related]"),
        "partialFingerprints": (True, "*"),
        "suppressions": (False, "[suppression]"),
        "properties": (False, "*"),
    },
    "suppression": {"kind": (True, "=external"), "status": (False, "=accepted"), "justification": (False, "text")},
    "location": {"physicalLocation": (True, "physical")},
    "related": {"id": (True, "number"), "physicalLocation": (True, "physical"), "message": (True, "message")},
    "physical": {"artifactLocation": (True, "artifact"), "region": (True, "region")},
    "artifact": {"uri": (True, "relative")},
    "region": {"startLine": (True, "number"), "startColumn": (False, "number")},
    "message": {"text": (True, "text")},
    "description": {"text": (True, "short")},
}
TEXTS = {
    "text": r"(?s).*\S.*",
    "short": r"(?s)(?=.*\S).{1,1024}",
    "uri": r"[a-z][a-z0-9+.-]*://[\x21-\x7e]+",
    "relative": r"(?!/)(?![^/]*:)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "level": "|".join(sorted(LEVELS)),
}


def problems_of(log: Any) -> list[str]:
    """What is wrong with a SARIF log; every rule that results name is described."""
    found = list(_problems(log, "log", "log"))
    if not found:
        for run in log["runs"]:
            described = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
            named = {one["ruleId"] for one in run["results"]}
            found += [] if named == described else [f"rules {named ^ described} are not both named and described"]
            found += [
                f"{one['ruleId']}: no primaryLocationLineHash"
                for one in run["results"]
                if not re.fullmatch(r"[0-9a-f]+:\d+", one["partialFingerprints"].get("primaryLocationLineHash", ""))
            ]
    return found


def _problems(value: Any, kind: str, where: str) -> list[str]:
    if kind == "*":
        return []
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{where} is no array"]
        return [text for number, one in enumerate(value) for text in _problems(one, kind[1:-1], f"{where}[{number}]")]
    if kind in OBJECTS:
        return _problems_of_object(value, OBJECTS[kind], where)
    return [] if _is(value, kind) else [f"{where}: {value!r} is no {kind}"]


def _problems_of_object(value: Any, properties: dict[str, tuple[bool, str]], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    found = [f"{where}: unknown {name}" for name in value.keys() - properties.keys()]
    found += [f"{where}: {name} is missing" for name, (needed, _) in properties.items() if needed and name not in value]
    return found + [
        text
        for name, (_, kind) in properties.items()
        if name in value
        for text in _problems(value[name], kind, f"{where}.{name}")
    ]


def _is(value: Any, kind: str) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int) and value > 0
    if kind.startswith("="):
        return bool(value == kind[1:])
    return isinstance(value, str) and re.fullmatch(TEXTS[kind], value) is not None
