"""Which program runs behind a process, by its command and its files; on this very host, without any server."""

from __future__ import annotations

import os
import sys

import pytest

from pytest_distaudit.systems import _program_code
from pytest_distaudit.systems._program import _application, _Entry, _entry
from pytest_distaudit.systems._program_code import Inside, code_of


@pytest.fixture
def place(tmp_path):
    def written(**files):
        for name, text in files.items():
            path = tmp_path / name
            path = path if path.suffix else path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return written


def inside(folder):
    return Inside(os.getpid(), str(folder))


def entry(folder, *argv, executable=None):
    seen = inside(folder)
    return _entry(seen, ["python", *argv], executable or os.path.realpath(sys.executable))


def loaded(folder, file="main.py", **more):
    code = code_of(inside(folder), str(folder / file), [str(folder)], **more)
    return code, [source.file.removeprefix(f"{folder}/") for source in code.code or ()]


def test_an_interpreter_is_no_program(place):
    folder = place(main="print(1)", app="print(3)", **{"pkg/mod": "print(2)"})
    assert entry(folder, "-u", "main.py", "a").file == f"{folder}/main.py"
    assert entry(folder, "-u", "main.py", "a").words == ["a"]
    assert entry(folder, "-m", "pkg.mod").source == f"{folder}/pkg/mod.py"
    assert entry(folder, "-c", "print(4)", "b").text == "print(4)"
    unicorn = entry(folder, "-m", "uvicorn", "--log-level", "main", "app:app")
    assert (unicorn.file, unicorn.source) == ("-m uvicorn", f"{folder}/app.py")
    assert entry(folder, "-m", "uvicorn", "other:app").source == ""
    assert (entry(folder, "-q").source, entry(folder, "-q").digest) == ("", "")
    assert unicorn.digest == "", "what only launches is no program"


def test_what_an_installed_launcher_is_told_to_run(place):
    folder = place(**{"src/app": "print(3)"})
    launcher = _Entry("/usr/bin/gunicorn", "d", ["--chdir", "src", "app:make()"])
    found = _application(inside(folder), launcher)
    assert (found.source, found.folder) == (f"{folder}/src/app.py", "src")


def test_a_compiled_program_has_no_text(place):
    folder = place(main="print(1)")
    found = entry(folder, "main.py", executable=str(folder / "main.py"))
    assert (found.source, found.words) == ("", ["main.py"])


def test_links_lead_to_the_program_as_its_process_sees_it(place, tmp_path):
    folder = place(**{"real/main": "import shared", "real/shared": "SHARED = dict(a=1)", "other/x": ""})
    (folder / "other/orders.py").symlink_to("../real/main.py")
    found = entry(folder, "other/orders.py")
    assert (found.file, found.folder) == (f"{folder}/real/main.py", f"{folder}/real")


def test_imports_of_the_project_are_followed(place):
    folder = place(**{
        "main": "import a.b, json, flask\nfrom c import d\nx('e.settings')\ny('e')\nz('main.no')",
        "a/__init__": "", "a/b": "from . import near\nfrom ..top import far\nimport main", "a/near": "", "top/far": "",
        "c/__init__": "", "c/d": "", "e/__init__": "", "e/settings": "", "idle": "print(1)", "c/helper": "print(2)",
    })  # fmt: skip
    code, files = loaded(folder)
    assert set(files) == {
        "main.py", "a/__init__.py", "a/b.py", "a/near.py", "top/far.py",
        "c/__init__.py", "c/d.py", "e/__init__.py", "e/settings.py",
    }  # fmt: skip
    assert (code.installed, code.unseen, len(code.beside)) == (("flask",), "", 2)


@pytest.mark.parametrize("call", ["importlib.import_module(x)", "exec(open(x).read())", "runpy.run_path(x)"])
def test_what_is_loaded_by_a_name_is_not_seen(place, call):
    code, _ = loaded(place(main=f"import importlib\n{call}"))
    assert code.unseen.endswith("loads code by a name that it is given")


def test_other_languages_by_their_paths(place):
    folder = place(**{
        "main.js": 'require("./shared"); import x from "./more.mjs"; f("plain")',
        "shared.js": "", "more.mjs": "", "plain.js": "",
        "main.rb": "require_relative 'lib/a'", "lib/a.rb": "", "main.sh": ". ./b.sh\n", "b.sh": "",
    })  # fmt: skip
    assert loaded(folder, "main.js")[1] == ["main.js", "shared.js", "more.mjs"]
    assert loaded(folder, "main.rb")[1] == ["main.rb", "lib/a.rb"]
    assert loaded(folder, "main.sh")[1] == ["main.sh", "b.sh"]


def test_installed_packages_are_none_of_the_project(place):
    folder = place(main="import shared, lib", lib="", **{"x/site-packages/shared": "A = dict(b=1)"})
    (folder / "shared.py").symlink_to("x/site-packages/shared.py")
    code, files = loaded(folder)
    assert files == ["main.py", "lib.py"]
    assert code.installed == ("shared",)


def test_what_cannot_be_read_is_said(place, monkeypatch):
    assert "cannot be read by this version" in loaded(place(main="if"))[0].unread
    deep = loaded(place(main="import broken", broken="\0"))[0]
    assert (deep.code, "broken.py" in deep.unread) == (None, True)
    monkeypatch.setattr(_program_code, "_MOST_STATEMENTS", 1)
    assert "too large" in loaded(place(main="print(1)\nprint(2)"))[0].unread


def test_too_much_is_not_read_whole(place, monkeypatch):
    folder = place(main="import a, b", a="", b="", c="", d="")
    monkeypatch.setattr(_program_code, "_MOST_FILES", 2)
    code, files = loaded(folder)
    assert (len(files), code.unseen) == (2, "its project is too large to be read whole")
    monkeypatch.setattr(_program_code, "_MOST_FILES", 3)
    assert "too much lies beside" in loaded(folder)[0].unseen


def test_code_in_a_command(place):
    code, files = loaded(place(a="", main=""), text="import a\nprint(a)", file="-c")
    assert (len(files), code.unread) == (2, "")
