"""A disk in memory that keeps for sure only what was synced, and on a power cut does to the rest what disks do.

Writes since the last sync are cut into sectors; each sector arrives or not, in any order, and some arrive as garbage. A
file that was never synced may be missing. What SQLite sees of it is an ordinary VFS. The same disk can also fail: an
fsync (then what it was to sync is lost for good, as with Linux), a full disk, a write that stops half way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import numpy as np


class Fault:
    """What a disk may do instead of an operation; each happens once."""

    SYNC = "sync"
    FULL = "full"
    SHORT_WRITE = "short write"


FAULTS = (Fault.SYNC, Fault.FULL, Fault.SHORT_WRITE)


@dataclass(slots=True)
class DiskFile:
    """One file: what is sure, what the program sees, and what lies between."""

    durable: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)
    """(offset, written) in order; None = cut at this size."""
    exists: bool = False
    """Its name is on the disk for sure."""


class Disk:
    """Files by name. Each write, sync and truncation counts as one operation."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self.files: dict[str, DiskFile] = {}
        self.sector_size_bytes = int(generator.choice([512, 4_096]))
        self.keeps_neighbours = bool(generator.integers(2))
        """A write that fails leaves other bytes of its sector alone (SQLITE_IOCAP_POWERSAFE_OVERWRITE)."""
        self.operation_count = 0
        self.cut_at: int | None = None
        """The power goes before this operation."""
        self.fault: tuple[str, int] | None = None
        """(kind, how many operations of that kind to let pass)."""

    @property
    def is_off(self) -> bool:
        """Whether the power is gone."""
        return self.cut_at is not None and self.operation_count >= self.cut_at

    def operate(self) -> None:
        """Count one operation. Raises apsw.IOError once the power is gone."""
        if self.is_off:
            raise apsw.IOError("no power")
        self.operation_count += 1

    def takes_fault(self, *kinds: str) -> str | None:
        """The fault that is due at an operation that may have these."""
        if self.fault is None or self.fault[0] not in kinds:
            return None
        kind, left = self.fault
        if left:
            self.fault = (kind, left - 1)
            return None
        self.fault = None
        return kind

    def write(self, file: DiskFile, data: bytes, offset: int) -> None:
        """Into the cache."""
        self.operate()
        fault = self.takes_fault(Fault.FULL, Fault.SHORT_WRITE)
        if fault == Fault.FULL:
            raise apsw.FullError("no space")
        written = data if fault is None else data[: len(data) // 2]
        _put(file.seen, written, offset)
        file.unsynced.append((offset, written))
        if fault is not None:
            raise _io_error(apsw.SQLITE_IOERR_WRITE)

    def truncate(self, file: DiskFile, size_bytes: int) -> None:
        """In the cache."""
        self.operate()
        del file.seen[size_bytes:]
        file.unsynced.append((size_bytes, None))

    def sync(self, file: DiskFile) -> None:
        """From now on it is sure."""
        self.operate()
        if self.takes_fault(Fault.SYNC):
            file.unsynced.clear()  # the system takes them for written and never tries again
            raise _io_error(apsw.SQLITE_IOERR_FSYNC)
        for offset, data in file.unsynced:
            _put(file.durable, data, offset)
        file.unsynced.clear()
        file.exists = True

    def sync_all(self) -> None:
        """Every file, as a system does that is left alone for a while."""
        for file in self.files.values():
            self.sync(file)

    def cut_power(self) -> None:
        """What is left when the power comes back; everything that is left is sure."""
        for name, file in list(self.files.items()):
            if not file.exists and self.generator.integers(2):
                del self.files[name]
                continue
            pieces = [piece for offset, data in file.unsynced for piece in self._pieces(offset, data)]
            share = self.generator.choice([0.0, 0.2, 0.5, 0.8, 1.0])
            arrives = self.generator.random(len(pieces)) < share
            order = self.generator.permutation(len(pieces)) if self.generator.integers(2) else range(len(pieces))
            for index in order:
                if arrives[index]:
                    self._arrive(file, *pieces[index])
            file.unsynced.clear()
            file.seen = bytearray(file.durable)
            file.exists = True
        self.cut_at = None
        self.fault = None

    def _pieces(self, offset: int, data: bytes | None) -> list[tuple[int, bytes | None]]:
        if data is None:
            return [(offset, None)]
        size, pieces, start = self.sector_size_bytes, [], 0
        while start < len(data):
            end = min(len(data), ((offset + start) // size + 1) * size - offset)
            pieces.append((offset + start, data[start:end]))
            start = end
        return pieces  # type: ignore[return-value]

    def _arrive(self, file: DiskFile, offset: int, data: bytes | None) -> None:
        if data is not None and self.generator.random() < 0.05:
            start, size = offset, len(data)
            if not self.keeps_neighbours:  # the whole sector is lost with it
                start, size = offset // self.sector_size_bytes * self.sector_size_bytes, self.sector_size_bytes
            data, offset = bytes(size) if self.generator.integers(2) else self.generator.bytes(size), start
        _put(file.durable, data, offset)


def _put(content: bytearray, data: bytes | None, offset: int) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _io_error(code: int) -> Exception:
    error: Exception = apsw.exception_for(code)
    return error


class OpenFile:
    """What SQLite holds of a file. Locks are granted: the store is alone (exclusive locking mode)."""

    def __init__(self, disk: Disk, file: DiskFile) -> None:
        self._disk, self._file = disk, file

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._file.seen[offset : offset + amount])

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.write(self._file, bytes(data), offset)

    def xTruncate(self, size: int) -> None:
        self._disk.truncate(self._file, size)

    def xSync(self, _flags: int) -> None:
        self._disk.sync(self._file)

    def xFileSize(self) -> int:
        return len(self._file.seen)

    def xSectorSize(self) -> int:
        return self._disk.sector_size_bytes

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE if self._disk.keeps_neighbours else 0

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, _operation: int, _pointer: int) -> bool:
        return False

    def xLock(self, _level: int) -> None:
        pass

    def xUnlock(self, _level: int) -> None:
        pass

    def xClose(self) -> None:
        pass


class PowerCutVfs(apsw.VFS):
    """A disk as SQLite's file system, under `name` until `unregister`."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.disk = disk
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> OpenFile:
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        file = self.disk.files.setdefault(Path(text).name, DiskFile())
        flags[1] = flags[0]
        return OpenFile(self.disk, file)

    def xDelete(self, name: str, _sync_directory: bool) -> None:
        self.disk.operate()
        self.disk.files.pop(Path(name).name, None)

    def xAccess(self, name: str, _flags: int) -> bool:
        return Path(name).name in self.disk.files

    def xFullPathname(self, name: str) -> str:
        return name
