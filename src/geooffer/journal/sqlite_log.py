"""Is the write-ahead log whole? SQLite takes the frames before the first that does not check, and drops the rest.

That is right after a power cut: what is dropped was never synced, so it belongs to the one commit that was being
written. It is wrong where a bad disk changed a frame in the middle: commits behind it were acknowledged, and would be
gone in silence. The two differ. Each commit is synced before the next one is written, and its pages are written in
ascending order: so behind a torn commit there is at most its own end. Frames of earlier rounds have other salts.

    file    header 32 bytes: magic u32, format u32, page size u32, round u32, salt 8 bytes, checksum 2 × u32
    frame   header 24 bytes: page number u32, database size u32 (0 = not the last of its commit), salt 8 bytes,
            checksum 8 bytes; then the page                                (sqlite.org/fileformat.html#wal_format)

What cannot be told from a torn write is a damaged last commit of a server that did not stop in order: it is missing
then, like one that was never acknowledged.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from geooffer.errors import JournalError

_FRAME = struct.Struct(">II8s8s")
_HEADER_SIZE_BYTES = 32
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
"""They tell the byte order of the checksum."""

Read = Callable[[int, int], bytes]
"""(offset, size) → the bytes there; fewer at the end."""


def check_log(path: Path, vfs: str | None, valid_frame_count: int, page_size: int) -> None:
    """Raise JournalError where the log at `path` holds more commits than its first `valid_frame_count` frames."""
    with _opened(path, vfs) as (read, size):
        frame_count = (size - _HEADER_SIZE_BYTES) // (_FRAME.size + page_size)
        salt = _salt(read)
        latest_page = b""
        latest_page_number = 0
        for index in range(valid_frame_count, frame_count):
            offset = _HEADER_SIZE_BYTES + index * (_FRAME.size + page_size)
            page_number, _, frame_salt, _ = _FRAME.unpack(read(offset, _FRAME.size))
            if salt is None and index == 0:
                salt = frame_salt
            if frame_salt != salt:
                continue
            page = read(offset + _FRAME.size, page_size)
            # equal pages in a row fill up a sector, where the file system needs that
            if page_number <= latest_page_number and page != latest_page:
                raise JournalError(
                    f"the journal's write-ahead log is damaged at frame {valid_frame_count + 1}: "
                    "acknowledged commits behind it do not read back"
                )
            latest_page_number, latest_page = page_number, page


@contextmanager
def _opened(path: Path, vfs: str | None) -> Iterator[tuple[Read, int]]:
    """A reader of the file, and its size; of an empty one where there is none."""
    if vfs is None:
        if not path.exists():
            yield lambda offset, size: b"", 0
            return
        with path.open("rb", buffering=0) as file:

            def read_at(offset: int, size: int) -> bytes:
                file.seek(offset)
                return file.read(size)

            yield read_at, path.stat().st_size
        return
    log = apsw.VFSFile(vfs, str(path), [apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, 0])
    try:
        yield lambda offset, size: log.xRead(size, offset), log.xFileSize()
    finally:
        log.xClose()


def _salt(read: Read) -> bytes | None:
    """The salt of the present round; None where the header does not check, then that of the first frame counts."""
    header = read(0, _HEADER_SIZE_BYTES)
    if len(header) < _HEADER_SIZE_BYTES:
        return None
    magic = struct.unpack_from(">I", header)[0]
    if magic not in (_MAGIC_LITTLE, _MAGIC_BIG):
        return None
    words = struct.unpack("<6I" if magic == _MAGIC_LITTLE else ">6I", header[:24])
    sums = [0, 0]
    for first, second in zip(words[::2], words[1::2], strict=True):
        sums[0] = (sums[0] + first + sums[1]) & 0xFFFF_FFFF
        sums[1] = (sums[1] + second + sums[0]) & 0xFFFF_FFFF
    return header[16:24] if tuple(sums) == struct.unpack(">II", header[24:]) else None
