"""Mining: documents in, proposals out, in the order of the documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.sources.mining.choosing import chosen
from pytest_distaudit.sources.mining.duties import find_duties
from pytest_distaudit.sources.mining.edges import find_edges
from pytest_distaudit.sources.mining.endpoints import find_endpoints
from pytest_distaudit.sources.mining.filling import proposal_of
from pytest_distaudit.sources.mining.manifests import find_manifests
from pytest_distaudit.sources.mining.markdown import passages_of_markdown
from pytest_distaudit.sources.mining.names import names_of
from pytest_distaudit.sources.mining.negation import avoided, negated
from pytest_distaudit.sources.mining.passage import Passage, Shape
from pytest_distaudit.sources.mining.phrases import find_phrases
from pytest_distaudit.sources.mining.plain_text import passages_of_text
from pytest_distaudit.sources.mining.ports import find_ports
from pytest_distaudit.sources.mining.project import project_of
from pytest_distaudit.sources.mining.quantities import find_counts, find_versions
from pytest_distaudit.sources.mining.rules import Rules, products, rules
from pytest_distaudit.sources.mining.sections import Resolver, Subjects
from pytest_distaudit.sources.mining.settings import find_settings, is_setting
from pytest_distaudit.sources.mining.statement import LONGEST_LABEL, Find, Statement, sentences
from pytest_distaudit.sources.mining.tree import DIAGRAM, MARKDOWN, documents_of
from pytest_distaudit.sources.mining.uses import find_uses, is_generic
from pytest_distaudit.sources.mining.vetoing import is_only_links, vetoes_of
from pytest_distaudit.sources.mining.vocabulary import Entry, Mention, Vocabulary
from pytest_distaudit.sources.source_text import read_text, shown

Refused = Callable[[Problem], None]


def mine(
    root: Path,
    documents: Iterable[Path] | None = None,
    *,
    vocabulary: Iterable[Entry] = (),
    refused: Refused = lambda problem: None,
) -> Iterator[Proposal]:
    """The checkable statements of the tree below ``root``, document after document, lines in order.

    ``documents`` are paths below ``root``; without them all of :func:`documents_of`. ``vocabulary`` are
    more names. A document that cannot be read is told to ``refused`` and passed over.
    """
    known = products().extended(vocabulary)
    known = known.extended(names_of(root, known))
    documents = documents_of(root) if documents is None else documents
    project = project_of(root)
    for path in documents:
        file = shown(path, root)
        try:
            text = read_text(path, file)
        except InvalidInput as error:
            for problem in error.problems:
                refused(problem)
            continue
        yield from mine_text(text, file, known, project=project)


def mine_text(text: str, document: str, vocabulary: Vocabulary, project: str = "") -> Iterator[Proposal]:
    """The checkable statements of one document's text."""
    yield from _Miner(document, vocabulary, rules(), project).read(text)


def passages_of(text: str, document: str) -> Iterator[Passage]:
    """The passages of a document, read by the way that its suffix says."""
    suffix = Path(document).suffix.lower()
    if suffix in MARKDOWN:
        return passages_of_markdown(text)
    if suffix in DIAGRAM:
        from pytest_distaudit.sources.mining.diagrams import passages_of_diagram

        return passages_of_diagram(text, 1)
    return passages_of_text(text)


_Lined = tuple[Find, Statement]
_STATUS = (("Status",), ("status",))
#: Passages in which a decision record gives its status.
_BEGINNING = 12
_DIAGRAM = frozenset({Shape.NODE, Shape.EDGE})


def _place(numbered: tuple[int, tuple[Passage, list[Mention]]]) -> tuple[bool, int]:
    """The nodes and edges of one line of a diagram are chosen among together, any other passage by itself."""
    number, (passage, _) = numbered
    is_diagram = passage.shape in _DIAGRAM
    return is_diagram, passage.line(0) if is_diagram else number


def _without_titles(text: str, mentions: list[Mention]) -> Iterator[Mention]:
    """The mentions without roles that a product bears: "Kong API gateway", "message broker (RabbitMQ)"."""
    known = rules().roles
    for index, mention in enumerate(mentions):
        if mention.name in known:
            before = mentions[index - 1] if index else None
            after = mentions[index + 1] if index + 1 < len(mentions) else None
            if before is not None and not before.own and text[before.end : mention.start].strip("*`_ ") == "":
                continue
            if after is not None and not after.own and text[mention.end : after.start].strip("*`_[ ") == "(":
                continue
        yield mention


