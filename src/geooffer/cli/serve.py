"""`geooffer serve`: run the server until SIGTERM or SIGINT, then drain.

One line on stdout says that it is ready and where, for people and for scripts that wait for it; everything else
goes to stderr. A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json, remark
from geooffer.errors import JournalError

if TYPE_CHECKING:
    from geooffer.cli.assembly import RunningService
    from geooffer.cli.settings import ServiceSettings

FAULT_POLL_S = 0.5


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
        index: Annotated[str | None, typer.Option("--index", help="rtree, packed or cells.")] = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Run the server. Settings: --config FILE < environment GEOOFFER_* < flags; see `geooffer config show`."""
        from geooffer.cli.log import log_to_stderr
        from geooffer.cli.settings_layers import load_settings

        flags = {
            "data_address": data_address,
            "control_address": control_address,
            "state_dir": state_dir,
            "token_public_key": token_public_key,
            "tls_cert": tls_cert,
            "tls_key": tls_key,
            "allow_plaintext": allow_plaintext,
            "clock": clock,
            "clock_start": clock_start,
            "index": index,
        }
        settings = load_settings(config_file, flags)
        log_to_stderr("info")
        asyncio.run(_serve(settings, json_output))


async def _serve(settings: ServiceSettings, json_output: bool) -> None:
    from geooffer.cli.assembly import running_service
    from geooffer.cli.collector import calm_collector
    from geooffer.services.stock_alarm import StockAlarm

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop, loop)
    async with running_service(settings, on_compile=compile_line) as service:
        calm_collector()
        _announce(service, settings, json_output)
        # only here: a replay's or a demo's stock is as old as its story wants it
        alarm = asyncio.create_task(StockAlarm(service.control).run())
        try:
            await _until_stopped(service, stop)
        finally:
            alarm.cancel()
        remark("draining")
    remark("stopped")


def _announce(service: RunningService, settings: ServiceSettings, json_output: bool) -> None:
    remark(f"kernels ready after {service.compile_seconds:.1f} s")
    if settings.token_public_key is None:
        remark(f"tokens: development key in {settings.state_dir} (geooffer token dev)")
    where = {"data_address": service.data_address, "control_address": service.control_address}
    if json_output:
        print_json({"ready": True, **where, "index": settings.index, "clock": settings.clock})
    else:
        print(f"ready  data {service.data_address}  control {service.control_address}")
    sys.stdout.flush()


async def _until_stopped(service: RunningService, stop: asyncio.Event) -> None:
    """Return after a signal. Raises where the data plane can decide no more: a silent server helps nobody."""
    while not stop.is_set():
        if service.plane.fault is not None:
            raise JournalError(f"no ping can be decided any more ({type(service.plane.fault).__name__})")
        try:
            async with asyncio.timeout(FAULT_POLL_S):
                await stop.wait()
        except TimeoutError:
            continue


def _on_signal(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    stop.set()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)


def compile_line(done: int, total: int, name: str) -> None:
    """Tell the progress of the kernels: one line rewritten on a terminal, first and last line elsewhere."""
    if sys.stderr.isatty():
        end = "\n" if done + 1 == total else ""
        print(f"\r\x1b[Kcompiling kernels {done + 1}/{total}  {name}", end=end, file=sys.stderr, flush=True)
    elif done == 0:
        remark(f"compiling or loading {total} kernels (a minute the first time, then cached)")
