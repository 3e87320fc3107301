"""`geooffer serve`: run the server until SIGTERM or SIGINT, then drain.

One line on stdout says that it is ready and where, for people and for scripts that wait for it; everything else
goes to stderr, as JSON lines. SIGHUP reads the settings again (reload.py). A second SIGTERM or SIGINT ends it at once.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geooffer.cli.errors import EXIT_FAULT
from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json, remark
from geooffer.errors import GeoofferError

if TYPE_CHECKING:
    from geooffer.cli.assembly import RunningService
    from geooffer.cli.reload import Reload
    from geooffer.cli.settings import ServiceSettings
    from geooffer.operation.watched import Watched

FAULT_POLL_S = 0.5
Load = Callable[[], "ServiceSettings"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("serve")
    def serve_command(
        config_file: ConfigFile = None,
        data_address: Annotated[
            str | None, typer.Option("--data-address", help="Public port (127.0.0.1:7430).")
        ] = None,
        control_address: Annotated[
            str | None, typer.Option("--control-address", help="Private port (127.0.0.1:7431).")
        ] = None,
        metrics_address: Annotated[
            str | None, typer.Option("--metrics-address", help="Metrics and probes by HTTP (127.0.0.1:7432).")
        ] = None,
        state_dir: StateDir = None,
        token_public_key: Annotated[
            Path | None, typer.Option("--token-public-key", help="PEM of the key that verifies tokens.")
        ] = None,
        tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="PEM certificate chain.")] = None,
        tls_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM private key.")] = None,
        allow_plaintext: Annotated[
            bool | None, typer.Option("--allow-plaintext", help="Serve beyond loopback without TLS.")
        ] = None,
        clock: Annotated[str | None, typer.Option("--clock", help="system, or client (from the pings).")] = None,
        clock_start: Annotated[
            str | None, typer.Option("--clock-start", help="First moment of the client clock (RFC 3339).")
        ] = None,
        plane: Annotated[str | None, typer.Option("--plane", help="auto, native or python.")] = None,
        index: Annotated[str | None, typer.Option("--index", help="rtree, packed or cells.")] = None,
        log_level: Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error.")] = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Run the server. Settings: --config FILE < environment GEOOFFER_* < flags; see `geooffer config show`."""
        flags = {
            "data_address": data_address,
            "control_address": control_address,
            "metrics_address": metrics_address,
            "state_dir": state_dir,
            "token_public_key": token_public_key,
            "tls_cert": tls_cert,
            "tls_key": tls_key,
            "allow_plaintext": allow_plaintext,
            "clock": clock,
            "clock_start": clock_start,
            "plane": plane,
            "index": index,
            "log_level": log_level,
        }
        run(config_file, flags, json_output)


