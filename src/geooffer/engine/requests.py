"""Answers to requests with an id, remembered per partition: 14 days, bounded in number and bytes, the oldest go first.

An answer about one person lies in her partition and goes with her; the others belong to the catalog. What goes depends
on nothing but the records of the partition, so that each folds alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from geooffer.model import limits
from geooffer.model.keys import partition_of
from geooffer.model.records import CATALOG_PARTITION, RequestAnswered

RECORD_OVERHEAD_BYTES = 400
"""What a remembered answer weighs besides its bytes."""


def partition_of_request(record: RequestAnswered) -> int:
    """Where it is remembered."""
    return CATALOG_PARTITION if record.person_key is None else partition_of(record.person_key)


class _Ledger:
    """One partition's, oldest first."""

    def __init__(self, partition: int) -> None:
        is_catalog = partition == CATALOG_PARTITION
        self._count_max = (
            limits.REQUESTS_OF_CATALOG_COUNT_MAX if is_catalog else limits.REQUESTS_PER_PARTITION_COUNT_MAX
        )
        self._size_max_bytes = (
            limits.REQUESTS_OF_CATALOG_SIZE_MAX_BYTES if is_catalog else limits.REQUESTS_PER_PARTITION_SIZE_MAX_BYTES
        )
        self.held: dict[bytes, RequestAnswered] = {}
        self.size_bytes = 0

    def add(self, record: RequestAnswered) -> None:
        self.drop(record.request_key)
        self.held[record.request_key] = record
        self.size_bytes += _size_bytes(record)
        while len(self.held) > self._count_max or (self.size_bytes > self._size_max_bytes and len(self.held) > 1):
            self.drop(next(iter(self.held)))

    def drop(self, request_key: bytes) -> None:
        held = self.held.pop(request_key, None)
        if held is not None:
            self.size_bytes -= _size_bytes(held)


def _size_bytes(record: RequestAnswered) -> int:
    return len(record.answer) + RECORD_OVERHEAD_BYTES


class Requests:
    """All remembered answers."""

    def __init__(self) -> None:
        self._ledgers: dict[int, _Ledger] = {}

    def add(self, record: RequestAnswered) -> None:
        """Remember one more; what is older than 14 days, or too much, gives way."""
        partition = partition_of_request(record)
        self.forget_before(partition, record.time_ms - limits.REQUEST_RETENTION_MS)
        self._ledgers.setdefault(partition, _Ledger(partition)).add(record)

    def find(self, request_key: bytes) -> RequestAnswered | None:
        """What was answered to it; it may be older than 14 days where nothing came since."""
        for ledger in self._ledgers.values():
            held = ledger.held.get(request_key)
            if held is not None:
                return held
        return None

    def items(self, partition: int) -> Iterator[RequestAnswered]:
        """Those of a partition, oldest first."""
        ledger = self._ledgers.get(partition)
        return iter(ledger.held.values() if ledger is not None else ())

    def oldest_ms(self, partition: int) -> int | None:
        """When the oldest of a partition was answered; None where none is remembered."""
        first = next(self.items(partition), None)
        return None if first is None else first.time_ms

    def forget_before(self, partition: int, before_ms: int) -> None:
        """Drop what was answered before; time does not go back, so the oldest come first."""
        self._forget(partition, list(takewhile(lambda record: record.time_ms < before_ms, self.items(partition))))

    def forget_person(self, person_key: int) -> None:
        """Drop what was answered about a person."""
        partition = partition_of(person_key)
        self._forget(partition, [record for record in self.items(partition) if record.person_key == person_key])

    def _forget(self, partition: int, records: Iterable[RequestAnswered]) -> None:
        for record in records:
            self._ledgers[partition].drop(record.request_key)
