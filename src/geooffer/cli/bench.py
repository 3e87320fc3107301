"""`geooffer bench`: what this machine does. The transport shapes (bench_transport.py) tell pings a second against a
rival and latency at shares of the capacity; every other shape has a module of its own.
"""

from __future__ import annotations

import typer

from geooffer.cli import (
    bench_catalog,
    bench_effect,
    bench_flaps,
    bench_goals,
    bench_hints,
    bench_hostile,
    bench_idle,
    bench_journal,
    bench_kernel,
    bench_memory,
    bench_offers,
    bench_overload,
    bench_restart,
    bench_tile38,
    bench_transport,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Measure on this machine.")
    app.add_typer(group, name="bench")
    bench_transport.register(group)
    bench_kernel.register(group)
    bench_idle.register(group)
    bench_goals.register(group)
    bench_catalog.register(group)
    bench_memory.register(group)
    bench_hints.register(group)
    bench_hostile.register(group)
    bench_journal.register(group)
    bench_effect.register(group)
    bench_flaps.register(group)
    bench_offers.register(group)
    bench_overload.register(group)
    bench_restart.register(group)
    bench_tile38.register(group)
