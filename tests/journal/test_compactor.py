"""The compactor beside a journal that is written; killed at every step it leaves a directory that recovers."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_town import KeptTown, digests, founded, recovered_digests

from geooffer.errors import JournalError
from geooffer.journal import sqlite_file
from geooffer.journal.commits import Commit
from geooffer.journal.compactor import compact, main, only_compactor
from geooffer.journal.frames import encode_entries
from geooffer.journal.recovery import recover
from geooffer.journal.snapshots import newest_snapshot, remove_older, snapshot_paths
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME, commits_after
from geooffer.model.keys import partition_of
from geooffer.model.records import Entry, TouchpointRecord
from geooffer.model.verdicts import TouchpointKind

STEPS = ("read", "draft", "part -1", "part 30", "part 63", "finished")
KILLED = """
import os, signal, sys
from pathlib import Path
from geooffer.journal.compactor import compact, only_compactor
from geooffer.kernels.compile import compile_all
compile_all()
def killed_at(last):
    return lambda step: step == last and os.kill(os.getpid(), signal.SIGKILL)
for step in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        with only_compactor(Path(sys.argv[1]) / step):
            compact(Path(sys.argv[1]) / step, on_step=killed_at(step))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


def test_a_compactor_killed_at_any_step_loses_nothing(tmp_path: Path) -> None:
    towns = {}
    for step in STEPS:
        founded(tmp_path / step)
        compact(tmp_path / step)
        towns[step] = KeptTown(tmp_path / step)
        towns[step].live(6)
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), *STEPS], check=True, timeout=120)
    assert {step: bool(list((tmp_path / step).glob("*.partial"))) for step in STEPS} == {
        step: step not in ("read", "finished") for step in STEPS
    }
    for step, town in towns.items():
        expected = digests(town.engine.state)
        town.close()
        assert recovered_digests(tmp_path / step) == expected
        compact(tmp_path / step)
        remove_older(tmp_path / step)
        assert recovered_digests(tmp_path / step) == expected
        assert not list((tmp_path / step).glob("*.partial"))


def test_the_service_killed_at_any_step_after_a_compaction_loses_nothing(tmp_path: Path) -> None:
    """Truncation goes in steps; after each of them, and before and after the old snapshot is gone, all recovers."""
    founded(tmp_path)
    compact(tmp_path)
    town = KeptTown(tmp_path)
    town.live(6, 60)
    expected = digests(town.engine.state)
    position = compact(tmp_path).position
    step_count = 0
    while not town.store.truncate_step(position):
        step_count += 1
        town.close()
        assert recovered_digests(tmp_path) == expected
        town = KeptTown(tmp_path)
    assert step_count >= 2
    assert len(snapshot_paths(tmp_path)) == 2
    remove_older(tmp_path)
    town.live(66)
    town.close()
    assert recovered_digests(tmp_path) == digests(town.engine.state)


def test_rounds_follow_one_another_while_the_journal_is_written(tmp_path: Path) -> None:
    founded(tmp_path)
    town = KeptTown(tmp_path)
    lsns = []
    for first in range(6, 12, 6):
        done = compact(tmp_path, size_bytes_max=800)
        lsns.append(done.position.lsn)
        town.live(first)
        town.store.truncate(done.position)
        remove_older(tmp_path)
    while True:
        done = compact(tmp_path, size_bytes_max=800)
        if done.position == town.store.last:
            break
        lsns.append(done.position.lsn)
    assert len(lsns) > 2
    assert lsns == sorted(lsns)
    town.store.truncate(town.store.last)
    town.close()
    assert recovered_digests(tmp_path) == digests(town.engine.state)


def test_a_tail_is_read_while_the_server_truncates_up_to_its_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    founded(tmp_path)
    position = compact(tmp_path).position
    town = KeptTown(tmp_path)
    town.live(6)

    class OvertakenReader(SqliteReader):
        """The server truncates after the first commit that is read."""

        def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
            commits = super().read(after_lsn)
            yield next(commits)
            town.store.truncate(position)
            yield from commits

    monkeypatch.setattr(sqlite_file, "READ_COMMIT_COUNT", 1)
    reader = OvertakenReader(tmp_path / JOURNAL_NAME)
    read = list(commits_after(reader, newest_snapshot(tmp_path)))
    assert town.store.base == reader.base == position
    assert read == list(town.store.read())
    assert len(read) > 20
    reader.close()
    town.close()


def test_a_snapshot_leaves_the_reserve_and_nothing_of_itself_where_it_fails(tmp_path: Path) -> None:
    expected = founded(tmp_path)
    with pytest.raises(JournalError, match="no room"):
        compact(tmp_path, reserve_bytes=10**18)

    def fail(step: str) -> None:
        if step == "part 30":
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        compact(tmp_path, on_step=fail)
    assert not list(tmp_path.glob("snapshot-*"))
    assert compact(tmp_path, reserve_bytes=1).record_count > 20
    assert recovered_digests(tmp_path) == expected


def test_two_never_write_at_once(tmp_path: Path) -> None:
    with only_compactor(tmp_path), pytest.raises(JournalError, match="under way"), only_compactor(tmp_path):
        raise AssertionError
    with only_compactor(tmp_path):
        pass


def test_the_process_tells_what_it_wrote_and_what_was_wrong(tmp_path: Path) -> None:
    expected = founded(tmp_path)
    command = [sys.executable, "-m", "geooffer.journal.compactor", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(done.stdout)
    snapshot = newest_snapshot(tmp_path)
    assert snapshot is not None
    assert (told["lsn"], told["hash"]) == (snapshot.position.lsn, snapshot.position.hash.hex())
    assert told["record_count"] > 20
    recovered = recover(tmp_path)
    assert recovered.record_count == 0
    assert recovered.person_count == told["person_count"]
    recovered.store.close()
    assert digests(recovered.state) == expected
    town = KeptTown(tmp_path)
    town.live(6)
    town.close()
    full = subprocess.run(
        [*command, "--reserve-bytes", str(10**18)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr.startswith("the disk has no room")
    (snapshot.path / "people-07.part").write_bytes(b"")
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"{snapshot.path.name}/people-07.part has 0 bytes")


def test_the_process_says_nothing_of_a_record_that_does_not_fold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server logs its last line; KeyError would name the key of a person."""
    founded(tmp_path)
    recovered = recover(tmp_path)
    stranger = TouchpointRecord(-77_123_456, int(TouchpointKind.SEARCH), 0)
    partition = partition_of(stranger.person_key)
    sequence = recovered.state.sequences.get(partition, 0) + 1
    recovered.store.append(encode_entries([Entry(partition, sequence, stranger)]), recovered.store.last.lsn)
    recovered.store.close()
    monkeypatch.setattr("os.nice", lambda increment: 0)
    try:
        assert main([str(tmp_path)]) == 1
    finally:
        gc.enable()
        gc.unfreeze()
    assert capsys.readouterr().err == "it does not fold (KeyError)\n"


def test_a_compactor_whose_server_is_gone_ends(tmp_path: Path) -> None:
    founded(tmp_path)
    with only_compactor(tmp_path):  # so that it waits
        process = subprocess.Popen(
            [sys.executable, "-m", "geooffer.journal.compactor", str(tmp_path), "--with-parent"], stdin=subprocess.PIPE
        )
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=120) == 4
    assert not snapshot_paths(tmp_path)
