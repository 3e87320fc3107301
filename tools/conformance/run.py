"""`make conformance`: both data planes before clients nobody here wrote (docs/conformance.md).

    python tools/conformance/run.py [--plane python|native] [--json]

Ends with 1 where anything is not as it has to be, and with 0 and a word where Go is not there to build the clients.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import clients
import http2
import outside
from served import Served, planes, served

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def conformance(plane: str) -> list[str]:
    """What is wrong with one plane; progress on stdout."""
    faults: list[str] = []
    with served(plane) as server:
        faults += _checked(server, plane)
        found = http2.specified(server)
        faults += http2.faults_of(found, plane)
        counts = len(found.passed), len(found.failed), len(found.skipped)
        print("  h2spec: {} passed, {} failed, {} skipped".format(*counts), flush=True)
    with tempfile.TemporaryDirectory() as folder, served(plane, _certificate(Path(folder))) as server:
        faults += _checked(server, f"{plane} over TLS")
    return faults


def _checked(server: Served, title: str) -> list[str]:
    print(f"{title}:", flush=True)
    faults = []
    for name, check in clients.checks(server):
        seen = check(server)
        print(f"  {'ok  ' if seen is None else 'FAIL'} {name}", flush=True)
        if seen is not None:
            faults.append(f"{title}: {name}: {seen}")
    return faults


def _certificate(folder: Path) -> tuple[Path, Path]:
    from certificates import self_signed

    files = self_signed()
    chain, key = folder / "server.crt", folder / "server.key"
    chain.write_bytes(files.certificate_chain)
    key.write_bytes(files.private_key)
    key.chmod(0o600)
    return chain, key


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plane", choices=("python", "native"))
    options = parser.parse_args()
    if (why := outside.missing_go()) is not None:
        print(f"conformance NOT CHECKED: {why}")
        return 0
    outside.build()
    wanted = [options.plane] if options.plane else planes()
    if "native" not in wanted and options.plane is None:
        print("native: NOT CHECKED, geooffer-native is not built here")
    faults = [fault for plane in wanted for fault in conformance(plane)]
    print(*faults, sep="\n")
    print(json.dumps({"planes": wanted, "fault_count": len(faults)}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
