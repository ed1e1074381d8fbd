"""Who listens on a port of this host: the kernel's tables and psutil tell the same."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from pytest_distaudit.systems import _listening
from pytest_distaudit.systems._listening import listening

from .bad_days import free_port


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_whoever_listens_is_found(family, host):
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        assert listening({port}) == listening({port, 1}) == _listening._told_by_psutil({port}) == {os.getpid()}


def test_a_connection_is_no_listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()
        with socket.create_connection(place) as ours, server.accept()[0]:
            assert listening({ours.getsockname()[1]}) == set()
            server.close()
            assert listening({place[1]}) == set()


def test_nobody_listens():
    assert listening({free_port()}) == listening(()) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these files")
def test_an_owner_that_cannot_be_seen_is_left_out(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def denied(path):
            raise PermissionError(path)

        monkeypatch.setattr(_listening.os, "readlink", denied)
        assert listening({port}) == set()
