"""The Numba policy: nothing compiles on a ping, and the cache never runs code that was edited since."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import geooffer
from geooffer.kernels import compile as policy
from geooffer.kernels.hashing import hash_find, hash_put

PACKAGE = Path(geooffer.__path__[0])

SCRIPT = """
import numpy as np
from geooffer.kernels.stock import stock_find, stock_put
from geooffer.kernels.compile import cache_directory
from geooffer.model import tables
from geooffer.kernels.compile import _entries
numbers = np.zeros(4, dtype=np.int64)
table = tables.LiveTables(
    np.zeros(16, tables.STOCK), numbers, np.zeros(0, tables.CLOSURE), np.full(4, -1, np.int32), numbers
)
for entry in _entries:
    if entry.dispatcher.py_func.__name__ in ("stock_find", "stock_put"):
        entry.dispatcher.compile(entry.signature())
stock_put(table, 1, 1, 5, 0)
hits = [sum(f.stats.cache_hits.values()) for f in (stock_find, stock_put)]
print(int(np.flatnonzero(table.stock["key"])[0]), stock_find(table, 1, 1), *hits, cache_directory().name)
"""


def run_copy(root: Path, cache: Path) -> list[str]:
    """Output of the script over the copied package: row used, row found, cache hits of both, directory."""
    environment = {
        **os.environ,
        "GEOOFFER_CACHE_DIR": str(cache),
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A package of model, kernels and errors alone, so that nothing else is imported or edited."""
    package = tmp_path / "source" / "geooffer"
    for room in ("model", "kernels"):
        shutil.copytree(PACKAGE / room, package / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE / "errors.py", package / "errors.py")
    (package / "__init__.py").write_text("")
    return package


def test_an_edited_callee_in_another_file_runs_and_an_unchanged_run_is_cached(copied: Path, tmp_path: Path) -> None:
    """Architecture 7: Numba itself would run the old machine code; `home_index` is a callee of the stock table."""
    cache = tmp_path / "cache"
    first = run_copy(copied.parent, cache)
    again = run_copy(copied.parent, cache)
    assert first[2:4] == ["0", "0"]
    assert again[2:4] == ["1", "1"], "the second run compiles nothing"
    assert [*again[:2], again[4]] == [*first[:2], first[4]]
    source = copied / "kernels" / "hashing.py"
    text = source.read_text()
    edited = text.replace(
        "return int(mixed >> _HIGH) & (capacity - 1)", "return (int(mixed >> _HIGH) + 3) & (capacity - 1)"
    )
    assert edited != text
    source.write_text(edited)
    after = run_copy(copied.parent, cache)
    assert int(after[0]) == (int(first[0]) + 3) % 16, "the new code ran"
    assert after[0] == after[1]
    assert after[2:4] == ["0", "0"]
    assert after[4] != first[4]


def test_the_digest_sees_every_kernel_and_model_file(copied: Path) -> None:
    seen = {policy.source_digest(copied)}
    for room in ("kernels", "model"):
        for path in sorted((copied / room).glob("*.py")):
            path.write_text(path.read_text() + "\n# edited\n")
            digest = policy.source_digest(copied)
            assert digest not in seen, path.name
            seen.add(digest)


def test_every_entry_has_one_signature_and_takes_no_other() -> None:
    """After compile_all no ping can make Numba compile."""
    names = set()
    for item in policy._entries:
        assert len(item.dispatcher.signatures) == 1, item.dispatcher.py_func.__name__
        assert item.dispatcher._can_compile is False
        names.add(item.dispatcher.py_func.__name__)
    for native in policy._native_entries:
        assert native.is_compiled
        names.add(native.py_func.__name__)
    assert len(names) == len(policy._entries) + len(policy._native_entries)
    assert {"admit_rows", "decide_rows", "locate_batch", "sweep_presence"} <= names
    with pytest.raises(TypeError, match="No matching definition"):
        hash_find(np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.float64), 1)  # type: ignore[arg-type]


def test_calling_compile_all_again_is_free_and_reports_all_as_cached() -> None:
    told: list[tuple[int, int, str]] = []
    report = policy.compile_all(lambda *step: told.append(step))
    assert report.entry_count == report.cached_count == len(told)
    assert told[0][:2] == (0, report.entry_count)


def test_no_kernel_may_break_reproducibility() -> None:
    """No fastmath, no threads, no exceptions from arithmetic."""
    releasing = set()
    for item in policy._entries:
        options = item.dispatcher.targetoptions
        assert options["error_model"] == "numpy"
        if options["nogil"]:
            releasing.add(item.dispatcher.py_func.__name__)
        assert not options.get("fastmath")
        assert not options.get("parallel")
    # whoever holds the engine's lock keeps the GIL; a merge of fences works in a thread of its own
    assert releasing == {
        "area_of_edges_m2",
        "circle_numbers",
        "fill_cells",
        "gather_spans",
        "deepest_overlap",
        "rasterise",
    }


def test_the_uncompiled_function_is_an_oracle() -> None:
    """`.py_func` gives what the machine code gives."""
    for index, key in enumerate((1, -1, 2**62, -(2**62) + 5)):
        keys = np.zeros(8, dtype=np.int64)
        slots = np.zeros(8, dtype=np.int32)
        assert hash_put(keys, slots, key, index) == hash_put.py_func(keys, slots, key, index)  # type: ignore[attr-defined]
        assert hash_find(keys, slots, key) == hash_find.py_func(keys, slots, key) == index  # type: ignore[attr-defined]
