"""Documents as facts: words, addresses, paths, calls, sums."""

import pytest

from pytest_distaudit.domain.names import core_words
from pytest_distaudit.sources.facts.documents import read_document


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("the Ledger Writer keeps books", "ledger-writer", True),
        ("LedgerWriter", "ledger_writer", True),
        ("two ledger writers", "ledger-writer", True),
        ("a ledger, a writer", "ledger-writer", False),
        ("nginx-based", "nginx", True),
        ("caching", "cache", False),
        ("kafka", "kafka-ui", False),
        ("the cart service", "cart-service", True),
        ("Café, 中文", "web", False),
    ],
)
def test_names_in_any_spelling(text: str, name: str, named: bool) -> None:
    assert read_document("a.md", text).mentions(core_words(name)) is named


def test_addresses_and_sentences_that_give_ports() -> None:
    text = (
        "http://web:8080/x and localhost:3000\n```\napi:90\n```\n"
        "The orders service listens on port 7000.\n`81` is the port where cart waits; a:1 12:30 v1:22.4 x@y:80"
    )
    found = read_document("a.md", text).addresses
    assert [(item.host, item.port, item.spot.line, item.fenced) for item in found] == [
        ("web", 8080, 1, False),
        ("localhost", 3000, 1, False),
        ("api", 90, 3, True),
        ("orders", 7000, 5, False),
        ("cart", 81, 6, False),
    ]


def test_paths_of_links_code_and_commands() -> None:
    text = (
        "[a](x.md#part) [b](../up/y.yml) [c](https://acme.test/z) [d](acme.net) `src\\app\\main.py` "
        '`a/b` `docker-compose.yml`\n[e](/root.md "t")\n```\n[no](n.md)\n$ docker compose -f ops/dev.yml up\n```'
    )
    found = read_document("docs/a.md", text).paths
    assert [(item.path, item.how) for item in found] == [
        ("docs/x.md", "link"),
        ("up/y.yml", "link"),
        ("root.md", "link"),
        ("src/app/main.py", "code"),
        ("docker-compose.yml", "code"),
        ("ops/dev.yml", "command"),
    ]


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("```\ndocker compose up -d web db\n```", ["web", "db"]),
        ("`docker-compose -f a.yml -f b.yml up --scale web=2 cache`", ["cache"]),
        ("run docker compose up to start it", []),
        ("`docker compose up`, then wait", []),
        ("```\ndocker compose up && curl x\n```", []),
        ("```\ndocker compose up -t 5 web # all\n```", ["web"]),
    ],
)
def test_services_that_commands_start(text: str, services: list[str]) -> None:
    assert [call.service for call in read_document("a.md", text).calls] == services


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("41 containers: 19 + 19 + 8", [(41, "containers", (19, 19, 8))]),
        ("52 services (31 core + 21 extra)", [(52, "services", (31, 21))]),
        ("5 apples = 2 + 3", [(5, "apples", (2, 3))]),
        ("12 months: 6 + 6 * 2", []),
        ("a: 1 + 2", []),
        ("2 parts: 1 + 1.5", []),
    ],
)
def test_sums(text: str, sums: list[tuple[int, str, tuple[int, ...]]]) -> None:
    assert [(item.total, item.of, item.parts) for item in read_document("a.md", text).sums] == sums


def test_defaults_in_tables() -> None:
    text = (
        "| Name | Default |\n|---|---|\n| `WEB_PORT` | `8080` | the port |\n"
        "| `USE_CACHE` | turns it on | True |\n| `A_NAME` | web |\n"
    )
    assert [(item.name, item.value) for item in read_document("a.md", text).settings] == [
        ("WEB_PORT", "8080"),
        ("USE_CACHE", "True"),
    ]


def test_a_fence_that_is_never_closed_reaches_to_the_end() -> None:
    assert read_document("a.md", "```sh\ndb:5432\n\n[x](y.md)").paths == ()
