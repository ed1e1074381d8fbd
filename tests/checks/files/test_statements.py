"""Documents against themselves."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.finding import FindingKind
from pytest_distaudit.domain.proposal import Proposal
from tests.checks.files.planting import findings, proposal, words


@pytest.mark.parametrize("text", ["9 parts: 4 + 5", "12 months = 6 + 6 days", "a + b", "3: 1 + 1"])
def test_sums_that_add_up(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, FindingKind.CONTRADICTION, {"readme": text}) == []


@pytest.mark.parametrize(
    ("text", "found"), [("41 containers: 19 + 19 + 8", "46"), ("There are 52 services (30 core + 21 extra).", "51")]
)
def test_sums_that_do_not(tmp_path: Path, text: str, found: str) -> None:
    (finding,) = findings(tmp_path, FindingKind.CONTRADICTION, {"readme": f"# x\n{text}\n"})
    assert (finding.found, str(finding.at), finding.at) == (found, "README.md:2", finding.against)


def version(said: str, at: str, component: str = "java") -> Proposal:
    return proposal("version", component, said=said, of="version", at=at)


def count(said: str, at: str, quote: str = "", of: str = "services") -> Proposal:
    return proposal("count", "registry", quote or f"{said} services", said=said, of=of, at=at)


@pytest.mark.parametrize(
    "claims",
    [
        [version("17", "README.md:1"), version("17.0.2", "docs/a.md:1")],
        [version("17", "README.md:1"), version("21", "module/README.md:1")],
        [version("17", "README.md:1"), version("21", "README.md:9")],
        [version("17", "README.md:1"), version("3", "docs/a.md:1", "go")],
        [count("5", "README.md:1"), count("5", "docs/a.md:1")],
        [count("5", "README.md:1"), count("7", "docs/a.md:1", "7 other services")],
        [count("5", "README.md:1"), count("7", "docs/a.md:1", of="teams")],
        [count("5", "README.md:1"), count("12", "docs/a.md:1")],
    ],
)
def test_statements_that_agree_or_speak_of_other_things(tmp_path: Path, claims: list[Proposal]) -> None:
    assert findings(tmp_path, FindingKind.CONTRADICTION, {}, claims) == []


def test_two_versions_of_one_thing(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path, FindingKind.CONTRADICTION, {}, [version("25", "README.md:3"), version("17", "docs/x.md:9")]
    )
    assert (words([found]), str(found.at), str(found.against)) == ([("java", "25", "17")], "README.md:3", "docs/x.md:9")


def test_two_counts_of_one_thing(tmp_path: Path) -> None:
    found = findings(
        tmp_path, FindingKind.CONTRADICTION, {}, [count("41", "a.md:1"), count("31", "b.md:1"), count("41", "c.md:1")]
    )
    assert words(found) == [("registry", "41", "31"), ("registry", "31", "41")]


def flow(quote: str, at: str) -> Proposal:
    return proposal("metrics", "collector", quote, at=at)


@pytest.mark.parametrize(
    "quotes",
    [
        ("metrics are sent to Prometheus", "traces are sent to Tempo"),
        ("metrics are sent to Tempo", "logs are sent to Loki"),
        ("metrics are sent to Tempo", "traces and logs are shown in Tempo"),
        ("metrics are sent to the gateway", "metrics are sent to Prometheus"),
        ("metrics are exported to Prometheus", "metrics are pushed to InfluxDB"),
    ],
)
def test_signals_that_go_where_they_can(tmp_path: Path, quotes: tuple[str, str]) -> None:
    claims = [flow(quote, f"{index}.md:1") for index, quote in enumerate(quotes)]
    assert findings(tmp_path, FindingKind.CONTRADICTION, {}, claims) == []


@pytest.mark.parametrize(
    ("one", "other", "component"),
    [
        ("the collector sends the metric data to Tempo", "metrics are sent to Prometheus", "tempo"),
        ("logs are shipped to Jaeger", "All log data is then forwarded to Grafana Loki", "jaeger"),
    ],
)
def test_signals_that_go_to_a_store_of_another(tmp_path: Path, one: str, other: str, component: str) -> None:
    (found,) = findings(tmp_path, FindingKind.CONTRADICTION, {}, [flow(one, "a.md:1"), flow(other, "b.md:2")])
    assert (found.component, str(found.at), str(found.against)) == (component, "a.md:1", "b.md:2")
