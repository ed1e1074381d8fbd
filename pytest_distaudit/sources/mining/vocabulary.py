"""Which products and services a text names, however it spells them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_distaudit.sources.mining.passage import Mark

_WORD = re.compile(r"(?<![\w])\.NET\b|[A-Za-z0-9]+", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAPS = frozenset({"", " ", "-", "_", "."})
#: What may follow a name and belongs to it: "the basket service".
_NOUN = re.compile(
    r"(?:[ \-]|`\*{0,2} |\*{1,2} )?(?:(?:HTTP|REST|gRPC|web) )?(?:micro)?-?(services?|servers?|apps?|applications?|"
    r"components?|microservices?|containers?|pods?|instances?|clusters?|brokers?|module|api)\b",
    re.IGNORECASE,
)
_FILES = "ya?ml|json|md|py|toml|properties|xml|sh|tmpl|conf|js|ts|go|java|proto"
#: Paths of files, and addresses behind their host: names in them are no mentions.
_PATH = re.compile(
    r"https?://[^\s/]{1,80}(/[^\s)>\]|]{1,300})"
    r"|(?<![\w/:.])((?:\.{1,2}/|/)?[\w@.-]{1,80}(?:/[\w@.${}-]{1,80}){2,20}/?)"
    rf"|(?<![\w.-])((?!docker-compose|\w+\.js\b)[\w-]{{1,60}}(?:\.[\w-]{{1,40}}){{0,3}}\.(?:{_FILES})\b)"
)
#: "S3.2" is the number of a section.
_NUMBERED = re.compile(r"\d\.\d")
_PATHLIKE = re.compile(r"/|\w\.\w")
_SUFFIX = re.compile(r"(?<=\w)[-_. ]?(?:micro)?(?:service|svc|server|app|api|application|ms)$", re.IGNORECASE)
#: "the basket and payments services"
_LISTED = re.compile(r"(?:,? (?:and|or|&) [\w-]{1,40}|, [\w-]{1,40}){1,6} (?:micro-?)?services\b", re.IGNORECASE)
_VERB = re.compile(r" (?:\w+s|can|will|must|has|have|then|also|and the)\b")
_PURPOSE = re.compile(r" (?:for|as|on|in)\b")
_ARTICLE = re.compile(r"\b(?:the|our|a|an|each|to|from|by) $", re.IGNORECASE)


#: A service by its capital letters, and words that begin such a phrase without naming one.
_SERVICE = re.compile(
    r"\b([A-Z][\w-]{1,30}(?: [A-Z][\w-]{1,30}){0,2}) (?:[Mm]icro-?)?[Ss]ervice\b"
    r"(?!s| mesh| discovery| registry| provider| bus| fabric| account| name| level| design| architecture| boundar)"
)
_NO_SERVICES = frozenset(
    {
        *(
            "no",
            "the",
            "this",
            "each",
            "every",
            "our",
            "a",
            "an",
            "any",
            "all",
            "web",
            "cloud",
            "google",
            "azure",
            "amazon",
            "aws",
        ),
        *("internal", "external", "windows", "rest", "soap", "grpc", "http", "functional", "infrastructure", "core"),
        *("business", "domain", "managed", "micro", "in", "on", "to", "from", "with", "for", "if", "when", "as", "by"),
        *("new", "other", "another", "one", "customer", "backend", "kubernetes", "docker", "spring", "run", "start"),
        *("stop", "build", "deploy", "create", "add", "and", "or", "microsoft", "message", "web", "separate", "public"),
    }
)


class Entry(NamedTuple):
    """One name: what it is for (``kind``), how it is spelled, whether it is the project's ``own`` service.

    A ``shy`` name is an English word too; a product that ``runs`` stands in a manifest,
    and so do the ``ports`` that a service publishes.
    """

    name: str
    kind: str
    spellings: tuple[str, ...] = ()
    own: bool = False
    shy: bool = False
    runs: bool = False
    ports: tuple[str, ...] = ()


class Mention(NamedTuple):
    """A name found in a text, from ``start`` to ``end``."""

    name: str
    kind: str
    start: int
    end: int
    own: bool
    spelled: str


def key_of(text: str) -> str:
    """The letters and digits of a name: ledger-writer, LedgerWriter and ledger_writer are one."""
    return "".join(word.lower() for word in _WORD.findall(text))


def slug(text: str) -> str:
    """A component's name from what a document calls it: "Status Page" is status-page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def bare(name: str) -> str:
    """A name without what services are called: basket-service and BasketApp are basket."""
    return _SUFFIX.sub("", name) or name


@dataclass(frozen=True, slots=True)
class _Known:
    entry: Entry
    words: int


