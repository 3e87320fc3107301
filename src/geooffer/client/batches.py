"""Cutting what a caller hands over into calls of legal size, and adding up what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from geooffer.model import limits

M = TypeVar("M", bound=Message)

# room for the other fields of a request
CALL_SIZE_MAX_BYTES = limits.CONTROL_MESSAGE_SIZE_MAX_BYTES - 64 * 1024


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row the service did not take."""

    row: int
    """Its place in what the caller handed over, from 0."""
    reason: str
    message: str
    field: str


@dataclass(slots=True)
class BatchResult:
    """What became of all rows, over all calls."""

    accepted_count: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    repairs: dict[int, str] = field(default_factory=dict)
    """Row → what was mended (geofences with repair only)."""
    catalog_generation: int = 0
    """Saved generation after the last call; GeoofferControl.wait_live waits for it."""


def chunks(messages: Iterable[M]) -> Iterator[tuple[int, list[M]]]:
    """(row of the first, messages) per call: ≤ 1,000 rows and ≤ 4 MiB together."""
    first, chunk, size_bytes = 0, list[M](), 0
    for message in messages:
        # tag and length of the field it will stand in
        message_bytes = message.ByteSize() + 8
        full = len(chunk) == limits.BATCH_RESOURCE_COUNT_MAX or size_bytes + message_bytes > CALL_SIZE_MAX_BYTES
        if chunk and full:
            yield first, chunk
            first, chunk, size_bytes = first + len(chunk), [], 0
        chunk.append(message)
        size_bytes += message_bytes
    if chunk:
        yield first, chunk
