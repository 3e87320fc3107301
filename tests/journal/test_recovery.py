"""From a directory to a state: snapshot and journal have to meet; where they do not is said, and nothing is served."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kept_town import KeptTown, digests, founded

from geooffer.errors import JournalError
from geooffer.journal.compactor import compact
from geooffer.journal.recovery import JOURNAL_NAME, recover
from geooffer.journal.snapshots import remove_older, snapshot_paths
from geooffer.journal.tail import RESTORE_NAME
from geooffer.model.catalog import Customer


def test_a_directory_that_is_new_is_made_and_empty(tmp_path: Path) -> None:
    recovered = recover(tmp_path / "new" / "state")
    recovered.store.close()
    assert (recovered.record_count, recovered.person_count, recovered.snapshot_lsn) == (0, 0, 0)
    assert (tmp_path / "new" / "state").stat().st_mode & 0o777 == 0o700


def test_snapshot_and_journal_together_are_the_state(tmp_path: Path) -> None:
    founded(tmp_path)
    done = compact(tmp_path)
    town = KeptTown(tmp_path)
    town.live(6)
    told: list[str] = []
    for is_truncated in (False, True):
        if is_truncated:
            town.store.truncate(done.position)
        town.close()
        recovered = recover(tmp_path, told.append)
        assert digests(recovered.state) == digests(town.engine.state)
        assert recovered.snapshot_lsn == done.position.lsn
        assert recovered.record_count > 20
        assert recovered.size_bytes > 1_000
        recovered.store.close()
        town = KeptTown(tmp_path)
    town.close()
    assert f"recovering: part 65 of 65 of snapshot-{done.position.lsn}" in told


def test_what_was_recovered_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Against one engine that never stopped, whose sequences and state are the same to the end."""
    still = KeptTown(tmp_path / "still")
    still.found()
    still.live(0)
    still.live(6)
    founded(tmp_path / "stopped")
    done = compact(tmp_path / "stopped")
    town = KeptTown(tmp_path / "stopped")
    town.store.truncate(done.position)
    town.live(6)
    assert digests(town.engine.state) == digests(still.engine.state)
    assert town.engine.state.sequences == still.engine.state.sequences
    assert town.store.last == still.store.last, "byte for byte the same commits"
    town.close()
    still.close()


def test_a_journal_without_its_beginning_is_refused(tmp_path: Path) -> None:
    founded(tmp_path)
    done = compact(tmp_path)
    town = KeptTown(tmp_path)
    town.store.truncate(done.position)
    town.close()
    shutil.rmtree(snapshot_paths(tmp_path)[0])
    with pytest.raises(JournalError, match=f"begins after commit {done.position.lsn}, and there is no snapshot"):
        recover(tmp_path)


def test_a_snapshot_without_what_followed_it_is_refused(tmp_path: Path) -> None:
    founded(tmp_path)
    old = compact(tmp_path).position.lsn
    kept = shutil.copytree(snapshot_paths(tmp_path)[0], tmp_path.parent / "kept")
    town = KeptTown(tmp_path)
    town.live(6)
    position = compact(tmp_path).position
    town.store.truncate(position)
    town.close()
    remove_older(tmp_path)
    shutil.rmtree(snapshot_paths(tmp_path)[0])
    kept.rename(tmp_path / f"snapshot-{old}")
    with pytest.raises(
        JournalError, match=f"begins after commit {position.lsn}, and the newest snapshot ends at {old}"
    ):
        recover(tmp_path)


def test_a_journal_that_ends_before_its_snapshot_is_refused(tmp_path: Path) -> None:
    founded(tmp_path)
    before = shutil.copy(tmp_path / JOURNAL_NAME, tmp_path.parent / "before")
    town = KeptTown(tmp_path)
    town.live(6)
    town.close()
    lsn = compact(tmp_path).position.lsn
    shutil.copy(before, tmp_path / JOURNAL_NAME)
    with pytest.raises(JournalError, match=f"ends at commit .*, before the snapshot's {lsn}"):
        recover(tmp_path)
    (tmp_path / JOURNAL_NAME).unlink()
    with pytest.raises(JournalError, match="is missing beside snapshot-"):
        recover(tmp_path)
    assert not (tmp_path / JOURNAL_NAME).exists(), "no empty one was put in its place"


@pytest.mark.parametrize("is_truncated", [False, True])
def test_a_journal_of_another_chain_is_refused(tmp_path: Path, is_truncated: bool) -> None:
    founded(tmp_path / "one")
    compact(tmp_path / "one")
    other = KeptTown(tmp_path / "other")
    other.engine.upsert_customers([Customer("another", ())])
    other.found()
    other.live(0)
    (path,) = snapshot_paths(tmp_path / "one")
    lsn = int(path.name.removeprefix("snapshot-"))
    if is_truncated:
        positions = [commit.position for commit in other.store.read()]
        other.store.truncate(positions[lsn - 1])
    other.close()
    path.rename(tmp_path / "other" / path.name)
    with pytest.raises(JournalError, match=f"of another chain than the snapshot: they differ at commit {lsn}"):
        recover(tmp_path / "other")


def test_half_a_restore_is_refused(tmp_path: Path) -> None:
    founded(tmp_path)
    (tmp_path / RESTORE_NAME).mkdir()
    for way in (recover, compact):
        with pytest.raises(JournalError, match="run it again"):
            way(tmp_path)
