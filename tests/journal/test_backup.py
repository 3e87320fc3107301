"""Backups: whole, consistent while the directory is written, and checked before they come back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kept_town import NOW_MS, KeptTown, digests, founded, recovered_digests

from geooffer.engine.parts import PARTITIONS
from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal import backup as backup_module
from geooffer.journal.backup import BACKUP_NAME, back_up, open_backup, restore
from geooffer.journal.compactor import compact, only_compactor
from geooffer.journal.erasing import open_ledger
from geooffer.journal.erasures import KEY_NAME, LEDGER_NAME
from geooffer.journal.keyring import Keyring
from geooffer.journal.recovery import recover
from geooffer.journal.service_lock import ServiceLock
from geooffer.journal.snapshots import snapshot_paths
from geooffer.journal.tail import JOURNAL_NAME, RESTORE_NAME
from geooffer.journal.verification import verify_state
from geooffer.model.limits import BACKUP_RETENTION_MS

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A state directory with a snapshot and a journal after it."""
    directory = tmp_path / "state"
    founded(directory)
    compact(directory)
    town = KeptTown(directory)
    town.live(6)
    town.close()
    (directory / "decision.key").write_bytes(b"k" * 32)
    (directory / "token.key").write_bytes(b"secret")
    open_ledger(directory)
    return directory


def test_a_backup_comes_back_as_it_was(kept: Path, tmp_path: Path) -> None:
    before = recovered_digests(kept)
    backup = back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    assert backup == open_backup(tmp_path / "backup")
    restored = restore(tmp_path / "backup", tmp_path / "new", now_ms=NOW_MS)
    assert restored.position == backup.position
    assert restored.erased_count == 0
    assert recovered_digests(tmp_path / "new") == before
    assert (tmp_path / "new" / "decision.key").read_bytes() == b"k" * 32
    assert not (tmp_path / "new" / RESTORE_NAME).exists()


def test_neither_the_ledger_nor_token_keys_are_in_it_unless_asked_for(kept: Path, tmp_path: Path) -> None:
    back_up(kept, tmp_path / "one", now_ms=NOW_MS)
    back_up(kept, tmp_path / "two", now_ms=NOW_MS, further_names=("token.key",))
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {BACKUP_NAME, "decision.key", JOURNAL_NAME, snapshot_paths(kept)[0].name}
    assert {path.name for path in (tmp_path / "two").iterdir()} - names == {"token.key"}
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "two").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_a_backup_is_taken_while_the_directory_is_written(kept: Path, tmp_path: Path) -> None:
    """And without a snapshot, too."""
    for path in snapshot_paths(kept):
        shutil.rmtree(path)
    town = KeptTown(kept)
    town.live(12)
    backup = back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    then = digests(town.engine.state)
    town.live(18)
    town.close()
    assert backup.position.lsn < town.store.last.lsn
    restore(tmp_path / "backup", tmp_path / "new", now_ms=NOW_MS)
    assert recovered_digests(tmp_path / "new") == then


def test_who_was_erased_since_is_erased_again(kept: Path, tmp_path: Path) -> None:
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    town = KeptTown(kept)
    ledger = open_ledger(kept)
    ledger.begin("e1", town.engine.keys_of("customer-1"), time_ms=NOW_MS + 1, lsn=town.store.last.lsn)
    counts = town.engine.delete_customer("customer-1")
    ledger.erased("e1", time_ms=NOW_MS + 2, lsn=town.store.last.lsn, counts=counts)
    town.close()
    restored = restore(tmp_path / "backup", kept, now_ms=NOW_MS + 3, is_forced=True)
    assert restored.erased_count == 1
    recovered = recover(kept)
    recovered.store.close()
    names = {customer.customer_id for customer in recovered.state.people.customers.values()}
    assert "customer-1" not in names
    assert "customer-2" in names
    assert open_ledger(kept).needs_compaction, "her bytes are still in the files"


@pytest.mark.parametrize("is_older", [False, True])
def test_a_restore_without_the_ledger_of_its_time_is_refused(kept: Path, tmp_path: Path, is_older: bool) -> None:
    ledger = open_ledger(kept)
    ledger.begin("e1", [7], time_ms=NOW_MS, lsn=1)
    earlier = (kept / LEDGER_NAME).read_bytes()
    ledger.erased("e1", time_ms=NOW_MS, lsn=1, counts={})
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    new = tmp_path / "new"
    if is_older:
        new.mkdir(mode=0o700)
        shutil.copy(kept / KEY_NAME, new)
        (new / LEDGER_NAME).write_bytes(earlier)
        (new / LEDGER_NAME).chmod(0o600)
    with pytest.raises(ConfigurationError, match="erased since would come back"):
        restore(tmp_path / "backup", new, now_ms=NOW_MS + 1)
    assert not (new / JOURNAL_NAME).exists()
    restore(tmp_path / "backup", new, now_ms=NOW_MS + 1, is_ledger_optional=True)
    shutil.copy(kept / KEY_NAME, new)
    shutil.copy(kept / LEDGER_NAME, new)
    restore(tmp_path / "backup", new, now_ms=NOW_MS + 1, is_forced=True)


