"""image.version on a real engine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from dock import Dock

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]

TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
HOLD = ("httpd", "-f", "-p", "80")


class Shelf:
    """Images of the proof's own; gone at the end."""

    def __init__(self, dock: Dock) -> None:
        self.dock, self._made = dock, list[str]()

    def build(self, name: str, *lines: str, also: tuple[str, ...] = ()) -> str:
        reference = f"{self.dock.project}/{name}"
        text = "\n".join(["FROM distaudit-lab/busybox:1.35", *lines])
        image, _ = self.dock.lab.client.images.build(fileobj=io.BytesIO(text.encode()), tag=reference, rm=True)
        for other in also:
            image.tag(f"{self.dock.project}/{other}")
        self._made += [reference, *(f"{self.dock.project}/{other}" for other in also)]
        return reference

    def clear(self) -> None:
        from docker.errors import APIError

        for reference in self._made:
            with suppress(APIError):
                self.dock.lab.client.images.remove(reference, force=True)


@pytest.fixture(scope="module")
def dock(empty_dock: Dock) -> Iterator[Dock]:
    shelf = Shelf(empty_dock)

    def run(name: str, image: str, *lines: str, **options: Any) -> None:
        empty_dock.run(name, shelf.build(image, *lines, **options), *HOLD)

    # genuine ones
    run("by-variable", "redis:7.2", "ENV REDIS_VERSION=7.2.4")
    run("by-label", "api:latest", f"LABEL {TITLE}=api {VERSION}=2.3.1")
    run("its-base-is-older", "shop:3.1", f"LABEL {TITLE}=shop {VERSION}=3.1.0", "ENV PYTHON_VERSION=3.11.4")
    # facades
    run("retagged", "cache:7.2", "ENV REDIS_VERSION=6.2.1", also=("redis:6.2",))
    run("labelled-older", "broker:4.0", f"LABEL {TITLE}=broker {VERSION}=3.10.8")
    run("variable-older", "postgres:15.4", "ENV PG_VERSION=13.2-1")
    run("tagged-older", "queue:3.1")
    run("not-yet", "kafka:4.0", "ENV KAFKA_VERSION=4.0.0-rc1")
    # what cannot be told
    run("only-tagged", "search:8.1", "ENV LUCENE_ROOT=/x")
    run("latest", "proxy:latest")
    run("of-its-base", "app:5.0", f"LABEL {TITLE}=ubuntu {VERSION}=22.04")
    run("moved", "mail:9.9", "ENV MAIL_VERSION=2.1.0")
    run("counts-builds", "billing:42")
    empty_dock.all_started()
    yield empty_dock
    shelf.clear()


@pytest.mark.parametrize(
    ("container", "version"),
    [("by-variable", "7"), ("by-variable", ">= 7.2, < 8"), ("by-label", "2.3"), ("its-base-is-older", ">= 3.1")],
)
def test_an_image_that_says_what_it_is(dock: Dock, container: str, version: str) -> None:
    found = dock.judge("image.version", container=container, version=version)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("container", "version"),
    [
        ("retagged", ">= 7"),
        ("labelled-older", "4.0"),
        ("variable-older", ">= 15"),
        ("tagged-older", ">= 3.2"),
        ("by-variable", "6"),
        ("not-yet", ">= 4.0"),
        ("nobody", "1"),
    ],
)
def test_an_older_one_under_a_newer_name(dock: Dock, container: str, version: str) -> None:
    found = dock.judge("image.version", container=container, version=version)
    assert found.verdict is Verdict.REFUTED, found


@pytest.mark.parametrize(
    ("container", "version", "reason"),
    [
        ("only-tagged", "8", Reason.NO_OBSERVABLE),
        ("latest", ">= 1", Reason.NO_OBSERVABLE),
        ("of-its-base", "5.0", Reason.NO_OBSERVABLE),
        ("moved", ">= 2", Reason.AMBIGUOUS_CLAIM),
        ("counts-builds", "2.3", Reason.NO_OBSERVABLE),
        ("by-variable", "newest", Reason.AMBIGUOUS_CLAIM),
    ],
)
def test_a_tag_alone_proves_nothing(dock: Dock, container: str, version: str, reason: Reason) -> None:
    found = dock.judge("image.version", container=container, version=version)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, reason), found


def test_images_are_found_by_name(dock: Dock) -> None:
    assert dock.judge("image.version", image="redis", version="7").verdict is Verdict.VERIFIED
    assert dock.judge("image.version", image=f"{dock.project}/redis", version="6").verdict is Verdict.REFUTED
    assert dock.judge("image.version", image="mongo", version="6").verdict is Verdict.REFUTED
