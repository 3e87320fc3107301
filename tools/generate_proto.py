"""Generate src/geooffer/v1 from proto/geooffer/v1 with grpcio-tools (`make proto`).

usage: generate_proto.py [--out DIRECTORY]    (default: src; files land in DIRECTORY/geooffer/v1)

Generated files are committed, so that an install needs no protoc; tests/v1/test_generated.py regenerates them
elsewhere and compares. Files of protos that are gone are removed.
"""

from __future__ import annotations

import argparse
import importlib.resources
import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
INIT = '"""Generated from proto/geooffer/v1 by tools/generate_proto.py; do not edit."""\n'


def generate(out: Path) -> list[Path]:
    """Write messages (.py, .pyi) and stubs (_grpc.py) below `out`; returns the files written, sorted."""
    target = out / "geooffer" / "v1"
    target.mkdir(parents=True, exist_ok=True)
    for stale in (*target.glob("*_pb2.py"), *target.glob("*_pb2.pyi"), *target.glob("*_pb2_grpc.py")):
        stale.unlink()
    protos = sorted((PROTO / "geooffer" / "v1").glob("*.proto"))
    # only files with a service get a stub: an empty _grpc file says nothing
    services = [path for path in protos if "\nservice " in path.read_text()]
    _protoc([f"--python_out={out}", f"--pyi_out={out}"], protos)
    _protoc([f"--grpc_python_out={out}"], services)
    (target / "__init__.py").write_text(INIT)
    return sorted(path for path in target.iterdir() if path.suffix in (".py", ".pyi"))


def _protoc(options: list[str], protos: list[Path]) -> None:
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{well_known}", *options, *(str(path) for path in protos)]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "src")
    for path in generate(parser.parse_args().out):
        sys.stdout.write(f"{path.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
