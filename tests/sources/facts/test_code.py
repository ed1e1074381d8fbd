"""Source files: clients, routers that nobody includes, breakers that never open, objects that nobody starts."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.facts import CodeFlaw
from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import plant


def flaws(root: Path, files: dict[str, str]) -> list[tuple[CodeFlaw, str]]:
    return [(fact.flaw, fact.name) for fact in read_facts(plant(root, files)).code.flaws]


@pytest.mark.parametrize(
    ("name", "text", "module"),
    [
        ("a.py", "import os, pika\n", "pika"),
        ("a.py", "def f():\n    from aio_pika.abc import X\n", "aio_pika.abc"),
        ("a.ts", "import { Kafka } from 'kafkajs'\n", "kafkajs"),
        ("a.js", "const x = require('amqplib')\n", "amqplib"),
        (
            "A.java",
            "import org.springframework.amqp.rabbit.core.RabbitTemplate;\n",
            "org.springframework.amqp.rabbit.core.RabbitTemplate",
        ),
        ("a.go", 'import (\n\t"fmt"\n\t"github.com/IBM/sarama"\n)\n', "github.com/IBM/sarama"),
        ("A.cs", "using RabbitMQ.Client;\n", "RabbitMQ.Client"),
        ("a.rs", "use lapin::Connection;\n", "lapin::Connection"),
        ("a.rb", 'require "bunny"\n', "bunny"),
    ],
)
def test_imports_of_known_clients(tmp_path: Path, name: str, text: str, module: str) -> None:
    code = read_facts(plant(tmp_path, {f"src/{name}": text})).code
    assert [item.module for item in code.imports] == [module]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "# import pika\nx = 'import pika'\nimport pikachu\n"),
        ("test_a.py", "import pika\n"),
        ("tests/a.py", "import pika\n"),
        ("a.ts", "import x from './kafkajs'\n"),
    ],
)
def test_no_client(tmp_path: Path, name: str, text: str) -> None:
    assert read_facts(plant(tmp_path, {name: text})).code.imports == ()


def test_a_client_that_no_entry_point_reaches(tmp_path: Path) -> None:
    files = {
        "app/main.py": "from app import used\n",
        "app/__init__.py": "",
        "app/used.py": "import pika\n",
        "app/dead.py": "import pika\n",
    }
    imports = read_facts(plant(tmp_path, files)).code.imports
    assert {(item.spot.file, item.reached) for item in imports} == {("app/used.py", True), ("app/dead.py", False)}


def test_reachability_is_unknown_where_modules_are_imported_by_name(tmp_path: Path) -> None:
    files = {"main.py": "import importlib\nimportlib.import_module(x)\n", "dead.py": "import pika\n"}
    assert [item.reached for item in read_facts(plant(tmp_path, files)).code.imports] == [None]


ROUTER = "from fastapi import APIRouter\nrouter = APIRouter(prefix='/x')\n\n@router.get('/')\ndef x(): ...\n"


@pytest.mark.parametrize(
    "main",
    [
        "from fastapi import FastAPI\nfrom app.x import router\napp = FastAPI()\napp.include_router(router)\n",
        "from fastapi import FastAPI\nfrom app import x\napp = FastAPI()\napp.include_router(x.router)\n",
        "from fastapi import FastAPI\nimport app.x\napp = FastAPI()\napp.include_router(app.x.router)\n",
        "from fastapi import FastAPI\nfrom .x import router as r\napi = FastAPI()\n\ndef build(app):\n"
        "    app.include_router(router=r)\n",
        "from fastapi import FastAPI\napp = FastAPI()\nfor r in find():\n    app.include_router(r)\n",
        "from fastapi import FastAPI\napp = FastAPI()\napp.include_router(find())\n",
        "print('no application here')\n",
        "from fastapi import FastAPI\nfrom app.x import router\napp = FastAPI()\n"
        "for r in [router]:\n    app.include_router(r)\n",
    ],
)
def test_routers_that_are_or_may_be_included(tmp_path: Path, main: str) -> None:
    assert flaws(tmp_path, {"app/__init__.py": "", "app/x.py": ROUTER, "app/main.py": main}) == []


def test_a_router_that_nobody_includes(tmp_path: Path) -> None:
    files = {"app/x.py": ROUTER, "app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}
    assert flaws(tmp_path, files) == [(CodeFlaw.ROUTER_NOT_INCLUDED, "router")]


def test_a_router_behind_a_router_that_nobody_includes(tmp_path: Path) -> None:
    files = {
        "app/x.py": ROUTER,
        "app/y.py": ROUTER,
        "app/api.py": "from fastapi import APIRouter\nfrom app import x\napi_router = APIRouter()\n"
        "api_router.include_router(x.router)\n",
        "app/main.py": "from fastapi import FastAPI\nfrom app import api, y\napp = FastAPI()\n"
        "app.include_router(y.router)\n",
    }
    found = read_facts(plant(tmp_path, files)).code.flaws
    assert [(fact.spot.file, fact.spot.line, fact.detail) for fact in found] == [("app/x.py", 2, "/x")]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (
            "import pybreaker\nb = pybreaker.CircuitBreaker(fail_max=5, exclude=[Exception])\n",
            CodeFlaw.BREAKER_EXCLUDES_ALL,
        ),
        (
            "from pybreaker import CircuitBreaker\nb = CircuitBreaker(exclude=(ValueError, BaseException))\n",
            CodeFlaw.BREAKER_EXCLUDES_ALL,
        ),
        (
            "from pybreaker import CircuitBreaker\nb = CircuitBreaker()\n\n@b\nasync def f(): ...\n",
            CodeFlaw.BREAKER_NOT_AWAITED,
        ),
        (
            "import pybreaker\nb = pybreaker.CircuitBreaker()\nasync def f(): ...\nasync def g():\n"
            "    return await b.call(f, 1)\n",
            CodeFlaw.BREAKER_NOT_AWAITED,
        ),
        ("import pybreaker\nb = pybreaker.CircuitBreaker(exclude=[KeyError])\n\n@b\ndef f(): ...\n", None),
        ("from aiobreaker import CircuitBreaker\nb = CircuitBreaker()\n\n@b\nasync def f(): ...\n", None),
    ],
)
def test_breakers(tmp_path: Path, text: str, flaw: CodeFlaw | None) -> None:
    code = read_facts(plant(tmp_path, {"a.py": text})).code
    assert [fact.flaw for fact in code.flaws] == ([flaw] if flaw else [])
    assert code.breakers == 1


HEALTH = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/health')\nasync def health():\n    {}\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "try:\n        await db()\n    except Exception:\n        return {'ok': False}\n    return {'ok': True}",
            True,
        ),
        ("try:\n        await db()\n    except:\n        pass\n    return {}", True),
        ("try:\n        await db()\n    except Exception:\n        raise HTTPException(503)", False),
        ("try:\n        await db()\n    except Exception:\n        return JSONResponse({}, status_code=503)", False),
        ("try:\n        await db()\n    except Exception:\n        return {}, 503", False),
        ("try:\n        await db()\n    except ValueError:\n        return {}", False),
        ("return {'ok': True}", False),
    ],
)
def test_health_endpoints_that_cannot_fail(tmp_path: Path, body: str, found: bool) -> None:
    expected = [(CodeFlaw.ALWAYS_HEALTHY, "health")] if found else []
    assert flaws(tmp_path, {"main.py": HEALTH.format(body)}) == expected


MESH = "class Mesh:\n    def __init__(self): self.x = 1\n    async def initialize(self): ...\n    def call(self): ...\n"


@pytest.mark.parametrize(
    ("main", "started"),
    [
        ("from mesh import Mesh\nmesh = Mesh()\n\ndef f():\n    return mesh.call()\n", False),
        ("from mesh import Mesh\nmesh = Mesh()\n", False),
        ("from mesh import Mesh\nmesh = Mesh()\n\nasync def f():\n    await mesh.initialize()\n", True),
        ("from mesh import Mesh\nmesh = Mesh()\nstart_all(mesh)\n", True),
        ("from mesh import Mesh\nmesh = Mesh()\n\ndef get():\n    return mesh\n", True),
        ("from mesh import Mesh\nmesh = Mesh()\nall = [mesh]\n", True),
        ("from mesh import Mesh\nmesh: Mesh = Mesh(\n  1)\nasync def f(a=mesh): ...\n", True),
    ],
)
def test_objects_that_nobody_starts(tmp_path: Path, main: str, started: bool) -> None:
    found = flaws(tmp_path, {"mesh.py": MESH, "main.py": main})
    assert found == ([] if started else [(CodeFlaw.NEVER_STARTED, "mesh")])


@pytest.mark.parametrize(
    "text",
    [
        "def (",
        "x = '\\d'\nAPIRouter CircuitBreaker\n",
        "(" * 5000 + "APIRouter",
        "APIRouter\n" + "x." * 30_000 + "y",
        "\tAPIRouter FastAPI\n x",
    ],
)
def test_what_is_no_python_is_passed_over(tmp_path: Path, text: str) -> None:
    assert flaws(tmp_path, {"a.py": text}) == []
