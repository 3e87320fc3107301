"""The audit log being written: what was drafted of a commit becomes lines, chained, sealed and synced.

Order of every step, so that a crash between any two of them is repaired by the next start:

    persons' keys on disk ──► lines on disk ──► head on disk

What stands behind the head was never signed and is believed by nobody: the journal still has its commits, so it is
written over with what the journal tells of them.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from geooffer.audit.derivation import Draft
from geooffer.audit.entries import DECISION, OUTCOME, RIGHTS, SEAL, SECURITY, AuditEntry, Place, follow, line_of
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
    Segment,
    last_hash,
    latest_time_ms,
    read_entries,
    segment_path,
    segments_of,
)
from geooffer.audit.set_aside import LogsSetAside
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.synced_files import append_synced, cut_synced, sync_directory

DIRECTORY_NAME = "audit"
SEGMENT_SIZE_BYTES = 16 * 1024 * 1024
SEAL_ENTRY_COUNT = 4_096
"""Entries after which a signature stands in the log itself."""
DAY_MS = 86_400_000
SEGMENT_AGE_MAX_MS = 31 * DAY_MS
"""Then the next one begins, so that retention, which drops whole segments, is not later than that."""
ERASED = "erased"

OnStep = Callable[[str], None]


class End(NamedTuple):
    """Where the next lines go."""

    path: Path
    size_bytes: int
    """Of what is signed in that file."""
    began_ms: int
    """When its first entry was written."""
    since_seal: int
    """Entries since the last seal in it."""


class AuditLog:
    """One writer. What raises an error has not changed what `head` says, and may be called again."""

    def __init__(
        self,
        directory: Path,
        keys: AuditKeys,
        *,
        retention_ms: int,
        begins_at: Position,
        remembered: tuple[int, bytes] = (0, b""),
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        on_step: OnStep = lambda step: None,
    ) -> None:
        """Open, or begin one that will hold all after `begins_at`. Raises JournalError where it does not follow.

        `remembered`: number and hash of the entry the journal remembers, which has to be there (the hash is compared
        where it stands in the file that is being written). `on_step` is told of every step, for fault tests.
        """
        self._directory, self._keys = directory, keys
        self._keys_dropped_ms = 0
        self._retention_ms, self._now_ms, self._on_step = retention_ms, now_ms, on_step
        self.breathe: Callable[[], None] = lambda: None
        """Called after every entry that is made: whoever writes beside others gives way here."""
        self._is_head_owed = False
        """It is in place, and may not be on disk."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / HEAD_NAME
        if not path.exists():
            if segments_of(directory):
                raise JournalError("the audit log has entries and no head: it was cut, or its head was taken away")
            if not (directory / PUBLIC_KEY_NAME).exists():
                write_public_key(directory / PUBLIC_KEY_NAME, keys.signing.public_key())
            Head(Place(), begins_at, Place(), Place(), now_ms()).write(path, keys.signing)
        self.set_aside = LogsSetAside(directory)
        self.persons = PersonKeys(directory / PERSONS_NAME, keys.wrapping)
        try:
            self._open(read_head(path, keys.signing.public_key()), *remembered)
        except BaseException:
            self.persons.close()
            raise

    def _open(self, head: Head, remembered_number: int, remembered_hash: bytes) -> None:
        self._head = head
        path = segment_path(self._directory, head.segment.number + 1)
        self._end = End(path, 0, self._now_ms(), 0)
        place = head.segment
        entries = read_entries(self._directory, head.segment)
        while place.number < head.place.number:
            found = next(entries, None)
            if found is None:
                raise JournalError(
                    f"the audit log ends at entry {place.number}, and {head.place.number} were written: it was cut"
                )
            began_ms = found.entry.time_ms if place == head.segment else self._end.began_ms
            since_seal = 0 if found.entry.kind == SEAL else self._end.since_seal + 1
            self._end = End(path, found.end_bytes, began_ms, since_seal)
            place = found.place
            if place.number == remembered_number and place.hash != remembered_hash:
                raise JournalError(f"the audit log is another one than the journal remembers, at entry {place.number}")
        if place != head.place:
            raise JournalError(f"the audit log is another one than its head signed, at entry {head.place.number}")
        if remembered_number > place.number:
            raise JournalError(
                f"the journal remembers entry {remembered_number} of the audit log, and the log has not: it was cut"
            )
        later = [segment.first_number for segment in segments_of(self._directory) if segment.path > path]
        if later:  # lines are written to one file, then signed: no crash leaves that behind
            raise JournalError(f"the audit log goes on at entry {later[0]}, and its head is older: it was put back")

    @property
    def head(self) -> Head:
        """As it was last signed."""
        return self._head

    @property
    def place(self) -> Place:
        """Of the latest entry."""
        return self._head.place

    def write(self, drafts: Sequence[Draft], position: Position) -> None:
        """Append what was drafted of the commits up to `position`, then sign. Raises JournalError, OSError."""
        self._write([], drafts, position)

    def note(self, kind: str, payload: dict[str, Any]) -> None:
        """An entry that the log writes of itself, signed at once."""
        self._write([self._own(kind, payload)], [], self._head.position)

    def exchange_journal(self, position: Position, erasures: Sequence[Draft] = ()) -> None:
        """The journal is another one than before (a restored backup): what follows is told of the commits after it.

        `erasures`: in that journal, and not told yet; what else it says of the past is not told again.
        """
        payload = {
            "event": "journal exchanged",
            "journal_was_at": self._head.position.lsn,
            "journal_is_at": position.lsn,
        }
        self._write([self._own(SECURITY, payload)], erasures, position)

    def subject_of(self, draft: Draft) -> str:
        """The pseudonym of whom it is about, in hex; '' = nobody."""
        return "" if draft.subject_key is None else self._keys.subject_of(draft.subject_key).hex()

    def told_erasures(self) -> set[tuple[int, str]]:
        """(commit, pseudonym) of every erasure in the log. Raises JournalError where the chain does not hold."""
        return {
            (found.entry.lsn, found.entry.subject)
            for found in read_entries(self._directory, self._head.base)
            if found.place.number <= self._head.place.number
            and found.entry.kind == RIGHTS
            and (found.entry.payload or {}).get("event") == ERASED
        }

    def keep_bounded(self) -> None:
        """Begin a new segment where it is time, drop what is older than it may be kept, and do what is owed since an
        error.
        """
        if self._is_head_owed:
            self._put_head(self._head)
        self._turn_segment()

    def close(self) -> None:
        """Seal what was written since the last seal, and close the file of keys."""
        try:
            if self._end.since_seal:
                self._write([self._seal(self._head.place, self._head.position.lsn)], [], self._head.position)
        finally:
            self.persons.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _write(self, own: Sequence[AuditEntry], drafts: Sequence[Draft], position: Position) -> None:
        lines: list[bytes] = []
        place, end = self._head.place, self._end
        since_seal = end.since_seal
        for entry in own:
            place = self._append(lines, place, entry)
            since_seal = 0 if entry.kind == SEAL else since_seal + 1
        with self.persons.at_once():
            for draft in drafts:
                place = self._append(lines, place, self._entry(draft, place.number + 1))
                self.breathe()
                since_seal += 1
                if since_seal >= SEAL_ENTRY_COUNT:
                    place = self._append(lines, place, self._seal(place, draft.lsn))
                    since_seal = 0
        data = b"".join(lines)
        if data:
            self._on_step("drafted")
            append_synced(end.path, data, end.size_bytes)
            self._on_step("appended")
        if data or position != self._head.position:
            began_ms = end.began_ms if end.size_bytes else self._now_ms()
            end = End(end.path, end.size_bytes + len(data), began_ms, since_seal)
            self._put_head(replace(self._head, place=place, position=position), end)
            self._on_step("signed")
        self._turn_segment()

    def _append(self, lines: list[bytes], place: Place, entry: AuditEntry) -> Place:
        text = entry.text()
        after = follow(place, text)
        lines.append(line_of(after, text))
        return after

    def _own(self, kind: str, payload: dict[str, Any]) -> AuditEntry:
        return AuditEntry(self._head.place.number + 1, self._now_ms(), kind, self._head.position.lsn, payload=payload)

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
            count = self.persons.destroy(subject, number) + self.set_aside.destroy(subject)
            self._on_step("destroyed")
            return AuditEntry(**told, payload={"event": ERASED, "destroyed_key_count": count})
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

    def _put_head(self, head: Head, end: End | None = None) -> None:
        """Raises OSError: then either nothing has changed, or all has and the head is owed to the disk."""
        head = replace(head, time_ms=self._now_ms())
        path = self._directory / HEAD_NAME
        head.draft(path, self._keys.signing).replace(path)
        self._head, self._end, self._is_head_owed = head, end or self._end, True
        sync_directory(self._directory)
        self._is_head_owed = False

    def _turn_segment(self) -> None:
        """Begin a new file where this one is full or old, and drop those that are older than they may be kept."""
        now_ms, end = self._now_ms(), self._end
        if now_ms - self._keys_dropped_ms >= DAY_MS:
            self.persons.drop_epochs(now_ms)
            self.set_aside.drop_old(now_ms, self._retention_ms)
            self._keys_dropped_ms = now_ms
        is_old = end.size_bytes and now_ms - end.began_ms > min(SEGMENT_AGE_MAX_MS, self._retention_ms)
        if end.size_bytes < SEGMENT_SIZE_BYTES and not is_old:
            return
        # what a crash left behind the head must not stand before the next file
        cut_synced(end.path, end.size_bytes)
        place = self._head.place
        new = End(segment_path(self._directory, place.number + 1), 0, now_ms, 0)
        self._put_head(replace(self._head, segment=place), new)
        self._on_step("turned")
        self._drop_old(now_ms)

    def _drop_old(self, now_ms: int) -> None:
        """Whole segments of which all is too old; the head says first that they are gone, signed."""
        base = self._head.base
        following_number = self._head.place.number + 1
        for segment, following in pairwise([*segments_of(self._directory), Segment(self._end.path, following_number)]):
            if segment.path == self._end.path or now_ms - latest_time_ms(segment) <= self._retention_ms:
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
