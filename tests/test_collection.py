"""Tests live in folders without __init__.py, so each module goes by its bare name: any folders collect together only
while names are unique and nobody imports from a conftest.py (of which there are several).
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

MODULES = sorted(Path(__file__).parent.rglob("*.py"))


def test_no_two_modules_have_one_name() -> None:
    names = Counter(path.stem for path in MODULES if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
    assert names.keys() & sys.stdlib_module_names == set()


def test_nobody_imports_from_a_conftest() -> None:
    imports = re.compile(r"^\s*(from|import) conftest\b", re.MULTILINE)
    assert [path.name for path in MODULES if imports.search(path.read_text())] == []
