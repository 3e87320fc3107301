"""Is the write-ahead log whole? SQLite takes the frames before the first that does not check, and drops the rest.

That is right after a power cut: what is dropped was never synced, so it belongs to the one commit that was being
written. It is wrong where a bad disk changed a frame in the middle: commits behind it were acknowledged, and would be
gone in silence. The two differ. Each commit is synced before the next one is written, and its pages are written in
ascending order: so behind a torn commit there is at most its own end, and no row later than the next one. What counts
there are frames that follow from the one before them; frames of earlier rounds have other salts.

A header that does not check makes SQLite drop the whole log. It may have been torn when a new round began, or be the
zeros of a log that was emptied: then the file has every row that is in the log's frames. If it lacks one, the header
was damaged.

    log     header 32 bytes: magic u32, format u32, page size u32, round u32, salt 8 bytes, checksum 2 × u32
    frame   header 24 bytes: page number u32, database size u32 (0 = not the last of its commit), salt 8 bytes,
            checksum 8 bytes; then the page                                (sqlite.org/fileformat.html#wal_format)

What cannot be told from a torn write is a damaged last commit of a server that did not stop in order: it is missing
then, like one that was never acknowledged. So are the last two where the header of the last but one was wiped, and that
is a single frame.
"""

from __future__ import annotations

import errno
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
_TABLE_LEAF = 13


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


def check_log(path: Path, vfs: str | None, valid_frame_count: int, page_size: int, last_lsn: int) -> None:
    """Raise JournalError where the log of the file at `path` holds more commits than its first `valid_frame_count`
    frames, which are those that SQLite takes; with them the latest commit is `last_lsn`.
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
            frames = (frame for frame in _frames(log, page_size, 0) if any(frame.salt))
            if any(_latest_row(log, frame, page_size) > last_lsn for frame in frames):
                raise JournalError("the journal's write-ahead log is damaged in its header: commits would be missing")
            return
        page_number, index = 0, valid_frame_count - 1
        for frame in _sound_frames(log, header, page_size, valid_frame_count):
            # of one commit, as many frames later is at least as many pages further
            is_another_commit = frame.page_number - page_number < frame.index - index
            if is_another_commit or _latest_row(log, frame, page_size) > last_lsn + 1:
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
    them, which would look like commits behind a damaged one. On a full disk the log is left to grow. Raises OSError.
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
        _append_zeros(descriptor, size_bytes)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append_zeros(descriptor: int, size_bytes: int) -> None:
    """Up to that size, or on a full disk none: what room there is is wanted by the file the log is folded into."""
    held_bytes = os.fstat(descriptor).st_size
    left_bytes = size_bytes - held_bytes
    try:
        while left_bytes > 0:
            left_bytes -= os.write(descriptor, bytes(min(_PIECE_SIZE_BYTES, left_bytes)))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        os.ftruncate(descriptor, held_bytes)


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
        head = log.xRead(_FRAME.size, offset)
        if len(head) < _FRAME.size:
            return  # the writer has emptied the log meanwhile
        page_number, database_size, salt, *sums = _FRAME.unpack(head)
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
        if len(content) < 8 + page_size:
            return
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


def _latest_row(log: apsw.VFSFile, frame: _Frame, page_size: int) -> int:
    """The greatest row id of a frame's page, which is a commit's LSN; 0 where it is no leaf of a table with rows.

    A leaf lists its cells in ascending order, each a size and a row id  (sqlite.org/fileformat.html#b_tree_pages)
    """
    page = log.xRead(page_size, frame.page_offset)
    if frame.page_number <= 1 or len(page) < page_size or page[0] != _TABLE_LEAF:
        return 0
    count = int.from_bytes(page[3:5], "big")
    place = int.from_bytes(page[6 + 2 * count : 8 + 2 * count], "big") if 0 < count < page_size // 4 else page_size
    _, place = _varint(page, place)
    return _varint(page, place)[0]


def _varint(page: bytes, place: int) -> tuple[int, int]:
    """SQLite's number of 1 to 9 bytes, and where it ends; 0 behind the page's end."""
    value = 0
    for length, byte in enumerate(page[place : place + 9], start=1):
        if length == 9:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + length
    return 0, len(page)
