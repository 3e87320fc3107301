"""The files of the audit log: lines in segments, each named by its first entry; appended to, and dropped whole.

audit/audit-000000000001.log, audit-000000004097.log, …
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geooffer.audit.entries import AuditEntry, Place, read_line
from geooffer.errors import JournalError

_NAME = re.compile(r"audit-([0-9]{12})\.log", re.ASCII)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file."""

    path: Path
    first_number: int


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, where it stands, and the file it stands in."""

    place: Place
    entry: AuditEntry
    segment: Segment
    end_bytes: int
    """Size of the file up to the end of this line."""


def segment_path(directory: Path, first_number: int) -> Path:
    """The file whose first entry has this number."""
    return directory / f"audit-{first_number:012}.log"


def segments_of(directory: Path) -> list[Segment]:
    """All of them, in order."""
    found = [(int(match[1]), path) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [Segment(path, number) for number, path in sorted(found)]


def last_hash(segment: Segment) -> bytes:
    """The hash of its last line, unchecked."""
    return bytes.fromhex(segment.path.read_bytes().splitlines()[-1].split(b" ", 1)[0].decode())


def latest_time_ms(segment: Segment) -> int:
    """The latest moment any of its lines tells of, unchecked."""
    lines = segment.path.read_bytes().splitlines()
    times: list[int] = [json.loads(line.split(b" ", 1)[1])["time_ms"] for line in lines]
    return max(times)


def read_entries(directory: Path, base: Place) -> Iterator[Found]:
    """Every whole line after `base`, each checked against the chain. Raises JournalError, saying where.

    The end of the last file that is no whole line is left out: it was being written, or a crash cut it.
    """
    place = base
    segments = [segment for segment in segments_of(directory) if segment.first_number > base.number]
    for segment in segments:
        if segment.first_number != place.number + 1:
            raise JournalError(f"the audit log has no entries {place.number + 1} to {segment.first_number - 1}")
        end_bytes = 0
        with segment.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    if segment is not segments[-1]:
                        raise JournalError(f"the audit log is cut at entry {place.number + 1}")
                    return
                place, entry = read_line(place, line[:-1])
                end_bytes += len(line)
                yield Found(place, entry, segment, end_bytes)
