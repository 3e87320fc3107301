"""The committed Python of the wire API is what the protos say, and the protos are clean."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_those_of_the_protos(tmp_path):
    tool = ROOT / "tools" / "generate_proto.py"
    spec = importlib.util.spec_from_file_location("generate_proto", tool)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    fresh = {path.name: path.read_bytes() for path in module.generate(tmp_path)}
    committed = {
        path.name: path.read_bytes()
        for path in (ROOT / "src" / "geooffer" / "v1").iterdir()
        if path.suffix in (".py", ".pyi")
    }
    assert sorted(fresh) == sorted(committed)
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_buf_lint_is_clean():
    buf = shutil.which("buf", path=str(Path(sys.executable).parent)) or shutil.which("buf")
    if buf is None:
        pytest.skip("buf is not installed (it comes with the dev dependencies)")
    result = subprocess.run([buf, "lint"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0
