"""A `geooffer serve` in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ANY_PORTS = tuple(part for key in ("data", "control", "metrics") for part in (f"--{key}-address", "127.0.0.1:0"))
"""The system chooses."""

STARTED = ("starting", "start_phase_over", "recovered", "start_phase_over", "serving")
"""Events of a start, as `events` tells them."""


@contextmanager
def serving(command: list[str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """A server process; ended by the test, or by force."""
    arguments = [*command, "serve", *ANY_PORTS, *options]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def log_lines(err: str) -> list[dict[str, Any]]:
    """What a server wrote to stderr: JSON, one object a line, and nothing else."""
    return [json.loads(line) for line in err.splitlines()]


def events(err: str) -> list[str]:
    """The names of the events, in order, one each however often it came in a row."""
    return [name for name, _ in itertools.groupby(line["event"] for line in log_lines(err))]
