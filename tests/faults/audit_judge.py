"""What must hold of the audit log after a kill: it is whole, and tells of each commit it has come to exactly once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from geooffer.audit.derivation import drafts_of
from geooffer.audit.entries import SEAL
from geooffer.audit.head import HEAD_NAME
from geooffer.audit.keys import KEY_NAME, load_audit_keys
from geooffer.audit.log import DIRECTORY_NAME
from geooffer.audit.segments import read_entries, segments_of
from geooffer.audit.verification import verify_audit
from geooffer.errors import JournalError
from geooffer.journal.frames import decode_entries
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME


def judge_audit(directory: Path) -> list[str]:
    """Of a state directory that nobody serves; sentences."""
    log = directory / DIRECTORY_NAME
    if not log.exists() or not ((log / HEAD_NAME).exists() or segments_of(log)):
        return []  # killed before it was begun
    try:
        found = verify_audit(directory, load_audit_keys(directory / KEY_NAME).signing.public_key())
    except JournalError as error:
        return [f"audit log: {error.message}"]
    told = Counter(
        (item.entry.lsn, item.entry.kind)
        for item in read_entries(log, found.head.base)
        if item.place.number <= found.place.number and item.entry.kind != SEAL
    )
    faults, position = [], found.head.position
    for lsn, due in _due(directory, position.lsn).items():
        has = Counter({kind: count for (at, kind), count in told.items() if at == lsn})
        if has != due:
            faults.append(f"audit log: of commit {lsn} it tells {dict(has)}, and {dict(due)} is due")
    return faults


def _due(directory: Path, up_to_lsn: int) -> dict[int, Counter[str]]:
    reader = SqliteReader(directory / JOURNAL_NAME)
    try:
        return {
            commit.position.lsn: Counter(draft.kind for draft in drafts_of(0, decode_entries(commit.payload)))
            for commit in reader.read()
            if commit.position.lsn <= up_to_lsn
        }
    finally:
        reader.close()