def test_a_backup_older_than_30_days_is_refused_unless_it_is_asked_for(kept: Path, tmp_path: Path) -> None:
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    late_ms = NOW_MS + BACKUP_RETENTION_MS + 1
    with pytest.raises(ConfigurationError, match="30 days"):
        restore(tmp_path / "backup", kept, now_ms=late_ms, is_forced=True)
    restore(tmp_path / "backup", kept, now_ms=late_ms, is_forced=True, is_expired_allowed=True)
    restore(tmp_path / "backup", kept, now_ms=late_ms - 1, is_forced=True)


def test_nothing_is_overwritten_unasked_nor_under_a_server(kept: Path, tmp_path: Path) -> None:
    before = recovered_digests(kept)
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    with pytest.raises(ConfigurationError, match="--force replaces it"):
        restore(tmp_path / "backup", kept, now_ms=NOW_MS)
    lock = ServiceLock(kept)
    with pytest.raises(ConfigurationError, match="another server"):
        restore(tmp_path / "backup", kept, now_ms=NOW_MS, is_forced=True)
    lock.close()
    with pytest.raises(ConfigurationError, match="is not an empty directory"):
        back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    with pytest.raises(ConfigurationError, match="holds no journal"):
        back_up(tmp_path / "nowhere", tmp_path / "other", now_ms=NOW_MS)
    assert recovered_digests(kept) == before


def test_a_restore_and_a_compaction_keep_apart(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server may be gone, the compactor is not yet: it would write a snapshot of the old state among the new."""
    before = recovered_digests(kept)
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    town = KeptTown(kept)
    town.live(12)
    town.close()
    later = recovered_digests(kept)
    monkeypatch.setattr("geooffer.journal.backup.RESTORE_LOCK_WAIT_S", 0.0)
    with only_compactor(kept), pytest.raises(JournalError, match="another compaction or backup"):
        restore(tmp_path / "backup", kept, now_ms=NOW_MS, is_forced=True)
    assert recovered_digests(kept) == later != before
    restore(tmp_path / "backup", kept, now_ms=NOW_MS, is_forced=True)
    assert recovered_digests(kept) == before
    with only_compactor(kept):
        pass


@pytest.mark.parametrize("harm", ["flip", "gone", "more"])
def test_a_backup_that_is_not_as_it_was_written_is_refused_by_name(kept: Path, tmp_path: Path, harm: str) -> None:
    backup = back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    for name in (*sorted(backup.files)[::9], JOURNAL_NAME, BACKUP_NAME):
        path = tmp_path / "backup" / name
        whole = path.read_bytes()
        if harm == "flip":
            path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
        elif harm == "gone":
            path.unlink()
        else:
            (tmp_path / "backup" / "more").write_bytes(b"")
        with pytest.raises(JournalError, match="more" if harm == "more" else name):
            restore(tmp_path / "backup", tmp_path / "new", now_ms=NOW_MS)
        path.write_bytes(whole)
    assert not (tmp_path / "new").exists(), "nothing was begun"


def test_a_restore_cut_short_is_refused_by_a_start_and_can_be_run_again(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every rename on the way."""
    before = recovered_digests(kept)
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    town = KeptTown(kept)
    town.live(12)
    town.close()
    rename = Path.rename
    for count in range(3):
        left = [count]

        def cut(self: Path, target: Path, left: list[int] = left) -> Path:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", cut)
        with pytest.raises(KeyboardInterrupt):
            restore(tmp_path / "backup", kept, now_ms=NOW_MS, is_forced=True)
        monkeypatch.undo()
        with pytest.raises(JournalError, match="cut short"):
            recover(kept)
    restore(tmp_path / "backup", kept, now_ms=NOW_MS)
    assert recovered_digests(kept) == before


def test_a_sound_directory_tells_what_it_holds(kept: Path) -> None:
    recovered = recover(kept)
    recovered.store.close()
    found = verify_state(kept, with_digests=True)
    assert list(found.digests) == list(PARTITIONS)
    assert list(found.digests.values()) == digests(recovered.state)
    assert found.person_count == recovered.person_count
    assert found.record_count == recovered.record_count
    assert (found.position, found.snapshot_lsn) == (recovered.store.last, recovered.snapshot_lsn)


def test_a_backup_without_the_decision_key_is_not_taken(kept: Path, tmp_path: Path) -> None:
    """No start would take it."""
    key = kept / "decision.key"
    for content in (None, b"short"):
        key.unlink(missing_ok=True)
        if content is not None:
            key.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"decision\.key"):
            back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
        with pytest.raises(JournalError, match=r"decision\.key"):
            verify_state(kept)
    key.write_bytes(b"k" * 32)
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    verify_state(kept)


def test_before_the_first_commit_there_may_be_no_decision_key(tmp_path: Path) -> None:
    recover(tmp_path / "state").store.close()
    back_up(tmp_path / "state", tmp_path / "backup", now_ms=NOW_MS)
    assert verify_state(tmp_path / "state").position.lsn == 0


