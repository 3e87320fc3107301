"""The journal's own work: frames of 64 events encoded, decoded, split undecoded, and committed unsynced.

The rival of the frame is msgpack of plain field tuples: no classes, no layouts, no partitions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest

from geooffer.bench.journal import events
from geooffer.journal.frames import decode_entries, encode_entries, partitions_of
from geooffer.journal.memory import MemoryStore
from geooffer.journal.sqlite import SqliteStore

BATCH = 64


@pytest.fixture(scope="module")
def entries() -> list[Any]:
    return events(1)[:BATCH]


def test_encode(benchmark: Any, entries: list[Any]) -> None:
    benchmark.extra_info["rows"] = BATCH
    assert len(benchmark(encode_entries, entries)) > BATCH * 20


def test_decode(benchmark: Any, entries: list[Any]) -> None:
    benchmark.extra_info["rows"] = BATCH
    assert benchmark(decode_entries, encode_entries(entries)) == entries


def test_split_undecoded(benchmark: Any, entries: list[Any]) -> None:
    benchmark.extra_info["rows"] = BATCH
    assert len(benchmark(partitions_of, encode_entries(entries))) == BATCH


def test_encode_msgpack_tuples(benchmark: Any, entries: list[Any]) -> None:
    benchmark.extra_info["rows"] = BATCH

    def encode() -> bytes:
        return bytes(
            msgpack.packb(
                [
                    (entry.partition, entry.sequence, [getattr(entry.record, name) for name in entry.record.__slots__])
                    for entry in entries
                ]
            )
        )

    assert len(benchmark(encode)) > BATCH * 10


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_append_unsynced(benchmark: Any, entries: list[Any], tmp_path: Path, kind: str) -> None:
    """Without the disk; `geooffer bench journal` has it."""
    store = SqliteStore(tmp_path / "journal.sqlite3", synchronous="OFF") if kind == "sqlite" else MemoryStore()
    benchmark.extra_info["rows"] = BATCH
    payload = encode_entries(entries)

    def append() -> None:
        store.append(payload, store.last.lsn)
        store.tidy(idle=False)

    benchmark(append)
    assert store.last.lsn > 0
    store.close()
