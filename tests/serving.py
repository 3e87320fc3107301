"""A `geooffer serve` in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(command: list[str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """A server process; ended by the test, or by force."""
    arguments = [*command, "serve", "--data-address", "127.0.0.1:0", "--control-address", "127.0.0.1:0", *options]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
