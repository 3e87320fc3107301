"""A copy of a state directory that is consistent in itself, also while a server runs; and back again.

backup/
  backup.json                    when and at which commit it was taken, a digest of every file; sealed
  snapshot-<lsn>/                the newest snapshot
  journal.sqlite3                commits since then, copied by SQLite's backup interface
  decision.key                   so that decision ids go on to mean what they meant

Not in it: the erasure ledger (an old one would bring back whoever was erased since; it has to outlive backups), the
keys of tokens unless asked for, locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.commits import Position
from geooffer.journal.compactor import only_compactor
from geooffer.journal.decision_key import DECISION_KEY_NAME, fault_of_key
from geooffer.journal.erasing import apply_ledger, open_ledger
from geooffer.journal.erasures import LEDGER_NAME, goes_on_from, ledger_mark
from geooffer.journal.keyring import NO_KEY, Keyring, is_sealed
from geooffer.journal.recovery import recover
from geooffer.journal.service_lock import ServiceLock
from geooffer.journal.snapshots import digest_of, newest_snapshot, snapshot_paths
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.synced_files import (
    copy_synced,
    make_directory,
    sync_directory,
    write_synced,
)
from geooffer.journal.tail import JOURNAL_NAME, RESTORE_NAME, commits_after, refuse_half_restored
from geooffer.model.limits import BACKUP_RETENTION_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.records import CATALOG_PARTITION

BACKUP_NAME = "backup.json"
POLICY_KEY_NAME = "policy.key"
"""Signed the policies in the journal: without it nobody would serve by them."""
SCHEMA_VERSION = 1
LOCK_WAIT_S = 600.0
RESTORE_LOCK_WAIT_S = 10.0
"""A compactor ends with its server, within a moment."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup whose files were looked through."""

    path: Path
    taken_ms: int
    """Real time at which it was begun."""
    position: Position
    files: dict[str, str]
    """Relative name → digest."""
    ledger_mark: tuple[int, str] = (0, "")
    """How far the erasure ledger had come (journal/erasures.py)."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    position: Position
    person_count: int
    erased_count: int
    """Persons in the backup who were erased since it was taken, and now again."""


def back_up(directory: Path, target: Path, *, now_ms: int, further_names: Sequence[str] = ()) -> Backup:
    """Copy `directory` to `target`, which is empty or not there. Raises ConfigurationError, JournalError.

    further_names: files to copy, too, where they exist (keys of tokens).
    """
    if not (directory / JOURNAL_NAME).exists():
        raise ConfigurationError(f"{directory}: holds no journal to back up", field="state_dir")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigurationError(f"{target}: is not an empty directory")
    refuse_half_restored(directory)
    make_directory(target)
    # so that no snapshot is removed, and nothing restored, meanwhile
    with only_compactor(directory, LOCK_WAIT_S):
        fault = fault_of_key(directory, _last_lsn(directory))
        if fault is not None:
            raise ConfigurationError(f"{fault}: copy it back first (docs/operation.md, Files)", field="state_dir")
        snapshot = newest_snapshot(directory)
        if snapshot is not None:
            _copy_all(snapshot.path, target / snapshot.path.name)
        _copy_journal(directory / JOURNAL_NAME, target / JOURNAL_NAME)
        for name in (DECISION_KEY_NAME, POLICY_KEY_NAME, *further_names):
            if (directory / name).exists():
                write_synced(target / name, (directory / name).read_bytes())
        mark = ledger_mark(directory / LEDGER_NAME)
    position = _last_position(target)
    if fault := fault_of_key(target, position.lsn):  # the first commit came meanwhile
        raise ConfigurationError(fault, field="state_dir")
    files = {str(path.relative_to(target)): _file_digest(path) for path in _files_of(target)}
    told = {
        "schema": SCHEMA_VERSION,
        "taken_ms": now_ms,
        "lsn": position.lsn,
        "hash": position.hash.hex(),
        "files": files,
        "ledger_mark": mark,
    }
    line = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    write_synced(target / BACKUP_NAME, line + b"\n" + digest_of(line).encode() + b"\n")
    sync_directory(target)
    return Backup(target, now_ms, position, files, mark)


def open_backup(path: Path) -> Backup:
    """Read a backup and check every file. Raises JournalError that names the one that is not as it was written."""
    try:
        line, _, seal = (path / BACKUP_NAME).read_bytes().partition(b"\n")
    except OSError as error:
        raise JournalError(f"{BACKUP_NAME} cannot be read ({error.strerror}): not a whole backup") from error
    if seal != digest_of(line).encode() + b"\n":
        raise JournalError(f"{BACKUP_NAME} is damaged")
    try:
        told = json.loads(line)
        if told["schema"] > SCHEMA_VERSION:
            raise JournalError(f"{BACKUP_NAME} has schema {told['schema']}: it was written by a newer version")
        line_count, digest = told["ledger_mark"]
        position = Position(told["lsn"], bytes.fromhex(told["hash"]))
        backup = Backup(path, told["taken_ms"], position, told["files"], (int(line_count), str(digest)))
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{BACKUP_NAME} is damaged") from error
    found = {str(file.relative_to(path)) for file in _files_of(path)} - {BACKUP_NAME}
    for name in sorted(found ^ backup.files.keys()):
        raise JournalError(f"{name} {'does not belong into the backup' if name in found else 'is missing'}")
    for name, digest in sorted(backup.files.items()):
        if _file_digest(path / name) != digest:
            raise JournalError(f"{name} is damaged")
    return backup


def restore(
    source: Path,
    directory: Path,
    *,
    now_ms: int,
    is_forced: bool = False,
    is_expired_allowed: bool = False,
    is_ledger_optional: bool = False,
    keyring: Keyring | None = None,
) -> Restored:
    """Put a backup in the place of what `directory` holds, then erase again whoever was erased since it was taken.

    Raises ConfigurationError where something is there already and not `is_forced`, where the backup is older than it
    may be kept (privacy M7) and not `is_expired_allowed`, where the erasure ledger does not go on from the one it was
    taken beside and not `is_ledger_optional`, or a server runs on it; JournalError for a backup that is not sound, and
    where a compaction or a backup of the directory is under way.
    Cut short at any point it can be run again, and no server starts on what it left.
    """
    backup = open_backup(source)
    if now_ms - backup.taken_ms > BACKUP_RETENTION_MS and not is_expired_allowed:
        rule = f"the backup is older than {BACKUP_RETENTION_MS // DAY_MS} days and should be gone (--expired takes it)"
        raise ConfigurationError(rule)
    if not is_ledger_optional and not goes_on_from(directory / LEDGER_NAME, backup.ledger_mark):
        rule = (
            f"{directory}: {LEDGER_NAME} is missing or older than the backup: who was erased since would come back; "
            "put the newest one and its key there first (--without-ledger goes on without it)"
        )
        raise ConfigurationError(rule, field="state_dir")
    make_directory(directory)
    lock = ServiceLock(directory)
    try:
        # a compactor may outlive its server, and a backup may be taken of what is there
        with only_compactor(directory, RESTORE_LOCK_WAIT_S):
            if not is_forced and not (directory / RESTORE_NAME).exists() and _state_paths(directory):
                raise ConfigurationError(f"{directory}: holds a state already (--force replaces it)", field="state_dir")
            return _restore(backup, directory, now_ms, keyring)
    finally:
        lock.close()


def _restore(backup: Backup, directory: Path, now_ms: int, keyring: Keyring | None) -> Restored:
    aside = directory / RESTORE_NAME
    was_cut_short = aside.exists()
    if was_cut_short:
        shutil.rmtree(aside)
    _copy_all(backup.path, aside, without=(BACKUP_NAME,))
    sync_directory(directory)
    try:
        _check_keys(aside, keyring)
    except BaseException:
        if not was_cut_short:  # what is there is whole still
            shutil.rmtree(aside)
        raise
    kept = {DECISION_KEY_NAME, POLICY_KEY_NAME} - backup.files.keys()
    for path in _state_paths(directory):
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(aside.iterdir()):
        (directory / path.name).unlink(missing_ok=True)
        path.rename(directory / path.name)
    sync_directory(directory)
    recovered = recover(directory, is_restoring=True, keyring=keyring)
    try:
        ledger = open_ledger(directory)
        erased_count = apply_ledger(recovered.state, recovered.store, ledger, taken_ms=backup.taken_ms, now_ms=now_ms)
        position = recovered.store.last
    finally:
        recovered.store.close()
    aside.rmdir()
    sync_directory(directory)
    return Restored(position, recovered.person_count, erased_count)


def _check_keys(copy: Path, keyring: Keyring | None) -> None:
    """Before anything is replaced: whether what is encrypted opens; a key may have been changed between a snapshot and
    the commits after it. Raises JournalError where it does not.
    """
    snapshot = newest_snapshot(copy, keyring)
    if snapshot is not None:
        snapshot.read_part(CATALOG_PARTITION)
    reader = SqliteReader(copy / JOURNAL_NAME, keyring=keyring)
    try:
        for commit in commits_after(reader, snapshot):
            if is_sealed(commit.payload):
                raise JournalError(f"the journal {NO_KEY}")
    finally:
        reader.close()
    for suffix in ("-wal", "-shm"):  # of this reading alone: a backup has none
        (copy / f"{JOURNAL_NAME}{suffix}").unlink(missing_ok=True)


def _state_paths(directory: Path) -> list[Path]:
    """What a backup would replace."""
    names = [JOURNAL_NAME, f"{JOURNAL_NAME}-wal", f"{JOURNAL_NAME}-shm", DECISION_KEY_NAME, POLICY_KEY_NAME]
    found = [directory / name for name in names if (directory / name).exists()]
    return [*found, *snapshot_paths(directory)]


def _files_of(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _copy_all(source: Path, target: Path, without: Sequence[str] = ()) -> None:
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir()):
        if path.is_dir():
            _copy_all(path, target / path.name)
        elif path.name not in without:
            copy_synced(path, target / path.name)
    sync_directory(target)


def _copy_journal(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        reading = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        writing = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with writing.backup("main", reading, "main") as copying:
                copying.step(-1)
        finally:
            reading.close()
            writing.close()
    except apsw.Error as error:
        raise JournalError(f"the journal cannot be copied: {type(error).__name__}") from error


def _last_lsn(directory: Path) -> int:
    reader = SqliteReader(directory / JOURNAL_NAME)
    try:
        return reader.last.lsn
    finally:
        reader.close()


def _last_position(directory: Path) -> Position:
    """Where the copy ends; all its commits are checked on the way."""
    snapshot = newest_snapshot(directory)
    reader = SqliteReader(directory / JOURNAL_NAME)
    try:
        for _ in commits_after(reader, snapshot):
            pass
        return reader.last
    finally:
        reader.close()
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{directory / JOURNAL_NAME}{suffix}").unlink()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
