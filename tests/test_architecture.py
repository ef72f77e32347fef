"""The house keeps its plan: imports point leftwards, functions fit a screen, words are the glossary's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cleaner

ROOT = Path(cleaner.__file__).parent
FILES = {
    path.relative_to(ROOT).as_posix(): path
    for path in sorted(ROOT.rglob("*.py"))
    if path.parent.name != "v1"
}
every_file = pytest.mark.parametrize("name", FILES)

# A module may import what stands left of it, and its own part. `model` and `errors` hold values, `threads` one setting.
ORDER = (
    "model",
    "errors",
    "protocols",
    "threads",
    "ingest",
    "segment",
    "detect",
    "profiles",
    "decide",
    "render",
    "pipeline",
)
EDGES = ("bench", "serve", "client", "cli", "integrations", "learn")
# Which edge may build on which other.
BESIDE = {"cli": {"bench", "serve", "client", "cli", "learn", "integrations"}, "bench": {"bench", "serve", "client", "learn", "integrations"}, "learn": {"learn"},
          "serve": {"serve", "learn"}, "client": {"client", "serve"}, "integrations": {"client", "integrations", "learn"}}  # fmt: skip
MOST_LINES = 40
FORBIDDEN = re.compile(
    r"(?:^|_)(?:filter|noise|junk|utils?|manager|processor|recogni[sz]er)s?(?:_|$)", re.I
)


def tree(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def imported(name: str) -> Iterator[str]:
    """Yield the parts of the house that a file imports, wherever in it; ``api`` for `cleaner`."""
    for node in ast.walk(tree(name)):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "cleaner":
            parts = {part_of(file) for file in FILES} | {"v1"}
            found = [f"cleaner.{a.name if a.name in parts else 'api'}" for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found = [node.module or ""]
        yield from (module.split(".")[1] for module in found if module.startswith("cleaner."))


def part_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


@every_file
def test_imports_point_leftwards(name: str) -> None:
    part = part_of(name)
    if part in ("__init__", "__main__"):
        return
    inner = (
        ORDER[: ORDER.index(part) + 1] if part in ORDER else (*ORDER, "v1", "api", *BESIDE[part])
    )
    beyond = {
        found for found in imported(name) if found not in inner and not found.startswith("__")
    }
    assert beyond == set()


def test_every_part_has_its_place() -> None:
    assert {part_of(name) for name in FILES} <= {*ORDER, *EDGES, "__init__", "__main__"}


@pytest.mark.parametrize("name", [name for name in FILES if part_of(name) in ORDER])
def test_stages_know_nothing_of_transport_or_terminal(name: str) -> None:
    modules = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not modules & {
        "grpc",
        "google",
        "click",
        "rich",
        "asyncio",
        "socket",
        "subprocess",
        "pickle",
    }


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@every_file
def test_functions_fit_a_screen(name: str) -> None:
    long = {
        node.name: lines
        for node in functions(name)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES
    }
    assert long == {}


@every_file
def test_names_are_the_glossary_s(name: str) -> None:
    names = {FILES[name].stem}
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name))
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    assert {found for found in names if FORBIDDEN.search(found)} == set()


@every_file
def test_modules_and_what_is_public_in_them_are_explained(name: str) -> None:
    module = tree(name)
    assert ast.get_docstring(module)
    silent = [
        node.name
        for owner in (module, *(node for node in module.body if isinstance(node, ast.ClassDef)))
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not (isinstance(owner, ast.ClassDef) and owner.name.startswith("_"))
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_the_pipeline_is_one_table_of_five_stages() -> None:
    from cleaner.pipeline import STAGES

    assert ["ingest", *(name for name, _ in STAGES)] == [
        "ingest",
        "segment",
        "detect",
        "decide",
        "render",
    ]


def test_what_is_public_is_exported() -> None:
    assert all(hasattr(cleaner, name) for name in cleaner.__all__)


def test_importing_the_library_imports_no_parser_and_no_server() -> None:
    """Start-up is part of what a command costs."""
    import subprocess
    import sys

    code = "import sys, cleaner, cleaner.cli.clean; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {
        "grpc",
        "google",
        "trafilatura",
        "lxml",
        "selectolax",
        "rich",
        "charset_normalizer",
    } & set(done.stdout.split())
