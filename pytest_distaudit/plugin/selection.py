"""What is collected, what is left out and why, and the plan that follows from it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from pytest_distaudit.domain.audit import Coverage, NotJudged
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.plugin.at_rest import at_rest
from pytest_distaudit.plugin.state import claim_of, written
from pytest_distaudit.wiring import Bench


class Selection:
    """Deselects claims that this run may not judge; remembers all that were there.

    ``left_out``: what could be judged, but not by this run.
    """

    def __init__(self, bench: Bench, left_out: Sequence[NotJudged] = ()) -> None:
        self._bench, self._left_out = bench, left_out
        self.total = 0
        self.selected = 0
        self.coverage = Coverage()
        self.not_judged: list[NotJudged] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """What is collected lives until the end."""
        with at_rest():
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Before -k and -m: claims of other targets and of a higher scope are not this run's."""
        claims = [claim for claim in map(claim_of, items) if claim is not None]
        self.total = sum(written(item) is not None or _is_marked(item) for item in items) + len(self._left_out)
        self.coverage = self._bench.coverage(claims)
        self.not_judged += self._left_out
        left_out = {id(item): why for item in items if (why := self._why_not(item))}
        if left_out:
            gone = [item for item in items if id(item) in left_out]
            self.not_judged += [NotJudged(_key(item), left_out[id(item)]) for item in gone]
            items[:] = [item for item in items if id(item) not in left_out]
            config.hook.pytest_deselected(items=gone)
        # what is looked at is looked at before anything is disturbed
        items.sort(key=self._disturbs)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan what the selected claims need. Nothing is asked of any system yet."""
        self.selected = sum(written(item) is not None or _is_marked(item) for item in session.items)
        for claim in map(claim_of, session.items):
            if claim is not None:
                self._bench.plan.add(self._bench.planned(claim))
        if session.config.option.collectonly and session.config.pluginmanager.hasplugin("vscode_pytest"):
            _spare_vscode(session.items)

    def _why_not(self, item: pytest.Item) -> str | None:
        claim = claim_of(item)
        return None if claim is None else self._bench.left_out(claim)

    def _disturbs(self, item: pytest.Item) -> bool:
        claim = claim_of(item)
        return claim is not None and self._bench.checks[claim.check].scope is Scope.EXPERIMENT


def _is_marked(item: pytest.Item) -> bool:
    """An ordinary test that says it is a claim."""
    marker = item.get_closest_marker("distaudit")
    return marker is not None and written(item) is None


def _key(item: pytest.Item) -> str:
    claim = claim_of(item)
    return claim.key if claim else item.name


def _spare_vscode(items: Sequence[pytest.Item]) -> None:
    """That editor's adapter splits the ids of parametrised items at ".py" and shows nothing if it cannot."""
    for item in items:
        if written(item) is not None and hasattr(item, "callspec"):
            del item.callspec
