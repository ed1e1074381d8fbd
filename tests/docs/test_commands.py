"""No command stands on a page that nobody has tried: it is typed, tested elsewhere, or listed here with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate.source import ROOT
from tests.docs.pages import blocks, written
from tests.docs.sessions import Session, Step, all_sessions, follow, pattern

#: languages of fences, apart from MyST's own
LANGUAGES = {"console", "markdown", "python", "sh", "text", "toml", "yaml"}

#: command of a ``sh`` block -> the test that runs it, or why none does
ELSEWHERE = {
    # README
    "./run audit": "tests/test_example.py judges the same; here it would install servers",
    ".venv/bin/pytest --distaudit --distaudit-target=as-audited": "tests/test_example.py",
    ".venv/bin/pytest --distaudit --distaudit-target=decoy": "tests/test_example.py",
    "pytest --distaudit-static [FOLDER]": "tests/plugin/test_files_only.py",
    "pytest --distaudit-mine [FOLDER]": "tests/plugin/test_files_only.py",
    "pytest --distaudit-init": "typed",
    "pytest --distaudit": "typed",
    "pytest --distaudit -k messaging": "typed with other words",
    "pytest --distaudit-checks": "tests/docs/test_reference.py",
    "pytest --distaudit --distaudit-reports=reports": "tests/plugin/test_reports.py",
    "pytest --distaudit-explain=task-queue-consumed": "tests/plugin/test_explain.py",
    "pytest --distaudit-observe > docs/observed.md": "tests/plugin/test_observe.py",
    "pytest --distaudit --distaudit-prove": "tests/plugin/test_prove.py",
    "pytest -c /dev/null --rootdir=. --noconftest --distaudit --distaudit-base=origin/main": (
        "tests/plugin/test_gate.py"
    ),
    "pytest --distaudit --distaudit-evidence=evidence": "typed",
    "pytest --distaudit --distaudit-replay=evidence": "typed",
    "pytest --distaudit -k data --distaudit-evidence=parts/data": "tests/plugin/test_merge.py",
    "pytest --distaudit -k 'not data' --distaudit-evidence=parts/rest": "tests/plugin/test_merge.py",
    "pytest --distaudit --distaudit-merge parts/data parts/rest": "tests/plugin/test_merge.py",
    "./run lab up": "tests/test_lab.py, where there is a lab",
    "./run test": "it is what runs this test",
    "pytest tests": "it is what runs this test",
    "./run proofs": "minutes; ./run test runs each proof once",
    "./run everything": "tests/test_everything.py",
    "./run lab-extra": "minutes, and what Maven and Go fetch",
    "./run mutants": "minutes",
    "./run dependencies": "minutes for each system",
    "./run bench": "minutes",
    # docs
    "pip install ./pytest-distaudit": "needs a package index; how-to/write-a-check.md types pip without one",
    "pytest --distaudit --distaudit-provision=compose": "needs a Docker engine: tests/test_example.py",
    "pytest --distaudit --distaudit-provision=containers": "needs a Docker engine: tests/test_example.py",
    "pytest --distaudit --distaudit-provision=compose --distaudit-keep=2h": (
        "needs a Docker engine: tests/targets/test_container_stacks.py"
    ),
    "cat /etc/ssl/certs/ca-certificates.crt acme-root.pem > trusted.pem": "names an authority that does not exist",
    "SSL_CERT_FILE=$PWD/trusted.pem pytest --distaudit": "tests/docs/test_authorities.py",
}


def untyped() -> set[str]:
    """Every command in a ``sh`` block, without its comment."""
    return {
        line.partition("   #")[0].partition("  #")[0].strip()
        for page in written()
        for block in blocks(page)
        if block.tag == "sh"
        for line in block.text.splitlines()
        if line.strip()
    }


def test_every_command_is_accounted_for() -> None:
    assert untyped() == set(ELSEWHERE), "write into ELSEWHERE which test runs it, or why none can"


def test_the_tests_that_are_named_exist() -> None:
    for command, reason in ELSEWHERE.items():
        for word in reason.replace(",", " ").replace(":", " ").split():
            assert not word.startswith("tests/") or (ROOT / word).is_file(), f"{command}: {word}"
        if reason == "typed":
            assert command in {step.command for session in all_sessions() for step in session.steps}


def test_every_block_says_what_it_is() -> None:
    tags = {block.tag for page in written() for block in blocks(page) if block.tag and not block.tag.startswith("{")}
    assert tags <= LANGUAGES


@pytest.mark.parametrize(
    ("line", "printed"),
    [("a … c", "a b c"), ("[x]*?", "[x]*?"), ("… of 3", "2 of 3")],
)
def test_three_dots_stand_for_anything(line: str, printed: str) -> None:
    from fnmatch import fnmatchcase

    assert fnmatchcase(printed, pattern(line))
    assert not fnmatchcase(f"{printed}!", pattern(line))


def session(*steps: Step) -> Session:
    return Session("page.md", 1, "empty", False, (), list(steps))


def test_a_line_that_is_not_printed_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="page shows"):
        follow(session(Step(1, "echo one", ("two",))), tmp_path)


def test_lines_are_held_in_their_order(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="page shows"):
        follow(session(Step(1, "echo one; echo two", ("two", "one"))), tmp_path)


def test_a_command_that_cannot_be_run_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 127"):
        follow(session(Step(1, "no-such-command")), tmp_path)


def test_a_shell_that_ends_early_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended after 0 steps"):
        follow(session(Step(1, "exit 0")), tmp_path)


def test_folders_variables_and_files_stay(tmp_path: Path) -> None:
    follow(
        session(
            Step(1, "mkdir a && cd a && export WORD=here"),
            Step(2, file="b/c.txt", text="one\n"),
            Step(3, file="b/c.txt", text="two\n", appended=True),
            Step(4, 'cat b/c.txt; echo "$WORD"', ("one", "two", "here")),
        ),
        tmp_path,
    )
    assert (tmp_path / "here" / "a" / "b" / "c.txt").read_text() == "one\ntwo\n"
