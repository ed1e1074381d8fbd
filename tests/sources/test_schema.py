"""The schema that editors use is the one that claims are validated with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest_distaudit
from pytest_distaudit.sources.schema import claim_schema, text

SHIPPED = Path(pytest_distaudit.__file__).with_name("claim.schema.json")

DESIGN_KEYS = {
    "id", "quote", "check", "system", "roles", "with", "within", "holds_for", "never_for", "activity", "operation",
    "action", "expect", "severity", "targets", "cases", "waiver", "line", "pending",
}  # fmt: skip


def test_the_shipped_schema_is_current() -> None:
    hint = "run: python -m pytest_distaudit.sources.schema > pytest_distaudit/claim.schema.json"
    assert SHIPPED.read_text(encoding="utf-8") == text(), hint


def test_the_module_prints_the_schema() -> None:
    run = subprocess.run([sys.executable, "-m", "pytest_distaudit.sources.schema"], capture_output=True, check=True)
    assert run.stdout.decode() == text()


def test_the_schema_knows_every_key_of_a_claim_and_no_other() -> None:
    schema = claim_schema()
    entry = schema["$defs"]["ClaimEntry"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(entry["properties"]) == DESIGN_KEYS
    assert entry["required"] == ["id", "quote", "check"]
    assert [part["additionalProperties"] for part in (schema, *schema["$defs"].values())] == [False, False, False]


def test_every_key_is_described() -> None:
    entry = claim_schema()["$defs"]["ClaimEntry"]["properties"]
    assert [key for key, part in entry.items() if "description" not in part and "$ref" not in part] == []


def test_no_reference_is_left_open() -> None:
    schema = claim_schema()
    names = {part.split('"')[0] for part in json.dumps(schema).split("#/$defs/")[1:]}
    assert names == set(schema["$defs"])
