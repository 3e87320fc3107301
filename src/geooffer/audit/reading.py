"""The audit log read by whoever holds its key: entries with what they say, of a person, of a kind, since a moment."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from geooffer.audit.entries import AuditEntry
from geooffer.audit.head import HEAD_NAME, read_head
from geooffer.audit.keys import NO_END, PERSONS_NAME, AuditKeys, PersonKeys, unseal
from geooffer.audit.log import bound_to
from geooffer.audit.segments import read_entries


class Reader:
    """Beside a server, too."""

    def __init__(self, directory: Path, keys: AuditKeys) -> None:
        """Raises JournalError where there is no log, or the key is another one."""
        self._directory, self._keys = directory, keys
        self._head = read_head(directory / HEAD_NAME, keys.signing.public_key())
        self._persons = PersonKeys(directory / PERSONS_NAME, keys.wrapping, is_read_only=True)

    @property
    def told_to_lsn(self) -> int:
        """The journal's commits up to there are in what it tells."""
        return self._head.position.lsn

    def entries(
        self, *, person_keys: Sequence[int] | None = None, kind: str = "", since_ms: int | None = None
    ) -> Iterator[tuple[AuditEntry, Any]]:
        """(entry, what it says; None = it was said of somebody who is erased). Raises JournalError where the chain
        does not hold. Of persons with all who were united with her. What is signed later is not told.
        """
        subjects = {
            subject.hex()
            for key in person_keys or ()
            for subject in self._persons.subjects_of(self._keys.subject_of(key))
        }
        for found in read_entries(self._directory, self._head.base):
            entry = found.entry
            if entry.number > self._head.place.number:
                return  # not signed yet: anybody may have written it
            if person_keys is not None and entry.subject not in subjects:
                continue
            if (kind and entry.kind != kind) or (since_ms is not None and entry.time_ms < since_ms):
                continue
            yield entry, self.payload_of(entry)

    def payload_of(self, entry: AuditEntry) -> Any:
        """What it says, decrypted; None where the key is gone."""
        if not entry.sealed:
            return entry.payload
        key = self._persons.get(bytes.fromhex(entry.subject), entry.epoch or NO_END)
        if key is None:
            return None
        text = unseal(key, base64.b64decode(entry.sealed), bound_to(entry.number, entry.kind, entry.subject))
        return None if text is None else json.loads(text)

    def close(self) -> None:
        """Close the file of keys."""
        self._persons.close()