def run(config_file: Path | None, flags: Mapping[str, object], json_output: bool) -> None:
    """Serve until a signal. Raises ConfigurationError before it listens; ends with EXIT_FAULT where it failed."""
    from geooffer.cli.log import log_to_stderr
    from geooffer.cli.settings_layers import load_settings
    from geooffer.journal.core_dumps import forbid_core_dumps
    from geooffer.rpc.open_files import raise_open_file_limit

    forbid_core_dumps()
    raise_open_file_limit()
    # the transport's own lines are no JSON, and name the addresses of phones
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    def load() -> ServiceSettings:
        return load_settings(config_file, flags)

    settings = load()
    log_to_stderr(settings.log_level)
    try:
        fault = asyncio.run(_serve(settings, load, json_output))
    except (GeoofferError, OSError) as error:
        if not is_disk_full(error):
            raise
        remark(f"error: the disk of the state directory is full ({error})")
        raise typer.Exit(EXIT_FAULT) from None
    if fault is not None:
        raise typer.Exit(EXIT_FAULT)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a start failed for want of room alone: then it is worth another try, unlike one on a damaged journal."""
    import apsw

    while error is not None:
        if isinstance(error, apsw.FullError) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _serve(settings: ServiceSettings, load: Load, json_output: bool) -> BaseException | None:
    """Returns the fault it ended with."""
    import structlog

    from geooffer.cli.assembly import running_service
    from geooffer.cli.collector import calm_collector
    from geooffer.cli.planes import make_way, threads_of
    from geooffer.cli.reload import Reload, Reloadable, alarm_age_ms
    from geooffer.operation.http_port import MetricsPort
    from geooffer.operation.traces import traces_from
    from geooffer.operation.watched import Watched
    from geooffer.rpc.faults import log_end_of
    from geooffer.services.consent_expiry import ConsentExpiry
    from geooffer.services.rights_watch import RightsWatch
    from geooffer.services.stock_alarm import StockAlarm
    from geooffer.services.sweeper import Sweeper

    log = structlog.get_logger(__name__)
    stop = asyncio.Event()
    hang_up = _HangUp()
    _listen_to_signals(stop, hang_up)
    watched = Watched(traces=traces_from(os.environ))
    port = MetricsPort(settings.metrics_address, watched, allow_open=settings.allow_open_metrics)
    who = {"version": version("geooffer"), "process_id": os.getpid()}
    log.info("starting", **who, state_dir=str(settings.state_dir), metrics_address=port.address)
    try:
        async with running_service(settings, on_compile=_compile_progress(watched), watched=watched) as service:
            calm_collector()
            if service.plane.name == "native":
                make_way(threads_of(settings))
            # only here: a replay's or a demo's stock is as old as its story wants it
            alarm = StockAlarm(service.control, alarm_age_ms(settings))
            watched.stock_alarm = alarm
            watched.policies = service.control.policies
            rights = watched.rights_watch = RightsWatch(service.control)
            compactions = watched.parts.compactions if watched.parts is not None else None
            parts = Reloadable(watched, service.callers, service.disk, alarm, compactions, service.control.policies)
            hang_up.reload = Reload(settings, load, parts)
            _announce(service, settings, port.address, json_output)
            looking = asyncio.create_task(alarm.run())
            sweeping = asyncio.create_task(Sweeper(service.control).run())
            expiring = asyncio.create_task(ConsentExpiry(service.control).run())
            watching = asyncio.create_task(rights.run())
            for task in (looking, sweeping, expiring, watching):
                task.add_done_callback(log_end_of)
            try:
                fault = await _until_stopped(service, stop)
            finally:
                looking.cancel()
                sweeping.cancel()
                watching.cancel()
                expiring.cancel()
            log.info("draining")
    finally:
        if watched.traces is not None:
            watched.traces.close()
        port.close()
    fault = fault or _journal_fault(watched)
    log.info("stopped", failed=fault is not None)
    return fault


def _journal_fault(watched: Watched) -> BaseException | None:
    """Of a journal that failed, be it while it was closed: nothing of that was acknowledged."""
    committer = watched.parts.committer if watched.parts is not None else None
    return committer.fault if committer is not None else None


def _announce(service: RunningService, settings: ServiceSettings, metrics_address: str, json_output: bool) -> None:
    import structlog

    where = {
        "data_address": service.data_address,
        "control_address": service.control_address,
        "metrics_address": metrics_address,
    }
    if service.plane.gateway_address is not None:
        where["gateway_address"] = service.plane.gateway_address
    structlog.get_logger(__name__).info(
        "serving",
        **where,
        persons=len(service.engine.state.people.person_slots),
        catalog_generation=service.engine.live_generation,
        development_tokens=settings.token_public_key is None,
        plane=service.plane.name,
        plane_reason=service.plane_reason,
    )
    if json_output:
        told = {"index": settings.index, "clock": settings.clock, "plane": service.plane.name}
        print_json({"ready": True, **where, **told, "plane_reason": service.plane_reason})
    else:
        places = "  ".join(f"{key.removesuffix('_address')} {address}" for key, address in where.items())
        print(f"ready  {places}  plane {service.plane.name} ({service.plane_reason})")
    sys.stdout.flush()


async def _until_stopped(service: RunningService, stop: asyncio.Event) -> BaseException | None:
    """Return after a signal, or with the fault after which nothing is decided: a silent server helps nobody."""
    import structlog

    while not stop.is_set():
        fault = service.plane.fault
        if fault is not None:
            journal = _journal_fault(service.watched)
            why = "" if journal is None else str(journal)
            structlog.get_logger(__name__).error("service_failed", reason=str(fault), journal=why)
            return fault
        try:
            async with asyncio.timeout(FAULT_POLL_S):
                await stop.wait()
        except TimeoutError:
            continue
    return None


class _HangUp:
    """What SIGHUP does; nothing while the server is still starting, which reads its settings then."""

    reload: Reload | None = None

    def __call__(self) -> None:
        if self.reload is not None:
            self.reload.run()


def _listen_to_signals(stop: asyncio.Event, hang_up: _HangUp) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop, loop)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def _on_signal(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    stop.set()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)


def _compile_progress(watched: Watched) -> Callable[[int, int, str], None]:
    """To the probes, and on a terminal to the human."""

    def on_compile(done: int, total: int, name: str) -> None:
        watched.startup.tell(f"kernel {done + 1} of {total}")
        if sys.stderr.isatty():
            compile_line(done, total, name)

    return on_compile


def compile_line(done: int, total: int, name: str) -> None:
    """Tell the progress of the kernels: one line rewritten on a terminal, first and last line elsewhere."""
    if sys.stderr.isatty():
        end = "\n" if done + 1 == total else ""
        print(f"\r\x1b[Kcompiling kernels {done + 1}/{total}  {name}", end=end, file=sys.stderr, flush=True)
    elif done == 0:
        remark(f"compiling or loading {total} kernels (a minute the first time, then cached)")
