"""Documents as facts: the words in them, and the addresses, paths and services that they name.

What a sentence claims is not read here; this is what can be found without understanding one.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from urllib.parse import unquote

from pytest_distaudit.domain.document import Address, Call, Document, Naming, PathMention, SettingMention, Sum
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.products import BY_NAME
from pytest_distaudit.sources.facts.reading import Reading

NAMED = re.compile(
    r"\.(?:md|markdown|mdx|rst|adoc|asciidoc|puml|plantuml|mmd|mermaid)$|(?:^|/)README(?:\.txt)?$", re.IGNORECASE
)
#: A larger document is noted, not read: nobody reads it either.
LARGEST = 4 * 1024 * 1024
#: All documents together; what lies beyond is noted.
MOST_BYTES = 64 * 1024 * 1024
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_PORT = re.compile(r":([0-9]{2,5})(?![\w.:-])")
_HOST = re.compile(
    r"(?:^|[^\w./@-])(?:[a-z][a-z0-9+]{1,12}://)?([A-Za-z][A-Za-z0-9_.-]{0,100}|127\.0\.0\.1|0\.0\.0\.0)$"
)
#: How far before a port its host may start.
_BACK = 120
#: Longer lines are looked at in parts.
_LONGEST = 5_000
#: Sentences that give a service a port without writing an address.
_PORT_WORD = re.compile(r"\b[Pp]ort (?:`?([1-9][0-9]{1,4})\b|(?:where|on which|at which|that|of|for) )")
_LISTENS = re.compile(
    r"\b([A-Za-z][\w-]{1,40})`?(?: (?:service|server|app))? "
    r"(?:listens?|runs?|is running|serves|is served|is exposed|starts) (?:on|at) (?:the )?$"
)
_NUMBER = re.compile(r"\b([1-9][0-9]{1,4})`? is (?:the )?$")
_NAME = re.compile(r"(?:the )?`?([A-Za-z][\w-]{1,40})\b")
_LINK = re.compile(r"\]\(<?([^()\s<>]{1,300})(?:\s+[\"'][^\"'\n]{0,200}[\"'])?>?\)")
_CODE = re.compile(r"`([A-Za-z0-9_.][A-Za-z0-9_./\\-]{1,200})`")
_COMPOSE_UP = re.compile(
    r"\b(?:docker|podman)[- ]compose(?:[ \t]+-{1,2}\w[\w-]*(?:[= ]\w[\w./-]*)?){0,20}[ \t]+up\b"
    r"([^\n&|;#`]{0,300})"
)
_COMPOSE_FILE = re.compile(r"\b(?:docker|podman)[- ]compose\b([^\n&|;#`]{0,300})")
#: Other commands that read or run a file of the tree.
_COMMANDS = (
    re.compile(r"kubectl (?:apply|create|delete|replace)\b[^\n&|;#`]{0,80}? -f[ =]([\w./-]+\.(?:ya?ml|json))\b"),
    re.compile(r"tye run ([\w./-]+\.ya?ml)\b"),
    re.compile(r"\./([\w./-]+\.(?:sh|ps1|py))\b"),
)
_FILE_OPTION = re.compile(r"(?:-f|--file)[ =]([\w./-]{1,200})")
_ROW = re.compile(r"^\|\s*`?([A-Z][A-Z0-9]*_[A-Z0-9_]+)`?\s*\|([^\n]{0,400})", re.MULTILINE)
_VALUE = re.compile(r"`?([0-9]{1,5}|[Tt]rue|[Ff]alse)`?")
_PLUS = re.compile(r"\+[ \t]*[0-9]")
_PART = r"[0-9]{1,6}(?:[ \t]+[A-Za-z][\w /-]{0,30})?"
_SUM = re.compile(
    r"(?<![\w.,+:-])([0-9]{1,6})[ \t]+([A-Za-z][A-Za-z -]{1,40}?)[ \t]*[:=(][ \t]*"
    rf"({_PART}(?:[ \t]*\+[ \t]*{_PART}){{1,12}})(?![ \t]*[\w+*/%]|\.[0-9])"
)
#: A single word in a link is a file only with an ending of one.
_ENDING = re.compile(
    r"\.(?:md|markdown|rst|adoc|txt|ya?ml|json|toml|xml|html?|png|jpe?g|gif|svg|webp|pdf|drawio|puml|mmd|py|js|ts|tsx|jsx|go|rs|java|kt|cs|"
    r"rb|php|sh|ps1|sql|conf|cfg|ini|env|proto|tf|bicep|gradle|csproj|sln|ipynb|lock|mod|properties)$|(?:^|/)(?:Dockerfile|Makefile|LICENSE)$",
    re.IGNORECASE,
)
_SPACED = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256))
_PATH = re.compile(r"\.{0,2}/?(?:[\w.-]+/)*[\w.-]+/?")
_OPTIONS_WITH_VALUES = frozenset(
    ("-t", "--timeout", "--scale", "--profile", "--pull", "-f", "--file", "-p", "--env-file")
)


def is_document(file: str) -> bool:
    """Whether a file is a document by its name."""
    return bool(NAMED.search(file))


def read_documents(reading: Reading, hidden: Collection[str] = ()) -> Iterator[Document]:
    """Every document of the tree, bounded together. ``hidden``: products whose every naming is wanted."""
    total = 0
    for file in sorted(file for file in reading.tree.files if is_document(file) and file not in reading.tree.opaque):
        if total > MOST_BYTES:
            reading.skip(file, f"the documents before it hold more than {MOST_BYTES // 1024 // 1024} MiB")
            continue
        text = reading.text(file, LARGEST)
        if text:
            total += len(text)
            yield read_document(file, text, hidden)


def read_document(file: str, text: str, hidden: Collection[str] = ()) -> Document:
    """One document's words, and what it names."""
    # What is no letter or digit of ASCII becomes a space, all at once.
    plain = text.lower().encode("ascii", "replace").translate(_SPACED).decode("ascii")
    words = f" {' '.join(plain.split())} "
    lines = _Lines(file, text)
    return Document(
        file=file,
        words=words,
        squeezed=words.replace(" ", ""),
        vocabulary=frozenset(words.split()),
        addresses=tuple(_addresses(lines)),
        paths=(*_paths(lines), *_commands(lines)),
        calls=tuple(_calls(lines)),
        settings=tuple(_settings(lines)),
        sums=tuple(_sums(lines)),
        namings=tuple(_namings(lines, hidden)),
    )


