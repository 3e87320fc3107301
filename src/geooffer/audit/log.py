"""The audit log being written: what was drafted of a commit becomes lines, chained, sealed and synced.

Order of every step, so that a crash between any two of them is repaired by the next start:

    persons' keys on disk ──► lines on disk ──► head on disk

Lines behind the head are not written again: what the journal tells of their commits has to be the same.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from geooffer.audit.derivation import Draft
from geooffer.audit.entries import DECISION, OUTCOME, SEAL, SECURITY, AuditEntry, Place, follow, line_of
from geooffer.audit.head import (
    HEAD_NAME,
    PUBLIC_KEY_NAME,
    Head,
    read_head,
    signature_over,
    write_public_key,
)
from geooffer.audit.keys import NO_END, PERSONS_NAME, AuditKeys, PersonKeys, epoch_of, seal
from geooffer.audit.segments import (
    Found,
    Segment,
    last_hash,
    latest_time_ms,
    read_entries,
    segment_path,
    segments_of,
)
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.synced_files import append_synced, sync_directory

DIRECTORY_NAME = "audit"
SEGMENT_SIZE_BYTES = 16 * 1024 * 1024
SEAL_ENTRY_COUNT = 4_096
"""Entries after which a signature stands in the log itself."""
DAY_MS = 86_400_000
SEGMENT_AGE_MAX_MS = 31 * DAY_MS
"""Then the next one begins, so that retention, which drops whole segments, is not later than that."""

OnStep = Callable[[str], None]


class AuditLog:
    """One writer. After an error in `write` it may be called again with the same drafts."""

    def __init__(
        self,
        directory: Path,
        keys: AuditKeys,
        *,
        retention_ms: int,
        begins_at: Position,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        on_step: OnStep = lambda step: None,
    ) -> None:
        """Open, or begin one that will hold all after `begins_at`. Raises JournalError where it does not follow.

        `on_step` is told of every step, for fault tests.
        """
        self._directory, self._keys = directory, keys
        self._keys_dropped_ms = 0
        self._retention_ms, self._now_ms, self._on_step = retention_ms, now_ms, on_step
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / HEAD_NAME
        if not path.exists():
            if segments_of(directory):
                raise JournalError("the audit log has entries and no head: it was cut, or its head was taken away")
            if not (directory / PUBLIC_KEY_NAME).exists():
                write_public_key(directory / PUBLIC_KEY_NAME, keys.signing.public_key())
            Head(Place(), begins_at, Place(), Place(), now_ms()).write(path, keys.signing)
        self.persons = PersonKeys(directory / PERSONS_NAME, keys.wrapping)
        try:
            self._open(read_head(path, keys.signing.public_key()))
        except BaseException:
            self.persons.close()
            raise

    def _open(self, head: Head) -> None:
        self._head = head
        self.place, self._since_seal = head.segment, 0
        self._unsigned: list[AuditEntry] = []
        """Entries behind the head that were made of records: the next drafts have to be these."""
        self._recent: dict[int, bytes] = {}
        """Number → hash of the entries found in the file that is being written; dropped once the start is over."""
        last: Found | None = None
        self._segment_began_ms = self._now_ms()
        for found in read_entries(self._directory, head.segment):
            if last is None:
                self._segment_began_ms = found.entry.time_ms
            last, self.place = found, found.place
            self._since_seal = 0 if found.entry.kind == SEAL else self._since_seal + 1
            self._recent[found.place.number] = found.place.hash
            if found.place.number == head.place.number and found.place != head.place:
                raise JournalError(f"the audit log is another one than its head signed, at entry {head.place.number}")
            if found.place.number > head.place.number and found.entry.kind != SEAL:
                self._unsigned.append(found.entry)
        if self.place.number < head.place.number:
            raise JournalError(
                f"the audit log ends at entry {self.place.number}, and {head.place.number} were written: it was cut"
            )
        if last is None:
            self._path, self._size_bytes = segment_path(self._directory, self.place.number + 1), 0
        else:
            self._path, self._size_bytes = last.segment.path, last.end_bytes
            if self._path.stat().st_size > self._size_bytes:
                os.truncate(self._path, self._size_bytes)  # the end of a line that a crash cut

    @property
    def head(self) -> Head:
        """As it was last signed."""
        return self._head

    @property
    def unsigned_count(self) -> int:
        """Entries found behind the head that were not met again yet."""
        return len(self._unsigned)

    def check_remembered(self, number: int, hash_: bytes) -> None:
        """Once, at a start: that the entry the journal remembers is in the log. Raises JournalError where it is not."""
        if number > self.place.number or self._recent.get(number, hash_) != hash_:
            raise JournalError(
                f"the journal remembers entry {number} of the audit log, and the log has not: it was cut"
            )
        self._recent.clear()

    def write(self, drafts: Sequence[Draft], position: Position) -> None:
        """Append what was drafted of the commits up to `position`, then sign. Raises JournalError, OSError."""
        lines: list[bytes] = []
        place, since_seal = self.place, self._since_seal
        unsigned = list(self._unsigned)
        for draft in drafts:
            if unsigned:
                self._meet(unsigned.pop(0), draft)
                continue
            place = self._append(lines, place, self._entry(draft, place.number + 1))
            since_seal += 1
            if since_seal >= SEAL_ENTRY_COUNT:
                place = self._append(lines, place, self._seal(place, draft.lsn))
                since_seal = 0
        if lines:
            self._on_step("drafted")
            data = b"".join(lines)
            append_synced(self._path, data, self._size_bytes)
            self._on_step("appended")
            self._size_bytes += len(data)
        self.place, self._since_seal, self._unsigned = place, since_seal, unsigned
        if lines or position.lsn != self._head.position.lsn:
            self.sign(position)

    def sign(self, position: Position) -> None:
        """All commits up to `position` are in the log: say so, durably."""
        if self._unsigned:
            raise JournalError(f"the audit log has {len(self._unsigned)} entries that the journal does not tell of")
        self._put_head(replace(self._head, place=self.place, position=position))
        self._on_step("signed")
        self._turn_segment()

    def note(self, kind: str, payload: dict[str, Any]) -> None:
        """An entry that the log writes of itself, signed at once."""
        lsn = self._head.position.lsn
        entry = AuditEntry(self.place.number + 1, self._now_ms(), kind, lsn, payload=payload)
        lines: list[bytes] = []
        place = self._append(lines, self.place, entry)
        append_synced(self._path, lines[0], self._size_bytes)
        self._size_bytes += len(lines[0])
        self.place = place
        self.sign(self._head.position)

    def exchange_journal(self, position: Position) -> None:
        """The journal is another one than before (a restored backup): what follows is told of the commits after it."""
        lost = self._head.position.lsn
        if self._unsigned:
            self._unsigned = []
        self._head = replace(self._head, position=position)
        self.note(SECURITY, {"event": "journal exchanged", "journal_was_at": lost, "journal_is_at": position.lsn})

    def keep_bounded(self) -> None:
        """Begin a new segment where it is time, and drop what is older than it may be kept."""
        if not self._unsigned:
            self._turn_segment()

    def close(self) -> None:
        """Seal what was written since the last seal, and close the file of keys."""
        try:
            if self._since_seal and not self._unsigned:
                lines: list[bytes] = []
                place = self._append(lines, self.place, self._seal(self.place, self._head.position.lsn))
                append_synced(self._path, lines[0], self._size_bytes)
                self.place, self._since_seal = place, 0
                self._put_head(replace(self._head, place=place))
        finally:
            self.persons.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _append(self, lines: list[bytes], place: Place, entry: AuditEntry) -> Place:
        text = entry.text()
        after = follow(place, text)
        lines.append(line_of(after, text))
        return after

    def _meet(self, found: AuditEntry, draft: Draft) -> None:
        """A crash came between entry and head: the journal has to tell the same of it."""
        subject = "" if draft.subject_key is None else self._keys.subject_of(draft.subject_key).hex()
        if (found.lsn, found.kind, found.subject) != (draft.lsn, draft.kind, subject):
            raise JournalError(
                f"entry {found.number} of the audit log is not what the journal tells of commit {found.lsn}"
            )

    def _entry(self, draft: Draft, number: int) -> AuditEntry:
        note = draft.note
        time_ms = draft.time_ms
        if time_ms is None:
            time_ms = self._now_ms() if note is None else note.time_ms
        told: dict[str, Any] = {"number": number, "time_ms": time_ms, "kind": draft.kind, "lsn": draft.lsn}
        if note is not None:
            told |= {"role": note.role, "caller": note.caller.hex(), "method": note.method}
        if draft.subject_key is None:
            return AuditEntry(**told, payload=draft.payload)
        subject = self._keys.subject_of(draft.subject_key)
        told["subject"] = subject.hex()
        if draft.is_erasure:
            count = self.persons.destroy(subject, number)
            self._on_step("destroyed")
            return AuditEntry(**told, payload={"event": "erased", "destroyed_key_count": count})
        if draft.into_key is not None:
            into = self._keys.subject_of(draft.into_key)
            self.persons.unite(subject, into, number)
            return AuditEntry(**told, payload=draft.payload | {"into": into.hex()})
        epoch = epoch_of(self._now_ms()) if draft.kind in (DECISION, OUTCOME) else NO_END
        key = self.persons.get_or_make(subject, epoch)
        told["epoch"] = epoch or None
        self._on_step("keyed")
        text = json.dumps(draft.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        sealed = seal(key, text, bound_to(number, draft.kind, subject.hex()))
        return AuditEntry(**told, sealed=base64.b64encode(sealed).decode())

    def _seal(self, place: Place, lsn: int) -> AuditEntry:
        payload = {"signature": signature_over(place, self._keys.signing)}
        return AuditEntry(place.number + 1, self._now_ms(), SEAL, lsn, payload=payload)

    def _put_head(self, head: Head) -> None:
        head = replace(head, time_ms=self._now_ms())
        head.write(self._directory / HEAD_NAME, self._keys.signing)
        self._head = head

    def _turn_segment(self) -> None:
        """Begin a new file where this one is full or old, and drop those that are older than they may be kept."""
        now_ms = self._now_ms()
        if now_ms - self._keys_dropped_ms >= DAY_MS:
            self._keys_dropped_ms = now_ms
            self.persons.drop_epochs(now_ms)
        is_old = self._size_bytes and now_ms - self._segment_began_ms > min(SEGMENT_AGE_MAX_MS, self._retention_ms)
        if self._size_bytes < SEGMENT_SIZE_BYTES and not is_old:
            return
        self._put_head(replace(self._head, segment=self.place))
        self._path, self._size_bytes = segment_path(self._directory, self.place.number + 1), 0
        self._segment_began_ms, self._since_seal = now_ms, 0
        self._on_step("turned")
        self._drop_old(now_ms)

    def _drop_old(self, now_ms: int) -> None:
        """Whole segments of which all is too old; the head says first that they are gone, signed."""
        base = self._head.base
        for segment, following in pairwise([*segments_of(self._directory), Segment(self._path, self.place.number + 1)]):
            if segment.path == self._path or now_ms - latest_time_ms(segment) <= self._retention_ms:
                break
            base = Place(following.first_number - 1, last_hash(segment))
        if base != self._head.base:
            self._put_head(replace(self._head, base=base))
            self._on_step("dropping")
        for segment in segments_of(self._directory):
            if segment.first_number <= self._head.base.number:
                segment.path.unlink()
        sync_directory(self._directory)


def bound_to(number: int, kind: str, subject: str) -> str:
    """What a sealed payload belongs to."""
    return f"geooffer.audit {number} {kind} {subject}"
