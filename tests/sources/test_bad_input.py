"""Every file in ``bad/`` is refused with the words in ``golden/``. DISTAUDIT_REWRITE_GOLDEN=1 rewrites them."""

import os
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import InvalidInput, Place
from pytest_distaudit.sources.claim_file import ClaimFile, read_claim_file
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.inline import read_inline_claims
from pytest_distaudit.sources.target_file import read_project

HERE = Path(__file__).parent
KINDS = {
    "http": {"url": ("http", "https")},
    "rabbitmq": {"amqp": ("amqp", "amqps"), "management": ("http", "https")},
    "process": {"pid": ("pid",)},
}


def told(found: ClaimFile) -> str:
    lines = [
        f"[{entry.id}] at {entry.place}\n" + "".join(f"{one}\n" for one in entry.problems) for entry in found.malformed
    ]
    good = ", ".join(claim.key for claim in found.claims) or "none"
    return "\n".join([*lines, f"good: {good}\n"])


def agrees(name: str, text: str) -> None:
    golden = HERE / "golden" / f"{name}.txt"
    if os.environ.get("DISTAUDIT_REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def inputs(suffix: str) -> list[str]:
    return sorted(path.name for path in (HERE / "bad").glob(f"*{suffix}"))


@pytest.mark.parametrize("name", inputs(".yaml"))
def test_a_bad_claim_file_is_told_in_full(name: str, project: Path, checks) -> None:
    path = project / "claims" / name
    path.write_bytes((HERE / "bad" / name).read_bytes())
    taken = {"elsewhere": Place("claims/other.yaml", 3, 5)}
    found = read_claim_file(path, project, checks, Documents(project), taken)
    assert found.malformed
    assert all(entry.problems for entry in found.malformed)
    agrees(name, told(found))


@pytest.mark.parametrize("name", inputs(".md"))
def test_bad_inline_claims_are_told_in_full(name: str, project: Path, checks) -> None:
    path = project / "docs" / name
    path.write_bytes((HERE / "bad" / name).read_bytes())
    agrees(name, told(read_inline_claims(path, project, checks, Documents(project), {})))


@pytest.mark.parametrize("name", inputs(".toml"))
def test_a_bad_target_file_is_told_in_full(name: str, tmp_path: Path) -> None:
    (tmp_path / "distaudit.toml").write_bytes((HERE / "bad" / name).read_bytes())
    with pytest.raises(InvalidInput) as refused:
        read_project(tmp_path, KINDS)
    assert "secret" not in str(refused.value)
    agrees(name, f"{refused.value}\n")


def test_every_golden_file_has_its_input() -> None:
    assert {path.stem for path in (HERE / "golden").glob("*.txt")} == {path.name for path in (HERE / "bad").iterdir()}
