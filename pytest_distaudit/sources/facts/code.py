"""Source files: which import a known client, and for Python what its syntax shows. Nothing is run or imported."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from pytest_distaudit.domain.facts import ClientImport, Code
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.products import speaks_to_any
from pytest_distaudit.sources.facts.python_breakers import breakers
from pytest_distaudit.sources.facts.python_health import always_healthy
from pytest_distaudit.sources.facts.python_modules import Modules
from pytest_distaudit.sources.facts.python_routers import unmounted_routers
from pytest_distaudit.sources.facts.python_started import never_started
from pytest_distaudit.sources.facts.reading import Reading

LARGEST = 1024 * 1024
MOST_FILES = 6_000
MOST_BYTES = 60 * 1024 * 1024
_PYTHON = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)*))", re.MULTILINE
)
_QUOTED = re.compile(r"""\b(?:from|import|require|use)[ \t]*\(?[ \t]*["']([@\w][@\w./-]*)["']""")
_LINE = re.compile(r"""^[ \t]*(?:\w+[ \t]+)?"([\w.-]+/[\w./-]+)"[ \t]*$""", re.MULTILINE)
_DOTTED = re.compile(
    r"^[ \t]*(?:import(?:\s+static)?|using(?:\s+static)?|use|extern\s+crate)\s+([\w.:\\]+)", re.MULTILINE
)
_PATTERNS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    **dict.fromkeys((".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".rb"), (_QUOTED,)),
    ".go": (_QUOTED, _LINE),
    **dict.fromkeys((".java", ".kt", ".scala", ".cs", ".rs", ".php", ".groovy", ".swift", ".fs"), (_DOTTED,)),
}
#: Languages that are not read: where they are used, nobody can say that no code imports a client.
# fmt: off
_UNREAD = frozenset((
    ".c", ".cc", ".cpp", ".cxx", ".hs", ".clj", ".erl", ".ex", ".exs", ".dart", ".lua", ".pl", ".pm", ".m", ".vb",
    ".jl", ".r", ".nim", ".zig", ".ml", ".d", ".cr", ".elm", ".bal", ".cob", ".f90",
))
# fmt: on
_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|specs|testing|fixtures|examples?|e2e)/"
    r"|(?:^|/)(?:test_[^/]*|conftest|[^/]*_test|[^/]*\.(?:test|spec)|[^/]*Tests?)\.\w+$"
)


def read_code(reading: Reading) -> Code:
    """Read every source file of a known language, tests left out."""
    modules, imports, read, complete = Modules(), list[ClientImport](), 0, True
    folders: set[str] = set()
    languages: set[str] = set()
    total = 0
    for file in sorted(reading.tree.files):
        ending = posixpath.splitext(file)[1]
        if _TEST.search(file) or file in reading.tree.opaque:
            continue
        complete = complete and ending.lower() not in _UNREAD
        if ending != ".py" and ending not in _PATTERNS:
            continue
        if read >= MOST_FILES or total > MOST_BYTES:
            complete = False
            reading.skip(file, "source files before it fill the bounds; code was read in part")
            break
        text = reading.text(file, LARGEST)
        if text is None:
            complete = False
            continue
        read, total = read + 1, total + len(text)
        folders.update(_above(file))
        languages.add(ending)
        if ending == ".py":
            modules.add(file, text, _python_imports(text))
        else:
            imports.extend(_clients(file, text, ending))
    flaws = (*unmounted_routers(modules), *never_started(modules), *always_healthy(modules))
    found, count = breakers(modules)
    python = tuple(_python_clients(modules))
    return Code(
        read=read,
        folders=frozenset(folders),
        languages=frozenset(languages),
        breakers=count,
        imports=(*imports, *python),
        flaws=tuple(sorted((*flaws, *found), key=lambda fact: fact.spot)),
        complete=complete,
    )


def _above(file: str) -> Iterator[str]:
    parts = file.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _python_imports(text: str) -> tuple[tuple[str, int], ...]:
    return tuple(
        (name.strip(), text.count("\n", 0, match.start(1 if match[1] else 2)) + 1)
        for match in _PYTHON.finditer(text)
        for name in (match[1] or match[2]).split(",")
    )


def _clients(file: str, text: str, ending: str) -> Iterator[ClientImport]:
    for pattern in _PATTERNS[ending]:
        for match in pattern.finditer(text):
            if speaks_to_any(match[1]):
                yield ClientImport(match[1], Spot(file, text.count("\n", 0, match.start(1)) + 1))


def _python_clients(modules: Modules) -> Iterator[ClientImport]:
    reached = None
    for module in modules.all:
        for name, line in module.imports:
            if not name.startswith(".") and speaks_to_any(name):
                reached = modules.reached() if reached is None else reached
                yield ClientImport(name, Spot(module.file, line), module.file in reached if reached else None)
