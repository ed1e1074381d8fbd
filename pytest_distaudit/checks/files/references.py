"""Documents against the tree: files that are named and not there, defaults that are others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from pytest_distaudit.checks.files.figures import scope
from pytest_distaudit.domain.document import PathMention, SettingMention
from pytest_distaudit.domain.facts import Facts, Setting
from pytest_distaudit.domain.finding import Confidence, Finding, FindingKind, Spot
from pytest_distaudit.domain.inventory import Inventory


def findings(facts: Facts, inventory: Inventory) -> Iterator[Finding]:
    """All of this module's findings."""
    yield from _paths(facts)
    yield from _values(facts)


def _paths(facts: Facts) -> Iterator[Finding]:
    mentions = [mention for document in facts.documents for mention in document.paths]
    endings: dict[str, list[str]] = defaultdict(list)
    for path in facts.tree.files | facts.tree.folders:
        endings[path.rpartition("/")[2]].append(path)
    missing = [mention for mention in mentions if not _there(facts, mention, endings)]
    partial = len(missing) > 8 and len(missing) * 2 > len(mentions)
    seen: set[tuple[str, str]] = set()
    for mention in missing:
        if (mention.spot.file, mention.path) not in seen:
            seen.add((mention.spot.file, mention.path))
            yield _missing(facts, mention, partial=partial)


def _there(facts: Facts, mention: PathMention, endings: Mapping[str, list[str]]) -> bool:
    """Whether a path exists, as written or from its document; or whether that cannot be known."""
    tree = facts.tree
    folder, candidates = mention.spot.file.rpartition("/")[0], [mention.path]
    if mention.how != "link":
        while folder:
            candidates.append(f"{folder}/{mention.path}")
            folder = folder.rpartition("/")[0]
    if any(tree.has(path) or not tree.knows(path) for path in candidates):
        return True
    # Words in code style often name a file by its last parts only.
    last = mention.path.rpartition("/")[2]
    return mention.how != "link" and any(path.endswith(f"/{mention.path}") for path in endings.get(last, ()))


def _missing(facts: Facts, mention: PathMention, *, partial: bool) -> Finding:
    commit = facts.removed.get(mention.path, "")
    found = f"removed in {commit}" if commit else "nothing"
    if partial and not commit:
        confidence = Confidence.LOW
    else:
        confidence = Confidence.MEDIUM if mention.how == "code" and not commit else Confidence.HIGH
    return Finding(
        kind=FindingKind.PATH_MISSING,
        component=mention.path.rsplit("/", 1)[-1],
        at=mention.spot,
        against=Spot(mention.path) if commit else None,
        message=f"{mention.path} is named and is not there"
        + (f", it was {found}" if commit else "")
        + ": restore it or correct the document",
        confidence=confidence,
        said=mention.path,
        found=found,
    )


def _values(facts: Facts) -> Iterator[Finding]:
    """A variable's documented default against what ``.env`` and the compose files set."""
    known: dict[str, list[Setting]] = {}
    for item in (*facts.settings, *(s for c in facts.live() for s in c.settings)):
        known.setdefault(item.name, []).append(item)
    for document in facts.documents:
        for mention in document.settings:
            used = _nearest(document.file, known.get(mention.name, []))
            if used and all(not _same(mention.value, item.value) for item in used):
                yield _mismatch(mention, used[0])


def _nearest(document: str, known: list[Setting]) -> list[Setting]:
    folder = scope(document)
    near = [item for item in known if folder and item.spot.file.startswith(f"{folder}/")]
    return near or known


def _same(one: str, other: str) -> bool:
    switches = {"on": "true", "yes": "true", "enabled": "true", "off": "false", "no": "false", "disabled": "false"}
    left, right = one.lower(), other.lower()
    return switches.get(left, left) == switches.get(right, right)


def _mismatch(mention: SettingMention, used: Setting) -> Finding:
    return Finding(
        kind=FindingKind.VALUE_MISMATCH,
        component=mention.name,
        at=mention.spot,
        against=used.spot,
        message=f"{mention.name} is documented as {mention.value} and set to {used.value}: correct the wrong one",
        confidence=Confidence.MEDIUM,
        said=mention.value,
        found=used.value,
    )
