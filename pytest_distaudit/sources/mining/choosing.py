"""Which of the finds of one line are proposed: the specific one instead of the general one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pytest_distaudit.sources.mining.statement import Find

#: Patterns that another pattern of the same component and line makes superfluous, the weakest first.
_WEAK = ("bounded_context", "other", "running", "rest", "performance", "metrics", "tracing", "messaging", "routed")
#: Rules that leave nothing to interpretation.
_SURE = ("endpoint", "setting", "label", "manifest", "port", "version", "count")
_ALONE = tuple(rule for rule in _SURE if rule != "count")


def chosen(finds: Iterable[Find]) -> Sequence[Find]:
    """The finds of one line to propose, in the order of the text.

    For each component: what is sure, else its specific patterns, else the best of the general ones.
    """
    of_component: dict[str, list[Find]] = defaultdict(list)
    for find in finds:
        of_component[find.component].append(find)
    kept = [find for group in of_component.values() for find in _best(group)]
    if any(find.rule != "duty" for find in kept):
        kept = [find for find in kept if find.rule != "duty"]
    return sorted(kept, key=lambda find: (find.at, find.component, find.pattern))


def _best(group: Sequence[Find]) -> Iterator[Find]:
    best = max(group, key=_rank)
    yield best
    if best.specific and best.pattern not in _WEAK and not best.rule.startswith(_ALONE):
        seen = {best.pattern}
        for find in group:
            if find.specific and find.pattern not in _WEAK and find.pattern not in seen:
                seen.add(find.pattern)
                yield find


def _rank(find: Find) -> tuple[bool, bool, int, int]:
    weak = _WEAK.index(find.pattern) if find.pattern in _WEAK else len(_WEAK)
    return find.rule.startswith(_SURE), find.specific, weak, -find.at
