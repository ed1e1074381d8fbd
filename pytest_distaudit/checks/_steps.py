"""Judging in steps, of which a later one may refute what an earlier one cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.judgement import Unverifiable

T = TypeVar("T")


def every(steps: Iterable[Callable[[], T]]) -> list[T]:
    """What each step answers. Whoever refutes does so at once; raises the first Unverifiable or Unobservable after
    all had their turn.
    """
    answers: list[T] = []
    doubts: list[Unverifiable | Unobservable] = []
    for step in steps:
        try:
            answers.append(step())
        except (Unverifiable, Unobservable) as doubt:
            doubts.append(doubt)
    if doubts:
        raise doubts[0]
    return answers
