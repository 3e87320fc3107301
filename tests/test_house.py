"""Style that can be counted is a test (docs: CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINE_COUNT_MAX = 400
FUNCTION_LINE_COUNT_MAX = 70
BANNED_NAME = re.compile(r"(?i)(helper|manager|utils?|handler|processor)s?$")


def _sources() -> list[Path]:
    rooms = ("src/geooffer", "tests", "benchmarks", "tools")
    files = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in files if "v1" not in path.relative_to(ROOT).parts[:3]]


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(_text(path).splitlines()) <= FILE_LINE_COUNT_MAX
    if path.is_relative_to(ROOT / "src"):
        for node in _functions(path):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINE_COUNT_MAX, node.name


def test_modules_and_classes_have_names_that_say_something() -> None:
    for path in _sources():
        assert not BANNED_NAME.search(path.stem), path
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                assert not BANNED_NAME.search(node.name), node.name


def test_every_module_says_what_it_is_for() -> None:
    for path in _sources():
        tree = _tree(path)
        assert not tree.body or ast.get_docstring(tree), path


def test_the_readme_shows_figures() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("<!-- figures:begin -->")[1].split("<!-- figures:end -->")[0]
    assert "pings/s" in section
    assert (ROOT / "docs" / "latency-direct.svg").exists()


def test_numbers_of_the_decision_records_have_no_gap() -> None:
    records = sorted(path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
