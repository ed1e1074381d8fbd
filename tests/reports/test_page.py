"""The page: everything is there, nothing is loaded, nothing foreign is more than text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.audit import Audit, Coverage, EvidenceLine, Page, Sentence
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.reports.page import document
from pytest_distaudit.reports.page.drawing import drawing
from pytest_distaudit.reports.page.marks import marked
from tests.reports.hostile import audit_of
from tests.reports.sample import audit, claim, shown_audit

WORDS = "RabbitMQ hands every task to a worker"
ATTACKS = (
    "<script>document.documentElement.dataset.ran='1'</script>",
    "<img src=x onerror=\"document.documentElement.dataset.ran='1'\">",
    '"><svg onload="document.documentElement.dataset.ran=\'1\'">',
    "' autofocus onfocus='document.documentElement.dataset.ran=1' x='",
    "</code></script></style><script>document.documentElement.dataset.ran='1'</script>",
    "javascript:document.documentElement.dataset.ran='1'",
    "--><script>document.documentElement.dataset.ran='1'</script><!--",
    "{{ 7 * 191 }}{% raw %}",
    "&lt;b&gt; \x1b[31mred\x1b[0m \u202egnorw\u2066 \x00\x07 \ud800 ::error::",
)


def hostile(text: str) -> Audit:
    """An audit in which every text that may come from elsewhere is that one, with all that only a page shows."""
    shown = (Page(text, ((1, 1, text), (3, 0, f"{text} and {text}"))),)
    return replace(
        audit_of(text), tool=text, provision=text, scope=text, started=text, pages=shown, links=((text, "mq"),)
    )


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def kinds_of(page: str) -> set[tuple[str, frozenset[str]]]:
    return {(tag, frozenset(attributes)) for tag, attributes in Tags(page).found}


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_adds_no_element_and_no_attribute(attack: str) -> None:
    assert kinds_of(document(hostile(attack))) == kinds_of(document(hostile("harmless")))


@given(st.text(max_size=60))
def test_any_text_adds_no_element(text: str) -> None:
    evil = document(replace(audit(), target=text, claims=(claim("one", Verdict.REFUTED, actual=text, quote=text),)))
    assert kinds_of(evil) <= kinds_of(document(audit(claims=(claim("one", Verdict.REFUTED),)))) | kinds_of(
        document(audit())
    )


def test_control_and_direction_characters_are_gone() -> None:
    page = document(hostile(ATTACKS[-1]))
    assert not [letter for letter in "\x1b\u202e\u2066\x00\x07\ud800" if letter in page]


def test_nothing_is_loaded_and_links_stay_in_the_page() -> None:
    tags = Tags(document(shown_audit())).found
    assert not [tag for tag, _ in tags if tag in ("link", "img", "iframe", "object", "embed", "base")]
    assert not [one for _, one in tags if "src" in one or "style" in one or any(name.startswith("on") for name in one)]
    ids = {one["id"] for _, one in tags if one.get("id")}
    targets = {str(one["href"]) for tag, one in tags if tag == "a"}
    assert targets <= {f"#{name}" for name in ids}
    assert len(ids) == len([one for _, one in tags if one.get("id")])


def test_the_policy_allows_our_style_and_script_alone() -> None:
    page = document(audit())
    policy = next(str(one["content"]) for tag, one in Tags(page).found if "http-equiv" in one)
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; script-src 'sha256-[\w+/]{43}='", policy)


def test_every_claim_says_everything() -> None:
    page = document(shown_audit())
    for one in audit().claims:
        assert f">{one.key}</span>" in page
        assert one.check in page
    for text in ("start the consumer of this queue", "3.9", "until 2027-01-31, platform: broker upgrade", "8001"):
        assert text in page
    assert "2 checkable sentences" not in page
    assert "3 checkable sentences that nobody claims" in page
    assert "unknown key &#39;colour&#39;" in page


def test_an_audit_without_anything_is_a_page_too() -> None:
    empty = audit(claims=(), systems=(), not_judged=(), errors=(), findings=(), coverage=Coverage(), verdict=None)
    assert "Nothing was judged." in document(empty)


def test_two_thousand_claims_fit_into_three_megabytes() -> None:
    evidence = tuple(
        EvidenceLine("mq", f"queue(name=tasks): GET /api/{n}", {"text": "x" * 400, "n": n}, 1767225600.0 + n, "ab" * 32)
        for n in range(4)
    )
    verdicts = list(Verdict)
    claims = tuple(
        claim(
            f"claim-{n}",
            verdicts[n % 4],
            area=f"area {n % 20}",
            document=f"docs/{n % 30}.md",
            line=n // 30 + 1,
            reason=Reason.TIMED_OUT if verdicts[n % 4] is Verdict.UNVERIFIABLE else None,
            evidence=evidence,
            connects=((f"front-{n % 5}", f"mq-{n % 7}"),),
        )
        for n in range(2000)
    )
    pages = tuple(
        Page(f"docs/{d}.md", tuple((n + 1, 0, f"{WORDS}. Nothing else.") for n in range(67))) for d in range(30)
    )
    page = document(audit(claims=claims, pages=pages))
    assert len(page.encode()) < 3_000_000
    assert page.count('<details class="claim ') == 2000


def marks_of(text: str, *quotes: tuple[str, Verdict], unclaimed: str = "") -> list[tuple[str, str]]:
    claims = tuple(
        claim(f"c{n}", verdict, quote=quote, document="d.md", line=1) for n, (quote, verdict) in enumerate(quotes)
    )
    told = audit(claims=claims, coverage=Coverage(1, 0, (Sentence("d.md", 1, unclaimed),) if unclaimed else ()))
    anchors = {one.key: one.key for one in claims}
    (line,) = marked(Page("d.md", ((1, 0, text),)), told, anchors).lines
    return [(mark.text, mark.state) for mark in line.marks]


def test_a_sentence_is_marked_with_its_verdict() -> None:
    found = marks_of(f"{WORDS}. And more.", (WORDS, Verdict.VERIFIED))
    assert found == [(WORDS, "verified"), (". And more.", "")]


def test_of_two_claims_about_the_same_words_the_worse_one_shows() -> None:
    found = marks_of("a b c", ("a b c", Verdict.VERIFIED), ("b", Verdict.REFUTED), unclaimed="c")
    assert found == [("a ", "verified"), ("b", "refuted"), (" c", "verified")]


def test_what_nobody_claims_is_marked_so() -> None:
    assert marks_of("a. b.", unclaimed="b.") == [("a. ", ""), ("b.", "unclaimed")]


def test_a_quote_that_is_written_otherwise_marks_its_block() -> None:
    assert marks_of("as it is now", ("as it was", Verdict.REFUTED)) == [("as it is now", "refuted")]


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_marks_lose_no_letter(text: str, first: str, second: str) -> None:
    found = marks_of(text, (first, Verdict.VERIFIED), (second, Verdict.REFUTED)) if text else []
    assert "".join(piece for piece, _ in found) == text


def test_the_nearest_of_several_places_is_marked() -> None:
    page = Page("d.md", ((1, 0, WORDS), (9, 0, WORDS)))
    one = claim("c", Verdict.VERIFIED, document="d.md", line=9)
    first, second = marked(page, audit(claims=(one,), coverage=Coverage()), {"c": "c1"}).lines
    assert ([mark.state for mark in first.marks], [mark.state for mark in second.marks]) == ([""], ["verified"])


def test_a_circle_is_drawn() -> None:
    drawn = drawing(audit(claims=(), links=(("a", "b"), ("b", "c"), ("c", "a"))))
    assert {box.name for box in drawn.boxes} == {"a", "b", "c"}
    assert len({(box.x, box.y) for box in drawn.boxes}) == 3
    assert all(0 <= box.x <= drawn.width and 0 <= box.y <= drawn.height for box in drawn.boxes)


def test_arrows_tell_what_was_seen() -> None:
    claims = (
        claim("seen", Verdict.VERIFIED, connects=(("front", "mq"),)),
        claim("not", Verdict.REFUTED, connects=(("front", "db"),)),
        claim("both-1", Verdict.VERIFIED, connects=(("front", "cache"),)),
        claim("both-2", Verdict.REFUTED, connects=(("front", "cache"),)),
    )
    arrows = {arrow.words: arrow.state for arrow in drawing(audit(claims=claims, links=(("db", "disk"),))).arrows}
    assert arrows == {
        "front works through mq: seen by seen": "seen",
        "front works through db: refuted by not": "refuted",
        "front works through cache: refuted by both-2": "refuted",
        "db works through disk: not decided (nobody claims it)": "open",
    }


def test_an_arrow_goes_past_the_boxes_between_its_ends() -> None:
    drawn = drawing(audit(claims=(), links=(("a", "b"), ("b", "c"), ("a", "c"))))
    paths = {arrow.words.partition(":")[0]: arrow.path for arrow in drawn.arrows}
    y = {name: re.findall(r"[MC ](\d+) (\d+)", path)[1][1] for name, path in paths.items()}
    assert y["a works through b"] == y["b works through c"]
    assert int(y["a works through c"]) - int(y["a works through b"]) > drawn.box[1]
