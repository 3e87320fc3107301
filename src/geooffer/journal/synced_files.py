"""Files that are on disk when the call returns, for their owner's eyes only (mode 0600)."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FILE_MODE = 0o600
CHUNK_SIZE_BYTES = 1 << 20
DRAFT_RANDOM_SIZE_BYTES = 8


class NotSyncedError(OSError):
    """An fsync failed: the system may hold for written what the disk never got, and says so only once."""


def append_synced(path: Path, data: bytes, size_bytes: int) -> None:
    """Append to a file whose first `size_bytes` bytes stand, made where there are none; all of `data` or nothing of it.

    What lies behind those bytes is cut off, also that which this call leaves where it fails. Raises NotSyncedError,
    after which the file's end is not known; OSError, after which it may be tried again.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE)
    try:
        found_bytes = os.fstat(descriptor).st_size
        if found_bytes < size_bytes:
            raise OSError(errno.EIO, "the file is shorter than what was written to it")
        if found_bytes > size_bytes:
            os.ftruncate(descriptor, size_bytes)
        try:
            written_bytes = os.pwrite(descriptor, data, size_bytes)
            if written_bytes != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with suppress(OSError):  # then the next append does it
                os.ftruncate(descriptor, size_bytes)
            raise
        _sync(descriptor)
    finally:
        os.close(descriptor)
    if size_bytes == 0:
        sync_directory(path.parent)


def cut_synced(path: Path, size_bytes: int) -> None:
    """Keep the first `size_bytes` bytes of a file. Raises NotSyncedError, OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if os.fstat(descriptor).st_size > size_bytes:
            os.ftruncate(descriptor, size_bytes)
            _sync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes) -> None:
    """A new file of these bytes. Raises OSError, also where there is one of that name."""
    with _new_file(path) as file:
        file.write(data)


def copy_synced(source: Path, target: Path) -> None:
    """A new file of another's bytes, however many. Raises OSError."""
    with source.open("rb") as reading, _new_file(target) as writing:
        shutil.copyfileobj(reading, writing, CHUNK_SIZE_BYTES)


def write_once(path: Path, data: bytes) -> None:
    """A file of these bytes under its durable name, whole or not at all; one that is there already stays, be it that of
    another process or thread which came first. Raises OSError.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(DRAFT_RANDOM_SIZE_BYTES)}")
    try:
        write_synced(draft, data)
        with suppress(FileExistsError):
            os.link(draft, path)
        sync_directory(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(path: Path) -> None:
    """Remove what calls of `write_once` that were killed left beside `path`: copies of a secret, maybe of the one that
    holds. Nobody may be writing `path` meanwhile. Raises OSError.
    """
    pattern = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{{2 * DRAFT_RANDOM_SIZE_BYTES}}}")
    drafts = [each for each in path.parent.iterdir() if pattern.fullmatch(each.name)]
    for each in drafts:
        each.unlink(missing_ok=True)
    if drafts:
        sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """A directory where it is missing, with those above it; their names are on disk, too.

    What is made of `path` itself is for its owner alone, those above it have the modes the process gives; one that is
    there already keeps its mode, and is named durably all the same: whoever made it may have been killed before it was.
    Raises OSError.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in missing:
        sync_directory(each.parent)
    if not missing and os.access(path.parent, os.R_OK):  # who may not open it has made nothing in it by this call
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make names in it durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
        yield file
        file.flush()
        _sync(file.fileno())


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise NotSyncedError(error.errno, error.strerror) from error
