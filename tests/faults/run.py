"""`make faults`: every gate of reliability with its failing control, in at most fifteen minutes; a table at the end.

    make faults              all gates
    make faults GATES=2,5    some of them
    make faults SHORT=1      little of each
    make faults PLANE=native the same on the native data plane

A gate whose part is absent is a failure, not a pass. Exit code 1 where a gate found a violation or its control found
none.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from gates import GATES, SHORT, WHOLE, Gate, Size  # noqa: E402
from servers import WarmStarter  # noqa: E402

from planes import NATIVE, PYTHON  # noqa: E402

TOLD_VIOLATION_COUNT = 8


def run_gate(number: str, size: Size) -> Gate:
    """One gate; whatever ends it early is a violation."""
    name, gate = GATES[number]
    print(f"gate {number}  {name}", flush=True)
    started_s = time.monotonic()

    def progress(text: str) -> None:
        line = f"  {time.monotonic() - started_s:5.0f} s  {text}"
        if sys.stdout.isatty():
            print(f"\r\x1b[K{line[:118]}", end="", flush=True)
        else:
            print(line, flush=True)

    try:
        found = gate(size, progress)
    except Exception as error:  # noqa: BLE001  (a gate that does not run has not been passed)
        traceback.print_exc()
        found = Gate("absent or broken", [f"{type(error).__name__}: {error}"])
    if sys.stdout.isatty():
        print()
    for sentence in found.violations[:TOLD_VIOLATION_COUNT]:
        print(f"  VIOLATION  {sentence}", flush=True)
    print(f"  {time.monotonic() - started_s:5.0f} s  {'passed' if found.passed else 'FAILED'}", flush=True)
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="All gates of reliability, each with its failing control.")
    parser.add_argument("--gates", default=",".join(GATES), help="numbers, such as 2,5")
    parser.add_argument("--short", action="store_true", help="little of each")
    parser.add_argument("--plane", choices=(PYTHON, NATIVE), default=PYTHON, help="the data plane of the servers")
    options = parser.parse_args()
    WarmStarter.plane = options.plane
    from geooffer.kernels.compile import compile_all

    started_s = time.monotonic()
    print("compiling or loading kernels", flush=True)
    compile_all()
    found = {number: run_gate(number, SHORT if options.short else WHOLE) for number in options.gates.split(",")}
    print(f"\n{'gate':<22} {'violations':>10}   {'control saw':<44} runs")
    for number, gate in found.items():
        control = f"{gate.control_saw} · {gate.control}"
        print(f"{number} {GATES[number][0]:<20} {len(gate.violations):>10}   {control:<44} {gate.runs}")
    failed = [number for number, gate in found.items() if not gate.passed]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    print(f"{verdict} in {(time.monotonic() - started_s) / 60:.1f} minutes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
