"""What an HTTP service serves of given paths, and what it publishes of itself."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.systems.http import KIND

from .bad_days import closes, declares_a_gigabyte, garbage, look
from .test_http_kind import site

ALL = "/a /b /c /d /e"


def asked(paths: str = ALL) -> Ask:
    return Ask.of("surface", paths=paths)


def test_what_is_answered_otherwise_than_what_cannot_exist(serve, limits):
    answers = {"/a": (200, {"a": 1}), "/b": (404, {}), "/c": (500, {}), "/d": (405, {})}
    url = site(serve, answers, otherwise=lambda path: (200, {"nothing": "here"}))
    seen = look(KIND, asked(), limits, url=url)
    assert (seen.served, seen.hidden, seen.published) == (("/a", "/d"), ("/c",), None)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_who_refuses_everything_does_not_say_what_it_has(serve, limits, status):
    url = site(serve, {}, otherwise=lambda path: (status, {}))
    assert look(KIND, asked("/a"), limits, url=url).hidden == ("/a",)


@pytest.mark.parametrize("bad_day", [closes, garbage, declares_a_gigabyte])
def test_no_answer_is_not_told_to_be_missing(serve, limits, bad_day):
    seen = look(KIND, asked("/a"), limits, url=f"http://127.0.0.1:{serve(bad_day)}")
    assert (seen.served, seen.hidden, seen.published) == ((), ("/a",), None)


@pytest.mark.parametrize(
    ("document", "published"),
    [
        ({"openapi": "3.0.3", "paths": {"/b": {"get": {}}, "/a": {"get": {}}, "/c/{id}": {"get": {}}}}, ("/a", "/b")),
        ({"openapi": "3.0.3", "paths": {"/a": {"post": {}}, "b": {"get": {}}, "/c d": {"get": {}}}}, ()),
        ({"openapi": "3.0.3", "paths": {f"/{at}": {"get": {}} for at in range(100, 130)}},
         tuple(f"/{at}" for at in range(100, 120))),
        ({"paths": {"/a": {"get": {}}}}, None),
        ({"openapi": "3.0.3", "paths": ["/a"]}, None),
        ([], None),
        (b"{", None),
    ],
)  # fmt: skip
def test_its_own_document(serve, limits, document, published):
    url = site(serve, {"/openapi.json": (200, document)})
    assert look(KIND, asked(""), limits, url=url).published == published
