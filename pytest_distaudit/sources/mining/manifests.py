"""Manifests that a list names: "compose.search.yml for the search service"."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find, Statement


def find_manifests(statement: Statement, rules: Rules) -> Iterator[Find]:
    """A find of the service that the manifest is for, else of the composition itself."""
    if statement.shape not in (Shape.ITEM, Shape.ROW):
        return
    match = rules.manifests.match(statement.passage.text, statement.start, statement.end)
    if match is None:
        return
    own = [mention for mention in statement.after(match.end()) if mention.own]
    component = own[0].name if len(own) == 1 else "docker-compose"
    yield Find("other", component, statement.start, "manifest", match[1])
