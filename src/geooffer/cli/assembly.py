"""A whole server in this process: engine, data port and control port, as every command starts it.

    async with running_service(loopback_settings()) as service:
        token = service.issue_token("operator")
        ...  # GeoofferClient against service.data_address and service.control_address

Used by `serve`, `replay --embedded`, `demo`, `bench` and the scenario tests. Leaving the block drains: what was
read is decided and answered, then streams end UNAVAILABLE.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geooffer.cli.settings import ServiceSettings
from geooffer.errors import ConfigurationError

if TYPE_CHECKING:
    from geooffer.cli.audit_trail import AuditTrail
    from geooffer.cli.callers import Callers
    from geooffer.cli.held_journal import HeldJournal
    from geooffer.dataplane.port import DataPlane
    from geooffer.engine.engine import Engine
    from geooffer.operation.watched import Parts, Watched
    from geooffer.rpc.disk_guard import DiskGuard
    from geooffer.rpc.durability import Durability
    from geooffer.rpc.policy_signing import PolicySigner
    from geooffer.rpc.receipts import ReceiptSigner
    from geooffer.rpc.server import Port
    from geooffer.services.compactions import Compactions
    from geooffer.services.control import Control
    from geooffer.services.erasures import Erasures

CompileProgress = Callable[[int, int, str], None]
DRAIN_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class RunningService:
    """A started server. Addresses carry the ports the system chose."""

    data_address: str
    control_address: str
    engine: Engine
    plane: DataPlane
    plane_reason: str
    """Why it is this one."""
    control: Control
    disk: DiskGuard | None
    """None where the journal is in memory."""
    compile_seconds: float
    """How long the kernels took: a minute the first time on a machine, less than a second from the cache."""
    watched: Watched
    """What metrics and probes are told from."""
    callers: Callers
    """Who may come in: another certificate, key ring or quota is put there while the ports serve."""

    def issue_token(
        self,
        role: str,
        *,
        device_key: int | None = None,
        device_key_ranges: list[tuple[int, int]] | None = None,
        store_ids: Sequence[str] = (),
        lifetime_s: float = 3600,
    ) -> str:
        """A token this server accepts. A device's needs `device_key`, a store's `store_ids`; gateways and operators
        speak for all keys unless told otherwise.

        Raises ConfigurationError where the server checks tokens against a given key.
        """
        from geooffer.rpc.auth import issue_token

        if self.callers.private_key is None:
            raise ConfigurationError("this server checks tokens against a given key and cannot issue any")
        return issue_token(
            self.callers.private_key,
            role=role,
            subject=role if device_key is None else str(device_key),
            now_s=time.time(),
            lifetime_s=lifetime_s,
            device_key_ranges=device_key_ranges,
            store_ids=store_ids,
        )


def loopback_settings(**changes: Any) -> ServiceSettings:
    """Settings of a private server on loopback: ports chosen by the system, the client clock, no journal, no quotas,
    the Python plane, threads that share their cores with whoever else is in this process."""
    values: dict[str, Any] = {
        "data_address": "127.0.0.1:0",
        "control_address": "127.0.0.1:0",
        "clock": "client",
        "journal": "memory",
        "plane": "python",
        "pin_workers": False,
        "quota_device_rows_per_second": 0,
        "quota_device_calls_per_second": 0,
        "quota_device_withdrawals_per_hour": 0,
        "quota_stock_searches_per_day": 0,
        "quota_rows_per_second": 0,
        "quota_calls_per_second": 0,
    }
    return ServiceSettings(**(values | changes))


def monotonic_now_ms() -> Callable[[], int]:
    """A clock that reads the wall once and then only counts on (semantics T0): a wall clock set while the
    service runs, forward or backward, does not move its time. Milliseconds since 1970."""
    offset_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (offset_ns + time.monotonic_ns()) // 1_000_000


@asynccontextmanager
async def running_service(
    settings: ServiceSettings,
    *,
    on_compile: CompileProgress | None = None,
    decision_key: bytes | None = None,
    watched: Watched | None = None,
) -> AsyncIterator[RunningService]:
    """Start a server in the running loop, yield it, drain it.

    `on_compile(done, total, kernel)` is told of each kernel before it is compiled or loaded. `decision_key` makes
    decision ids; by default that of the state directory, or a fresh one where the journal is in memory. `watched` is
    told how far the start has come, and what there is to watch then (operation/).
    Raises ConfigurationError for settings that do not fit together or an address that cannot be bound.
    """
    from geooffer.cli.audit_trail import tie_audit
    from geooffer.cli.callers import Callers
    from geooffer.cli.held_journal import open_journal
    from geooffer.cli.planes import PlaneNeeds, make_plane
    from geooffer.cli.policy_file import start_policies
    from geooffer.cli.ports import bind_ports
    from geooffer.dataplane.native_module import choose_plane
    from geooffer.kernels.compile import compile_all
    from geooffer.operation.startup import Phase
    from geooffer.operation.watched import Watched
    from geooffer.rpc.disk_guard import DiskGuard
    from geooffer.rpc.durability import Durability
    from geooffer.rpc.write_gate import WriteGate

    _check(settings)
    choice = choose_plane(settings.plane, settings.index)
    callers = Callers.of(settings)
    watched = watched or Watched()
    watched.startup.enter(Phase.KERNELS)
    report = compile_all(on_compile)
    watched.startup.enter(Phase.RECOVERY)
    held = open_journal(settings, decision_key, watched.startup.tell)
    async with AsyncExitStack() as ending:  # undone from the last to the first
        ending.callback(watched.startup.enter, Phase.STOPPED)
        ending.callback(held.close)
        watched.startup.enter(Phase.CATALOG)
        real_now_ms = monotonic_now_ms()
        engine = _engine(settings, held, real_now_ms)
        durability = Durability(held.journal)
        held.on_durable(durability.wake)
        disk = DiskGuard(settings.state_dir, settings.disk_reserve_bytes) if settings.journal == "sqlite" else None
        write_gate = WriteGate(durability, disk)
        made = make_plane(choice, settings, PlaneNeeds(engine, durability, real_now_ms, write_gate, callers), ending)
        plane = made.plane
        control = _control(settings, held, engine, real_now_ms, durability)
        trail = tie_audit(settings, held, control, callers, write_gate)
        start_policies(control.policies, settings.policy_file)
        answered = {} if trail is None else {"on_answered": trail.notes.answered}
        gate = {"durable": durability.wait, "on_call": watched.on_call, **answered}
        data_port, control_port = bind_ports(callers, made.data_options, settings, write_gate, plane, control, **gate)
        _log_faults_of_loop(ending)
        await control_port.start()
        await data_port.start()
        plane.start()
        ending.push_async_callback(plane.stop)  # also where what follows fails; after a drain there is nothing to stop
        compactions = _compactions(settings, held, disk, watched, ending, trail, control.erasures)
        _run_beside(control.erasures.run(), ending)
        if disk is not None:
            _run_beside(disk.run(), ending)
        parts = _parts(settings, held, engine, plane, disk, compactions, trail)
        _run_beside(_watch(watched, parts, (data_port, control_port)), ending)
        ending.push_async_callback(_drain, data_port, control_port, plane, control)
        ending.callback(watched.startup.enter, Phase.DRAINING)
        where = (plane.address or data_port.address, control_port.address)
        yield RunningService(*where, engine, plane, choice.reason, control, disk, report.seconds, watched, callers)


def _check(settings: ServiceSettings) -> None:
    from geooffer.cli.log import log_to_stderr

    log_to_stderr("warning")
    faults = settings.faults()
    if faults:
        raise ConfigurationError("\n".join(faults))


def _run_beside(work: Coroutine[Any, Any, None], ending: AsyncExitStack) -> None:
    """A task for as long as the service runs."""
    from geooffer.rpc.faults import log_end_of

    task = asyncio.create_task(work)
    task.add_done_callback(log_end_of)
    ending.callback(task.cancel)


def _log_faults_of_loop(ending: AsyncExitStack) -> None:
    from geooffer.rpc.faults import log_loop_fault

    loop = asyncio.get_running_loop()
    ending.callback(loop.set_exception_handler, loop.get_exception_handler())
    loop.set_exception_handler(log_loop_fault)


def _parts(
    settings: ServiceSettings,
    held: HeldJournal,
    engine: Engine,
    plane: DataPlane,
    disk: DiskGuard | None,
    compactions: Compactions | None,
    trail: AuditTrail | None,
) -> Parts:
    from geooffer.journal.committer import GroupCommitter
    from geooffer.journal.recovery import JOURNAL_NAME
    from geooffer.operation.watched import Parts

    if not isinstance(held.journal, GroupCommitter):
        return Parts(engine, plane, None)
    path = settings.state_dir / JOURNAL_NAME
    is_encrypted = settings.encryption_key_file is not None
    return Parts(engine, plane, held.journal, disk, compactions, path, trail, is_encrypted)


def _receipts(settings: ServiceSettings) -> ReceiptSigner | None:
    """Who signs consent receipts; None where nothing is kept."""
    from geooffer.rpc.receipts import signer_of

    return signer_of(settings.state_dir) if settings.journal == "sqlite" else None


def _policy_signer(settings: ServiceSettings, engine: Engine) -> PolicySigner | None:
    """Who signs policies; None where nothing is kept."""
    from geooffer.rpc.policy_signing import policy_signer

    if settings.journal != "sqlite":
        return None
    return policy_signer(settings.state_dir, was_used=engine.state.policies.active > 0)


def _control(
    settings: ServiceSettings,
    held: HeldJournal,
    engine: Engine,
    real_now_ms: Callable[[], int],
    durability: Durability,
) -> Control:
    from geooffer.services.control import Control

    return Control(
        engine,
        real_now_ms=real_now_ms,
        durable=durability.wait,
        erasures=_erasures(held, engine, real_now_ms, durability),
        receipts=_receipts(settings),
        policy_signer=_policy_signer(settings, engine),
    )


def _erasures(held: HeldJournal, engine: Engine, real_now_ms: Callable[[], int], durability: Durability) -> Erasures:
    from geooffer.services.erasures import Erasures

    return Erasures(
        engine,
        real_now_ms=real_now_ms,
        ledger=held.ledger,
        durable=durability.wait,
        last_lsn=lambda: held.last_lsn,
        wipe=held.wiped,
    )


def _compactions(
    settings: ServiceSettings,
    held: HeldJournal,
    disk: DiskGuard | None,
    watched: Watched,
    ending: AsyncExitStack,
    trail: AuditTrail | None,
    erasures: Erasures,
) -> Compactions | None:
    """Who has snapshots written; None where the journal is in memory."""
    from geooffer.journal.committer import GroupCommitter
    from geooffer.services.compactions import Compactions

    if not isinstance(held.journal, GroupCommitter) or held.recovered is None:
        return None
    compactions = Compactions(
        held.journal,
        settings.state_dir,
        record_count_max=settings.snapshot_record_count,
        size_bytes_max=settings.snapshot_size_bytes,
        reserve_bytes=lambda: 0 if disk is None else disk.reserve_bytes,
        recovered_record_count=held.recovered.record_count,
        recovered_size_bytes=held.recovered.size_bytes,
        encryption_key_file=settings.encryption_key_file,
    )
    erasures.compact = compactions.compact
    compactions.before_truncation.append(erasures.settle)
    if trail is not None:
        compactions.before_truncation.append(trail.before_truncation)
    if watched.traces is not None:
        compactions.on_compaction = watched.traces.compaction
    _run_beside(compactions.run(), ending)
    return compactions


def _watch(watched: Watched, parts: Parts, ports: tuple[Port, Port]) -> Coroutine[Any, Any, None]:
    """Set the hooks; returns the beating of the loop's heart."""
    from geooffer.operation.health import HealthReporter
    from geooffer.operation.startup import Phase

    parts.plane.on_batch = watched.on_batch
    parts.plane.on_batches = watched.on_batches
    if parts.committer is not None:
        parts.committer.on_commit = watched.on_commit
    watched.parts = parts
    watched.is_ready = True
    watched.heartbeat.beat_now()
    watched.startup.enter(Phase.SERVING)
    return watched.heartbeat.run(HealthReporter(watched, ports).report)


async def _drain(data_port: Port, control_port: Port, plane: DataPlane, control: Control) -> None:
    """Health first, so that load balancers look elsewhere; then pings; control calls last, they may still help."""
    import structlog

    await data_port.drain()
    await control_port.drain()
    if not await plane.drain(DRAIN_GRACE_S):
        structlog.get_logger(__name__).warning("streams_cut", grace_s=DRAIN_GRACE_S)
    await data_port.stop(1.0)
    await plane.stop()
    await control_port.stop(1.0)
    control.publisher.close()


def _engine(settings: ServiceSettings, held: HeldJournal, real_now_ms: Callable[[], int]) -> Engine:
    from geooffer.cli.start_clock import read_first
    from geooffer.engine.clock import EngineClock
    from geooffer.engine.engine import Engine

    engine = Engine(
        journal=held.journal,
        clock=EngineClock(settings.clock, settings.clock_start_ms),
        index_kind=settings.index,
        index_memory_max_bytes=settings.index_memory_max_mb * 1024 * 1024,
        decision_key=held.decision_key,
        state=held.state,
        pseudonyms=held.pseudonyms,
    )
    read_first(engine.clock, engine.state.latest_ms, real_now_ms())
    return engine