class _Lines:
    """A document's text with its lines and code blocks."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.lowered = text.lower()
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._fences = _fences(text)

    def spot(self, offset: int) -> Spot:
        return Spot(self.file, bisect_right(self._starts, offset))

    def line(self, offset: int) -> str:
        start, end = self.around(offset)
        return self.text[start:end][:500].strip()

    def around(self, offset: int) -> tuple[int, int]:
        """Where the line of a position starts and ends; of an endless line only what is near."""
        start = self._starts[bisect_right(self._starts, offset) - 1]
        end = self.text.find("\n", start)
        end = end if end >= 0 else len(self.text)
        return (start, end) if end - start < _LONGEST else (max(start, offset - 500), min(end, offset + 500))

    def fenced(self, offset: int) -> bool:
        """Whether a position lies in a code block."""
        index = bisect_right(self._fences, (offset, len(self.text))) - 1
        return index >= 0 and self._fences[index][0] <= offset < self._fences[index][1]


def _fences(text: str) -> list[tuple[int, int]]:
    """Where code blocks start and end; one that is never closed reaches to the end."""
    found: list[tuple[int, int]] = []
    opened: tuple[str, int] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match[1], match.start()
        elif match[1][0] == opened[0][0] and len(match[1]) >= len(opened[0]):
            found.append((opened[1], match.end()))
            opened = None
    if opened:
        found.append((opened[1], len(text)))
    return found


def _addresses(lines: _Lines) -> Iterator[Address]:
    """Every ``host:port``. What is rare is looked for first, what stands before it then."""
    for match in _PORT.finditer(lines.text):
        port, start = int(match[1]), match.start()
        host = _HOST.search(lines.text[max(0, start - _BACK) : start]) if 9 < port < 65536 else None
        if host:
            yield Address(host[1], port, lines.spot(start), lines.line(start), lines.fenced(start))
    yield from _sentences(lines)


def _sentences(lines: _Lines) -> Iterator[Address]:
    for match in _PORT_WORD.finditer(lines.text):
        before = lines.text[max(0, match.start() - _BACK) : match.start()]
        if match[1]:
            name, port = _LISTENS.search(before), match[1]
        else:
            number = _NUMBER.search(before)
            name, port = _NAME.match(lines.text, match.end()), number[1] if number else ""
        if name and port and not lines.fenced(match.start()):
            yield _address(lines, name[1], port, match.start())


def _address(lines: _Lines, host: str, port: str, offset: int) -> Address:
    return Address(host.lower(), int(port), lines.spot(offset), lines.line(offset))


def _paths(lines: _Lines) -> Iterator[PathMention]:
    for match in _LINK.finditer(lines.text):
        target = unquote(match[1].partition("#")[0].partition("?")[0])
        if not lines.fenced(match.start()):
            yield from _mention(lines, target, match.start(), "link")
    for match in _CODE.finditer(lines.text):
        written = match[1].replace("\\", "/")
        if not lines.fenced(match.start()) and _looks_like_path(written):
            yield from _mention(lines, written, match.start(), "code")
    for match in _COMPOSE_FILE.finditer(lines.text):
        for option in _FILE_OPTION.finditer(match[1]):
            yield from _mention(lines, option[1], match.start(1) + option.start(1), "command")


def _commands(lines: _Lines) -> Iterator[PathMention]:
    for match in (match for pattern in _COMMANDS for match in pattern.finditer(lines.text)):
        before = lines.text[match.start() - 1 : match.start()]
        if before == "`" or (lines.fenced(match.start()) and not re.match(r"[\w./-]", before)):
            yield from _mention(lines, match[1], match.start(), "code")


def _looks_like_path(written: str) -> bool:
    """A name with a folder and an ending, or of a kind of file that is always one."""
    if re.search(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$|(?:^|/)Dockerfile[\w.-]*$", written):
        return True
    first, _, rest = written.partition("/")
    return bool(rest) and bool(re.search(r"\.[a-z][a-z0-9]{0,9}$", rest)) and "." not in first.strip(".")


def _mention(lines: _Lines, written: str, offset: int, how: str) -> Iterator[PathMention]:
    if not written or ":" in written or not _PATH.fullmatch(written) or written.startswith("//"):
        return
    # A link is read from its document, a slash in front means the top of the repository.
    if "/" not in written.strip("/") and not _ENDING.search(written):
        return
    folder = posixpath.dirname(lines.file) if how == "link" and not written.startswith("/") else ""
    path = posixpath.normpath(posixpath.join(folder, written.lstrip("/")))
    if not path.startswith("..") and path != ".":
        yield PathMention(path, lines.spot(offset), how)


def _calls(lines: _Lines) -> Iterator[Call]:
    for match in _COMPOSE_UP.finditer(lines.text):
        if not _is_command(lines, match):
            continue
        files = tuple(_FILE_OPTION.findall(lines.text, match.start(), match.start(1)))
        skip = False
        for word in match[1].split():
            if skip or word.startswith("-"):
                skip = not skip and word in _OPTIONS_WITH_VALUES
            elif re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", word):
                yield Call(word, lines.spot(match.start()), files)
            else:
                break


def _is_command(lines: _Lines, match: re.Match[str]) -> bool:
    """Whether the words after ``up`` are arguments, not the rest of a sentence."""
    quoted = lines.text[match.start() - 1 : match.start()] == lines.text[match.end() : match.end() + 1] == "`"
    return quoted or lines.fenced(match.start())


def _settings(lines: _Lines) -> Iterator[SettingMention]:
    for match in _ROW.finditer(lines.text):
        for cell in match[2].split("|"):
            value = _VALUE.fullmatch(cell.strip())
            if value:
                yield SettingMention(match[1], value[1], lines.spot(match.start()))
                break


def _sums(lines: _Lines) -> Iterator[Sum]:
    seen: set[int] = set()
    for plus in _PLUS.finditer(lines.text):
        start, end = lines.around(plus.start())
        if start in seen or lines.fenced(start):
            continue
        seen.add(start)
        for match in _SUM.finditer(lines.text, start, end):
            parts = tuple(int(part) for part in re.findall(r"(?:^|\+[ \t]*)([0-9]+)", match[3]))
            yield Sum(int(match[1]), match[2].strip(), parts, lines.spot(match.start()))


def _namings(lines: _Lines, hidden: Collection[str]) -> Iterator[Naming]:
    # Lower case of a few letters is longer: then positions would not be the text's.
    same = len(lines.lowered) == len(lines.text)
    text, flags = (lines.lowered, re.NOFLAG) if same else (lines.text, re.IGNORECASE)
    for product in hidden:
        forms = "|".join(spelling.replace("-", "[- ]?") for spelling in BY_NAME[product].spellings)
        for match in re.finditer(rf"(?:{forms})(?![\w/-])", text, flags):
            before = text[match.start() - 1 : match.start()]
            if not lines.fenced(match.start()) and not re.match(r"[\w/.-]", before):
                yield Naming(product, lines.spot(match.start()), lines.line(match.start()))