class Vocabulary:
    """Names and how to find them. Later entries do not replace earlier ones of the same spelling."""

    def __init__(self, entries: Iterable[Entry], others: re.Pattern[str] | None = None) -> None:
        self.entries = tuple(entries)
        self._others = others
        self._known: dict[str, Entry] = {}
        self._starts: set[str] = set()
        for entry in self.entries:
            for spelling in entry.spellings or (entry.name,):
                self._learn(spelling, entry)

    def _learn(self, spelling: str, entry: Entry) -> None:
        words = [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", spelling))]
        if not words or key_of(spelling) in self._known:
            return
        self._known["".join(words)] = entry
        self._starts.update("".join(words[:count]) for count in range(1, len(words) + 1))

    def extended(self, entries: Iterable[Entry]) -> Vocabulary:
        """This vocabulary and more names."""
        return Vocabulary((*self.entries, *entries), self._others)

    def of(self, spelling: str) -> Entry | None:
        """The entry of a whole name, if it is known."""
        key = key_of(spelling)
        return self._known.get(key) or self._known.get(key_of(bare(spelling)))

    def serving(self, port: str) -> str:
        """The one that publishes this port, "" if none or several do."""
        names = {entry.name for entry in self.entries if port in entry.ports}
        return names.pop() if len(names) == 1 else ""

    def mentions(self, text: str, marks: Sequence[Mark] = ()) -> list[Mention]:
        """The names in ``text`` from left to right, the longest at each place."""
        found: list[Mention] = []
        if not self._starts.isdisjoint(_WORD.findall(text.lower())):
            words = [(match[0].lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
            found = list(self._mentions(text, marks, words))
        if "ervice" in text:
            taken = [(mention.start, mention.end) for mention in found]
            found += _unknown(text, taken)
            found.sort(key=lambda mention: mention.start)
        return found

    def _mentions(self, text: str, marks: Sequence[Mark], words: Sequence[tuple[str, int, int]]) -> Iterator[Mention]:
        at = 0
        paths: list[tuple[int, int]] | None = None
        while at < len(words):
            found = self._longest(text, words, at) if words[at][0] in self._starts else None
            if found is None:
                at += 1
                continue
            known, count = found
            start, end = words[at][1], words[at + count - 1][2]
            if paths is None:
                paths = (
                    [match.span(match.lastindex or 0) for match in _PATH.finditer(text)]
                    if _PATHLIKE.search(text)
                    else []
                )
            if not any(a <= start < b for a, b in paths) and self._meant(known, text, start, end, marks):
                noun = _NOUN.match(text, end)
                end = noun.end() if noun else end
                yield Mention(known.name, known.kind, start, end, known.own, text[start:end])
            at += count

    def _meant(self, known: Entry, text: str, start: int, end: int, marks: Sequence[Mark]) -> bool:
        """Whether the name stands for its bearer, and is no call, no number, no driver of it and no plain word."""
        if (
            text[end : end + 1] == "("
            or _NUMBERED.match(text, end - 1)
            or (self._others and self._others.match(text[end + 1 : end + 30]))
        ):
            return False
        return not known.shy or _stands_out(text, start, end, marks, known.own)

    def _longest(self, text: str, words: Sequence[tuple[str, int, int]], at: int) -> tuple[Entry, int] | None:
        key, best = "", None
        for count in range(1, min(6, len(words) - at) + 1):
            word, start, _ = words[at + count - 1]
            if count > 1 and text[words[at + count - 2][2] : start] not in _GAPS:
                break
            key += word
            if key in self._known:
                best = (self._known[key], count)
            if key not in self._starts:
                break
        return best


def _unknown(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[Mention]:
    """Services that no manifest names: "Identity Service", "the Billing microservice"."""
    for match in _SERVICE.finditer(text):
        start, end = match.span()
        words = match[1].split()
        if words[0] in ("The", "Our"):
            start += len(words.pop(0)) + 1
        if words and words[0].lower() not in _NO_SERVICES and not any(a < end and start < b for a, b in taken):
            name = "-".join((*words, "service")).lower()
            yield Mention(name, "service", start, end, True, text[start:end])


def _stands_out(text: str, start: int, end: int, marks: Sequence[Mark], own: bool) -> bool:
    """Whether an English word is meant as a name here."""
    if any(mark.kind in ("code", "strong") and mark.start <= start and end <= mark.end for mark in marks):
        return True
    if _NOUN.match(text, end) or _LISTED.match(text, end):
        return True
    opening = _opens(text, start)
    if own:
        alone = opening and text[end : end + 2].strip(" ") in ("", ":", "-", "|", "–", "—", "(")
        return alone or (bool(_ARTICLE.search(text[max(0, start - 8) : start])) and bool(_VERB.match(text, end)))
    return text[start].isupper() and (
        not opening or len(text) < 40 or bool(_VERB.match(text, end) or _PURPOSE.match(text, end))
    )


def _opens(text: str, start: int) -> bool:
    """Whether a sentence, a cell or a label begins there."""
    before = text[:start].rstrip(" *`[(")
    return not before or before[-1] in ".!?:|-"
