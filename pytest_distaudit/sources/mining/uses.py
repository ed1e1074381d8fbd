"""Products that the project uses: verbs of use, lists of technologies, labelled entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_distaudit.sources.mining.passage import Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.stacks import has_stack_label, in_stack, is_described, is_part
from pytest_distaudit.sources.mining.statement import Find, Statement
from pytest_distaudit.sources.mining.telemetry import is_about_metrics
from pytest_distaudit.sources.mining.vocabulary import Mention

_LABELLED = re.compile(r"[`*\])]{0,3}(?: ?/ ?[\w ]{1,30})?[`*\])]{0,3}\s*(?::|[-–—|(]\s)[\s*]*\S")
_JOINED = re.compile(
    r"[`*\])]{0,3}(?: \([^()]{0,40}\))?(?:,? (?:and|or|&|as well as)(?: the| a)? |, (?:the |a )?|/| / )[`*\[(]{0,3}"
)
#: In front of what something else was chosen over.
_REJECTED = re.compile(r"\b(?:over|instead of|rather than|replac(?:es|ing|ed)) (?:the )?[`*]{0,2}$", re.IGNORECASE)
#: "over" after these leads to what carries.
_CARRIED = re.compile(
    r"\b(?:communicat\w+|communication|talk\w*|go(?:es)?|sent|flow\w*|runs?|exchanged|transported|published|messaging)"
    r" over (?:the )?[`*]{0,2}$",
    re.IGNORECASE,
)
_DIRECTLY = re.compile(r"\b(?:uses?|using|with|via|through|on|by)(?: (?:the|an?|our))? [`*\[]{0,3}$", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(?:the|our|a|an)\b", re.IGNORECASE)
_IT = re.compile(r"(?:[\w ]{1,30}, )?(?:it|this)\b", re.IGNORECASE)
#: How far from the product its verb may stand.
_AHEAD, _BEHIND = 90, 30
#: How far in front of it stands what it was chosen over, or what it carries.
_LEAD = 40
#: An entry of a list of technologies that names and does not tell.
_SHORT = 160
_TELEMETRY = frozenset({"tracing", "instrumentation"})


def find_uses(statement: Statement, rules: Rules) -> Iterator[Find]:
    """One find for each product that the sentence says is used."""
    products = [mention for mention in statement.mentions if _counts(mention, rules)]
    named = {mention.kind for mention in products if mention.name not in rules.roles}
    products = [mention for mention in products if mention.name not in rules.roles or mention.kind not in named]
    if not products or is_generic(statement, rules):
        return
    if _is_qualified(statement, rules, products[0]):
        yield _find(statement, products[0], rules, "entry")
        return
    if statement.shape in (Shape.ITEM, Shape.ROW) or has_stack_label(statement, rules):
        yield from _listed(statement, rules, products)
    for mention in _used(statement, rules, products):
        yield _find(statement, mention, rules, "use")
    for mention in _working(statement, rules, products):
        yield _find(statement, mention, rules, "work")


def is_generic(statement: Statement, rules: Rules) -> bool:
    """Whether the sentence explains a product or a concept instead of the project."""
    if statement.shape not in (Shape.PARAGRAPH, Shape.ITEM) or rules.project.search(statement.text):
        return False
    text = statement.text.lstrip(" *`([")
    if statement.shape is Shape.PARAGRAPH and re.match(r"(?:with|by|in|on) ", text, re.IGNORECASE):
        text = text.split(" ", 1)[1]
    opening = statement.end - len(text)
    first = next((mention for mention in statement.mentions if mention.start - opening <= 12), None)
    if first is None and statement.subject_kind not in ("", "service") and (itself := _IT.match(text)):
        return bool(rules.generic.match(text[itself.end() :]))
    if first is None:
        return not any(m.own for m in statement.mentions) and bool(rules.concepts.match(text))
    if first.own or statement.shape is Shape.ITEM:
        return False
    return bool(rules.generic.match(statement.passage.text, first.end, statement.end))


def _used(statement: Statement, rules: Rules, products: Sequence[Mention]) -> Iterator[Mention]:
    """The products near a verb of use, and those listed with one of them."""
    text = statement.passage.text
    verbs = [match.span() for match in rules.use.finditer(text, statement.start, statement.end)]
    before: Mention | None = None
    for mention in products:
        chained = before is not None and _JOINED.fullmatch(text, before.end, mention.start)
        from_here = max(statement.start, mention.start - _LEAD)
        if _REJECTED.search(text, from_here, mention.start) and not _CARRIED.search(text, from_here, mention.start):
            continue
        if chained or (_near(mention, verbs) and _meant(statement, mention, rules)):
            before = mention
            yield mention


def _working(statement: Statement, rules: Rules, products: Sequence[Mention]) -> Iterator[Mention]:
    """A product that begins the sentence or a cell and does something there."""
    text = statement.passage.text
    starts = [statement.start, *(start for start, _ in statement.passage.cells)]
    for mention in products:
        start = max((one for one in starts if one <= mention.start), default=statement.start)
        opens = not any(letter.isalnum() for letter in _ARTICLE.sub("", text[start : mention.start]))
        if opens and rules.works.match(text, mention.end, statement.end):
            yield mention


def _near(mention: Mention, verbs: Sequence[tuple[int, int]]) -> bool:
    return any(
        0 <= mention.start - end <= _AHEAD or 0 <= start - mention.end <= _BEHIND or start <= mention.start < end
        for start, end in verbs
    )


def _meant(statement: Statement, mention: Mention, rules: Rules) -> bool:
    """A library counts only where it is what the verb is about and no service is."""
    if mention.kind != "instrumentation":
        return True
    before = statement.passage.text[max(statement.start, mention.start - 30) : mention.start]
    return not statement.subject and bool(_DIRECTLY.search(before) or rules.project.search(statement.text))


def _listed(statement: Statement, rules: Rules, products: list[Mention]) -> Iterator[Find]:
    """Entries of a list of technologies, and entries "product: what it is for"."""
    text = statement.passage.text
    first = products[0]
    opening = any(letter.isalnum() for letter in text[statement.start : first.start])
    if opening and _has_label(statement, first):
        return
    stacked = in_stack(statement, rules) or (statement.shape is Shape.ITEM and statement.subject_kind == "service")
    if opening and not stacked:
        if is_part(statement, rules):
            yield from (
                _find(statement, mention, rules, "part") for mention in products if _fills_cell(statement, mention)
            )
        return
    if statement.shape is Shape.ROW and not stacked:
        if is_part(statement, rules) and first.start < statement.passage.cells[0][1]:
            yield _find(statement, first, rules, "part")
        return
    if stacked and statement.end - statement.start < _SHORT and not is_described(statement, rules):
        yield from (_find(statement, mention, rules, "stack") for mention in products)
    elif (not opening and stacked) or (
        _LABELLED.match(text, first.end) and "http" not in text[first.end : first.end + 12]
    ):
        yield _find(statement, first, rules, "entry")


def _is_qualified(statement: Statement, rules: Rules, first: Mention) -> bool:
    """Whether an entry is a product and, in parentheses, what it stores."""
    text = statement.passage.text
    opening = any(letter.isalnum() for letter in text[statement.start : first.start])
    return statement.shape is Shape.ITEM and not opening and bool(rules.qualified.match(text, first.end, statement.end))


def _fills_cell(statement: Statement, mention: Mention) -> bool:
    """Whether a cell of the row holds little but the product: a column of databases, say."""
    cells = [cell for cell in statement.passage.cells if cell[0] <= mention.start < cell[1]]
    return bool(cells) and cells[0][1] - cells[0][0] <= mention.end - mention.start + 20


def _has_label(statement: Statement, product: Mention) -> bool:
    """Whether the entry begins with the name of something else, in bold letters or as a link."""
    marks = statement.passage.marked("strong", "link", "code")
    label = next((mark for mark in marks if mark.start <= statement.start + 4 and mark.end <= product.start), None)
    return label is not None and any(label.start <= mention.start < label.end for mention in statement.mentions)


def _counts(mention: Mention, rules: Rules) -> bool:
    return not mention.own and rules.kind(mention.kind).listed and not rules.kind(mention.kind).never


def _find(statement: Statement, mention: Mention, rules: Rules, rule: str) -> Find:
    pattern = rules.kind(mention.kind).pattern
    if rules.kind(mention.kind).stores or rules.presence.match(statement.passage.text, mention.end, statement.end):
        pattern = "running"
    elif mention.kind in _TELEMETRY and is_about_metrics(statement):
        pattern = "metrics"
    return Find(pattern, mention.name, mention.start, f"{rule}.{mention.kind}", mention.spelled, specific=False)
