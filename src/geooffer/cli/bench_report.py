"""What all benchmarks tell in the same way: their figures as text or JSON, and where these come from."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geooffer.cli.output import print_json
from geooffer.cli.version import package_version

_PARTS = ("geooffer", "grpcio", "protobuf", "numpy", "numba")


def origin(**further_versions: str) -> dict[str, Any]:
    """The part of a report that says what was measured, and on what."""
    versions = {"python": platform.python_version()} | {name: package_version(name) for name in _PARTS}
    return {"machine": _machine(), "versions": versions | further_versions, "commit": _commit()}


def tell(report: dict[str, Any], print_text: Callable[[dict[str, Any]], None], json_output: bool) -> None:
    """The report on stdout."""
    if json_output:
        print_json(report)
    else:
        print_text(report)


def print_origin(report: dict[str, Any]) -> None:
    """The last line of a report's text."""
    print(f"  {report['machine']['cpu']}, {report['machine']['cores']} cores; commit {report['commit'] or '–'}")


def _machine() -> dict[str, Any]:
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"}


def _commit() -> str:
    """The commit of the working tree this runs from, with + for changes; empty for an installed package."""
    here = Path(__file__).resolve().parent
    try:
        run = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()
