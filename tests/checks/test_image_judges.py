"""image.version on hand-made evidence."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.containers import ImageWord

from .containers import R, U, V, container, judgement
from .containers import told as of_check


def made(image="redis:7.2", *words, **facts):
    """A container of an image that says these things ("7.2.4 redis") of itself."""
    said = [ImageWord(version, "label", about) for version, _, about in (word.partition(" ") for word in words)]
    return container("cache", image=image, versions=tuple(said), **facts)


def told(seen, version, **params):
    return of_check("image.version", seen, version=version, **({"container": "cache"} | params))


@pytest.mark.parametrize(
    ("image", "word", "version", "verdict"),
    [
        ("redis:7.2", "7.2.4 redis", "7", V),
        ("redis:7.2", "7.2.4 redis", "7.2", V),
        ("redis:7.2.4-alpine", "7.2.4 redis", ">= 7.2.4, < 8", V),
        ("redis:latest", "7.2.4 redis", "7", V),
        ("redis", "7.2.4 redis", "7", V),
        ("team/redis@sha256:0123", "7.2.4 redis", "7", V),
        ("host:5000/team/redis:7", "7.2.4 redis", "7", V),
        ("sha256:0123", "7.2.4 redis", "7", (U, Reason.NO_OBSERVABLE)),
        ("redis:7.2", "6.2.1 redis", ">= 7", (R, "cache is 6.2.1")),
        ("redis:7.2", "7.3.0 redis", "7", (U, Reason.AMBIGUOUS_CLAIM)),
        ("redis:7", "6.2.1 redis", ">= 6", (U, Reason.AMBIGUOUS_CLAIM)),
        ("redis:7.2.4.1", "7.2 redis", "7", V),
        ("redis:7.2", "7.2.0-rc1 redis", ">= 7.2", (R, "cache is 7.2.0-rc1")),
        ("redis:7.2", "22.04 ubuntu", "7", (U, Reason.NO_OBSERVABLE)),
        ("redis:7.2", "22.04 ubuntu", "8", (R, "cache is tagged 7.2")),
        ("redis:7.2", "stable redis", "7", (U, Reason.NO_OBSERVABLE)),
        ("redis:7.2", "7.2.4 redis", "new", (U, Reason.AMBIGUOUS_CLAIM)),
    ],
)
def test_what_the_image_says(image, word, version, verdict):
    found = told(made(image, word), version)
    assert found == verdict if isinstance(verdict, tuple) else found[0] is verdict


def test_any_of_its_words_can_contradict():
    assert told(made("redis:7", "7.2 redis", "6.2 redis"), "7") == (R, "cache is 6.2")
    assert told(made("redis:7", "22.04 ubuntu", "7.2 redis"), "7") == (V, "cache 7.2 (its label)")


def test_other_names_of_the_image():
    assert told(made("cache:7", "6.2 redis", tags=("cache:7", "redis:6")), "7") == (R, "cache is 6.2")
    assert told(made("cache:7", "6.2 redis"), "7") == (U, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize(
    ("image", "version", "verdict"),
    [
        ("redis:6", "7", R),
        ("redis:6.2", ">= 7", R),
        ("redis:8", "< 8", R),
        ("redis:7", "7", U),
        ("redis:7", "7.2.4", U),
        ("redis:7", ">= 7.2, < 7.4", U),
        ("redis:7", "> 7.2", U),
        ("redis:7.2", "> 7.2", U),
        ("redis:7.2", "<= 7.2", U),
        ("redis:7.2", "7.3", R),
        ("redis:7-rc1", ">= 7", R),
        ("redis:7-rc1", ">= 6", U),
        ("redis:latest", "7", U),
        ("redis", "7", U),
        ("redis:20240115", "7", U),
        ("redis:a1b2c3", "7", U),
        ("redis:7abc", "8", U),
        # a bare number under a name of one's own may count builds
        ("team/billing:42", "2.3", U),
        ("team/billing:4.2", "2.3", R),
    ],
)
def test_what_only_a_tag_says(image, version, verdict):
    found = told(made(image), version)
    assert found[0] is verdict
    assert verdict is R or found[1] is Reason.NO_OBSERVABLE


def test_why_it_cannot_be_told():
    def because(*args, **facts):
        return judgement("image.version", made(*args, **facts), version="7", container="cache").because

    assert because("redis:7.2", tags=("x:7.1", "y:latest")) == "only its name says so: redis:7.2, x:7.1"
    assert because("redis:latest") == "redis:latest names no version"
    assert because("redis:7", "22.04 ubuntu").endswith("; its label (22.04) may be its base's")


def test_which_container_is_meant():
    good, bad = made("redis:7", "7.2 redis"), container("other", image="redis:6", versions=())
    assert of_check("image.version", good, bad, version="7") == (U, Reason.AMBIGUOUS_CLAIM)
    assert of_check("image.version", good, bad, version="7", container="cache")[0] is V
    assert of_check("image.version", good, bad, version="7", image="redis") == (R, "other is tagged 6")
    assert of_check("image.version", good, bad, version="7", image="redis", container="cache")[0] is V
    assert of_check("image.version", good, bad, version="7", container="web") == (R, "no container of web")
    assert of_check("image.version", good, bad, version="7", image="mongo") == (R, "no container of mongo")
    assert of_check("image.version", good, bad, version="7", container="cache", project="x")[0] is R


@pytest.mark.parametrize(
    ("image", "pattern", "fits"),
    [
        ("host:5000/team/redis:7", "redis", True),
        ("host:5000/team/redis:7", "host:5000/team/redis", True),
        ("host:5000/team/redis", "*/team/*", True),
        ("redis:7", "red*", True),
        ("team/redis:7", "team", False),
        ("team/redis:7", "redis:7", False),
    ],
)
def test_images_are_found_without_their_tags(image, pattern, fits):
    found = of_check("image.version", made(image, "7.2 redis"), version="7", image=pattern)
    assert found[0] is (V if fits else R)


def test_only_those_that_are_up_count():
    ended = container("old", image="redis:6", state="exited", exit_code=0)
    assert of_check("image.version", made("redis:7", "7.2 redis"), ended, version="7", image="redis")[0] is V
    assert of_check("image.version", ended, version="6", image="redis") == (R, "old exited (0)")
