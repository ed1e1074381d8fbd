"""``python -m docs.generate source FOLDER`` fills it with pages; ``check FOLDER`` looks at what was built of them."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.generate.foreign import foreign
from docs.generate.pictures import take_pictures
from docs.generate.source import write_source


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    match arguments:
        case ["source", folder]:
            source = Path(folder).resolve()
            write_source(source, take_pictures(source / "pictures"))
            return 0
        case ["check", folder]:
            found = foreign(Path(folder))
            print("\n".join(f"docs: loaded from elsewhere: {one}" for one in found), end="\n" if found else "")
            return 1 if found else 0
    print("usage: python -m docs.generate source|check FOLDER", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
