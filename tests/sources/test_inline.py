"""Claims in the document itself."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.claim import Expect, Span, Timing
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.verdict import Severity
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.sources.inline import mentions_claims, read_inline_claims


@pytest.fixture
def read(project: Path, checks):
    def read(text: str):
        path = project / "docs" / "My Page.md"
        path.write_text(text, encoding="utf-8")
        return read_inline_claims(path, project, checks, Documents(project), {})

    return read


def test_a_comment_claims_the_sentence_before_it(read) -> None:
    file = read("First. The **broker**\nruns. <!-- claim: system.running system=rabbitmq --> Later.\n")
    (claim,) = file.claims
    assert (claim.quote, claim.line) == ("The broker runs.", 1)
    assert (claim.document, claim.area) == ("docs/My Page.md", "My Page")
    assert claim.place == Place("docs/My Page.md", 2, 7)
    assert claim.id == "my-page-system-running-rabbitmq"


def test_a_block_comment_claims_the_block_before_it(read) -> None:
    file = read("- One.\n- Two.\n\n<!-- claim: system.running system=rabbitmq -->\n\n| a |\n|---|\n| b |\n\n"
                "<!-- claim: system.running\n     system=kong -->\n")  # fmt: skip
    assert [(claim.quote, claim.line, claim.place.line) for claim in file.claims] == [("Two.", 2, 4), ("b", 8, 10)]


def test_every_key_reaches_the_claim(read) -> None:
    (claim,) = read(
        "So. <!-- claim: queue.consumed system=rabbitmq queue='my tasks' consumers=\">= 2\" durable=true within=10s "
        "severity=critical expect=absent targets=a,b area=queues id=mine -->\n"
    ).claims
    assert (claim.id, claim.area, claim.targets) == ("mine", "queues", ("a", "b"))
    assert (claim.expect, claim.severity) == (Expect.ABSENT, Severity.CRITICAL)
    assert claim.timing == Timing(Span.WITHIN, 10.0)
    assert (claim["queue"], claim["consumers"], claim["durable"]) == ("my tasks", Comparison.parse(">= 2"), True)


def test_roles_of_the_check_are_keys(read) -> None:
    (claim,) = read("So. <!-- claim: database.replicated primary=pg standby=pg-2 -->\n").claims
    assert claim.roles == {"primary": "pg", "standby": "pg-2"}
    assert claim.id == "my-page-database-replicated-pg"


def test_a_quote_of_its_own_is_looked_up(read) -> None:
    text = "The broker runs. Kong too.\n\nLater. <!-- claim: system.running system=rabbitmq quote='{}' -->\n"
    assert read(text.format("broker runs")).claims[0].line == 1
    assert "is not in docs/My Page.md" in str(read(text.format("broker ran")).malformed[0].problems[0])


def test_code_holds_no_claims(read) -> None:
    comment = "<!-- claim: system.running system=rabbitmq -->"
    file = read(f"Like `{comment}` or\n\n```\n{comment}\n```\n\n    {comment}\n\n\\{comment}\n")
    assert (file.claims, file.malformed) == ((), ())


def test_other_comments_are_none_of_our_business(read) -> None:
    file = read("A. <!-- note --> <!-- claims: x -->\n\n<!-- TODO: <!-- claim: x -->\n")
    assert (file.claims, file.malformed) == ((), ())


def test_the_bytes_tell_whether_a_file_mentions_claims(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    assert not mentions_claims(page)
    page.write_text("The claim: it runs. <!-- note -->", encoding="utf-8")
    assert not mentions_claims(page)
    page.write_text("<!-- claim: x -->", encoding="utf-8")
    assert mentions_claims(page)


def test_a_document_that_is_no_text_is_one_error(project: Path, checks) -> None:
    path = project / "a.md"
    path.write_bytes(b"<!-- claim: \xff")
    file = read_inline_claims(path, project, checks, Documents(project), {})
    assert [entry.id for entry in file.malformed] == ["file"]
