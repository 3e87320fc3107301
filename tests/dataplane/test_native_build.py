"""The second wheel: one version with the first, and rebuilt whenever one of its sources changes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BINDING = ROOT / "native" / "py"


def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_crates_and_wheels_have_one_version() -> None:
    version = toml(ROOT / "pyproject.toml")["project"]["version"]
    assert toml(BINDING / "pyproject.toml")["project"]["version"] == version
    assert toml(ROOT / "native" / "Cargo.toml")["workspace"]["package"]["version"] == version


def test_every_source_of_the_wheel_is_a_key_of_its_cache() -> None:
    keys = [key["file"] for key in toml(BINDING / "pyproject.toml")["tool"]["uv"]["cache-keys"]]
    covered = {path.resolve() for key in keys for path in matched(key)}
    crates = [ROOT / "native" / name for name in toml(ROOT / "native" / "Cargo.toml")["workspace"]["members"]]
    sources = {file for crate in crates for file in (*crate.glob("src/**/*.rs"), crate / "Cargo.toml")}
    sources |= {ROOT / "native" / name for name in ("Cargo.toml", "Cargo.lock")} | {BINDING / "geooffer_native.pyi"}
    assert sources - covered == set()


def matched(key: str) -> list[Path]:
    """The files that a key of the cache names, relative to the binding."""
    directory, pattern = BINDING, key
    while pattern.startswith("../"):
        directory, pattern = directory.parent, pattern[3:]
    return list(directory.glob(pattern))


def test_the_stub_declares_what_the_module_has() -> None:
    native = pytest.importorskip("geooffer_native", reason="geooffer-native is not installed (make native)")
    stub = (BINDING / "geooffer_native.pyi").read_text(encoding="utf-8")
    names = [name for name in dir(native) if not name.startswith("_") and name != "geooffer_native"]
    assert [name for name in names if f"class {name}:" not in stub and f"def {name}(" not in stub] == [
        name for name in names if f"{name}: " in stub and name.isupper()
    ]
