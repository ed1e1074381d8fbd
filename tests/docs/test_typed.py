"""What README and documentation tell to type is typed, as a new user would, and prints what they show."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes
from tests.docs.pages import README, written
from tests.docs.sessions import Session, all_sessions, follow, sessions

SESSIONS = all_sessions()


def absent(session: Session) -> list[str]:
    """What the session needs and this machine lacks."""
    recipes = builtin_recipes()
    return [
        need
        for need in session.needs
        if (shutil.which("pip") is None if need == "pip" else recipes[need].missing() is not None)
    ]


def typed(live: bool) -> list[object]:
    return [pytest.param(session, id=str(session)) for session in SESSIONS if session.live is live]


@pytest.mark.live
@pytest.mark.parametrize("session", typed(live=True))
def test_with_servers(session: Session, tmp_path: Path) -> None:
    if lacking := absent(session):
        pytest.skip(f"not here: {', '.join(lacking)}")
    follow(session, tmp_path)


@pytest.mark.parametrize("session", typed(live=False))
def test_without_servers(session: Session, tmp_path: Path) -> None:
    if lacking := absent(session):
        pytest.skip(f"not here: {', '.join(lacking)}")
    follow(session, tmp_path)


def test_the_first_screen_comes_first() -> None:
    readme = written()[README].splitlines()
    assert "```console" in readme[:20]
    commands = [step.command for step in sessions(README)[0].steps]
    assert commands[:2] == ["pytest --distaudit", "pytest --distaudit-init"]
    assert commands[3].startswith("pytest --distaudit ")
    assert len(commands) == 4
