"""Placeholders: what is one, and what is left alone."""

from __future__ import annotations

import pytest

from pytest_distaudit.targets.placeholders import fill, mentioned, system_of, texts

VALUES = {"port": "81", "python": "/usr/bin/python3", "post-gres.url": "postgresql://h"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{port}", "81"),
        ("-b 127.0.0.1:{port}", "-b 127.0.0.1:81"),
        ("{post-gres.url}/x?{port}", "postgresql://h/x?81"),
        ("{{port}}", "{port}"),
        ("${port}", "${port}"),
        ('{"port": {"a": 1}}', '{"port": {"a": 1}}'),
        ("{}", "{}"),
        ("{a b}", "{a b}"),
    ],
)
def test_only_a_brace_with_a_bare_name_is_a_placeholder(text: str, filled: str) -> None:
    assert fill(text, VALUES) == filled


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(KeyError, match=r"post-gres\.amqp"):
        fill("{post-gres.amqp}", VALUES)


def test_names_come_in_order_without_the_escaped_ones() -> None:
    assert list(mentioned("{a.url} {{b.url}} ${c} {port}")) == ["a.url", "port"]


def test_the_system_is_all_before_the_last_dot() -> None:
    assert [system_of(name) for name in ("port", "a-b.url", "a.b.url")] == [None, "a-b", "a.b"]


def test_texts_say_where_they_stand() -> None:
    native = {"argv": ["x", "{port}"], "env": {"A": "1"}, "then": [["m", "n"]], "ready": "GET /{port}", "after": "z"}
    assert dict(texts(native)) == {
        "native.argv[0]": "x",
        "native.argv[1]": "{port}",
        "native.env.A": "1",
        "native.then[0][0]": "m",
        "native.then[0][1]": "n",
    }
