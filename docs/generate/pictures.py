"""Pictures of a real report: the example's facade is judged, and its page looked at in Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from docs.generate.source import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LIMIT_S = 180
_WIDE, _NARROW = {"width": 1200, "height": 820}, {"width": 400, "height": 820}
#: name -> (window, what of the page; None: what the window shows first)
_SHOTS: Mapping[str, tuple[Mapping[str, int], str | None]] = {
    "report": (_WIDE, None),
    "systems": (_WIDE, "systems"),
    "narrow": (_NARROW, None),
}
_FIGURE = """\
```{{figure}} /pictures/{name}-light.png
:figclass: only-light
:alt: {{words}}

{{words}}
```

```{{figure}} /pictures/{name}-dark.png
:figclass: only-dark
:alt: {{words}}

{{words}}
```"""


def take_pictures(folder: Path) -> Mapping[str, str]:
    """Name -> Markdown that shows the picture, or says why it was not taken. Never fails."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        return _none("there is no Chromium on the machine that built this page")
    page = folder.parent / "audit.html"
    page.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _judge(page)
        _photograph(program, page, folder)
    except Exception as error:  # noqa: BLE001 - a page without pictures is better than no page
        print(f"docs: no pictures: {error}", file=sys.stderr)
        return _none("the report could not be made or looked at")
    return {name: _FIGURE.format(name=name) for name in _SHOTS}


def _none(why: str) -> Mapping[str, str]:
    return dict.fromkeys(_SHOTS, f"*{{words}} (The picture was not taken: {why}.)*")


def _judge(page: Path) -> None:
    """Audit the example's facade. The run is red, that is what the picture shows."""
    words = ["--distaudit", "--distaudit-target=as-audited", f"--distaudit-html={page}", "-q", "-p", "no:randomly"]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if not page.is_file():
        raise RuntimeError((done.stdout + done.stderr)[-500:])


def _photograph(program: str, page: Path, folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for colours in ("light", "dark"):
            for name, (window, part) in _SHOTS.items():
                tab = _opened(browser, page, window, colours)
                path = folder / f"{name}-{colours}.png"
                if part is None:
                    tab.screenshot(path=path)
                else:
                    tab.locator(f"#{part}").screenshot(path=path)
        browser.close()


def _opened(browser: Browser, page: Path, window: Mapping[str, int], colours: str) -> Page:
    tab = browser.new_page(
        viewport={"width": window["width"], "height": window["height"]},
        color_scheme="dark" if colours == "dark" else "light",
    )
    tab.goto(page.as_uri())
    return tab
