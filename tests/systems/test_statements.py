"""Statements of source texts: what makes two texts one program, and what does not."""

from __future__ import annotations

import pytest

from pytest_distaudit.systems._statements import Text, Unreadable, sources

ONE = '''
"""Orders."""
import os
PATHS = ["/a"]
def serve(path):
    """Serves."""
    if path in PATHS:
        return {"path": path, "port": 80 + 1}
    raise LookupError(f"no {path}")
print(serve(os.environ["A"]))
'''


def of(content, python=True, *more):
    texts = [Text.read("/a.py" if python else "/a.js", content, python)]
    return sources([*texts, *(Text.read(f"/{at}.py", text, True) for at, text in enumerate(more))])[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Orders."""', '"""Users."""  # another'),
        ("import os", "import os, sys"),
        ('["/a"]', '("/b", "/c")'),
        ('["/a"]', "{}"),
        ("80 + 1", "-9"),
        ('"""Serves."""', ""),
        ("    if path in PATHS:\n", "\n    if (path in PATHS):  # so\n\n"),
        ("print(", "print  (\n"),
        ("PATHS = ", "\n\nPATHS   = "),
    ],
)
def test_layout_and_what_is_fixed_make_no_difference(old, new):
    assert old in ONE
    assert of(ONE) == of(ONE.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("raise", "return"), ("path in PATHS", "path not in PATHS")])
def test_what_is_done_makes_one(old, new):
    assert of(ONE).statements != of(ONE.replace(old, new)).statements


def test_names_tell_statements_apart_and_no_shapes():
    renamed = ONE.replace("path", "way").replace("serve", "answer").replace("PATHS", "WAYS")
    assert set(of(ONE).statements) & set(of(renamed).statements) == set()
    assert of(ONE).shape == of(renamed).shape


def test_what_is_never_named_is_left_out():
    idle = "\ndef never(a):\n    return serve(a)\nclass Never:\n    b = serve(a)\n"
    assert of(ONE + idle) == of(ONE)
    assert of(ONE + idle + "\nnever(1)\n") != of(ONE)
    assert len(of(ONE + idle + "\nprint(globals()[serve])").statements) == len(of(ONE).statements) + 5
    assert len(of(ONE + "\n@route('/')\ndef view(a):\n    return a\n").statements) == len(of(ONE).statements) + 2


def test_a_name_that_another_file_says_is_named():
    assert len(of("def a():\n    return b()\n").statements) == 0
    assert len(of("def a():\n    return b()\n", True, "import it\nit.a()").statements) == 2
    chain = "def a():\n    return b()\ndef b():\n    return a()\n"
    assert len(of(chain).statements) == 0, "two that only name one another"


def test_what_is_no_python():
    for text in ("if", "\0", "x = 'a" + "(" * 100_000):
        with pytest.raises(Unreadable, match="cannot be read"):
            of(text)


SCRIPT = """
// orders
const http = require("http");
import { serve } from "./shared.js";
/* many
   lines */
const paths = ["/a"];
serve(paths, 80);
}
"""


@pytest.mark.parametrize(
    ("old", "new"), [("orders", "users"), ('"/a"', "'/b'"), ("80", "81"), ("serve(paths", "serve( paths"), ("}", "})")]
)
def test_other_languages_by_line(old, new):
    assert len(of(SCRIPT, python=False).statements) == 2
    assert of(SCRIPT, python=False) == of(SCRIPT.replace(old, new), python=False)


def test_names_in_other_languages():
    renamed = SCRIPT.replace("paths", "ways")
    assert of(SCRIPT, python=False).statements != of(renamed, python=False).statements
