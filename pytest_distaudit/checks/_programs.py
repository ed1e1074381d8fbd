"""Whether two programs are one: by what their code has in common, and what each has alone. Pure.

Files are compared whole, as in the search for copied programs (S. Schleimer, D. S. Wilkerson and A. Aiken, Winnowing,
SIGMOD 2003: the share of one text that is found in another). A library that both load is common to them and tells
nothing; what tells is whether there is more to either of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pytest_distaudit.ports.programs import Program, Source

#: of a file's statements, how many are found in the other program: it is the same file with changes, or another one
_COPIED, _OTHER = 0.8, 0.5
#: runs of statements without names that are found there, too: one may be the other with other names
_RENAMED = 0.6
#: statements: so few start what is elsewhere, so many do something
_FEW, _ENOUGH = 5, 12
#: fewer common statements than this say nothing about what the two are
_SOME = 10


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two programs compared. Statements: ``own`` of the one that has fewer alone, ``most`` of the one that has more,
    those that may be either's included; ``common`` to both. ``renamed``: the largest share of what is own that is
    found in the other under other names. ``unseen``: why either may be more than was read, "" if neither is.
    ``padded``: what is own may be there for show, as it is not seen whether anything reaches it.
    """

    own: int
    most: int
    common: int
    renamed: float
    unseen: str = ""
    padded: bool = False

    @property
    def one(self) -> bool:
        """They are one program, started in different places or with other settings."""
        return not self.unseen and self.most <= _FEW and self.common >= _SOME

    @property
    def two(self) -> bool:
        """Each has code that the other has not, under whatever name."""
        return self.own >= _ENOUGH and self.renamed < _RENAMED and not (self.padded and self.common >= _SOME)

    @property
    def told(self) -> str:
        """Why it is neither, in words."""
        if self.own >= _ENOUGH and self.renamed < _RENAMED:
            return f"{self.common} statements are common to both, and what of the rest is ever reached is not seen"
        if self.own >= _ENOUGH:
            return f"{self.renamed:.0%} of the statements of one are those of the other with other names"
        return f"of {self.common + self.own} statements seen {self.common} are common to both" + (
            f"; {self.unseen}" if self.unseen else ""
        )


def likeness(one: Program, other: Program) -> Likeness | str:
    """How much alike; in words why that cannot be told."""
    for program in (one, other):
        if program.code is None:
            return f"the code of {program.file} cannot be compared: {program.unread}"
    mine, theirs = one.code or (), other.code or ()
    ours, its = _parts(mine, theirs), _parts(theirs, mine)
    common = min(sum(map(_size, mine)) - ours.most, sum(map(_size, theirs)) - its.most)
    renamed = max(_renamed(ours.files, theirs), _renamed(its.files, mine))
    # only of Python is left out what is never named
    padded = any(not source.file.endswith((".py", "-c")) for source in (*ours.files, *its.files))
    own, most = min(ours.least, its.least), max(ours.most, its.most)
    return Likeness(own, most, common, renamed, _unseen(one, other), padded)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one program has alone: at least and at most so many statements, and the files that hold the former."""

    least: int
    most: int
    files: tuple[Source, ...]


def _parts(mine: Sequence[Source], theirs: Sequence[Source]) -> _Parts:
    known = Counter(statement for source in theirs for statement in source.statements)
    least, most, files = 0, 0, list[Source]()
    for source in mine:
        shared = (Counter(source.statements) & known).total()
        alone, share = _size(source) - shared, shared / max(1, _size(source))
        if share >= _COPIED:
            continue
        most += alone
        if share <= _OTHER:
            least += alone
            files.append(source)
    return _Parts(least, most, tuple(files))


def _size(source: Source) -> int:
    return len(source.statements)


def _renamed(files: Sequence[Source], theirs: Sequence[Source]) -> float:
    known = {run for source in theirs for run in source.shape}
    runs = [run for source in files for run in source.shape]
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def _unseen(one: Program, other: Program) -> str:
    if one.unseen or other.unseen:
        return one.unseen or other.unseen
    if differ := _apart(one.installed, other.installed):
        return f"only one of them loads {', '.join(sorted(differ)[:3])}, which is not read"
    if _apart(one.beside, other.beside):
        return "beside them lie other files, which may be loaded in a way that is not seen"
    return ""


def _apart(mine: Collection[str], theirs: Collection[str]) -> set[str]:
    return set(mine) ^ set(theirs)
