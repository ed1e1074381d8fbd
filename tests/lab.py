"""Containers for tests, on the engine of `./run lab up`; without one a test is skipped by name.

    @pytest.fixture(scope="module")
    def lab():
        with Lab.reached() as lab:
            yield lab

Images are named as lab/lab.sh does: ``lab.run("redis:7.0")``.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.networks import Network

STATE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "pytest-distaudit/lab/env"
#: who started a container: .ci/leftovers.py counts those whose owner is gone
OWNER = "distaudit.owner"
#: `./run test-images`: the same names without the lab's folder
OFFICIAL = os.environ.get("DISTAUDIT_IMAGES") == "official"
NONE = "no Docker engine: ./run lab up"


def variables() -> dict[str, str]:
    """DOCKER_HOST, with Compose DOCKER_CONFIG, and the images of the example: the environment's own, else the lab's;
    empty without an engine."""
    told = os.environ if "DOCKER_HOST" in os.environ else _of_the_lab()
    ours = ("DOCKER_HOST", "DOCKER_CONFIG")
    return {name: text for name, text in told.items() if name in ours or (name.endswith("_IMAGE") and not OFFICIAL)}


def _of_the_lab() -> Mapping[str, str]:
    try:
        lines = STATE.read_text("utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines)


class Lab:
    """An engine and what a test made in it."""

    def __init__(self, address: str) -> None:
        import docker

        self.address = address
        self.client = docker.DockerClient(base_url=address, timeout=30)
        self._labels = {OWNER: str(os.getpid())}
        self._containers: list[Container] = []
        self._networks: list[Network] = []

    @classmethod
    @contextmanager
    def reached(cls, *images: str) -> Iterator[Lab]:
        """A lab that has the images, emptied at the end; skips the test where there is none."""
        from docker.errors import DockerException, ImageNotFound

        address = variables().get("DOCKER_HOST", "")
        if not _listens(address):
            pytest.skip(NONE)
        try:
            lab = cls(address)
            for image in images:
                lab.client.images.get(named(image))
        except ImageNotFound as missing:
            pytest.skip(f"{missing.explanation}: ./run lab up")
        except DockerException as error:
            pytest.skip(f"{NONE} ({error})")
        try:
            yield lab
        finally:
            lab.close()

    def create(self, image: str, *argv: str, **options: Any) -> Container:
        """A container that is not started; options as docker's own ``create`` has them."""
        labels = self._labels | options.pop("labels", {})
        made = self.client.containers.create(named(image), list(argv) or None, labels=labels, **options)
        self._containers.append(made)
        return made

    def run(self, image: str, *argv: str, **options: Any) -> Container:
        """A container that was started; its ports are those after ``reload``."""
        made = self.create(image, *argv, **options)
        made.start()
        made.reload()
        return made

    def network(self, name: str, **options: Any) -> Network:
        """A network of its own; options as docker's own ``create`` has them."""
        made = self.client.networks.create(name, labels=self._labels, **options)
        self._networks.append(made)
        return made

    def remove(self, container: Container) -> None:
        """Take a container away at once; one that has gone already is fine."""
        from docker.errors import APIError

        with suppress(APIError):
            container.remove(force=True, v=True)

    def close(self) -> None:
        """Take everything away that was made here."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.remove, self._containers))
        for network in self._networks:
            network.remove()
        self.client.close()


def _listens(address: str) -> bool:
    """docker's client leaves a socket open where nobody does."""
    scheme, _, path = address.partition("://")
    if scheme != "unix":
        return bool(address)
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def named(image: str) -> str:
    """The lab's own image, unless the name has a folder already or `./run test-images` wants the official one."""
    if "/" in image or "sha256:" in image or OFFICIAL:
        return image
    return f"distaudit-lab/{image}"
