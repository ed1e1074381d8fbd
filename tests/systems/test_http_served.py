"""Whole answers of an HTTP service, and what else is answered alike."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.systems.http import KIND

from .bad_days import SECRET, closes, declares_a_gigabyte, garbage, look, never_answers, refusal
from .test_http_kind import site


def asked(path: str, template: str = "") -> Ask:
    return Ask.of("served", path=path, template=template or path)


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (garbage, Reason.PROTOCOL_ERROR),
        (closes, Reason.PROTOCOL_ERROR),
        (declares_a_gigabyte, Reason.TOO_LARGE),
    ],
)
def test_no_answer_is_nothing_served(serve, limits, bad_day, reason):
    told = refusal(KIND, asked("/x"), limits, url=f"http://audit:{SECRET}@127.0.0.1:{serve(bad_day)}")
    assert told.reason is reason
    assert SECRET not in told.detail


def test_a_body_is_kept_whole_where_it_is_json(serve, limits):
    many = list(range(5000))
    url = site(serve, {"/a": (200, many), "/b": (200, b"NaN"), "/c": (200, b"<p>")})
    seen = look(KIND, asked("/a"), limits, url=url)
    assert (seen.status, seen.is_json, seen.document, seen.same_as_nonsense) == (200, True, many, False)
    assert not look(KIND, asked("/b"), limits, url=url).is_json
    assert not look(KIND, asked("/c"), limits, url=url).is_json


def test_a_redirect_is_told_and_not_followed(serve, limits):
    url = site(serve, {"/a": (302, b"")}, extra="Location: http://elsewhere.invalid/\r\n")
    seen = look(KIND, asked("/a"), limits, url=url)
    assert (seen.status, seen.location) == (302, "http://elsewhere.invalid/")


def test_values_of_placeholders_are_free_and_fixed_parts_are_not(serve, limits):
    def orders(path: str) -> tuple[int, object]:
        return (200, {"order": 1}) if path.startswith("/orders/") else (404, {})

    url = site(serve, {}, otherwise=orders)
    assert not look(KIND, asked("/orders/1", "/orders/{id}"), limits, url=url).same_as_nonsense
    assert look(KIND, asked("/orders/1"), limits, url=url).same_as_nonsense


@pytest.mark.parametrize("path", ["/", "/a", "/a/b?c=d"])
def test_a_service_that_answers_everything_alike(serve, limits, path):
    url = site(serve, {}, otherwise=lambda asked: (200, {"path": asked}))
    assert look(KIND, asked(path), limits, url=url).same_as_nonsense


def test_a_control_that_is_turned_away_is_none(serve, limits):
    url = site(serve, {"/a": (200, {})}, otherwise=(429, {}))
    assert refusal(KIND, asked("/a"), limits, url=url).reason is Reason.FORBIDDEN
