"""`geooffer serve` with the people of the benchmarks in it, and a witness of its end; test_drain_at_full_load.py starts
it. Everything between is the command's own: its process, its signals, its drain, its exit code.

argv: how many people, the witness's file, then the command line. When all of the service has ended, the file has a
JSON object: `verdicts` that the engine gave, by name; `rows`, `messages`, `streams` as the plane counted them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from geooffer.bench import direct_world
from geooffer.cli import assembly
from geooffer.cli.main import main

running_service = assembly.running_service


@asynccontextmanager
async def crowded_service(*settings: Any, **options: Any) -> AsyncIterator[assembly.RunningService]:
    """Filled before anybody is told that it is ready, and looked at when it has ended."""
    async with running_service(*settings, **options) as service:
        direct_world.fill(service.engine, person_count, time.time_ns() // 1_000_000, intent_every=1)
        await service.control.durable()
        yield service
    engine, plane = service.engine, service.plane.statistics
    with engine.lock:
        engine.statistics.take(engine.marks)
    verdicts = {verdict.name: count for verdict, count in engine.statistics.ping_verdicts.items() if count}
    counts = {name: getattr(plane, name) for name in ("rows", "messages", "streams", "shed_rows")}
    witness.write_text(json.dumps({"verdicts": verdicts, **counts}))


if __name__ == "__main__":
    person_count, witness = int(sys.argv[1]), Path(sys.argv[2])
    assembly.running_service = crowded_service
    sys.argv = ["geooffer", *sys.argv[3:]]
    main()
