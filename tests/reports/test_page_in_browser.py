"""The page as people see it, in Chromium: nothing foreign runs, everybody can read it, the keys work."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.page import document
from tests.reports.sample import audit, claim, shown_audit
from tests.reports.test_page import ATTACKS, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.live

RAN = "document.documentElement.dataset.ran || ''"
POKE = """() => {
  for (const kind of ['mouseover', 'focus', 'click', 'load', 'error'])
    for (const one of document.querySelectorAll('body *')) one.dispatchEvent(new Event(kind));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on PATH: apt-get install chromium")
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


Show = Callable[..., "Tab"]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page; whatever it asks of anybody but its own file, and whatever it complains of, fails the test."""
    trouble: list[str] = []
    contexts = []

    def complain(what: str, rightly: bool = True) -> None:
        trouble.extend([what] if rightly else [])

    def opened(page: str | Audit, **options: Any) -> Tab:
        path = tmp_path / "audit.html"
        path.write_text(page if isinstance(page, str) else document(page), encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda one: complain(one.url, one.url.partition("#")[0] != path.as_uri()))
        tab.on("pageerror", lambda error: complain(str(error)))
        tab.on("console", lambda line: complain(line.text, line.type == "error"))
        tab.goto(path.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_foreign_runs(show: Show, attack: str) -> None:
    tab = show(hostile(attack))
    tab.evaluate(POKE)
    assert tab.evaluate(RAN) == ""


@pytest.mark.parametrize("attack", ATTACKS[:3])
def test_the_same_text_runs_where_nobody_escapes_it(browser: Browser, attack: str) -> None:
    tab = browser.new_page()
    tab.set_content(f'<p title="{attack}">{attack}</p>')
    tab.evaluate(POKE)
    tab.wait_for_function(RAN)
    tab.close()


def test_the_policy_holds_where_the_escaping_would_not(browser: Browser) -> None:
    evil = document(shown_audit()).replace("<main>", f"<main>{ATTACKS[0]}{ATTACKS[1]}", 1)
    tab = browser.new_page()
    tab.set_content(evil)
    tab.evaluate(POKE)
    assert tab.evaluate(RAN) == ""
    assert tab.evaluate("document.documentElement.classList.contains('js')")
    tab.close()


@pytest.mark.parametrize(
    "options",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 400, "height": 800}}],
    ids=["light", "dark", "narrow"],
)
def test_everybody_can_read_it(show: Show, options: dict[str, Any]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    tab = show(shown_audit(), **options)
    tab.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = Axe().run(tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everything_is_there_with_scripts_off(show: Show) -> None:
    tab = show(shown_audit(), java_script_enabled=False)
    assert not tab.locator("#filter").is_visible()
    assert tab.locator("#broken .cause").count() == 3
    names = tab.locator(".claim summary .key:visible").all_inner_texts()
    assert sorted(names) == sorted(one.key for one in audit().claims)
    tab.locator(".claim summary").first.click()
    assert tab.locator(".claim blockquote").first.is_visible()


def test_it_is_searched_and_sifted_by_keyboard(show: Show) -> None:
    tab = show(shown_audit())
    tab.keyboard.press("/")
    tab.keyboard.type("two-consumers")
    assert tab.locator(".claim:visible").count() == 1
    assert tab.locator("#shown").inner_text() == "1 of 6 shown"
    tab.keyboard.press("Escape")
    assert tab.locator(".claim:visible").count() == 6
    tab.get_by_label("verified (1)").uncheck()
    assert tab.locator(".claim.verified:visible").count() == 0
    tab.get_by_label("verified (1)").check()


def test_j_and_k_go_from_claim_to_claim_and_enter_opens(show: Show) -> None:
    tab = show(shown_audit())
    for key in ("j", "j", "j", "k", "Enter"):
        tab.keyboard.press(key)
    assert tab.evaluate("[...document.querySelectorAll('.claim')].map((one) => one.open).indexOf(true)") == 1


def test_a_link_to_a_claim_opens_it_even_when_it_was_sifted_out(show: Show) -> None:
    tab = show(shown_audit())
    tab.fill("#search", "nothing has this")
    tab.locator("#broken a.key").first.click()
    assert tab.locator(".claim[open]:visible").count() == 1


def test_many_claims_are_all_there(show: Show) -> None:
    tab = show(audit(claims=tuple(claim(f"c-{n}", Verdict.VERIFIED) for n in range(1500))))
    tab.fill("#search", "c-1499")
    assert tab.locator("#shown").inner_text() == "1 of 1500 shown"