def test_a_backup_that_has_no_decision_key_takes_none_away(kept: Path, tmp_path: Path) -> None:
    """Backups of earlier versions may have none."""
    from geooffer.journal.snapshots import digest_of

    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    path = tmp_path / "backup" / BACKUP_NAME
    told = json.loads(path.read_bytes().splitlines()[0])
    del told["files"]["decision.key"]
    line = json.dumps(told).encode()
    path.write_bytes(line + b"\n" + digest_of(line).encode() + b"\n")
    (tmp_path / "backup" / "decision.key").unlink()
    restore(tmp_path / "backup", kept, now_ms=NOW_MS, is_forced=True)
    assert (kept / "decision.key").read_bytes() == b"k" * 32


def test_all_of_a_backup_is_read_while_nobody_restores(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the key, or how far the ledger had come, may be of another state than the journal."""
    seen: list[str] = []

    def is_alone(name: str) -> None:
        with pytest.raises(JournalError, match="under way"), only_compactor(kept, wait_s=0.0):
            pass
        seen.append(name)

    write, mark = backup_module.write_synced, backup_module.ledger_mark

    def written(path: Path, data: bytes) -> None:
        if path.name != BACKUP_NAME:
            is_alone(path.name)
        write(path, data)

    def marked(path: Path) -> tuple[int, str]:
        is_alone(path.name)
        return mark(path)

    monkeypatch.setattr(backup_module, "write_synced", written)
    monkeypatch.setattr(backup_module, "ledger_mark", marked)
    back_up(kept, tmp_path / "backup", now_ms=NOW_MS, further_names=("token.key",))
    assert seen == ["decision.key", "token.key", LEDGER_NAME]


def test_damage_is_found_and_placed(kept: Path) -> None:
    manifest = snapshot_paths(kept)[0] / "people-11.part"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-1] + b"\xff")
    with pytest.raises(JournalError, match=r"people-11\.part is damaged"):
        verify_state(kept)
    manifest.write_bytes(whole)
    verify_state(kept)
    (kept / JOURNAL_NAME).unlink()
    with pytest.raises(JournalError, match="is missing"):
        verify_state(kept)


def test_a_manifest_of_a_newer_program_is_refused(kept: Path, tmp_path: Path) -> None:
    from geooffer.journal.snapshots import digest_of

    back_up(kept, tmp_path / "backup", now_ms=NOW_MS)
    path = tmp_path / "backup" / BACKUP_NAME
    told = json.loads(path.read_bytes().splitlines()[0]) | {"schema": 2}
    line = json.dumps(told).encode()
    path.write_bytes(line + b"\n" + digest_of(line).encode() + b"\n")
    with pytest.raises(JournalError, match="newer version"):
        open_backup(tmp_path / "backup")


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    """A backup whose snapshot is under one key, and the commits after it under another."""
    directory = tmp_path / "encrypted"
    founded(directory, keyring=Keyring([OLD_KEY]))
    (directory / "decision.key").write_bytes(b"k" * 32)
    compact(directory, keyring=Keyring([OLD_KEY]))
    town = KeptTown(directory, Keyring([NEW_KEY, OLD_KEY]))
    town.live(6)
    town.close()
    back_up(directory, tmp_path / "backup", now_ms=NOW_MS)
    return tmp_path / "backup"


def test_after_a_change_of_keys_an_older_backup_comes_back_and_leaves_the_old_key(
    rotated: Path, tmp_path: Path
) -> None:
    both, target = Keyring([NEW_KEY, OLD_KEY]), tmp_path / "new"
    before = recovered_digests(tmp_path / "encrypted", both)
    restore(rotated, target, now_ms=NOW_MS, keyring=both)
    assert recovered_digests(target, both) == before
    town = KeptTown(target, both)
    town.live(12)
    town.close()
    compact(target, keyring=both)
    assert verify_state(target, keyring=Keyring([NEW_KEY])).key_id == Keyring([NEW_KEY]).key_id


@pytest.mark.parametrize("keys", [[], [OLD_KEY], [NEW_KEY]], ids=["none", "of the snapshot", "of the commits"])
@pytest.mark.parametrize("has_snapshot", [True, False])
def test_a_backup_that_does_not_open_replaces_nothing(
    rotated: Path, kept: Path, tmp_path: Path, keys: list[bytes], has_snapshot: bool
) -> None:
    if not has_snapshot:
        shutil.rmtree(rotated)
        shutil.rmtree(tmp_path / "encrypted")
        for key in (OLD_KEY, NEW_KEY):
            town = KeptTown(tmp_path / "encrypted", Keyring([key, OLD_KEY] if key != OLD_KEY else [key]))
            town.found() if key == OLD_KEY else town.live(0)
            town.close()
        (tmp_path / "encrypted" / "decision.key").write_bytes(b"k" * 32)
        back_up(tmp_path / "encrypted", rotated, now_ms=NOW_MS)
    before = recovered_digests(kept)
    with pytest.raises(JournalError, match="encrypted"):
        restore(rotated, kept, now_ms=NOW_MS, is_forced=True, keyring=Keyring(keys) if keys else None)
    assert not (kept / RESTORE_NAME).exists()
    assert recovered_digests(kept) == before
