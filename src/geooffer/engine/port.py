"""What the engine needs of a journal: append in order. journal/ implements it; reading back is the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from geooffer.model.records import Entry


class Journal(Protocol):
    """An append-only log of entries. `append` returns once the entries are as durable as this journal makes them."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep `entries` as one commit. Raises JournalError; then nothing of it counts as written."""

    def read(self) -> Iterable[Entry]:
        """All entries in the order written."""
