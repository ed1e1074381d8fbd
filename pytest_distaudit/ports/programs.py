"""What services offer to checks of an architecture: which program runs behind a name, and what it serves."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Program(Capability):
    """The program of the process that listens for the system, as this host sees it, in a container too.

    ``process``: that run of it. ``file``: the script or module that an interpreter runs, else the executable, by the
    path that the process knows it by. ``digest``: of the file's bytes. ``around``: of all source files beside and
    below it, "" where they are none of its own, or too many. ``words``: the rest of the command, without secrets.
    """

    capability = "program"
    process: str
    file: str
    digest: str
    around: str = ""
    words: tuple[str, ...] = ()


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
