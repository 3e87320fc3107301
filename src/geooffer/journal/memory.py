"""The journal that lives as long as the process: frames in a list, encoded and decoded like durable ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from geooffer.errors import JournalError
from geooffer.journal.frames import decode_entry, encode_entry
from geooffer.model.records import Entry


class MemoryJournal:
    """Keeps every entry as its msgpack frame, so that replay reads what a disk would hold."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._sequences: dict[int, int] = {}

    def __len__(self) -> int:
        """Entries kept."""
        return len(self._frames)

    @property
    def size_bytes(self) -> int:
        """Bytes of all frames."""
        return sum(map(len, self._frames))

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep `entries`. Raises JournalError where a partition's sequence has a gap, and keeps none of them."""
        sequences = dict(self._sequences)
        for entry in entries:
            expected = sequences.get(entry.partition, 0) + 1
            if entry.sequence != expected:
                raise JournalError(f"partition {entry.partition} expects sequence {expected}, not {entry.sequence}")
            sequences[entry.partition] = expected
        self._frames.extend([encode_entry(entry) for entry in entries])
        self._sequences = sequences

    def read(self) -> Iterator[Entry]:
        """All entries in the order written, decoded from their frames."""
        return map(decode_entry, list(self._frames))
