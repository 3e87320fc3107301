"""The command tree, its speed to help, its versions."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]

COMMANDS = ("serve", "import", "replay", "demo", "try", "bench", "token", "config", "version")
KINDS = (
    "stores", "fences", "categories", "products", "prices", "offers", "stock", "customers", "touchpoints", "consents",
)  # fmt: skip


def test_help_lists_every_command(invoke: Invoke) -> None:
    text = invoke("--help").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in text


def test_import_has_every_kind(invoke: Invoke) -> None:
    text = invoke("import", "--help").stdout
    for kind in KINDS:
        assert f"\n  {kind} " in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_building_the_tree_loads_nothing_heavy() -> None:
    code = (
        "import sys; from geooffer.cli.main import build_app; build_app();"
        "print([m for m in ('numpy', 'numba', 'grpc', 'shapely', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [("nonsense",), ("serve", "--nonsense"), ("import", "fences"), ("replay",), ()])
def test_wrong_usage_ends_with_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_stream_that_the_caller_closed_is_an_empty_one(closed: int) -> None:
    """What is for stderr does not go to stdout then, and nothing of ours fails."""
    command = [sys.executable, "-m", "geooffer.cli.main", "locate", "--fences", "f", "--points", "p", "--index", "none"]
    line = f"exec {shlex.join(command)} {closed}>&-"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("" if closed == 2 else "error: --index is rtree, packed or cells [INVALID_ARGUMENT]\n")


def test_version(invoke: Invoke) -> None:
    found = json.loads(invoke("version", "--json").stdout)
    assert found["geooffer"] == "0.1.0"
    assert {"python", "numba", "numpy", "grpcio", "protobuf", "rtree", "shapely"} <= found.keys()
    assert "geooffer" in invoke("version").stdout
