"""Is the audit log whole? Chain, numbers, seals, head, and what the journal remembers of it; beside a server, too.

| what was done to it | found by |
|---|---|
| an entry changed, dropped, inserted, moved | the chain |
| the same, and the chain made again | head and seals: only the secret key signs |
| the end cut off | the head, which names a later entry |
| the end cut off and an old head put back | the journal: its AuditSealed, or commits it no longer holds |
| all of it put back, with the journal | a head kept elsewhere (`against`) |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from geooffer.audit.entries import SEAL, AuditEntry, Place
from geooffer.audit.head import HEAD_NAME, Head, check_signature, read_head
from geooffer.audit.log import DIRECTORY_NAME
from geooffer.audit.segments import read_entries
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.field_arrays import CODES
from geooffer.journal.frames import decode_raw, partitions_of
from geooffer.journal.keyring import Keyring
from geooffer.journal.snapshots import newest_snapshot
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME
from geooffer.model.records import CATALOG_PARTITION, AuditSealed


@dataclass(frozen=True, slots=True)
class VerifiedAudit:
    """A whole log."""

    place: Place
    """Of its latest entry."""
    head: Head
    counts: Mapping[str, int]
    """Entries by kind."""
    seal_count: int
    unsigned_count: int
    """Written after the head was: a crash was in between, or they are being signed just now."""
    remembered: Mapping[int, bytes]
    """What the journal remembers of the log: number → hash."""


@dataclass(slots=True)
class _Journal:
    """What the journal says of the log; read before the log, which only grows."""

    base: Position | None = None
    last: Position | None = None
    seals: dict[int, bytes] = field(default_factory=dict)


def verify_audit(
    state_directory: Path,
    key: Ed25519PublicKey,
    *,
    keyring: Keyring | None = None,
    against: Path | None = None,
) -> VerifiedAudit:
    """Read and check all; `against`: a head that was kept elsewhere. Raises JournalError, saying where."""
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
    place, counts, unsigned_count = _read_log(directory, head, key, expected)
    for number in sorted(expected):
        if number > place.number:
            raise JournalError(
                f"the audit log ends at entry {place.number}, and entry {number} was written: it was cut"
            )
    _check_journal(journal, head)
    seal_count = counts.pop(SEAL, 0)
    return VerifiedAudit(place, head, counts, seal_count, unsigned_count, journal.seals)


def _read_log(
    directory: Path, head: Head, key: Ed25519PublicKey, expected: Mapping[int, bytes]
) -> tuple[Place, dict[str, int], int]:
    place, counts, unsigned_count = head.base, dict[str, int](), 0
    for found in read_entries(directory, head.base):
        entry: AuditEntry = found.entry
        if entry.kind == SEAL:
            check_signature(place, (entry.payload or {}).get("signature"), key)
        place = found.place
        counts[entry.kind] = counts.get(entry.kind, 0) + 1
        if expected.get(place.number, place.hash) != place.hash:
            raise JournalError(f"the audit log is another one than was signed, at or before entry {place.number}")
        unsigned_count += place.number > head.place.number
    return place, counts, unsigned_count


def _check_journal(journal: _Journal, head: Head) -> None:
    if journal.base is not None and head.position.lsn < journal.base.lsn:
        raise JournalError(
            f"the audit log ends at commit {head.position.lsn}, "
            f"and the journal begins after commit {journal.base.lsn}: an old log was put in its place"
        )


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
        found.base, found.last = reader.base, reader.last
        for commit in reader.read():
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