@dataclass
class _Miner:
    """Reads one document."""

    document: str
    vocabulary: Vocabulary
    rules: Rules
    project: str
    section: tuple[str, ...] | None = None
    leads: dict[str, str] = field(default_factory=dict)
    subjects: Subjects = field(init=False)
    resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self.subjects = Subjects(self.vocabulary, tuple(Path(self.document).parent.parts))
        self.resolver = Resolver(self.rules)
        for entry in self.vocabulary.entries:
            if entry.runs:
                self.resolver.runs(entry.kind, entry.name)

    def read(self, text: str) -> Iterator[Proposal]:
        """Passage after passage; a line's finds are chosen among when the passage is done.

        All names are looked for first: which product plays a role may only be said later.
        """
        passages = [
            (passage, self.vocabulary.mentions(passage.text, passage.marks))
            for passage in passages_of(text, self.document)
        ]
        if self._holds_nothing(passage for passage, _ in passages):
            return
        for _, mentions in passages:
            self.resolver.saw(mentions)
        for _, together in groupby(enumerate(passages), key=_place):
            lines: dict[int, list[_Lined]] = defaultdict(list)
            for _, (passage, mentions) in together:
                for find, statement in self._finds(passage, mentions):
                    lines[passage.line(find.at)].append((find, statement))
            for line in sorted(lines):
                yield from self._proposals(lines[line])

    def _holds_nothing(self, passages: Iterable[Passage]) -> bool:
        """Whether the document is about the work on the project, or a decision that does not hold."""
        if self.rules.asides.match(Path(self.document).stem):
            return True
        return any(
            self.rules.withdrawn.search(passage.text.strip("*_ "))
            and (passage.text.lower().startswith("status") or passage.headings[-1:] in _STATUS)
            for passage in islice(passages, _BEGINNING)
        )

    def _proposals(self, found: list[_Lined]) -> Iterator[Proposal]:
        statements = {id(find): statement for find, statement in found}
        for find in chosen([find for find, _ in found]):
            yield proposal_of(find, statements[id(find)], self.document)

    def _finds(self, passage: Passage, mentions: list[Mention]) -> Iterator[_Lined]:
        if passage.shape in _DIAGRAM:
            statement = Statement(passage, 0, len(passage.text), ())
            yield from ((find, statement) for find in find_edges(passage, self.rules, self.vocabulary))
            return
        if passage.shape is Shape.HEADING or is_only_links(passage):
            return
        for statement in self._statements(passage, mentions):
            yield from ((find, statement) for find in self._found(statement))

    def _statements(self, passage: Passage, mentions: list[Mention]) -> Iterator[Statement]:
        mentions = [m._replace(name=self.resolver.resolve(m.name)) for m in _without_titles(passage.text, mentions)]
        subject = self._subject(passage)
        entry = self.vocabulary.of(subject) if subject else None
        kind = entry.kind if entry else "service" if subject else ""
        spoken = ""
        earlier: tuple[Mention, ...] = ()
        for start, end in sentences(passage):
            inside = tuple(mention for mention in mentions if start <= mention.start < end)
            first = (
                passage.shape is Shape.PARAGRAPH
                and passage.headings != self.section
                and self.subjects.opens(passage.headings)
            )
            if passage.shape is Shape.PARAGRAPH:
                self.section = passage.headings
            about = (subject, kind) if subject or not spoken else (spoken, "service")
            yield Statement(passage, start, end, inside, *about, self.project, first, earlier)
            spoken = next((mention.name for mention in inside if mention.own), spoken)
            earlier += inside

    def _subject(self, passage: Passage) -> str:
        """What the passage is about: what its lead names, else its section's subject."""
        if passage.shape is Shape.ITEM:
            if passage.lead not in self.leads:
                self.leads[passage.lead] = self._led(passage.lead)
            if self.leads[passage.lead]:
                return self.leads[passage.lead]
        return self.resolver.resolve(self.subjects.of(passage.headings))

    def _led(self, lead: str) -> str:
        """The one service that a lead names, or the product that a short lead begins with ("MySQL container:")."""
        mentions = self.vocabulary.mentions(lead) if lead else []
        own = {mention.name for mention in mentions if mention.own}
        if len(own) == 1:
            return own.pop()
        label = mentions and mentions[0].start <= 2 and len(lead) <= LONGEST_LABEL and lead.rstrip().endswith(":")
        return self.resolver.resolve(mentions[0].name) if label and not own else ""

    def _found(self, statement: Statement) -> Iterator[Find]:
        finds = list(self._all(statement))
        vetoes = vetoes_of(statement, self.rules) if finds else ()
        for find in finds:
            if avoided(statement, find, self.rules):
                continue
            if all({find.pattern, find.rule.partition(".")[0]} & veto.spares for veto in vetoes):
                yield find.absent() if negated(statement, find, self.rules) else find

    def _all(self, statement: Statement) -> Iterator[Find]:
        rules = self.rules
        endpoints = list(find_endpoints(statement, rules))
        if endpoints:
            yield from endpoints
            return
        settings = list(find_settings(statement, rules, self.vocabulary))
        yield from settings
        if settings or is_setting(statement):
            return
        manifests = list(find_manifests(statement, rules))
        if manifests:
            yield from manifests
            return
        yield from find_ports(statement, rules, self.vocabulary)
        yield from find_versions(statement, rules)
        yield from find_counts(statement, rules)
        if not is_generic(statement, rules):
            yield from find_phrases(statement, rules)
        yield from find_uses(statement, rules)
        yield from find_duties(statement, rules)
