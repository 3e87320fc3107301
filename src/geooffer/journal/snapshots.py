"""Snapshots: the whole durable state at one position of the journal, a file a partition.

snapshot-<lsn>/
  manifest.json    schema, position, counts, and of each part its size and BLAKE2b-256; a seal over all that
  catalog.part     engine/parts.py, as msgpack
  people-00.part … people-63.part

Written aside (snapshot-<lsn>.partial), every file and the directory synced, then renamed: a directory of the right name
is whole. What is damaged, missing or too much is a JournalError that names it, and is never served.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from geooffer.engine.parts import PARTITIONS, Part, counts_of
from geooffer.engine.people_rows import PeopleCounts
from geooffer.errors import JournalError
from geooffer.journal.commits import HASH_SIZE_BYTES, Position
from geooffer.journal.field_arrays import pack, unpack
from geooffer.journal.keyring import NO_KEY, Keyring, is_sealed, key_id_of
from geooffer.journal.synced_files import sync_directory, write_synced
from geooffer.model.records import CATALOG_PARTITION

SCHEMA_VERSION = 1
UPGRADES: Mapping[int, Callable[[Part], Part]] = {}
"""Schema n → what makes a part of schema n + 1 of it; fields of table rows need none (engine/part_columns.py)."""

MANIFEST_NAME = "manifest.json"
_NAME = re.compile(r"snapshot-([1-9][0-9]{0,18})", re.ASCII)
_ASIDE = re.compile(r"snapshot-[1-9][0-9]{0,18}\.(partial|old)", re.ASCII)


def part_name(partition: int) -> str:
    """The file of a partition."""
    return "catalog.part" if partition == CATALOG_PARTITION else f"people-{partition:02}.part"


def digest_of(data: bytes) -> str:
    """BLAKE2b-256 in hex."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot whose manifest was read; its parts are checked as they are read."""

    path: Path
    schema: int
    position: Position
    counts: PeopleCounts
    program: str
    parts: Mapping[str, tuple[int, str]]
    """File name → (size in bytes, digest), of what is written."""
    keyring: Keyring | None = None
    """Opens what is encrypted."""

    @property
    def key_id(self) -> str:
        """Of the key its catalog was encrypted under, in hex; '' = it is not encrypted. Raises JournalError."""
        data = self._checked_bytes(CATALOG_PARTITION)
        return key_id_of(data) if is_sealed(data) else ""

    def read_part(self, partition: int) -> Part:
        """One part. Raises JournalError that names it."""
        return self._decoded(partition, self._checked_bytes(partition))

    def read_parts(self) -> Iterator[Part]:
        """All parts, the catalog first; the next is read and checked while the caller works on one."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self._checked_bytes, PARTITIONS[0])
            for partition, following in zip(PARTITIONS, (*PARTITIONS[1:], None), strict=True):
                data = ahead.result()
                if following is not None:
                    ahead = pool.submit(self._checked_bytes, following)
                yield self._decoded(partition, data)

    def _checked_bytes(self, partition: int) -> bytes:
        name = part_name(partition)
        size_bytes, digest = self.parts[name]
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise self._fault(name, f"cannot be read ({error.strerror})") from error
        if len(data) != size_bytes:
            raise self._fault(name, f"has {len(data)} bytes, not {size_bytes}")
        if digest_of(data) != digest:
            raise self._fault(name, "is damaged")
        return data

    def _decoded(self, partition: int, data: bytes) -> Part:
        try:
            part: Part = unpack(self._opened(partition, data))
            for schema in range(self.schema, SCHEMA_VERSION):
                part = UPGRADES[schema](part)
            if part["partition"] == partition:
                return part
        except JournalError:
            raise
        except Exception as error:  # msgpack and the classes raise what they like
            raise self._fault(part_name(partition), "does not decode") from error
        raise self._fault(part_name(partition), "is another partition's")

    def _opened(self, partition: int, data: bytes) -> bytes:
        if not is_sealed(data):
            return data
        name = part_name(partition)
        if self.keyring is None:
            raise self._fault(name, NO_KEY)
        try:
            return self.keyring.open_part(name, self.position, data)
        except JournalError as error:
            raise JournalError(f"{self.path.name}/{name}: {error.message}") from error

    def _fault(self, name: str, text: str) -> JournalError:
        return JournalError(f"{self.path.name}/{name} {text}")


def open_snapshot(path: Path, keyring: Keyring | None = None) -> Snapshot:
    """Read a manifest and look whether all files are there. Raises JournalError."""
    try:
        names = {entry.name for entry in path.iterdir()}
        line, separator, seal = (path / MANIFEST_NAME).read_bytes().partition(b"\n")
    except OSError as error:
        raise JournalError(f"{path.name}/{MANIFEST_NAME} cannot be read ({error.strerror})") from error
    if not separator or seal != digest_of(line).encode() + b"\n":
        raise JournalError(f"{path.name}/{MANIFEST_NAME} is damaged")
    try:
        told = json.loads(line)
        if told["schema"] > SCHEMA_VERSION:
            raise JournalError(f"{path.name} has schema {told['schema']}: it was written by a newer version")
        found = Snapshot(
            path,
            told["schema"],
            Position(told["lsn"], bytes.fromhex(told["hash"])),
            PeopleCounts(**told["counts"]),
            told["program"],
            {name: (size_bytes, digest) for name, (size_bytes, digest) in told["parts"].items()},
            keyring,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{path.name}/{MANIFEST_NAME} is damaged") from error
    expected = {MANIFEST_NAME, *map(part_name, PARTITIONS)}
    if set(found.parts) | {MANIFEST_NAME} != expected or len(found.position.hash) != HASH_SIZE_BYTES:
        raise JournalError(f"{path.name}/{MANIFEST_NAME} is damaged")
    for name in sorted(expected ^ names):
        raise JournalError(f"{path.name}/{name} {'is missing' if name in expected else 'does not belong there'}")
    if path.name != snapshot_name(found.position):
        raise JournalError(f"{path.name} holds the state of commit {found.position.lsn}")
    return found


def snapshot_name(position: Position) -> str:
    """The directory of a snapshot."""
    return f"snapshot-{position.lsn}"


def snapshot_paths(directory: Path) -> list[Path]:
    """Whole snapshots in a state directory, newest first."""
    found = [(int(match[1]), path) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def newest_snapshot(directory: Path, keyring: Keyring | None = None) -> Snapshot | None:
    """The one to start from. Raises JournalError where it is damaged: an older one is not taken in silence."""
    paths = snapshot_paths(directory)
    return open_snapshot(paths[0], keyring) if paths else None


def remove_older(directory: Path) -> int:
    """Delete all but the newest snapshot, and what was never finished or never quite removed; returns how many.

    A directory is renamed before it is emptied, so that half of one is never taken for whole.
    """
    gone = [path for path in directory.iterdir() if _ASIDE.fullmatch(path.name)]
    for path in snapshot_paths(directory)[1:]:
        gone.append(path.rename(path.with_name(f"{path.name}.old")))
    for path in gone:
        shutil.rmtree(path)
    if gone:
        sync_directory(directory)
    return len(gone)


class SnapshotDraft:
    """A snapshot being written; drafts left behind by a crash or a full disk, of whatever commit, are thrown away by
    the next: else each attempt would fill the disk further.
    """

    def __init__(
        self, directory: Path, position: Position, *, reserve_bytes: int = 0, keyring: Keyring | None = None
    ) -> None:
        """`reserve_bytes`: room on the disk that is left to the journal beside it. `keyring`: parts are encrypted."""
        for path in directory.iterdir():
            if _ASIDE.fullmatch(path.name):
                shutil.rmtree(path)
        self._final = directory / snapshot_name(position)
        self._path = directory / f"{self._final.name}.partial"
        self._path.mkdir(mode=0o700)
        self._position = position
        self._reserve_bytes = reserve_bytes
        self._keyring = keyring
        self._parts: dict[str, tuple[int, str]] = {}
        self._counts = PeopleCounts()

    def write(self, part: Part) -> None:
        """Add one part, synced. Raises JournalError where the disk has no room for it."""
        data, name = pack(part), part_name(part["partition"])
        if self._keyring is not None:
            data = self._keyring.seal_part(name, self._position, data)
        room = os.statvfs(self._path)
        if room.f_bavail * room.f_frsize < self._reserve_bytes + len(data):
            raise JournalError("the disk has no room for a snapshot beside its reserve")
        write_synced(self._path / name, data)
        self._parts[name] = (len(data), digest_of(data))
        self._counts = PeopleCounts(*map(sum, zip(self._counts, counts_of(part), strict=True)))

    def finish(self) -> Snapshot:
        """All parts are written: give it its name."""
        told: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "program": _program(),
            "lsn": self._position.lsn,
            "hash": self._position.hash.hex(),
            "counts": self._counts._asdict(),
            "parts": self._parts,
        }
        line = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        write_synced(self._path / MANIFEST_NAME, line + b"\n" + digest_of(line).encode() + b"\n")
        sync_directory(self._path)
        self._path.rename(self._final)
        sync_directory(self._final.parent)
        return open_snapshot(self._final, self._keyring)

    def discard(self) -> None:
        """It will not be finished: what it holds of the disk is wanted by others."""
        shutil.rmtree(self._path, ignore_errors=True)


def _program() -> str:
    try:
        return f"geooffer {version('geooffer')}"
    except PackageNotFoundError:
        return "geooffer"
