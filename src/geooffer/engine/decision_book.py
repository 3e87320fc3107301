"""Decisions by their keys, and apart by the slice of the person they are about: so that one slice is swept, and one
person's are found, without looking at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping

from geooffer.engine.person_slices import slice_index
from geooffer.model.limits import RETENTION_SLICE_COUNT
from geooffer.model.records import DecisionRecord


class DecisionBook(MutableMapping[int, DecisionRecord]):
    """Decision key → record, oldest first; a dict that knows whose its values are."""

    def __init__(self) -> None:
        self._records: dict[int, DecisionRecord] = {}
        self._slices: dict[int, dict[int, None]] = {}

    def __getitem__(self, key: int) -> DecisionRecord:
        return self._records[key]

    def __setitem__(self, key: int, record: DecisionRecord) -> None:
        if key in self._records:
            del self[key]
        self._records[key] = record
        self._slices.setdefault(slice_index(record.person_key), {})[key] = None

    def __delitem__(self, key: int) -> None:
        number = slice_index(self._records.pop(key).person_key)
        keys = self._slices[number]
        del keys[key]
        if not keys:
            del self._slices[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def keys_of(self, person_key: int) -> list[int]:
        """Keys of one person's decisions, in the order kept."""
        near = self._slices.get(slice_index(person_key), ())
        return [key for key in near if self._records[key].person_key == person_key]

    def older_keys(self, partition: int, slice_number: int, before_ms: int) -> Iterable[int]:
        """Keys of what was decided before `before_ms` for the persons of one slice."""
        near = self._slices.get(partition * RETENTION_SLICE_COUNT + slice_number, ())
        return [key for key in near if self._records[key].time_ms < before_ms]
