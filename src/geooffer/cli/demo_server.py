"""The demo's server: the real service, in a process of its own, told to end through a pipe.

Parent and child speak over one `multiprocessing` pipe:

    child → parent   ("compile", done, total, kernel) …   then   ("ready", DemoServer)   or   ("failed", text)
    parent → child   anything, or closing the pipe: drain and end
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from geooffer.errors import ConfigurationError, GeoofferError

if TYPE_CHECKING:
    from geooffer.cli.assembly import CompileProgress
    from geooffer.dataplane.native_module import PlaneChoice, PlaneSetting

END_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class DemoServer:
    """Where the server listens, and a token for it."""

    data_address: str
    control_address: str
    operator_token: str
    compile_seconds: float
    plane: PlaneChoice


@asynccontextmanager
async def demo_server(
    start_text: str, state_dir: Path, plane: PlaneSetting, on_compile: CompileProgress
) -> AsyncIterator[DemoServer]:
    """A service on loopback whose clock starts at `start_text` (RFC 3339) and moves with the pings.

    Raises ConfigurationError where it does not come up.
    """
    parent, child = multiprocessing.Pipe()
    # spawn, not fork: a fork after gRPC or Numba has started threads may hang
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(child, start_text, state_dir, plane), name="geooffer-demo-server"
    )
    with _interrupts_blocked():
        process.start()
    child.close()
    server = None
    try:
        server = await asyncio.to_thread(_wait_ready, parent, on_compile)
        yield server
    finally:
        if server is None:
            process.terminate()  # still compiling: there is nothing to drain
        parent.close()
        await asyncio.to_thread(process.join, END_TIMEOUT_S)
        if process.is_alive():
            process.kill()
            process.join()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process started in here inherits the mask and never sees Ctrl-C: its pipe tells it to end, and it drains.

    Blocked, not ignored: one that comes just now waits for this process, and is not lost.
    """
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _wait_ready(pipe: Connection, on_compile: CompileProgress) -> DemoServer:
    while True:
        try:
            kind, *rest = pipe.recv()
        except EOFError:
            raise ConfigurationError("the demo's server ended before it was ready") from None
        if kind == "ready":
            server: DemoServer = rest[0]
            return server
        if kind == "failed":
            raise ConfigurationError(rest[0])
        on_compile(*rest)


def _serve(pipe: Connection, start_text: str, state_dir: Path, plane: PlaneSetting) -> None:
    """The child: serve until the pipe says something or is closed."""
    try:
        asyncio.run(_serve_until_told(pipe, start_text, state_dir, plane))
    except GeoofferError as error:
        pipe.send(("failed", error.message))
    except BrokenPipeError:
        return  # the parent has gone: nobody is left to tell


async def _serve_until_told(pipe: Connection, start_text: str, state_dir: Path, plane: PlaneSetting) -> None:
    from geooffer.cli.assembly import loopback_settings, running_service
    from geooffer.cli.collector import calm_collector
    from geooffer.cli.log import log_to_stderr
    from geooffer.dataplane.native_module import PlaneChoice

    log_to_stderr("warning")

    def tell(done: int, total: int, kernel: str) -> None:
        pipe.send(("compile", done, total, kernel))

    settings = loopback_settings(clock_start=start_text, state_dir=state_dir, plane=plane)
    async with running_service(settings, on_compile=tell) as service:
        calm_collector()
        token = service.issue_token("operator")
        chosen = PlaneChoice(service.plane.name, service.plane_reason)
        ready = DemoServer(service.data_address, service.control_address, token, service.compile_seconds, chosen)
        pipe.send(("ready", ready))
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), ended.set)
        await ended.wait()
        asyncio.get_running_loop().remove_reader(pipe.fileno())
