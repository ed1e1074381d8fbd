"""``--distaudit-html``: the audit as one page that loads nothing and says everything with scripts off."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.page.drawing import drawing
from pytest_distaudit.reports.page.marks import marked
from pytest_distaudit.reports.page.view import view
from pytest_distaudit.reports.wording import tame

#: what does not hold, told at length; all of it stands among the claims
_MOST_CAUSES = 100
#: characters of any one text
_LONGEST = 4_000


def document(audit: Audit) -> str:
    """The whole page."""
    seen = view(audit)
    style, script = _part("style.css"), _part("script.js")
    return _template().render(
        audit=audit,
        view=seen,
        drawing=drawing(audit),
        documents=[marked(page, audit, seen.anchors) for page in audit.pages],
        most_causes=_MOST_CAUSES,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        allowed=f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}",
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_tamed
    )
    environment.filters["words"] = _words
    return environment.from_string(_part("page.html"))


def _words(text: str) -> Markup:
    """Escaped as the text of an element, where quotes may stay: JSON is full of them. Never for an attribute."""
    return Markup(tame(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704 - escaped


def _tamed(value: Any) -> Any:
    """What is foreign, or may be, cut and without control and direction characters; it is escaped afterwards."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return tame(value) if len(value) <= _LONGEST else f"{tame(value[:_LONGEST])}…"


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    """The words by which a page's policy allows this style or script and no other."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
