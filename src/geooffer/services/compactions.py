"""When a snapshot is written, and what follows it: the server's side of journal/compactor.py.

    journal over a bound, or asked ────► child process writes snapshot-<lsn> ──► journal truncated in steps ──► older
                                                                                 snapshots removed

The child may fail, hang or be killed: that is logged and tried again later, and the server goes on. So may the server,
at any point: a start finds the old snapshot with its journal, or the new one with more journal than it needs.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.compactor import only_compactor
from geooffer.journal.snapshots import MANIFEST_NAME, newest_snapshot, remove_older, snapshot_paths
from geooffer.rpc.faults import text_of

CHECK_S = 1.0
TIMEOUT_S = 1_800.0
RETRY_MIN_S, RETRY_MAX_S = 60.0, 3_600.0
LOCK_WAIT_S = 60.0
AGE_MAX_S = 86_400.0
"""What the daily sweep took out of the tables still stands in files written before it (privacy M7)."""

log = structlog.get_logger(__name__)
OnCompaction = Callable[[int, int, int, bool], None]
"""Told (started_ns, ended_ns, lsn, whether it went well) of each, on the clock of time.perf_counter_ns."""
BeforeTruncation = Callable[[int], Awaitable[None]]
"""`await before_truncation(lsn)`: returns once the one asked needs the commits up to `lsn` in the journal no more."""


class Compactions:
    """All calls come from the loop's thread."""

    def __init__(
        self,
        committer: GroupCommitter,
        directory: Path,
        *,
        record_count_max: int,
        size_bytes_max: int,
        age_max_s: float = AGE_MAX_S,
        reserve_bytes: Callable[[], int] = lambda: 0,
        recovered_record_count: int = 0,
        recovered_size_bytes: int = 0,
        encryption_key_file: Path | None = None,
    ) -> None:
        """`reserve_bytes`: room on the disk that a snapshot leaves (rpc/disk_guard.py). `recovered_*`: what the journal
        held beyond its snapshot at the start.
        """
        self.record_count_max = record_count_max
        self.size_bytes_max = size_bytes_max
        self.age_max_s = age_max_s
        self._reserve_bytes = reserve_bytes
        self.before_truncation: list[BeforeTruncation] = []
        """Who is to be asked, one after the other; what one raises keeps the commits."""
        self.on_compaction: OnCompaction = lambda started_ns, ended_ns, lsn, is_good: None
        self.compaction_count = 0
        self.failure_count = 0
        self._encryption_key_file = encryption_key_file
        self._committer = committer
        self._directory = directory
        self._counted_records = -recovered_record_count
        self._counted_bytes = -recovered_size_bytes
        self._turn = asyncio.Lock()
        self._retry_s = RETRY_MIN_S
        self._not_before_s = 0.0
        self._started_s = time.monotonic()

    @property
    def snapshot_lsn(self) -> int:
        """Of the newest snapshot; 0 = none."""
        paths = snapshot_paths(self._directory)
        return int(paths[0].name.removeprefix("snapshot-")) if paths else 0

    @property
    def snapshot_age_s(self) -> float | None:
        """Since the newest snapshot was complete; None = none."""
        paths = snapshot_paths(self._directory)
        try:
            return max(0.0, time.time() - (paths[0] / MANIFEST_NAME).stat().st_mtime) if paths else None
        except FileNotFoundError:  # a newer one has taken its place meanwhile
            return 0.0

    @property
    def is_due(self) -> bool:
        """The journal is over a bound: of records, of bytes, or of age where there is no snapshot younger than that."""
        records = self._committer.record_count - self._counted_records
        return (
            records >= self.record_count_max
            or self._committer.size_bytes - self._counted_bytes >= self.size_bytes_max
            or (records > 0 and self._age_s >= self.age_max_s)
        )

    @property
    def _age_s(self) -> float:
        """Of what the journal holds beyond its snapshot, at most; without a snapshot this process's own age."""
        age_s = self.snapshot_age_s
        return time.monotonic() - self._started_s if age_s is None else age_s

    async def compact(self) -> int:
        """Write a snapshot of all that is durable now, drop what is older, and return its LSN. Raises JournalError."""
        async with self._turn:
            started_ns, lsn, is_good = time.perf_counter_ns(), 0, False
            try:
                lsn = await self._compact()
                is_good = True
            finally:
                self.compaction_count += is_good
                self.failure_count += not is_good
                self.on_compaction(started_ns, time.perf_counter_ns(), lsn, is_good)
        return lsn

    async def run(self) -> None:
        """Compact whenever it is due, until cancelled; first finish what an earlier process left behind."""
        await self._attempt(self._finish_earlier)
        while True:
            await asyncio.sleep(CHECK_S)
            if time.monotonic() >= self._not_before_s:
                await self._attempt(self._compact_if_due)

    async def _compact_if_due(self) -> None:
        if self.is_due:
            await self.compact()

    async def _attempt(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
            self._retry_s = RETRY_MIN_S
        except Exception as error:  # noqa: BLE001  (whatever it is, without snapshots the journal grows for ever)
            log.error("compaction_failed", error=text_of(error), retry_s=self._retry_s)
            self._not_before_s = time.monotonic() + self._retry_s
            self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)

    async def _compact(self) -> int:
        target_lsn = self._committer.store.last.lsn
        while True:
            records, size_bytes = self._committer.record_count, self._committer.size_bytes
            told = json.loads(await self._child())
            position = Position(told["lsn"], bytes.fromhex(told["hash"]))
            if position.lsn >= target_lsn:
                break
        await self._drop_up_to(position)
        self._counted_records, self._counted_bytes = records, size_bytes
        log.info("compacted", **{name: told[name] for name in ("lsn", "record_count", "person_count", "seconds")})
        return position.lsn

    async def _finish_earlier(self) -> None:
        async with self._turn:  # of two truncations at once the one that is ahead would take the other's end away
            snapshot = await asyncio.to_thread(newest_snapshot, self._directory)
            if snapshot is not None:
                await self._drop_up_to(snapshot.position)

    async def _drop_up_to(self, position: Position) -> None:
        """What the newest snapshot holds is needed nowhere else."""
        if position.lsn:
            for wait in self.before_truncation:
                await wait(position.lsn)
            await asyncio.wrap_future(self._committer.truncate(position))
            await asyncio.to_thread(self._remove_older)

    def _remove_older(self) -> None:
        with only_compactor(self._directory, LOCK_WAIT_S):
            remove_older(self._directory)

    def _key_option(self) -> list[str]:
        path = self._encryption_key_file
        return [] if path is None else ["--encryption-key-file", str(path)]

    async def _child(self) -> bytes:
        """Run the compactor once; what it told. Raises JournalError with what it said of itself."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "geooffer.journal.compactor", str(self._directory), "--with-parent",
            "--reserve-bytes", str(self._reserve_bytes()), *self._key_option(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                told, said, code = await asyncio.gather(process.stdout.read(), process.stderr.read(), process.wait())
        except TimeoutError:
            raise JournalError(f"the compactor did not end within {TIMEOUT_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            lines = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise JournalError(f"the compactor ended with {code}: {lines[-1]}")
        return told
