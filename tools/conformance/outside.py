"""Clients nobody here wrote, built by Go from `go.mod` beside this file into build/conformance, each version pinned
and checked by `go.sum`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = ROOT / "build" / "conformance"
PACKAGES = {
    "grpcurl": "github.com/fullstorydev/grpcurl/cmd/grpcurl",
    "ghz": "github.com/bojand/ghz/cmd/ghz",
    "grpc-health-probe": "github.com/grpc-ecosystem/grpc-health-probe",
    "h2spec": "github.com/summerwind/h2spec/cmd/h2spec",
}
BUILD_S = 1_800
RUN_S = 600


def missing_go() -> str | None:
    """Why nothing can be built; None where it can."""
    if all((FOLDER / name).exists() for name in PACKAGES):
        return None
    return None if shutil.which("go") else "go is not on this machine: see https://go.dev/dl, version 1.26 or newer"


def build() -> None:
    """Those that are not there yet. Raises subprocess.CalledProcessError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, package in PACKAGES.items():
        if not (FOLDER / name).exists():
            print(f"building {name} (once)", flush=True)
            environment = os.environ | {"GOBIN": str(FOLDER), "GOFLAGS": "-buildvcs=false -mod=readonly"}
            subprocess.run(["go", "install", package], cwd=HERE, env=environment, check=True, timeout=BUILD_S)


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of them, to its end, from the folder of the protos."""
    command = [str(FOLDER / name), *arguments]
    return subprocess.run(command, cwd=ROOT / "proto", capture_output=True, text=True, timeout=RUN_S, check=False)
