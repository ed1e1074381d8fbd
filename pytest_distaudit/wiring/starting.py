"""``--distaudit-init``: the first claims, targets and CI file of a project; run again, what is new and what is gone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.reports.ci_file import CI_PATH, CI_TEXT
from pytest_distaudit.reports.claim_yaml import claim_text, head_text, scalar
from pytest_distaudit.reports.target_toml import head, target_text
from pytest_distaudit.sources.documents import Documents, NotInDocument
from pytest_distaudit.wiring.definitions import load_checks
from pytest_distaudit.wiring.file_claims import id_of
from pytest_distaudit.wiring.file_names import slug
from pytest_distaudit.wiring.files import Files
from pytest_distaudit.wiring.found_systems import found_systems

_NOTE = "# distaudit-init"
_CLAIMS, _TARGETS = "claims", "distaudit.toml"


@dataclass(slots=True)
class Started:
    """What was done, one line each, and how many sentences there are to claim."""

    lines: list[str] = field(default_factory=list)
    claimed: int = 0
    undecided: int = 0


def start(root: Path) -> Started:
    """Write what is missing below ``root``. Nothing that is there is overwritten; lines are only added."""
    done = Started()
    files, checks = Files(root, lambda line: None), load_checks()
    systems = _write_targets(root, files, done)
    _write_claims(root, files, checks, systems, done)
    if not (root / CI_PATH).exists():
        _write(root / CI_PATH, CI_TEXT)
        done.lines.append(f"{CI_PATH}: the part that needs no server, on every pull request")
    if done.undecided:
        done.lines.append(
            f"{done.undecided} sentences want a check that is not there yet: pytest --distaudit-mine lists them"
        )
    return done


# --- targets


def _write_targets(root: Path, files: Files, done: Started) -> set[str]:
    """The systems of the first target, those just written among them."""
    path, found = root / _TARGETS, list(found_systems(files.facts))
    if not path.exists():
        _write(path, head(_documents(files)) + "".join(target_text(found)))
        reached = [system for system in found if system.endpoints]
        done.lines.append(f"{_TARGETS}: {len(reached)} systems of {len(found)} that the files declare")
        return {system.name for system in reached}
    text = path.read_text("utf-8")
    target, known = _first_target(text)
    fresh = [system for system in found if system.name not in known and f"# {system.name} (" not in text]
    more = text.rstrip("\n") + "\n" + "".join(target_text(fresh, target))
    if fresh and _first_target(more)[1] >= known:
        _write(path, more)
        done.lines.append(f"{_TARGETS}: added {', '.join(system.name for system in fresh)}")
        known |= {system.name for system in fresh if system.endpoints}
    return known


def _documents(files: Files) -> list[str]:
    """Where the documents with checkable sentences lie: files beside the root, else the folders below it."""
    return list(dict.fromkeys(one.document.partition("/")[0] for one in files.proposals))


def _first_target(text: str) -> tuple[str, set[str]]:
    """The default target and its systems; nothing of a file that does not parse."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return "local", set()
    targets = read.get("targets", {})
    name = read.get("default") or next(iter(targets), "local")
    return name, set(targets.get(name, {}).get("systems", {}))


# --- claims


def _write_claims(root: Path, files: Files, checks: Registry[Check], systems: set[str], done: Started) -> None:
    folder = root / _CLAIMS
    written = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml"))}
    taken = set(_ids(written.values()))
    for document, group in groupby(files.proposals, key=lambda one: one.document):
        path = folder / f"{slug(document.rpartition('.')[0].replace('/', '-'))}.yaml"
        known = "".join(text for text in written.values() if scalar(document) in text)
        fresh = [one for one in group if f"quote: {scalar(one.quote)}" not in known]
        entries = [_entry(one, files, checks, systems, taken) for one in fresh]
        done.claimed += sum(not entry.lstrip().startswith("#") for entry in entries)
        done.undecided += sum(entry.lstrip().startswith("#") for entry in entries)
        if entries:
            _add_claims(path, document, entries, written.get(path), done)
    for path in written:
        _mark_stale(path, root, done)


