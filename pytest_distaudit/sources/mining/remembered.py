"""Mining with a memory outside the tree: a document that has not changed is not read again."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.domain.proposal import Figure, Proposal
from pytest_distaudit.sources.memory import Memory, cache_folder, code_digest
from pytest_distaudit.sources.mining.tree import documents_of, files_of, is_document
from pytest_distaudit.sources.source_text import read_text, shown

if TYPE_CHECKING:
    from pytest_distaudit.sources.mining.vocabulary import Vocabulary

#: a README's title stands within so many bytes
_TITLES_WITHIN = 64_000
#: Documents kept; the oldest go first.
_MOST_KEPT = 20_000
#: so many documents are worth another process
_WORTH_IT = 60
Progress = Callable[[int, int], None]
Refused = Callable[[Problem], None]


def mine_remembered(
    root: Path,
    documents: Iterable[Path] | None = None,
    *,
    refused: Refused = lambda problem: None,
    progress: Progress = lambda done, of: None,
    memory: Path | None = None,
) -> Iterator[Proposal]:
    """As :func:`~pytest_distaudit.sources.mining.mine`. ``memory`` is a folder; default: the user's cache.

    ``progress`` is told how many documents of how many are read.
    """
    store = _Store(memory or cache_folder("mined"), root)
    paths = list(documents_of(root) if documents is None else documents)
    read = _texts(paths, root, refused)
    for number, found in enumerate(_in_order(store, read), start=1):
        yield from found
        progress(number, len(paths))


def _texts(paths: Sequence[Path], root: Path, refused: Refused) -> Iterator[_Text]:
    for path in paths:
        file = shown(path, root)
        try:
            yield file, read_text(path, file)
        except InvalidInput as error:
            for problem in error.problems:
                refused(problem)


def _in_order(store: _Store, texts: Iterable[_Text]) -> Iterator[Sequence[Proposal]]:
    """Each text's proposals. Many that are not remembered are read by as many processes as there are processors."""
    known = [(text, store.remembered(*text)) for text in texts]
    missing = [text for text, found in known if found is None]
    if len(missing) < _WORTH_IT or (os.cpu_count() or 1) < 2 or sys.platform != "linux" or threading.active_count() > 1:
        yield from (store.read(*text) if found is None else found for text, found in known)
        return
    store.prepare()
    # forked, not started anew: a new interpreter might import from the folder it starts in, which is data
    with multiprocessing.get_context("fork").Pool(initializer=_begin, initargs=(store,)) as pool:
        fresh = pool.imap(_read, missing, chunksize=4)
        yield from (next(fresh) if found is None else found for _, found in known)


_Text = tuple[str, str]
_its_store: list[_Store] = []


def _begin(store: _Store) -> None:
    _its_store[:] = [store]


def _read(text: _Text) -> Sequence[Proposal]:
    return _its_store[0].read(*text)


class _Store:
    """Proposals by all that they follow from: the text and its name, the rules and their engine, and the names
    of the tree, which come from its folders and manifests.

    As long as everything is remembered the miner is not even imported.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._memory, self._root = Memory(folder, _MOST_KEPT), root

    def prepare(self) -> None:
        """Have at hand what every text is read with."""
        _ = self._known, self._project

    @cached_property
    def _known(self) -> Vocabulary:
        from pytest_distaudit.sources.mining.names import names_of
        from pytest_distaudit.sources.mining.rules import products

        return products().extended(names_of(self._root, products()))

    @cached_property
    def _project(self) -> str:
        from pytest_distaudit.sources.mining.project import project_of

        return project_of(self._root)

    @cached_property
    def _seed(self) -> bytes:
        """What all documents of the tree have in common. The title of a README beside the root names the project."""
        seen = [code_digest("pytest_distaudit.sources.mining").hex(), self._root.resolve().name]
        for path in files_of(self._root):
            seen.append(path.relative_to(self._root).as_posix())
            if not is_document(path):
                with suppress(OSError):
                    told = path.stat()
                    seen.append(f"{told.st_size} {told.st_mtime_ns}")
        titles = [path for path in sorted(self._root.glob("[Rr][Ee][Aa][Dd][Mm][Ee]*")) if path.is_file()]
        return "\0".join([*seen, *(_beginning(path) for path in titles)]).encode("utf-8", "surrogatepass")

    def remembered(self, document: str, text: str) -> Sequence[Proposal] | None:
        """The document's proposals if they are remembered. A memory that cannot be used is no error."""
        told = self._memory.told(self._key(document, text))
        with suppress(ValueError, KeyError, TypeError):
            return [_proposal(one) for one in told] if isinstance(told, list) else None
        return None

    def read(self, document: str, text: str) -> Sequence[Proposal]:
        """The document's proposals, read and remembered."""
        from pytest_distaudit.sources.mining.miner import mine_text

        found = list(mine_text(text, document, self._known, self._project))
        self._memory.keep(self._key(document, text), [asdict(one) for one in found])
        return found

    def _key(self, document: str, text: str) -> str:
        told = f"{document}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(self._common + told).hexdigest()

    @cached_property
    def _common(self) -> bytes:
        return hashlib.sha256(self._seed).digest()


def _beginning(path: Path) -> str:
    with suppress(OSError), path.open("rb") as stream:
        return hashlib.sha256(stream.read(_TITLES_WITHIN)).hexdigest()
    return ""


def _proposal(told: Mapping[str, Any]) -> Proposal:
    figures = tuple(Figure(**figure) for figure in told["figures"])
    return Proposal(
        **{**told, "figures": figures, "expect": Expect(told["expect"]), "headings": tuple(told["headings"])}
    )
