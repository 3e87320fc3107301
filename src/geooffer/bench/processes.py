"""Processes of a benchmark: where they run, what they use, how they are started and talked to.

Each has a pipe to the one that measures. A client is sent its plan and sends back what it measured; a server says that
it listens, then answers until the pipe closes. Instead of either comes the text of what went wrong.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc

from geooffer.errors import ConfigurationError, GeoofferError

READY_TIMEOUT_S = 180.0
END_TIMEOUT_S = 30.0
LOOK_EVERY_S = 0.002_5
SAMPLE_EVERY_S = 0.05


class BenchmarkError(GeoofferError):
    """A run whose answers do not add up measures nothing."""

    reason = "BENCHMARK"


@dataclass(frozen=True, slots=True)
class ReadyServer:
    """A server that listens."""

    data_address: str
    tokens: list[str]
    pid: int


# -- where they run, what they use -----------------------------------------------------------------------------


def cores() -> tuple[int | None, int | None]:
    """(server's core, load generator's core): two of those this process may use; None where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process, and the threads it will start, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class MostMemory:
    """The most memory a process had in RAM while it was watched."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.before_bytes = self.most_bytes = resident_bytes(pid)

    def look(self) -> None:
        """Once more."""
        self.most_bytes = max(self.most_bytes, resident_bytes(self.pid))


@contextmanager
def watching_memory(pid: int) -> Iterator[MostMemory]:
    """Look at a process's memory every SAMPLE_EVERY_S, beside what the block does."""
    memory, over = MostMemory(pid), threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            memory.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, user and system; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # the name in parentheses may hold spaces; utime and stime are the 14th and 15th field
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def going_on(pid: int) -> Iterator[None]:
    """A process that was stopped goes on while the block runs, and is stopped again."""
    os.kill(pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGSTOP)


# -- from the one that measures --------------------------------------------------------------------------------


@contextmanager
def process(target: Callable[[Connection, Any], None], plan: Any) -> Iterator[tuple[Connection, Any]]:
    """Run `target(pipe, plan)` in a fresh process; closing the pipe asks it to end."""
    parent, child = multiprocessing.Pipe()
    # spawn, not fork: a fork after gRPC or Numba has started threads may hang
    started = multiprocessing.get_context("spawn").Process(target=target, args=(child, plan))
    started.start()
    child.close()
    try:
        yield parent, started
    finally:
        parent.close()
        started.join(END_TIMEOUT_S)
        if started.is_alive():
            started.kill()
            started.join()


def receive(pipe: Connection, sender: Any, timeout_s: float | None) -> Any:
    """What a process sends next; None: wait for ever. Raises BenchmarkError with its text, ConfigurationError."""
    if not pipe.poll(timeout_s):
        raise ConfigurationError("a process of the benchmark did not answer in time")
    try:
        message = pipe.recv()
    except EOFError:
        raise ConfigurationError(f"a process of the benchmark ended early ({sender.name})") from None
    if isinstance(message, str):
        raise BenchmarkError(message)
    return message


# -- from the process itself -----------------------------------------------------------------------------------


def run_client(pipe: Connection, core: int | None, run: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
    """A client's main: wait for the plan, run it, send back what it measured or the text of what went wrong."""
    pin(core)
    try:
        plan = pipe.recv()
    except EOFError:
        return
    try:
        pipe.send(asyncio.run(run(plan)))
    except (grpc.RpcError, ConnectionError, TimeoutError) as error:
        pipe.send(f"{type(error).__name__}: {error}")


def run_server(pipe: Connection, core: int | None, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A server's main: serve, or send the text of what stands in the way."""
    pin(core)
    try:
        asyncio.run(serve())
    except GeoofferError as error:
        pipe.send(error.message)
    except KeyboardInterrupt:
        return  # the parent was interrupted too, and says so


async def watch_pauses(pauses_s: list[float]) -> None:
    """For ever: how much later than asked the loop came round, twice in 5 ms."""
    while True:
        asked_s = time.perf_counter()
        await asyncio.sleep(LOOK_EVERY_S)
        pauses_s.append(time.perf_counter() - asked_s - LOOK_EVERY_S)


async def listen_until_closed(
    pipe: Connection, address: str, tokens: list[str], report: Callable[[], Any] = lambda: None
) -> None:
    """Tell that this process listens, then answer everything with a `report`, until the pipe closes."""
    pipe.send(ReadyServer(address, tokens, os.getpid()))
    await answer_until_closed(pipe, report)


async def answer_until_closed(pipe: Connection, report: Callable[[], Any]) -> None:
    """Answer everything with a `report`, until the pipe closes."""
    closed = asyncio.Event()

    def answer() -> None:
        try:
            pipe.recv()
        except EOFError:
            closed.set()
            return
        pipe.send(report())

    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), answer)
    await closed.wait()
    loop.remove_reader(pipe.fileno())
