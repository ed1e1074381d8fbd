"""Documents against the tree: paths and defaults."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.finding import Confidence, FindingKind
from tests.checks.files.planting import findings, words

TREE = {
    "docs/a.md": "x",
    "src/app/main.py": "x",
    "ops/dev.yml": "a: 1",
    ".gitignore": "*.local\nbuild/\n",
    "node_modules/x.md": "x",
}


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/a.md)",
        "[a](/docs/)",
        "[a](docs/a.md#x)",
        "[a](https://acme.test/x.md)",
        "[a](mailto:x@y.z)",
        "[a](#part)",
        "`src/app/main.py`",
        "`app/main.py`",
        "`main.py`",
        "`a.local`",
        "[a](x.local)",
        "[a](build/x.md)",
        "[a](node_modules/gone.md)",
        "[a](../../outside.md)",
        "`either/or`",
        "`application/json`",
        "```\n[a](gone.md)\n```",
        "`docker compose -f ops/dev.yml up`",
        "[a]({{ url }})",
        "```\n$ kubectl apply -f dev.yml && ./main.py\n```",
        "see ./gone.sh",
    ],
)
def test_paths_that_are_there_or_cannot_be_known(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, FindingKind.PATH_MISSING, {**TREE, "readme": text}) == []


@pytest.mark.parametrize(
    ("text", "said", "confidence"),
    [
        ("[a](docs/gone.md)", "docs/gone.md", Confidence.HIGH),
        ("![a](img/x.png)", "img/x.png", Confidence.HIGH),
        ("`src/app/gone.py`", "src/app/gone.py", Confidence.MEDIUM),
        ("`docker-compose.dev.yml`", "docker-compose.dev.yml", Confidence.MEDIUM),
        ("```\n$ docker-compose -f gone.yml up\n```", "gone.yml", Confidence.HIGH),
        ("`src\\app\\Gone.csproj`", "src/app/Gone.csproj", Confidence.MEDIUM),
        ("```\n$ kubectl apply -n x -f gone.yaml\n```", "gone.yaml", Confidence.MEDIUM),
        ("run `./ops/gone.sh` first", "ops/gone.sh", Confidence.MEDIUM),
    ],
)
def test_paths_that_are_missing(tmp_path: Path, text: str, said: str, confidence: Confidence) -> None:
    found = findings(
        tmp_path, FindingKind.PATH_MISSING, {**TREE, "readme": f"{text} and {text}" if "$" not in text else text}
    )
    assert [(item.said, item.confidence) for item in found] == [(said, confidence)]


def test_where_most_paths_are_missing_the_tree_may_be_a_part(tmp_path: Path) -> None:
    text = " ".join(f"[a](gone{index}.md)" for index in range(9))
    found = findings(tmp_path, FindingKind.PATH_MISSING, {**TREE, "readme": text})
    assert {item.confidence for item in found} == {Confidence.LOW}


TABLE = "| Variable | Default |\n|---|---|\n| `WEB_PORT` | `8080` |\n| `USE_CACHE` | true |\n"


@pytest.mark.parametrize("env", ["WEB_PORT=8080\nUSE_CACHE=True\n", "OTHER=1\n", "WEB_PORT=$PORT\nUSE_CACHE=yes\n"])
def test_defaults_that_hold(tmp_path: Path, env: str) -> None:
    assert findings(tmp_path, FindingKind.VALUE_MISMATCH, {"readme": TABLE, "env": env}) == []


@pytest.mark.parametrize(
    "files",
    [
        {"env": "WEB_PORT=9090\nUSE_CACHE=True\n"},
        {"compose": "services:\n  web:\n    image: x\n    environment: {WEB_PORT: 9090}\n"},
    ],
)
def test_defaults_that_do_not_hold(tmp_path: Path, files: dict[str, str]) -> None:
    assert words(findings(tmp_path, FindingKind.VALUE_MISMATCH, {"readme": TABLE, **files})) == [
        ("WEB_PORT", "8080", "9090")
    ]
