"""How long a start takes: a state directory of many fences and persons is made once, then the real server is started
on it and timed to its ready line.

A person is that of bench/memory.py: a device, 8 intents, 3 sizes, 2 purchases, 7 consents. She is made once by the
engine; the others are her columns with other keys, written as a snapshot: by the fold a million would take an hour.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geooffer.bench.memory import NOW_MS, customer_id, engine_with_one_person
from geooffer.bench.processes import cpu_seconds, resident_bytes
from geooffer.engine.part_columns import coded, int32s, int64s, pack_array
from geooffer.engine.parts import Part, take_part
from geooffer.engine.state import State
from geooffer.journal.decision_key import DECISION_KEY_NAME, DECISION_KEY_SIZE_BYTES
from geooffer.journal.frames import encode_entries
from geooffer.journal.snapshots import SnapshotDraft
from geooffer.journal.sqlite import SqliteStore
from geooffer.journal.tail import JOURNAL_NAME
from geooffer.kernels.compile import compile_all
from geooffer.model.catalog import Category, Geofence, Store
from geooffer.model.columns import Int64Array
from geooffer.model.keys import partition_of, person_key
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import CATALOG_PARTITION, Entry, NounPut
from geooffer.model.shapes import Circle
from geooffer.rpc.keys import secret_file

START_TIMEOUT_S = 300.0
SOUTH_E7, NORTH_E7, WEST_E7, EAST_E7 = 475_000_000, 545_000_000, 60_000_000, 150_000_000
OnMade = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Start:
    """One start of `serve`."""

    seconds: float
    """From the call to the ready line."""
    phases: dict[str, float] = field(default_factory=dict)
    """As the server's log tells them; what is before the first is Python and its imports."""
    resident_bytes: int = 0
    cpu_s: float = 0.0
    """What the process had used by then: how long it takes where nothing else runs on its core, at most."""


def make_directory(
    directory: Path, *, person_count: int, fence_count: int, store_count: int, on_made: OnMade = lambda text: None
) -> None:
    """A state directory with a snapshot of so many; the journal holds one commit, which the snapshot holds, too."""
    compile_all()
    engine = engine_with_one_person()
    _put_fences(engine.state, fence_count, store_count)
    on_made(f"{fence_count:,} fences of {store_count:,} stores")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = SqliteStore(directory / JOURNAL_NAME)
    store.append(encode_entries([Entry(CATALOG_PARTITION, 1, NounPut(Category("first"), NOW_MS))]), 0)
    draft = SnapshotDraft(directory, store.last)
    store.close()
    draft.write(take_part(engine.state, CATALOG_PARTITION))
    first_key = person_key(customer_id(0))
    template = take_part(engine.state, partition_of(first_key))
    numbers: dict[int, list[int]] = {partition: [] for partition in range(PARTITION_COUNT)}
    keys = [person_key(customer_id(number)) for number in range(person_count)]
    for number, key in enumerate(keys):
        numbers[partition_of(key)].append(number)
    for partition, held in numbers.items():
        draft.write(_many(template, partition, np.array([keys[number] for number in held], dtype=np.int64), held))
    draft.finish()
    secret_file(directory / DECISION_KEY_NAME, DECISION_KEY_SIZE_BYTES)
    on_made(f"{person_count:,} persons")


def _put_fences(state: State, fence_count: int, store_count: int) -> None:
    rng = np.random.default_rng(1)
    latitudes = rng.integers(SOUTH_E7, NORTH_E7, max(fence_count, store_count)).tolist()
    longitudes = rng.integers(WEST_E7, EAST_E7, max(fence_count, store_count)).tolist()
    for number in range(store_count):
        place = latitudes[number], longitudes[number]
        state.registry.put(Store(f"s{number}", "S", *place, "Europe/Berlin", "Mo-Sa 08:00-20:00", "DE"), NOW_MS)
    state.live.cover_stores(store_count)
    for number in range(fence_count):
        shape = Circle(latitudes[number], longitudes[number], 10_000)
        store_id = f"s{number % store_count}" if store_count else ""
        state.registry.put(Geofence(f"f{number}", shape, store_id), NOW_MS)


def _many(template: Part, partition: int, keys: Int64Array, numbers: list[int]) -> Part:
    """The part of many persons who are all like the one in `template`."""
    count, one = len(keys), template["content"]
    content: dict[str, Any] = dict(one)
    for name in ("persons", "intents", "intent_counts", "facts", "fact_counts", "contact_counts", "device_counts"):
        layout, raw = one[name]
        content[name] = (layout, raw * count)
    layout, raw = content["persons"]
    persons = np.frombuffer(bytearray(raw), dtype=[tuple(pair) for pair in layout])
    persons["person_key"], persons["partition"] = keys, partition
    content["persons"] = pack_array(persons)
    content["device_keys"] = int64s(number + 1 for number in numbers)
    content["customers"] = {
        "ids": [customer_id(number) for number in numbers],
        "languages": coded(["de"] * count),
        "time_zones": coded([""] * count),
    }
    consents = one["consents"]
    content["consents"] = {
        "owners": int32s(range(count)),
        **{name: (consents[name][0], consents[name][1] * count) for name in ("purposes", "granted")},
        "times_ms": int64s(NOW_MS - number for number in numbers),
        "notices": (consents["notices"][0], (consents["notices"][1][0], consents["notices"][1][1] * count)),
    }
    return {**template, "partition": partition, "sequence": 20 * count, "content": content}


def time_start(directory: Path) -> Start:
    """Start `serve` on a directory, wait until it is ready, end it. Raises RuntimeError where it does not start.

    The first start in a directory may be the one that compiles modules and kernels: it tells nothing of the others.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if sys.dont_write_bytecode:  # then there is none of the installed modules either, and half a start is making it
        environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
    command = [sys.executable, "-m", "geooffer.cli.main", "serve", "--json", "--state-dir", str(directory)]
    ports = {f"GEOOFFER_{name}_ADDRESS": "127.0.0.1:0" for name in ("DATA", "CONTROL", "METRICS")}
    log_path = directory / "bench.log"
    started_s = time.perf_counter()
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment | ports)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            seconds = time.perf_counter() - started_s
            used_bytes, cpu_s = resident_bytes(process.pid), cpu_seconds(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_TIMEOUT_S)
            process.stdout.close()
    if not line:
        raise RuntimeError(f"the server did not start; its log is {log_path}")
    return Start(seconds, _phases(log_path), used_bytes, cpu_s)


def _phases(log_path: Path) -> dict[str, float]:
    phases = {}
    for line in log_path.read_text().splitlines():
        if "start_phase_over" in line:
            told = json.loads(line)
            phases[str(told["phase"])] = float(told["seconds"])
    return phases
