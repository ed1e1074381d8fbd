"""Claim files that are good, and what never happens with any file."""

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_distaudit.domain.claim import Expect, Span, Timing, Waiver
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.verdict import Severity
from pytest_distaudit.sources.claim_file import ClaimFile, read_claim_file
from pytest_distaudit.sources.documents import Documents
from pytest_distaudit.wiring import load_checks
from tests.thorough import many


@pytest.fixture
def read(project: Path, checks):
    def read(text: str | bytes, name: str = "messaging.yaml", taken: dict[str, Place] | None = None) -> ClaimFile:
        path = project / "claims" / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_claim_file(path, project, checks, Documents(project), {} if taken is None else taken)

    return read


HEAD = "document: docs/messaging.md\nclaims:\n"

FULL = """\
document: docs/messaging.md
area: queues
claims:
  - id: task-queue-consumed
    quote: RabbitMQ hands every task to a worker
    check: queue.consumed
    system: rabbitmq
    with: {queue: tasks, consumers: "> 2", lag: "< 200 ms", durable: true}
    within: 10s
    expect: absent
    severity: critical
    targets: [staging]
    waiver: {until: 2027-01-31, owner: platform, reason: broker upgrade}
"""


def test_every_key_reaches_the_claim(read) -> None:
    (claim,) = read(FULL).claims
    assert claim.key == "task-queue-consumed"
    assert claim.place == Place("claims/messaging.yaml", 4, 5)
    assert (claim.document, claim.line, claim.area) == ("docs/messaging.md", 3, "queues")
    assert claim.roles == {"system": "rabbitmq"}
    assert claim.timing == Timing(Span.WITHIN, 10.0)
    assert (claim.expect, claim.severity, claim.targets) == (Expect.ABSENT, Severity.CRITICAL, ("staging",))
    assert claim.waiver == Waiver(date(2027, 1, 31), "platform", "broker upgrade")
    assert claim["queue"] == "tasks"
    assert claim["consumers"] == Comparison.parse("> 2")
    assert claim["lag"].quantity.value == Decimal("0.2")
    assert claim["durable"] is True


def test_an_optional_role_may_be_left_out(project: Path) -> None:
    head = "  - {id: a, quote: Messaging, check: registry.queried, activity: work, with: {service: w}, "
    path, checks = project / "claims" / "discovery.yaml", load_checks()
    for who, roles in (
        ("system: registry}", {"system": "registry"}),
        ("roles: {system: registry, caller: front}}", {"system": "registry", "caller": "front"}),
    ):
        path.write_text(HEAD + head + who + "\n")
        (claim,) = read_claim_file(path, project, checks, Documents(project), {}).claims
        assert claim.roles == roles
    path.write_text(HEAD + head + "roles: {caller: front}}\n")
    (malformed,) = read_claim_file(path, project, checks, Documents(project), {}).malformed
    assert "needs a system as 'system'" in str(malformed.problems[0])


def test_defaults_are_filled_in_and_parsed(read) -> None:
    (claim,) = read(HEAD + "  - {id: a, quote: Messaging, check: queue.consumed, system: r, with: {queue: t}}\n").claims
    assert claim.params == {
        "queue": "t", "consumers": Comparison.parse(">= 1"), "lag": Comparison.parse("<= 1 s"), "durable": None,
    }  # fmt: skip
    assert (claim.area, claim.severity, claim.expect, claim.targets) == ("messaging", Severity.MAJOR, "present", ())


def test_numbers_given_for_text_keep_their_spelling(read) -> None:
    file = read(HEAD + "  - {id: a, quote: Messaging, check: queue.consumed, system: r, with: {queue: 1.10}}\n")
    assert file.claims[0]["queue"] == "1.10"


def test_a_bare_number_means_equal(read) -> None:
    text = "  - {id: a, quote: Messaging, check: queue.consumed, system: r, with: {queue: q, consumers: 2}}\n"
    assert read(HEAD + text).claims[0]["consumers"] == Comparison.parse("== 2")


def test_system_means_the_only_role(read) -> None:
    text = "  - {id: a, quote: Messaging, check: system.count, system: 'mcp-*', with: {count: 2}}\n"
    assert read(HEAD + text).claims[0].roles == {"servers": "mcp-*"}


