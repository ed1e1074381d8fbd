"""Claims about the versions of images that containers were made from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NoReturn

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pytest_distaudit.checks.chosen import CONTAINER, ENGINE, PROJECT, is_named, is_up, names, state
from pytest_distaudit.checks.versions import specifier, told
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.containers import Container, Containers, ImageWord


@check(
    "image.version",
    claims="the container's image is of that version, by its own account",
    says="version {version}",
    rung=Rung.RUNNING,
    roles=ENGINE,
    params={
        "version": Parameter(ParameterType.TEXT, "'15' (any 15.x), or comparisons such as '>= 15, < 17'"),
        "container": Parameter(ParameterType.TEXT, f"{CONTAINER.help}; this or image", None),
        "image": Parameter(ParameterType.TEXT, "the image's name without tag, or a glob; this or container", None),
        "project": PROJECT,
    },
    needs=lambda claim: (Look("system", Containers.ask()),),
    shows_not="that the server inside says the same (system.version)",
)
def version(claim: Claim, evidence: Evidence) -> Judgement:
    """A tag is a name that anybody can give: it can contradict the claim, and never proves it."""
    wanted = specifier(claim["version"])
    found = _meant(claim, evidence.one(Containers))
    for one in found:
        _refute_wrong(one, wanted, claim["version"])
    for one in found:
        _doubt(one)
    words = {one.name: _own_words(one)[0][0] for one in found}
    listed = ", ".join(f"{name} {word.version} (its {word.source})" for name, word in words.items())
    return verified(listed, f"claimed {claim['version']}")


def _meant(claim: Claim, seen: Containers) -> Sequence[Container]:
    if claim["container"] is None and claim["image"] is None:
        unverifiable(Reason.AMBIGUOUS_CLAIM, "no container named", "give the claim a container or an image")
    found = [
        one
        for one in seen.containers
        if is_named(one, claim["container"] or "*", claim["project"])
        and (claim["image"] is None or _is_of(one, claim["image"]))
    ]
    if not found:
        what = claim["container"] or claim["image"]
        refute(f"no container of {what}", f"the engine has {names(seen.containers)}", remedy="start it")
    up = [one for one in found if is_up(one)]
    if not up:
        refute(state(found[0]), f"none of {names(found)} is up", remedy="start it")
    return up


def _is_of(container: Container, pattern: str) -> bool:
    name = _repository(container.image)
    return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)


def _repository(reference: str) -> str:
    """``host:5000/team/redis:7@sha256:...`` without its tag and digest."""
    name = reference.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _tag(reference: str) -> str:
    """Its tag; "" without one. An image that lost its name is called by its digest."""
    if reference.startswith("sha256:"):
        return ""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _own_words(container: Container) -> Sequence[tuple[ImageWord, Version]]:
    """What the image says of what it is called after; words of another product are its base's."""
    called = {_repository(name).rpartition("/")[2].lower() for name in (container.image, *container.tags)}
    about = [(word, told(word.version)) for word in container.versions if word.about in called]
    return [(word, version) for word, version in about if version is not None]


def _refute_wrong(container: Container, wanted: SpecifierSet, claimed: str) -> None:
    words = _own_words(container)
    for word, version in words:
        if version not in wanted:
            because = f"claimed {claimed}; by its {word.source}, whatever {container.image} is called"
            refute(f"{container.name} is {word.version}", because, remedy="correct the document, or run what it says")
    tag = told(_tag(container.image))
    if not words and tag is not None and _speaks(container.image) and not _may_be(tag, wanted):
        because = f"claimed {claimed}; {container.name} runs {container.image}, which says nothing else of itself"
        refute(f"{container.name} is tagged {_tag(container.image)}", because)


def _speaks(reference: str) -> bool:
    """Whether a tag is a version: a bare number under a name of one's own may count builds."""
    return "." in _tag(reference) or "/" not in _repository(reference)


def _may_be(tag: Version, wanted: SpecifierSet) -> bool:
    """Whether a tag such as 15 leaves room for a version that is wanted, such as 15.4."""
    if tag.is_prerelease:
        return tag in wanted
    named = [each.version.removesuffix(".*") for each in wanted]
    near = [name for name in named if _starts_with(told(name), tag)]
    within = [f"{release}{more}" for release in (tag.public, *near) for more in ("", ".0.1", ".1", ".99999")]
    return any(Version(version) in wanted for version in within)


def _starts_with(longer: Version | None, shorter: Version) -> bool:
    return longer is not None and longer.release[: len(shorter.release)] == shorter.release


def _doubt(container: Container) -> None:
    """Raise unless the image itself says what it is, and its tag does not say otherwise."""
    words, tag = _own_words(container), told(_tag(container.image))
    if not words:
        _unsaid(container)
    word, own = words[0]
    if tag is not None and not (_starts_with(own, tag) or _starts_with(tag, own)):
        because = f"{container.image} calls itself {word.version} by its {word.source}"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{container.name}: tag and image disagree", because)


def _unsaid(container: Container) -> NoReturn:
    """Nothing but names, which anybody can give."""
    tags = sorted({tag for tag in (*container.tags, container.image) if told(_tag(tag)) is not None})
    because = f"only its name says so: {', '.join(tags)}" if tags else f"{container.image} names no version"
    if container.versions:
        because += f"; its {container.versions[0].source} ({container.versions[0].version}) may be its base's"
    remedy = "label the image: org.opencontainers.image.version and .title"
    unverifiable(Reason.NO_OBSERVABLE, f"{container.name} does not tell its version", because, remedy=remedy)
