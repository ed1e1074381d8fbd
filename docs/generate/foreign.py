"""What built pages load: nothing that is not in their own folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

#: element -> attributes by which a browser loads something without being asked
_LOADING = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"), "img": ("src", "srcset"),
    "input": ("src",), "link": ("href",), "object": ("data",), "script": ("src",), "source": ("src", "srcset"),
    "track": ("src",), "use": ("href", "xlink:href"), "video": ("src", "poster"),
}  # fmt: skip
_POINTING = {"canonical", "next", "prev", "search", "index", "author", "license"}
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_STYLED = re.compile(r"(?:url\(\s*|@import\s+(?:url\(\s*)?)[\"']?([^\"')\s;]+)", re.IGNORECASE)


def foreign(folder: Path) -> list[str]:
    """``file: address`` of everything in the built pages and styles that is loaded from another host."""
    found = []
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        text = path.read_text("utf-8", "replace")
        loads = _styled(text) if path.suffix == ".css" else _loaded(text)
        found += [f"{path.relative_to(folder)}: {address}" for address in loads if _ELSEWHERE.match(address)]
    return found


def _styled(text: str) -> Iterator[str]:
    yield from _STYLED.findall(text)


def _loaded(text: str) -> Iterator[str]:
    page = _Page()
    page.feed(text)
    yield from page.loads


class _Page(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that load, and styles."""
        given = {name: value or "" for name, value in attrs}
        self._style = tag == "style"
        self.loads.extend(_STYLED.findall(given.get("style", "")))
        if tag == "link" and set(given.get("rel", "").lower().split()) & _POINTING:
            return
        for name in _LOADING.get(tag, ()):
            if name in given:
                parts = given[name].split(",") if name == "srcset" else [given[name]]
                self.loads.extend(part.split()[0] for part in parts if part.strip())

    def handle_data(self, data: str) -> None:
        """Styles within the page."""
        if self._style:
            self.loads.extend(_STYLED.findall(data))
            self._style = False