def _entry(one: Proposal, files: Files, checks: Registry[Check], systems: set[str], taken: set[str]) -> str:
    """The sentence as a claim: by its files where they decide it, else by the check that would."""
    name, number = id_of(one), 2
    while name in taken:
        name, number = f"{id_of(one)}-{number}", number + 1
    taken.add(name)
    if files.decided(one):
        params = {"component": one.component, "pattern": one.pattern}
        return claim_text(one, name, check="files.agree", roles={}, params=params)
    if one.check in checks and _playable(one, checks[one.check], systems):
        return claim_text(one, name)
    return claim_text(one, name, check="", roles={}, params={})


def _playable(one: Proposal, check: Check, systems: set[str]) -> bool:
    """Whether the target has the systems, and the sentence every parameter."""
    needed = {name for name, parameter in check.params.items() if parameter.required}
    roles_fit = set(one.roles) == set(check.roles) and set(one.roles.values()) <= systems
    return roles_fit and needed <= set(one.params) and not (check.takes_activity or check.takes_operation)


def _add_claims(path: Path, document: str, entries: Sequence[str], before: str | None, done: Started) -> None:
    """A file of its own for each document; more of them at its end, where that reads as before and more."""
    if all(entry.lstrip().startswith("#") for entry in entries):
        return  # a file needs a claim; --distaudit-mine lists the sentences, coverage counts them
    if before is None:
        _write(path, head_text(document, slug(Path(document).stem)) + "claims:\n" + "".join(entries))
        done.lines.append(f"{path.parent.name}/{path.name}: {_counted(entries)} of {document}")
        return
    more = (
        before.rstrip("\n") + "\n" + f"  {_NOTE} {date.today().isoformat()}: new in the document\n" + "".join(entries)
    )
    if _reads_as_more(before, more):
        _write(path, more)
        done.lines.append(f"{path.parent.name}/{path.name}: added {_counted(entries)}")
    else:
        done.lines.append(f"{path.parent.name}/{path.name}: not touched, it does not end with its claims")


def _counted(entries: Sequence[str]) -> str:
    live = sum(not entry.lstrip().startswith("#") for entry in entries)
    return f"{counted(live, 'claim')}, {counted(len(entries) - live, 'sentence')} without a check"


def _reads_as_more(before: str, after: str) -> bool:
    import yaml

    try:
        old, new = (yaml.load(text, yaml.CSafeLoader) for text in (before, after))
    except yaml.YAMLError:
        return False
    same_head = {**old, "claims": None} == {**new, "claims": None}
    return same_head and new["claims"][: len(old["claims"])] == old["claims"]


def _ids(texts: Iterable[str]) -> Iterator[str]:
    """Ids that the files use, in comments too."""
    for text in texts:
        for line in text.splitlines():
            bare = line.strip().removeprefix("#").strip()
            if bare.startswith("- id:"):
                yield bare.removeprefix("- id:").strip()


# --- what is gone


def _mark_stale(path: Path, root: Path, done: Started) -> None:
    """A comment above each claim whose quote its document does not hold any more, with the nearest line."""
    import yaml

    text = path.read_text("utf-8")
    try:
        page = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return
    documents = Documents(root)
    stale = {} if not isinstance(page, dict) else dict(_stale(page, documents))
    lines, marked = text.splitlines(), 0
    for name, why in stale.items():
        at = next(
            (n for n, line in enumerate(lines) if line.strip() in (f"- id: {name}", f"- id: {scalar(name)}")), None
        )
        if at is not None and not (at and lines[at - 1].lstrip().startswith(_NOTE)):
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines.insert(at, f"{indent}{_NOTE} {date.today().isoformat()}: {why}")
            marked += 1
    if marked:
        _write(path, "\n".join(lines) + "\n")
        done.lines.append(
            f"{path.parent.name}/{path.name}: marked {counted(marked, 'claim')} whose quote is gone or reworded"
        )


def _stale(page: Mapping[str, object], documents: Documents) -> Iterator[tuple[str, str]]:
    claims = page.get("claims")
    for claim in claims if isinstance(claims, list) else ():
        if not isinstance(claim, dict) or not isinstance(claim.get("quote"), str):
            continue
        line = claim.get("line")
        try:
            documents.locate(str(page.get("document", "")), claim["quote"], line if isinstance(line, int) else None)
        except NotInDocument as error:
            yield str(claim.get("id", "")), " ".join(str(error).split())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
