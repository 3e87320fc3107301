"""Files in a ZIP archive, a tar archive (plain or compressed) or a folder: read into memory, never unpacked."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits

_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # a password
)
_OPEN: dict[str, Any] = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def is_archive(path: Path) -> bool:
    """Whether a path is a folder or an archive: by its ending, else (ZIP) by its content."""
    name = path.name.lower()
    if path.is_dir() or name.endswith((".zip", *_TAR_ENDINGS)):
        return True
    return path.is_file() and zipfile.is_zipfile(path)


def read_members(path: Path, endings: Sequence[str]) -> list[tuple[str, bytes]]:
    """Name and content of the files with these endings (lower case): an archive's in its order, a folder's by name
    (which begins with the folder's own).

    Raises InvalidArgumentError where it cannot be read, or holds too much.
    """
    is_tar = path.name.lower().endswith(_TAR_ENDINGS)
    try:
        if path.is_dir():
            return list(_of_folder(path, tuple(endings)))
        return list((_of_tar if is_tar else _of_zip)(path, tuple(endings)))
    except _BROKEN:
        kind = "tar" if is_tar else "ZIP"
        raise InvalidArgumentError(f"{path}: is not a whole {kind} archive that can be read") from None
    except OSError as error:
        raise InvalidArgumentError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


def _of_zip(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(endings)]
        _check_count(path, len(entries))
        # a small archive may hold a flood; nothing is read beyond the size that is stated here
        if sum(entry.file_size for entry in entries) > limits.FILE_SIZE_MAX_BYTES:
            raise _too_large(path)
        for entry in entries:
            yield entry.filename, archive.read(entry)


def _of_folder(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    files = sorted(file for file in path.rglob("*") if file.name.lower().endswith(endings) and file.is_file())
    _check_count(path, len(files))
    room = limits.FILE_SIZE_MAX_BYTES
    for file in files:
        with file.open("rb") as opened:
            data = opened.read(room + 1)
        room -= len(data)
        if room < 0:
            raise _too_large(path)
        yield f"{path.absolute().name}/{file.relative_to(path).as_posix()}", data


def _of_tar(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    opened = _OPEN.get(path.suffix.lower(), open)
    count = 0
    with opened(path, "rb") as raw:
        bounded: Any = _Bounded(path, raw)  # of a file's methods tarfile uses `read` alone
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for entry in archive:
                if not entry.isreg() or not entry.name.lower().endswith(endings):
                    continue
                count += 1
                _check_count(path, count)
                file = archive.extractfile(entry)
                assert file is not None  # of a regular file there is one
                yield entry.name, file.read()


class _Bounded:
    """A stream that ends in an error where more is read of it than a file may hold: headers of a tar can lie, too."""

    def __init__(self, path: Path, raw: IO[bytes]) -> None:
        self._path = path
        self._raw = raw
        self._room = limits.FILE_SIZE_MAX_BYTES

    def read(self, size: int) -> bytes:
        """As a file's."""
        data = self._raw.read(min(size, self._room + 1))
        self._room -= len(data)
        if self._room < 0:
            raise _too_large(self._path)
        return data


def _check_count(path: Path, count: int) -> None:
    if count > limits.TRACE_FILES_PER_ARCHIVE_COUNT_MAX:
        raise InvalidArgumentError(f"{path}: more than {limits.TRACE_FILES_PER_ARCHIVE_COUNT_MAX} files")


def _too_large(path: Path) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path}: more than {limits.FILE_SIZE_MAX_BYTES // 2**20} MiB of text")