def test_a_role_of_many_takes_a_list(read) -> None:
    text = "  - {id: a, quote: Messaging, check: system.count, roles: {servers: [a, b-*]}, with: {count: 2}}\n"
    assert read(HEAD + text).claims[0].roles == {"servers": "a,b-*"}


def test_cases_make_one_claim_each(read) -> None:
    file = read(
        HEAD + "  - id: queues\n    quote: Messaging\n    check: queue.consumed\n    system: r\n"
        "    with: {queue: shared, consumers: 3}\n"
        "    cases: [{queue: Work Queue}, {queue: other, id: second}, {consumers: 4}]\n"
    )
    assert [claim.key for claim in file.claims] == ["queues[work-queue]", "queues[second]", "queues[4]"]
    assert [claim["queue"] for claim in file.claims] == ["Work Queue", "other", "shared"]
    assert [str(claim["consumers"]) for claim in file.claims] == ["3", "3", "4"]


def test_words_that_yaml_1_1_makes_booleans_stay_words(read) -> None:
    (claim,) = read(HEAD + "  - {id: no, quote: Messaging, check: system.running, system: on}\n").claims
    assert (claim.id, claim.roles) == ("no", {"system": "on"})


def test_one_id_in_two_files_names_both_places(read) -> None:
    taken: dict[str, Place] = {}
    text = HEAD + "  - {id: same, quote: Messaging, check: system.running, system: r}\n"
    assert read(text, "a.yaml", taken).claims
    (malformed,) = read(text, "b.yaml", taken).malformed
    assert [str(one) for one in malformed.problems] == [
        "claims/b.yaml:3:6: duplicate id 'same', first given at claims/a.yaml:3:6; choose another id"
    ]


def test_a_bad_claim_hides_no_good_one(read) -> None:
    file = read(
        HEAD + "  - {id: a, quote: Messaging, check: system.running, system: r}\n  - {id: b}\n"
        "  - {id: c, quote: Messaging, check: system.running, system: r}\n"
    )
    assert [claim.id for claim in file.claims] == ["a", "c"]
    assert [entry.id for entry in file.malformed] == ["b"]


@pytest.mark.parametrize("content", [b"\x7fELF\0\0", "a: é".encode("latin-1"), b"a: 1\n" * 2_500_000])
def test_a_file_that_is_no_text_is_one_error(read, content: bytes) -> None:
    started = time.perf_counter()
    file = read(content)
    assert time.perf_counter() - started < 20
    assert file.claims == ()
    assert [(entry.id, len(entry.problems)) for entry in file.malformed] == [("file", 1)]


def test_a_file_that_cannot_be_read_is_one_error(project: Path, checks) -> None:
    file = read_claim_file(project / "claims" / "gone.yaml", project, checks, Documents(project), {})
    assert [str(one) for one in file.malformed[0].problems] == [
        "claims/gone.yaml: cannot be read: No such file or directory"
    ]


def test_five_thousand_claims_are_read_in_a_moment(read) -> None:
    entry = "  - {{id: c{}, quote: Messaging, check: queue.consumed, system: r, with: {{queue: tasks}}, within: 10s}}\n"
    text = HEAD + "".join(entry.format(number) for number in range(5000))
    started = time.perf_counter()
    assert len(read(text).claims) == 5000
    assert time.perf_counter() - started < 60


_KEYS = st.sampled_from(
    ["id", "quote", "check", "system", "roles", "with", "within", "never_for", "cases", "waiver", "line", "targets"]
)
_VALUES = st.recursive(
    st.sampled_from(["a", "Messaging", "queue.consumed", "system.count", "10s", ">= 1", 1, True, None, 2.5, "", "//x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["queue", "id", "servers", "until", "count"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=many(300))
@given(st.dictionaries(_KEYS, _VALUES, max_size=12))
def test_any_claim_is_either_good_or_malformed_with_a_place(read, entry: dict[str, object]) -> None:
    file = read(yaml.safe_dump({"document": "docs/messaging.md", "claims": [entry]}))
    assert bool(file.claims) != bool(file.malformed)
    for malformed in file.malformed:
        assert malformed.problems
        assert all(problem.place.line > 0 for problem in malformed.problems)
