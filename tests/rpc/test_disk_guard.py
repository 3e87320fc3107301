"""Free space against a reserve, asked of the real file system; the reserve is what the test moves."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import structlog

from geooffer.rpc import disk_guard
from geooffer.rpc.disk_guard import DiskGuard
from geooffer.rpc.durability import Durability
from geooffer.rpc.write_gate import WriteGate
from stalling_journal import StallingJournal

MORE_THAN_ANY = 2**60


@pytest.fixture(autouse=True)
def logging_as_found():
    """capture_logs leaves structlog configured to print on stdout, and commands tested later would keep that."""
    yield
    structlog.reset_defaults()


def test_it_is_low_below_the_reserve_and_says_so_once(tmp_path: Path):
    with structlog.testing.capture_logs() as logs:
        guard = DiskGuard(tmp_path, 0)
        found = os.statvfs(tmp_path)
        assert guard.free_bytes == pytest.approx(found.f_bavail * found.f_frsize, rel=0.2)
        assert (guard.is_low, guard.refusal()) == (False, None)
        guard.reserve_bytes = MORE_THAN_ANY
        for _ in range(3):
            guard.check()
        assert guard.is_low
        guard.reserve_bytes = 1
        guard.check()
        assert not guard.is_low
    assert [entry["event"] for entry in logs] == ["disk_low", "disk_has_room_again"]


def test_a_directory_that_cannot_be_asked_counts_as_full(tmp_path: Path):
    guard = DiskGuard(tmp_path, 1)
    guard.directory = tmp_path / "gone"
    guard.check()
    assert guard.is_low
    refusal = guard.refusal()
    assert refusal is not None
    assert refusal.reason == "DISK_FULL"


async def test_it_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disk_guard, "CHECK_EVERY_S", 0.01)
    guard = DiskGuard(tmp_path, 1)
    watch = asyncio.create_task(guard.run())
    for reserve_bytes, is_low in ((MORE_THAN_ANY, True), (1, False)):
        guard.reserve_bytes = reserve_bytes
        async with asyncio.timeout(5):
            while guard.is_low != is_low:
                await asyncio.sleep(0.005)
    watch.cancel()


async def test_the_gate_shuts_for_a_low_disk_and_for_a_journal_that_is_behind(tmp_path: Path):
    journal = StallingJournal()
    guard = DiskGuard(tmp_path, 1)
    gate = WriteGate(Durability(journal), guard)
    assert not gate.is_shut
    guard.is_low = True
    refusal = gate.refusal()
    assert refusal is not None
    assert refusal.reason == "DISK_FULL"
    guard.is_low = False
    journal.pending_age_ns = 3_000_000_000
    refusal = gate.refusal()
    assert refusal is not None
    assert refusal.reason == "OVERLOADED"
    journal.pending_age_ns = 0
    journal.appended_record_count, journal.record_count = 70_000, 1
    assert gate.is_shut
    journal.record_count = 69_999
    assert not gate.is_shut
