"""What the disk alone takes: writes of a commit's size into a file laid out beforehand, each with its fdatasync.

In a process of its own on the server's core, while the server works: what a journal can reach there at best. A server
that starts, is filled or ends is another neighbour, and no write beside that one counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from geooffer.bench.processes import pin, process, receive

WRITE_SIZE_BYTES = 4_120
"""A page of SQLite with the header of its frame."""
FILE_WRITE_COUNT = 1_024
READY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """Where, how often, on which core."""

    directory: Path
    rate: float
    """Writes a second, at random moments."""
    core: int | None


@dataclass(slots=True)
class Probed:
    """Filled when the probe ends."""

    latencies_s: list[float] = field(default_factory=list)


@contextmanager
def probing(plan: ProbePlan, probed: Probed) -> Iterator[None]:
    """Probe from the beginning of the block to its end. Raises BenchmarkError, ConfigurationError."""
    with process(probe, plan) as (pipe, started):
        receive(pipe, started, READY_TIMEOUT_S)
        yield
        pipe.send("end")
        probed.latencies_s += receive(pipe, started, READY_TIMEOUT_S)


def probe(pipe: Connection, plan: ProbePlan) -> None:
    """The process's main."""
    pin(plan.core)
    latencies_s: list[float] = []
    moments = np.random.default_rng(1)
    descriptor = os.open(plan.directory / "probe", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, bytes(FILE_WRITE_COUNT * WRITE_SIZE_BYTES))
        os.fsync(descriptor)
        pipe.send(True)
        number = 0
        while not pipe.poll(float(moments.exponential(1 / plan.rate))):
            data = os.urandom(WRITE_SIZE_BYTES)
            started_s = time.perf_counter()
            os.pwrite(descriptor, data, number % FILE_WRITE_COUNT * WRITE_SIZE_BYTES)
            os.fdatasync(descriptor)
            latencies_s.append(time.perf_counter() - started_s)
            number += 1
        pipe.recv()
        pipe.send(latencies_s)
    except (EOFError, KeyboardInterrupt):
        return  # the one that measures is gone
    finally:
        os.close(descriptor)
