"""Which data plane a server has, and what its data port becomes by that.

With the native plane, the public address is the plane's; the data port, with all services but PingService, moves to a
Unix socket in a directory that nobody else can enter, and the plane hands calls through.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from geooffer.cli.callers import Callers
    from geooffer.cli.settings import ServiceSettings
    from geooffer.dataplane.native_module import PlaneChoice
    from geooffer.dataplane.port import DataPlane
    from geooffer.engine.engine import Engine
    from geooffer.rpc.durability import Durability
    from geooffer.rpc.server import PortOptions
    from geooffer.rpc.write_gate import WriteGate

SOCKET_NAME = "data.sock"
CONTROL_NICENESS = 10
"""Of Python's loop, where cores are few."""


@dataclass(frozen=True, slots=True)
class PlaneNeeds:
    """What both planes are made of."""

    engine: Engine
    durability: Durability
    real_now_ms: Callable[[], int]
    write_gate: WriteGate
    callers: Callers


@dataclass(frozen=True, slots=True)
class MadePlane:
    """A plane, and how the data port is to be bound beside it."""

    plane: DataPlane
    data_options: PortOptions


def make_plane(
    choice: PlaneChoice, settings: ServiceSettings, needs: PlaneNeeds, ending: ExitStack | AsyncExitStack
) -> MadePlane:
    """The plane that was chosen, not started. What it leaves on the disk is removed by `ending`."""
    from geooffer.dataplane.grpc_plane import GrpcDataPlane

    options = needs.callers.port_options(settings)[0]
    common: dict[str, Any] = {"real_now_ms": needs.real_now_ms, "write_gate": needs.write_gate}
    if choice.name == "python":
        plane = GrpcDataPlane(needs.engine, needs.durability, quotas=needs.callers.quotas, **common)
        return MadePlane(plane, options)
    return _native_plane(settings, needs, options, ending, common)


def _native_plane(
    settings: ServiceSettings,
    needs: PlaneNeeds,
    options: PortOptions,
    ending: ExitStack | AsyncExitStack,
    common: dict[str, Any],
) -> MadePlane:
    from geooffer.dataplane.native_plane import NativeDataPlane
    from geooffer.dataplane.native_settings import Access, NativeSettings, workers_of
    from geooffer.model import limits
    from geooffer.rpc.addresses import UNIX
    from geooffer.rpc.server import check_exposure

    for address in filter(None, (settings.data_address, settings.gateway_address)):
        check_exposure(replace(options, address=address))
    callers = needs.callers
    # mode 0700, and a short path: that of a socket has at most 107 bytes
    directory = Path(tempfile.mkdtemp(prefix="geooffer-"))
    ending.callback(shutil.rmtree, directory, ignore_errors=True)
    path = directory / SOCKET_NAME
    worker_count, cores = workers_of(os.sched_getaffinity(0), settings.worker_count)
    native = NativeDataPlane(
        needs.engine,
        needs.durability,
        NativeSettings(
            phone_address=settings.data_address,
            gateway_address=settings.gateway_address or "",
            upstream_path=str(path),
            worker_count=worker_count,
            worker_cores=cores if settings.pin_workers else [],
            default_budget_ms=0 if needs.engine.clock.kind == "client" else limits.DECISION_BUDGET_DEFAULT_MS,
            handshakes_per_s=settings.tls_handshakes_per_second,
        ),
        Access(callers.verifier, callers.quotas, callers.refusals, callers.tls),
        **common,
    )
    callers.followers.append(native.follow)
    return MadePlane(native, replace(options, address=f"{UNIX}{path}", tls=None))


def threads_of(settings: ServiceSettings) -> int:
    """How many workers the native plane has on this machine."""
    from geooffer.dataplane.native_settings import workers_of

    return workers_of(os.sched_getaffinity(0), settings.worker_count)[0]


def make_way(worker_count: int) -> None:
    """Let this thread, and those it starts from now on, run after the workers where there are not cores for all.

    What Python takes of a worker's core shows in every ping's latency (docs/native-plane.md). To be called once the
    workers run: a thread keeps the priority it began with.
    """
    if len(os.sched_getaffinity(0)) < worker_count + 2:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), CONTROL_NICENESS)
