"""Versions that claims want, and those that names tell."""

from __future__ import annotations

import pytest
from packaging.version import Version

from pytest_distaudit.checks.versions import specifier, told
from pytest_distaudit.domain.judgement import Unverifiable


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("15", "15"),
        ("v15.4", "15.4"),
        ("15.4-alpine", "15.4"),
        ("15-bookworm", "15"),
        ("7.2.4_build7", "7.2.4"),
        ("1.2+deb12", "1.2"),
        ("16rc1", "16rc1"),
        ("16-rc.1", "16rc1"),
        ("4.0.0-beta2-slim", "4.0.0b2"),
        ("1989", "1989"),
        ("1990", None),
        ("20240115", None),
        ("latest", None),
        ("15abc", None),
        ("", None),
        ("build-7", None),
    ],
)
def test_what_a_name_tells(text, version):
    assert told(text) == (None if version is None else Version(version))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("15", "15.4", "16"), ("v15.x", "15.9", "14.9"), (">= 15, < 17", "16", "17"), ("==7.2", "7.2", "7.2.1")],
)
def test_what_a_claim_wants(text, inside, outside):
    assert Version(inside) in specifier(text)
    assert Version(outside) not in specifier(text)


@pytest.mark.parametrize("text", ["", "newest", "> ", "15 or so"])
def test_what_is_no_version(text):
    with pytest.raises(Unverifiable):
        specifier(text)
