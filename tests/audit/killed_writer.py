"""Tells a journal into an audit log again and again, killed at another step each time; prints what was in the end.

python killed_writer.py DIRECTORY
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from audit_scene import ANNA, BERTA, Scene

from geooffer.audit.entries import SEAL
from geooffer.audit.reading import Reader

KILLED = 9


def counting(end_at: int) -> tuple[Callable[[str], None], list[str]]:
    """A step hook that ends the process at step number `end_at`."""
    steps: list[str] = []

    def on_step(step: str) -> None:
        steps.append(step)
        if len(steps) == end_at:
            os._exit(KILLED)

    return on_step, steps


def told(directory: Path, end_at: int) -> list[str]:
    """Tell all; returns the steps taken."""
    scene = Scene(directory)
    on_step, steps = counting(end_at)
    log = scene.open_log(on_step)
    scene.tell(log, at_once=3)
    log.close()
    scene.close()
    return steps


def outcome(directory: Path) -> dict[str, object]:
    """What the log holds."""
    scene = Scene(directory)
    scene.verify()
    reader = Reader(scene.audit, scene.keys)
    readable = [payload is not None for key in (ANNA, BERTA) for _, payload in reader.entries(person_keys=[key])]
    reader.close()
    lsns = [entry.lsn for entry in scene.entries() if entry.kind != SEAL]
    scene.close()
    return {"lsns": lsns, "readable": readable}


def fresh(directory: Path) -> None:
    """A journal, and nothing told of it."""
    directory.mkdir()
    scene = Scene(directory)
    scene.commit_all()
    scene.close()


def main(root: Path) -> None:
    """One directory for each step."""
    whole = root / "whole"
    fresh(whole)
    steps = told(whole, 0)
    results = {"0 none": outcome(whole)}
    for number, step in enumerate(steps, start=1):
        directory = root / f"step-{number}"
        fresh(directory)
        child = os.fork()
        if child == 0:
            told(directory, number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == KILLED, step
        told(directory, 0)
        results[f"{number} {step}"] = outcome(directory)
    sys.stdout.write(json.dumps(results))


main(Path(sys.argv[1]))
