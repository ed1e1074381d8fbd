"""The statement on verdict and evidence, held against in-toto's own definitions."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Message

from pytest_distaudit.domain.audit import Audit, Digest
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.attestation import PREDICATE, document
from pytest_distaudit.sources.digests import digest_of_folder, digests_of_files
from tests.reports.hostile import HOSTILE, audit_of
from tests.reports.sample import audit, claim

TestResult.__test__ = False  # a message, no class of tests
DIGESTS = (Digest("evidence", "dirHash", "ab" * 32), Digest("distaudit.toml", "sha256", "cd" * 32))


def told(one: Audit) -> dict[str, Any]:
    """The predicate, after in-toto has read the statement."""
    text = document(one)
    statement = json_format.Parse(text, Message())
    Statement.copy_from_pb(statement).validate()
    assert statement.predicate_type == PREDICATE
    found: dict[str, Any] = json.loads(text)["predicate"]
    json_format.ParseDict(found, TestResult())
    return found


@pytest.mark.parametrize("one", [audit(digests=DIGESTS), audit_of(HOSTILE)], ids=["plain", "hostile"])
def test_in_toto_reads_it(one: Audit) -> None:
    assert told(audit(digests=DIGESTS, claims=one.claims))["result"] == "FAILED"


def test_every_claim_has_its_place() -> None:
    found = told(audit(digests=DIGESTS))
    assert found["passedTests"] == ["task-queue-consumed"]
    assert found["warnedTests"] == ["old-broker"]
    assert found["failedTests"] == ["two-consumers", "primary-running", "replicated", "slow[eu]"]
    assert {"name": "distaudit.toml", "digest": {"sha256": "cd" * 32}} in found["configuration"]


HOLDS = claim("holds", Verdict.VERIFIED)


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({}, "PASSED"),
        ({"narrowed": True}, "WARNED"),
        ({"not_judged": audit().not_judged}, "WARNED"),
        ({"claims": (HOLDS, claim("known", Verdict.REFUTED, tolerated="in the baseline"))}, "WARNED"),
        ({"errors": audit().errors}, "FAILED"),
        ({"claims": ()}, "FAILED"),
        ({"claims": (claim("unknown", Verdict.UNVERIFIABLE, tolerated="pending: x"),)}, "FAILED"),
    ],
)
def test_only_what_was_judged_whole_and_holds_has_passed(more: dict[str, Any], result: str) -> None:
    plain: dict[str, Any] = {"claims": (HOLDS,), "errors": (), "not_judged": ()}
    assert told(audit(digests=DIGESTS, **(plain | more)))["result"] == result


@pytest.mark.parametrize(("dirty", "subjects"), [(False, 2), (True, 1), (None, 1)])
def test_the_commit_is_a_subject_only_if_it_is_what_was_judged(dirty: bool | None, subjects: int) -> None:
    assert len(json.loads(document(audit(digests=DIGESTS, dirty=dirty)))["subject"]) == subjects


def test_the_digest_of_a_folder_is_what_the_specification_s_command_prints(tmp_path: Path) -> None:
    for name, text in (("b", "two"), ("a/z", "one"), ("a b", "three"), ("Ä", "four")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    command = "find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -f1 -d' '"
    shell = shutil.which("sh")
    assert shell is not None
    printed = subprocess.run([shell, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert digest_of_folder(tmp_path, "evidence") == Digest("evidence", "dirHash", printed.strip())


def test_a_file_that_is_not_there_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert list(digests_of_files(tmp_path, ["there", "gone"])) == [Digest("there", "sha256", empty)]
