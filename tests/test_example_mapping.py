"""The page that maps the audit report to the claims agrees with the claims, row by row."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "claims" / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted((ROOT / "examples" / "sutazai" / "docs").glob("*.md"))

# Table rows, bullets, numbered items and diagram entries of the report, counted by hand, by section.
ROWS_OF_THE_REPORT = {1: 8, 2: 14, 3: 9, 4: 13, 5: 5, 6: 8, 7: 9, 8: 4, 10: 25}

ROWS = re.findall(r"^\| S(\d+)\.(\d+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
CELLS = [cell for *_, cell in ROWS]
CLAIMED = [cell for cell in CELLS if not cell.startswith("not yet: ")]


def code_spans(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def claim_files() -> list[dict[str, list[dict[str, str]]]]:
    paths = sorted((ROOT / "claims").glob("*.yaml"))
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]


def declared_ids() -> Counter[str]:
    """The ids of the claim files and of the comments in the documents."""
    in_files = [claim["id"] for file in claim_files() for claim in file["claims"]]
    documents = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    return Counter(in_files + re.findall(r"<!-- claim: .*?\bid=(\S+).*?-->", documents))


def beyond_the_report() -> set[str]:
    return code_spans(PAGE.partition("## Beyond the report")[2].partition("## ")[0])


def test_every_row_of_the_report_is_there_in_order() -> None:
    expected = [(section, row) for section, count in ROWS_OF_THE_REPORT.items() for row in range(1, count + 1)]
    assert [(int(section), int(row)) for section, row, _ in ROWS] == expected


def test_every_row_names_claims_or_the_missing_check() -> None:
    assert [cell for cell in CLAIMED if not re.fullmatch(r"`[a-z0-9._-]+`(, `[a-z0-9._-]+`)*", cell)] == []
    assert [cell for cell in CELLS if cell.removeprefix("not yet:").strip() == ""] == []


def test_ids_are_unique() -> None:
    assert [name for name, count in declared_ids().items() if count > 1] == []


def test_every_claim_named_exists() -> None:
    assert code_spans(" ".join(CLAIMED)) | beyond_the_report() <= set(declared_ids())


def test_every_claim_is_named() -> None:
    assert set(declared_ids()) - code_spans(" ".join(CLAIMED)) == beyond_the_report()


def test_the_totals_are_right() -> None:
    totals = f"{len(ROWS)} rows, {len(CLAIMED)} claimed, {len(ROWS) - len(CLAIMED)} not yet."
    assert PAGE.rstrip().endswith(totals)


@pytest.mark.parametrize("file", claim_files(), ids=lambda file: str(file["area"]))
def test_every_quote_stands_in_its_document(file: dict[str, object]) -> None:
    """The plugin itself looks at rendered blocks; the plain text is enough to notice a stale quote here."""
    text = " ".join((ROOT / str(file["document"])).read_text(encoding="utf-8").replace("`", "").split())
    claims = file["claims"]
    assert isinstance(claims, list)
    assert [claim["id"] for claim in claims if text.count(claim["quote"]) != 1] == []
