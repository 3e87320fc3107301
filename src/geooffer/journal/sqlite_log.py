"""Is the write-ahead log whole? SQLite takes the frames before the first that does not check, and drops the rest.

That is right after a power cut: what is dropped was never synced, so it belongs to the one commit that was being
written. It is wrong where a bad disk changed a frame in the middle: commits behind it were acknowledged, and would be
gone in silence. The two differ. Each commit is synced before the next one is written, and its pages are written in
ascending order: so behind a torn commit there is at most its own end. What counts there are frames that follow from the
one before them; frames of earlier rounds have other salts.

A header that does not check makes SQLite drop the whole log. It may have been torn when a new round began: then the
file holds all that the log says. If it does not, the header was damaged.

    log     header 32 bytes: magic u32, format u32, page size u32, round u32, salt 8 bytes, checksum 2 × u32
    frame   header 24 bytes: page number u32, database size u32 (0 = not the last of its commit), salt 8 bytes,
            checksum 8 bytes; then the page                                (sqlite.org/fileformat.html#wal_format)

What cannot be told from a torn write is a damaged last commit of a server that did not stop in order: it is missing
then, like one that was never acknowledged.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from geooffer.errors import JournalError

_PIECE_SIZE_BYTES = 1 << 20
_FRAME = struct.Struct(">II8sII")
_HEADER_SIZE_BYTES = 32
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
"""They tell the byte order of the checksum."""


@dataclass(frozen=True, slots=True)
class _Frame:
    index: int
    page_number: int
    database_size: int
    """Pages; 0 = not the last frame of its commit."""
    salt: bytes
    sums: tuple[int, int]
    """Over all frames so far: each goes on from those of the one before."""
    page_offset: int


def check_log(path: Path, vfs: str | None, valid_frame_count: int, page_size: int) -> None:
    """Raise JournalError where the log of the file at `path` holds more commits than its first `valid_frame_count`
    frames, which are those that SQLite takes.
    """
    log_path = Path(f"{path}-wal")
    if vfs is None and not log_path.exists():
        return
    with _opened(log_path, vfs, apsw.SQLITE_OPEN_WAL) as log:
        if not log.xDeviceCharacteristics() & apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE:
            # then frames are repeated to fill sectors, and not in order; SQLite's own file systems do not need that
            return
        header = log.xRead(_HEADER_SIZE_BYTES, 0) if log.xFileSize() >= _HEADER_SIZE_BYTES else b""
        if not _is_sound(header):
            if not _is_folded_in(log, path, vfs, page_size):
                raise JournalError("the journal's write-ahead log is damaged in its header: commits would be missing")
            return
        page_number, index = 0, valid_frame_count - 1
        for frame in _sound_frames(log, header, page_size, valid_frame_count):
            # of one commit, as many frames later is at least as many pages further
            if frame.page_number - page_number < frame.index - index:
                raise JournalError(
                    f"the journal's write-ahead log is damaged at frame {valid_frame_count + 1}: "
                    "acknowledged commits behind it do not read back"
                )
            page_number, index = frame.page_number, frame.index


def lay_out(path: Path, vfs: str | None, page_count: int, page_size: int) -> None:
    """Fill the empty log of the file at `path` with zeros, which SQLite takes for an empty log, and sync it.

    Then commits overwrite blocks the file has, and fdatasync waits for those alone. In a log that grows it waits for
    the file system's own journal as well, so for what every other process writes: on a busy machine with two cores one
    commit took up to 585 ms in a growing log, and 30 in one laid out (medians 1.4 and 1.6 ms, 9 s each).

    That it was emptied is synced first: a power cut amid the zeros must not bring back frames of the old log between
    them, which would look like commits behind a damaged one.
    """
    size_bytes = _HEADER_SIZE_BYTES + page_count * (_FRAME.size + page_size)
    if vfs is not None:
        with _opened(Path(f"{path}-wal"), vfs, apsw.SQLITE_OPEN_WAL) as log:
            log.xSync(apsw.SQLITE_SYNC_NORMAL)
            log.xWrite(bytes(max(0, size_bytes - log.xFileSize())), log.xFileSize())
            log.xSync(apsw.SQLITE_SYNC_NORMAL)
        return
    # apsw keeps Python's lock while it syncs a file on its own; SQLite has no locks on the log that closing could drop
    descriptor = os.open(f"{path}-wal", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        left_bytes = size_bytes - os.fstat(descriptor).st_size
        while left_bytes > 0:
            left_bytes -= os.write(descriptor, bytes(min(_PIECE_SIZE_BYTES, left_bytes)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path, vfs: str | None, kind: int) -> Iterator[apsw.VFSFile]:
    """By SQLite's own hands: the system drops SQLite's locks on a file when another descriptor of it is closed."""
    flags = kind | (apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if vfs else apsw.SQLITE_OPEN_READONLY)
    file = apsw.VFSFile(vfs or "", str(path), [flags, 0])
    try:
        yield file
    finally:
        file.xClose()


def _frames(log: apsw.VFSFile, page_size: int, start: int) -> Iterator[_Frame]:
    for index in range(start, (log.xFileSize() - _HEADER_SIZE_BYTES) // (_FRAME.size + page_size)):
        offset = _HEADER_SIZE_BYTES + index * (_FRAME.size + page_size)
        page_number, database_size, salt, *sums = _FRAME.unpack(log.xRead(_FRAME.size, offset))
        yield _Frame(index, page_number, database_size, salt, (sums[0], sums[1]), offset + _FRAME.size)


def _sound_frames(log: apsw.VFSFile, header: bytes, page_size: int, start: int) -> Iterator[_Frame]:
    """Frames of this round from `start` on that were written whole."""
    order = "<" if header[3] == _MAGIC_LITTLE & 0xFF else ">"
    stored = struct.unpack(">II", header[24:])
    for before in _frames(log, page_size, start - 1) if start else ():
        stored = before.sums
        break
    computed = stored  # where it is the sums themselves that were damaged
    for frame in _frames(log, page_size, start):
        if frame.salt != header[16:24]:
            continue
        content = log.xRead(8, frame.page_offset - _FRAME.size) + log.xRead(page_size, frame.page_offset)
        from_stored, computed = _sums(stored, content, order), _sums(computed, content, order)
        if frame.sums in (from_stored, computed):
            yield frame
        stored = frame.sums


def _sums(start: tuple[int, ...], content: bytes, order: str) -> tuple[int, int]:
    """SQLite's checksum of `content`, which goes on from `start`."""
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    first, second = start
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFF_FFFF
        second = (second + odd + first) & 0xFFFF_FFFF
    return first, second


def _is_sound(header: bytes) -> bool:
    """Its magic and checksum are right; so it is whole."""
    if len(header) < _HEADER_SIZE_BYTES:
        return False
    magic = struct.unpack_from(">I", header)[0]
    if magic not in (_MAGIC_LITTLE, _MAGIC_BIG):
        return False
    order = "<" if magic == _MAGIC_LITTLE else ">"
    return _sums((0, 0), header[:24], order) == struct.unpack(">II", header[24:])


def _is_folded_in(log: apsw.VFSFile, path: Path, vfs: str | None, page_size: int) -> bool:
    """The file has every page as the log's present round, which is that of the first frame, left it."""
    latest: dict[int, int] = {}
    salt: bytes | None = None
    page_count = 0
    for frame in _frames(log, page_size, 0):
        salt = salt or frame.salt
        if frame.salt != salt:
            break
        latest[frame.page_number] = frame.page_offset
        page_count = frame.database_size or page_count
    with _opened(path, vfs, apsw.SQLITE_OPEN_MAIN_DB) as file:
        return all(
            log.xRead(page_size, offset) == file.xRead(page_size, (number - 1) * page_size)
            for number, offset in latest.items()
            if 0 < number <= page_count
        )
