"""Bytes of the project's own files to text: bounded, UTF-8, no binary."""

from __future__ import annotations

from pathlib import Path

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem

#: Nobody writes more by hand; a larger file is a mistake or an attack, and is not parsed.
LARGEST = 4 * 1024 * 1024


def decode(source: str | bytes, file: str, largest: int = LARGEST) -> str:
    """The text of ``source`` without a byte order mark. Raises InvalidInput: too large, binary, not UTF-8."""
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(data) > largest:
        raise _refused(file, _too_large(len(data), largest))
    if (offset := data.find(b"\0")) >= 0:
        raise _refused(file, f"this is a binary file (a zero byte at offset {offset}); text in UTF-8 is wanted")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{data[error.start]:02X} at offset {error.start}; save the file as UTF-8"
        raise _refused(file, message, data[: error.start]) from None


def read_bytes(path: Path, file: str, largest: int = LARGEST) -> bytes:
    """A file's content. Raises InvalidInput if it is too large, which is known before it is read, or unreadable."""
    try:
        size = path.stat().st_size
        if size > largest:
            raise _refused(file, _too_large(size, largest))
        with path.open("rb") as stream:
            return stream.read(largest + 1)
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror or error}") from None


def read_text(path: Path, file: str, largest: int = LARGEST) -> str:
    """A file's text. Raises InvalidInput as :func:`read_bytes` and :func:`decode` do."""
    return decode(read_bytes(path, file, largest), file, largest)


def shown(path: Path, root: Path) -> str:
    """The file's name in every place: relative to ``root`` with slashes; as given if it lies outside."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _too_large(size: int, largest: int) -> str:
    return f"the file has {size} bytes, more than the {largest} that are read; split it"


def _refused(file: str, message: str, before: bytes | None = None) -> InvalidInput:
    place = Place(file) if before is None else Place(file, before.count(b"\n") + 1)
    return InvalidInput([Problem(place, message)])
