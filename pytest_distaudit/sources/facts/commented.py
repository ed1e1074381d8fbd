"""Services that a compose file has commented out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_distaudit.sources.facts.yaml_nodes import Node, Unreadable, read_documents

_COMMENT = re.compile(r"^(\s*)#( ?)(.*)$")
_NAME = re.compile(r"(\s*)([A-Za-z0-9][A-Za-z0-9._-]*):\s*(?:&\S+\s*)?")
_BODY = re.compile(r"\s+(?:image|build):(?:\s|$)")
_NO_SERVICE = frozenset(
    ("services", "image", "build", "volumes", "networks", "environment", "ports", "deploy", "logging")
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Hidden:
    """A commented-out service; its node's lines are those of the file."""

    name: str
    node: Node


def commented_services(text: str) -> Iterator[Hidden]:
    """Find ``# name:`` followed by deeper comment lines with an image or a build."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        block = _block(lines, number)
        if block:
            yield from _services(block, number)
        number += max(1, len(block))


def _block(lines: list[str], start: int) -> list[str]:
    """The comment lines from here on without their signs, indented as they stood."""
    block: list[str] = []
    for line in lines[start:]:
        match = _COMMENT.match(line)
        if not match:
            break
        block.append(match[1] + match[2] + match[3])
    return block


def _services(block: list[str], start: int) -> Iterator[Hidden]:
    index = 0
    while index < len(block):
        head = _NAME.fullmatch(block[index])
        body = _body(block, index, len(head[1])) if head and head[2] not in _NO_SERVICE else []
        if head and any(_BODY.match(line) for line in body):
            node = _parsed(body, start + index + 2)
            node.key_line = start + index + 1
            yield Hidden(head[2], node)
            index += len(body)
        index += 1


def _body(block: list[str], index: int, indent: int) -> list[str]:
    body: list[str] = []
    for line in block[index + 1 : index + _LONGEST]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        body.append(line)
    return body


def _parsed(body: list[str], first: int) -> Node:
    try:
        documents = read_documents("\n".join(body))
    except Unreadable:
        documents = []
    if not documents:
        image = next((line.partition(":")[2].strip(" \"'") for line in body if line.lstrip().startswith("image:")), "")
        return Node(first, None, [], {"image": Node(first, image)} if image else {})
    node = documents[0]
    seen: set[int] = set()
    for inner in node.walk():
        if id(inner) not in seen:
            seen.add(id(inner))
            inner.line += first - 1
            inner.key_line += first - 1 if inner.key_line else 0
    return node
