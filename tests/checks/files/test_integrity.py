"""Flaws inside manifests: each kind with a genuine tree and with different ways of having it."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.finding import Confidence, FindingKind, Spot
from pytest_distaudit.domain.proposal import Proposal
from tests.checks.files.planting import findings, proposal, words


def compose(*lines: str) -> dict[str, str]:
    return {"compose": "services:\n  web:\n    image: acme/web:1\n" + "".join(f"    {line}\n" for line in lines)}


@pytest.mark.parametrize(
    "mount",
    [
        "./conf/app.yml:/etc/app.yml",
        "./data:/var/lib/data",
        "named:/etc/x",
        "/etc/hosts:/etc/hosts",
        "$CONF:/etc/x.yml",
        "./made.env:/etc/x",
    ],
)
def test_mounts_that_are_there_or_need_not_be(tmp_path: Path, mount: str) -> None:
    files = {**compose(f"volumes: ['{mount}']"), "conf/app.yml": "a: 1", ".gitignore": "*.env\n"}
    assert findings(tmp_path, FindingKind.MOUNT_MISSING, files) == []


@pytest.mark.parametrize(
    ("mount", "source", "confidence"),
    [
        ("./conf/gone.yml:/etc/app.yml", "conf/gone.yml", Confidence.HIGH),
        ("./elsewhere/gone.conf:/x", "elsewhere/gone.conf", Confidence.MEDIUM),
        ("./rules:/etc/prometheus/rules:ro", "rules", Confidence.HIGH),
        ("${DIR:-./conf}/init.sql:/docker-entrypoint-initdb.d/", "conf/init.sql", Confidence.HIGH),
    ],
)
def test_a_mounted_configuration_that_is_missing(
    tmp_path: Path, mount: str, source: str, confidence: Confidence
) -> None:
    (found,) = findings(
        tmp_path, FindingKind.MOUNT_MISSING, {**compose(f"volumes: ['{mount}']"), "conf/app.yml": "a: 1"}
    )
    assert (found.component, found.said, found.at, found.confidence) == (
        "web",
        source,
        Spot("docker-compose.yml", 4),
        confidence,
    )
    assert found.against is not None


@pytest.mark.parametrize(
    "build",
    [
        "./app",
        "{context: ., dockerfile: app/Dockerfile}",
        "https://acme.test/x.git",
        "{context: app, dockerfile_inline: FROM x}",
        "$WHERE",
    ],
)
def test_builds_that_are_there_or_cannot_be_known(tmp_path: Path, build: str) -> None:
    assert (
        findings(tmp_path, FindingKind.BUILD_MISSING, {**compose(f"build: {build}"), "app/Dockerfile": "FROM x"}) == []
    )


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("./app/sub", "app/sub/Dockerfile"),
        ("{context: app, dockerfile: Dockerfile.dev}", "app/Dockerfile.dev"),
        (".", "Dockerfile"),
    ],
)
def test_a_build_without_its_dockerfile(tmp_path: Path, build: str, said: str) -> None:
    (found,) = findings(tmp_path, FindingKind.BUILD_MISSING, {**compose(f"build: {build}"), "app/Dockerfile": "FROM x"})
    assert (found.said, found.confidence) == (said, Confidence.HIGH)


def test_a_tree_without_any_dockerfile_may_be_a_part(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, FindingKind.BUILD_MISSING, compose("build: ./app"))
    assert found.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("test", "confidence"),
    [
        ("exit 0", Confidence.HIGH),
        ("curl -f http://localhost/ || true", Confidence.HIGH),
        ("nc -z localhost 80", Confidence.MEDIUM),
        ("curl -f http://localhost/health || exit 1", None),
        ("pg_isready", None),
    ],
)
def test_healthchecks_that_cannot_fail(tmp_path: Path, test: str, confidence: Confidence | None) -> None:
    found = findings(tmp_path, FindingKind.VACUOUS_HEALTHCHECK, compose(f"healthcheck: {{test: '{test}'}}"))
    assert [item.confidence for item in found] == ([confidence] if confidence else [])


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("HEALTHCHECK --interval=5s CMD exit 0", 1),
        ('HEALTHCHECK CMD ["nc", "-z", "localhost", "80"]', 1),
        ("HEALTHCHECK CMD curl -f http://localhost/ || exit 1", 0),
        ("HEALTHCHECK NONE", 0),
        ("HEALTHCHECK CMD true\nFROM other", 0),
    ],
)
def test_healthchecks_of_images(tmp_path: Path, line: str, count: int) -> None:
    found = findings(tmp_path, FindingKind.VACUOUS_HEALTHCHECK, {"web/Dockerfile": f"FROM x\n{line}\n"})
    assert [item.component for item in found] == ["web"] * count


GATEWAY = 'services:\n  gateway:\n    image: kong:3\n    volumes: ["./{}:/x"]\n'
KONG = '_format_version: "3.0"\nservices: []\n'


@pytest.mark.parametrize("mounted", ["conf/kong.yml", "conf", "."])
def test_a_configuration_that_is_mounted(tmp_path: Path, mounted: str) -> None:
    files = {"compose": GATEWAY.format(mounted), "conf/kong.yml": KONG}
    assert findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, files) == []


def test_a_configuration_that_is_copied_into_an_image(tmp_path: Path) -> None:
    files = {
        "compose": GATEWAY.format("data"),
        "conf/kong.yml": KONG,
        "conf/Dockerfile": "FROM kong\nCOPY kong.yml /etc/\n",
    }
    assert findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, files) == []


def test_a_configuration_of_a_product_that_is_not_there(tmp_path: Path) -> None:
    assert findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, {**compose(), "conf/kong.yml": KONG}) == []


def test_a_configuration_that_nobody_mounts(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path, FindingKind.UNMOUNTED_CONFIG, {"compose": GATEWAY.format("other"), "conf/kong.yml": KONG}
    )
    assert (found.component, found.at, found.against, found.confidence) == (
        "gateway",
        Spot("conf/kong.yml"),
        Spot("docker-compose.yml", 2),
        Confidence.HIGH,
    )


def test_one_of_two_configurations_may_be_the_alternative(tmp_path: Path) -> None:
    files = {"compose": "services:\n  queue:\n    image: rabbitmq\n    volumes: ['./a/definitions.json:/x']\n"}
    files |= {f"{name}/definitions.json": '{"vhosts": [], "queues": []}' for name in "ab"}
    (found,) = findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, files)
    assert (found.said, found.confidence) == ("b/definitions.json", Confidence.MEDIUM)


@pytest.mark.parametrize(
    "lines",
    [
        ("deploy: {replicas: 3}",),
        ("container_name: web",),
        ("deploy: {replicas: 3}", "ports: ['80']"),
        ("scale: 1", "container_name: web"),
    ],
)
def test_services_that_can_be_as_many_as_wanted(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert findings(tmp_path, FindingKind.UNSCALABLE, compose(*lines)) == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("container_name: web", "deploy: {replicas: 3}"), "container_name"),
        (("ports: ['80:80']", "scale: 2"), "the host's port 80"),
    ],
)
def test_services_that_cannot_be_scaled_and_are(tmp_path: Path, lines: tuple[str, ...], found: str) -> None:
    (finding,) = findings(tmp_path, FindingKind.UNSCALABLE, compose(*lines))
    assert (finding.found, finding.at.line, finding.confidence) == (found, 5, Confidence.HIGH)


def test_a_claim_of_scaling_against_a_fixed_name(tmp_path: Path) -> None:
    claims = [proposal("load_balanced", "web", "requests are spread over three instances of web")]
    (finding,) = findings(tmp_path, FindingKind.UNSCALABLE, compose("container_name: web"), claims)
    assert (str(finding.at), str(finding.against), finding.confidence) == (
        "README.md:1",
        "docker-compose.yml:4",
        Confidence.LOW,
    )


@pytest.mark.parametrize(
    "claim",
    [
        proposal("running", "web", "web runs with three instances"),
        proposal("load_balanced", "web", "requests to web are spread"),
        proposal("load_balanced", "other", "requests are spread over three instances of other"),
        proposal("replicated", "postgres", "PostgreSQL has two replicas"),
    ],
)
def test_a_claim_that_wants_no_more_of_the_service(tmp_path: Path, claim: Proposal) -> None:
    files = {
        "compose": f"{compose('container_name: web')['compose']}\n  store: {{image: postgres, container_name: db}}\n"
    }
    assert findings(tmp_path, FindingKind.UNSCALABLE, files, [claim]) == []


@pytest.mark.parametrize("source", ["kong.yml", "./kong.yml", ".", "conf/kong.yml"])
def test_a_configuration_that_an_image_copies_among_others(tmp_path: Path, source: str) -> None:
    """Other mounts and other copies say nothing of this file."""
    files = {
        "compose": GATEWAY.format("data").replace("volumes: [", "volumes: [./more:/more, "),
        "conf/kong.yml": KONG,
        ("Dockerfile" if source.startswith("conf") else "conf/Dockerfile"): (
            f"FROM kong\nCOPY other.txt /etc/\nCOPY {source} /etc/\n"
        ),
    }
    assert findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, files) == []


def test_copies_of_other_files_deliver_nothing(tmp_path: Path) -> None:
    files = {
        "compose": GATEWAY.format("data").replace("volumes: [", "volumes: [./more:/more, "),
        "conf/kong.yml": KONG,
        "other/Dockerfile": "FROM kong\nCOPY a.yml b.yml /etc/\n",
    }
    assert len(findings(tmp_path, FindingKind.UNMOUNTED_CONFIG, files)) == 1


def test_findings_come_in_a_fixed_order(tmp_path: Path) -> None:
    files = compose("healthcheck: {test: exit 0}", "build: gone", "volumes: [./gone.yml:/x]")
    assert words(findings(tmp_path, FindingKind.MOUNT_MISSING, files)) == words(
        findings(tmp_path, FindingKind.MOUNT_MISSING, files)
    )
