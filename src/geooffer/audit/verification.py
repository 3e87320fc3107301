"""Is the audit log whole? Chain, numbers, seals, head, and what the journal remembers of it; beside a server, too.

| what was done to it | found by |
|---|---|
| an entry changed, dropped, inserted, moved | the chain |
| the same, and the chain made again | head and seals: only the secret key signs |
| the end cut off | the head, which names a later entry |
| lines added behind the head | the journal, which tells of no such |
| the end cut off and an old head put back | the journal: its AuditSealed, or commits it no longer holds |
| all of it put back, with the journal | a head kept elsewhere (`against`) |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from geooffer.audit.derivation import drafts_of
from geooffer.audit.entries import SEAL, AuditEntry, Place
from geooffer.audit.head import HEAD_NAME, Head, check_signature, read_head
from geooffer.audit.log import DIRECTORY_NAME
from geooffer.audit.segments import read_entries
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.field_arrays import CODES
from geooffer.journal.frames import decode_entries, decode_raw, partitions_of
from geooffer.journal.keyring import Keyring
from geooffer.journal.snapshots import newest_snapshot
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME
from geooffer.model.records import CATALOG_PARTITION, AuditSealed

ATTEMPT_COUNT = 5


@dataclass(frozen=True, slots=True)
class VerifiedAudit:
    """A whole log."""

    place: Place
    """Of its latest signed entry."""
    head: Head
    counts: Mapping[str, int]
    """Signed entries by kind."""
    seal_count: int
    unsigned_count: int
    """Lines behind the head, which the journal tells of: a server is writing, or one was killed."""
    remembered: Mapping[int, bytes]
    """What the journal remembers of the log: number → hash."""


@dataclass(slots=True)
class _Journal:
    """What the journal says of the log; read before the log, which only grows."""

    base: Position | None = None
    seals: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Log:
    """What the log says of itself."""

    place: Place
    """Of the latest line, signed or not."""
    counts: dict[str, int] = field(default_factory=dict)
    unsigned: list[AuditEntry] = field(default_factory=list)


def verify_audit(
    state_directory: Path,
    key: Ed25519PublicKey,
    *,
    keyring: Keyring | None = None,
    against: Path | None = None,
) -> VerifiedAudit:
    """Read and check all; `against`: a head that was kept elsewhere. Raises JournalError, saying where."""
    path = state_directory / DIRECTORY_NAME / HEAD_NAME
    for _ in range(ATTEMPT_COUNT - 1):
        before = _bytes_of(path)
        try:
            return _verify(state_directory, key, keyring, against)
        except JournalError:
            if _bytes_of(path) == before:
                raise  # else a server wrote, cut the journal or dropped what is old meanwhile
    return _verify(state_directory, key, keyring, against)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _verify(
    state_directory: Path, key: Ed25519PublicKey, keyring: Keyring | None, against: Path | None
) -> VerifiedAudit:
    directory = state_directory / DIRECTORY_NAME
    journal = _read_journal(state_directory, keyring)
    head = read_head(directory / HEAD_NAME, key)
    earlier = read_head(against, key) if against is not None else None
    expected = {number: hash_ for number, hash_ in journal.seals.items() if number > head.base.number}
    for known in (head, earlier):
        if known is not None and known.place.number > head.base.number:
            if expected.get(known.place.number, known.place.hash) != known.place.hash:
                raise JournalError(f"head and journal tell of two logs that part before entry {known.place.number}")
            expected[known.place.number] = known.place.hash
    found = _read_log(directory, head, key, expected)
    for number in sorted(expected):
        if number > found.place.number:
            raise JournalError(
                f"the audit log ends at entry {found.place.number}, and entry {number} was written: it was cut"
            )
    if journal.base is not None and head.position.lsn < journal.base.lsn:
        raise JournalError(
            f"the audit log ends at commit {head.position.lsn}, "
            f"and the journal begins after commit {journal.base.lsn}: an old log was put in its place"
        )
    if found.unsigned:
        _check_unsigned(found.unsigned, state_directory, head.position, keyring)
    seal_count = found.counts.pop(SEAL, 0)
    return VerifiedAudit(head.place, head, found.counts, seal_count, len(found.unsigned), journal.seals)


def _read_log(directory: Path, head: Head, key: Ed25519PublicKey, expected: Mapping[int, bytes]) -> _Log:
    log = _Log(head.base)
    for found in read_entries(directory, head.base):
        entry = found.entry
        if entry.kind == SEAL:
            check_signature(log.place, (entry.payload or {}).get("signature"), key)
        log.place = found.place
        if expected.get(log.place.number, log.place.hash) != log.place.hash:
            raise JournalError(f"the audit log is another one than was signed, at or before entry {log.place.number}")
        if log.place.number > head.place.number:
            log.unsigned.append(entry)
        else:
            log.counts[entry.kind] = log.counts.get(entry.kind, 0) + 1
    return log


def _check_unsigned(entries: list[AuditEntry], directory: Path, position: Position, keyring: Keyring | None) -> None:
    """Lines behind the head are those of the commits after it, in their order; a seal has been checked. What else is
    there was added. (What they say of a person is encrypted, and told again by the next start.)
    """
    told = _told_after(directory, position, keyring)
    for entry in entries:
        if entry.kind == SEAL:
            continue
        found = (entry.lsn, entry.kind, entry.role, entry.caller, entry.method, bool(entry.subject))
        if next(told, None) != found:
            raise JournalError(f"entry {entry.number} of the audit log is not signed, and the journal tells of no such")


def _told_after(directory: Path, position: Position, keyring: Keyring | None) -> Iterator[tuple[object, ...]]:
    if not (directory / JOURNAL_NAME).exists():
        return
    reader = SqliteReader(directory / JOURNAL_NAME, keyring=keyring)
    try:
        for commit in reader.read(position.lsn):
            for draft in drafts_of(commit.position.lsn, decode_entries(commit.payload)):
                note = draft.note
                who = ("", "", "") if note is None else (note.role, note.caller.hex(), note.method)
                yield draft.lsn, draft.kind, *who, draft.subject_key is not None
    finally:
        reader.close()


def _read_journal(directory: Path, keyring: Keyring | None) -> _Journal:
    found = _Journal()
    if not (directory / JOURNAL_NAME).exists():
        return found
    snapshot = newest_snapshot(directory, keyring)
    if snapshot is not None:
        number, hash_ = snapshot.read_part(CATALOG_PARTITION)["content"].get("audit_seal", (0, b""))
        found.seals[number] = hash_
    reader = SqliteReader(directory / JOURNAL_NAME, keyring=keyring)
    try:
        found.base = reader.base
        # a server may be truncating up to the snapshot at this moment
        for commit in reader.read(None if snapshot is None else max(found.base.lsn, snapshot.position.lsn)):
            for raw in partitions_of(commit.payload):
                if raw.partition == CATALOG_PARTITION and raw.raw[0] == CODES[AuditSealed]:
                    record = decode_raw(raw.raw)
                    if isinstance(record, AuditSealed):
                        if record.number <= 0:
                            found.seals.clear()  # the log before was lost, and said to be
                        found.seals[record.number] = record.hash
    finally:
        reader.close()
    return found
