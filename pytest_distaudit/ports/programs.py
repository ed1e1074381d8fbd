"""What services offer to checks of an architecture: which program runs behind a name, and what it serves."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Source:
    """The statements of one source file by digests of six hex digits; what no path of the program can reach is left
    out, and so are imports, comments and whatever is fixed (texts, numbers).

    ``statements`` with their names; ``shape``: runs of three statements without any name.
    """

    file: str
    statements: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program(Capability):
    """The program of the process that listens for the system, as this host sees it, in a container too.

    ``process``: that run of it. ``file``: the script or module that an interpreter runs, else the executable, by the
    path that the process knows it by. ``digest``: of the file's bytes, "" where that file only
    launches what is elsewhere. ``words``: the rest of the command, without
    secrets. ``code``: the project's own files that the program is seen to load, that one first; None: they cannot be
    read, and ``unread`` says why. ``installed``: names of installed packages that they load. ``unseen``: why they may
    load more of the project than that, "" if that is all. ``beside``: digests of the source files that lie beside
    and below, and are not seen to be loaded.
    """

    capability = "program"
    process: str
    file: str
    digest: str
    words: tuple[str, ...] = ()
    code: tuple[Source, ...] | None = None
    unread: str = ""
    installed: tuple[str, ...] = ()
    unseen: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surface(Capability):
    """What a service answers. Args: ``paths``, joined by spaces.

    ``served`` are those of the paths that are answered otherwise than what cannot exist, and not as missing;
    ``hidden`` those of which this cannot be told. ``published``: paths without placeholders that its own OpenAPI
    document gives a GET; None where it publishes none.
    """

    capability = "surface"
    served: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    published: tuple[str, ...] | None = None
