"""The erasure ledger: who was erased when, so that no restored backup brings anybody back (privacy D2).

    <hash> {"kind":"begun","erasure_id":"…","time_ms":…,"lsn":…,"names":["…"]}      before the erase record is written
    <hash> {"kind":"erased","erasure_id":"…","time_ms":…,"lsn":…,"counts":{…}}     once that record is durable
    <hash> {"kind":"done","erasure_id":"…","time_ms":…,"snapshot_lsn":…}           once no file says anything of her
    <hash> {"kind":"given_up","erasure_id":"…","time_ms":…}                        begun, and it erased nobody after all
    <hash> {"kind":"restored","time_ms":…,"lsn":…,"erased_count":…}                old files came back, they went again

A name is a keyed BLAKE2b-128 of a person key (which is a hash of the customer id): with the ledger and its key one can
ask whether somebody was erased, not who was. Lines are chained by a keyed hash and synced one by one. A last line
without its end was never acknowledged and is dropped; everything else that does not follow is refused, saying where.

The ledger stands beside the journal, never in a backup: an old backup would bring an old ledger back with it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from geooffer.errors import JournalError
from geooffer.journal.synced_files import NotSyncedError, append_synced

LEDGER_NAME = "erasures.ledger"
KEY_NAME = "erasures.key"
KEY_SIZE_BYTES = 32
_HASH_HEX_LENGTH = 64
_GENESIS = "0" * _HASH_HEX_LENGTH


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person's erasure, as far as it has come."""

    erasure_id: str
    begun_ms: int
    """Real time, as all times here."""
    begun_lsn: int
    """The latest commit then: the erase record comes after it."""
    names: frozenset[str] = frozenset()
    """Of all ids that meant her."""
    erased_ms: int | None = None
    lsn: int = 0
    """A commit by which her erase record is durable."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was touched, by table."""
    done_ms: int | None = None
    snapshot_lsn: int = 0
    """The snapshot that holds nothing of her any more; the journal begins after it."""
    received_ms: int = 0
    """When she asked for it, 0 = not told: then it was begun."""
    due_ms: int = 0
    """When it is to be done, 0 = a month after that."""


class ErasureLedger:
    """Appends are synced before they return. One writer at a time.

    An append that fails raises JournalError and changes nothing: what it left in the file is cut off, then or by the
    next one, which is welcome (a disk that was full has room again). After a failed fsync, though, nobody knows what
    the disk holds: then it is refused until the next start has read the file.
    """

    def __init__(self, path: Path | None, key: bytes) -> None:
        """Open, or create with mode 0600; `path` None: in memory. Raises JournalError where it does not follow."""
        self.erasures: dict[str, Erasure] = {}
        """By id, in the order begun."""
        self.restored_lsn = 0
        """The commit by which old files that came back were rid of whoever was erased before; 0 = none did."""
        self.needs_compaction = False
        """Files came back that may say something of somebody erased, and no snapshot was written since."""
        self.line_count = 0
        self._path = path
        self._size_bytes = 0
        """Of the lines that stand; what lies behind them in the file is of a line that failed."""
        self._key = key
        self._hash = _GENESIS
        self._since_restore: set[str] = set()
        self._fault: JournalError | None = None
        if path is not None:
            self._read(path)

    # -- asking ----------------------------------------------------------------------------------------------

    def name_of(self, person_key: int) -> str:
        """The name of a person in this ledger."""
        message = person_key.to_bytes(8, "little", signed=True)
        return hashlib.blake2b(message, key=self._key, digest_size=16, person=b"geooffer.erased").hexdigest()

    def unfinished(self) -> list[Erasure]:
        """Erased from the tables, and not yet from the files."""
        return [item for item in self.erasures.values() if item.erased_ms is not None and item.done_ms is None]

    def names_begun_since(self, time_ms: int) -> set[str]:
        """Names of those whose erasure began at `time_ms` or later."""
        return _names(item for item in self.erasures.values() if item.begun_ms >= time_ms)

    def names_to_erase_again(self, last_lsn: int, erased_ids: Collection[str] = ()) -> set[str]:
        """Names of those whose erasure a start has to finish: it was begun and not seen through, or the journal ends
        before it (someone put old files in its place). In doubt they are erased.

        `erased_ids`: as for `names_unseen`.
        """
        if last_lsn < self.restored_lsn:  # older even than what was restored: its commits have other numbers
            return _names(self.erasures.values())
        late = (self.erasures[erasure_id] for erasure_id in self._since_restore)
        return self.names_unseen(erased_ids) | _names(item for item in late if item.lsn > last_lsn)

    def unseen(self) -> list[Erasure]:
        """Begun, and nothing more is known of them here."""
        return [item for item in self.erasures.values() if item.erased_ms is None]

    def names_unseen(self, erased_ids: Collection[str] = ()) -> set[str]:
        """Names of those whose erasure was begun, and nothing more is known of it; `erased_ids`: unseen erasures whose
        erase record is known to be durable nevertheless.
        """
        return _names(item for item in self.unseen() if item.erasure_id not in erased_ids)

    def latest_of(self, person_key: int) -> Erasure | None:
        """The latest erasure of whom this key meant; None = never erased."""
        name = self.name_of(person_key)
        return next((item for item in reversed(self.erasures.values()) if name in item.names), None)

    def persons_named(self, person_keys: Iterable[int], names: Collection[str]) -> list[int]:
        """Those of `person_keys` that bear one of `names`."""
        return [key for key in person_keys if self.name_of(key) in names] if names else []

    # -- writing ---------------------------------------------------------------------------------------------

    def begin(
        self,
        erasure_id: str,
        person_keys: Iterable[int],
        *,
        time_ms: int,
        lsn: int,
        received_ms: int = 0,
        due_ms: int = 0,
    ) -> None:
        """To be durable before the erase record is written; again with the same id where more names were found."""
        names = sorted({self.name_of(key) for key in person_keys})
        line = {"kind": "begun", "erasure_id": erasure_id, "time_ms": time_ms, "lsn": lsn, "names": names}
        self._append(line | ({"received_ms": received_ms, "due_ms": due_ms} if received_ms else {}))

    def erased(self, erasure_id: str, *, time_ms: int, lsn: int, counts: Mapping[str, int]) -> None:
        """The erase record is durable, at commit `lsn` at the latest."""
        line = {"kind": "erased", "erasure_id": erasure_id, "time_ms": time_ms, "lsn": lsn, "counts": dict(counts)}
        self._append(line)

    def done(self, erasure_id: str, *, time_ms: int, snapshot_lsn: int) -> None:
        """No file holds anything of her; with an empty id: nor of whoever a restored file brought back."""
        self._append({"kind": "done", "erasure_id": erasure_id, "time_ms": time_ms, "snapshot_lsn": snapshot_lsn})

    def given_up(self, erasure_id: str, *, time_ms: int) -> None:
        """It erased nobody, and no start is to finish it: as though it had not been begun."""
        self._append({"kind": "given_up", "erasure_id": erasure_id, "time_ms": time_ms})

    def restored(self, *, time_ms: int, lsn: int, erased_count: int) -> None:
        """Old files came back, and everybody erased since they were written is erased in them by commit `lsn`."""
        self._append({"kind": "restored", "time_ms": time_ms, "lsn": lsn, "erased_count": erased_count})

    # -- inside ----------------------------------------------------------------------------------------------

    def _append(self, line: dict[str, Any]) -> None:
        if self._fault is not None:
            raise self._fault
        text = json.dumps(line, separators=(",", ":"), sort_keys=True)
        digest = self._follow(text)
        if self._path is not None:
            self._write(self._path, f"{digest} {text}\n".encode())
        self._hash = digest
        self._take(line)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            append_synced(path, data, self._size_bytes)
        except NotSyncedError as error:
            self._fault = JournalError(f"the erasure ledger failed: {error.strerror}")
            raise self._fault from error
        except OSError as error:
            raise JournalError(f"the erasure ledger was not written: {error.strerror}") from error
        self._size_bytes += len(data)

    def _follow(self, text: str) -> str:
        message = f"{self._hash} {text}".encode()
        return hashlib.blake2b(message, key=self._key, digest_size=_HASH_HEX_LENGTH // 2).hexdigest()

    def _read(self, path: Path) -> None:
        data = path.read_bytes() if path.exists() else b""
        whole, separator, torn = data.rpartition(b"\n")
        self._size_bytes = len(whole) + len(separator)
        if torn:
            os.truncate(path, self._size_bytes)
        for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
            digest, _, text = line.decode("utf-8", "replace").partition(" ")
            if digest != self._follow(text):
                raise JournalError(f"the erasure ledger does not follow at line {number} (or its key is another one)")
            self._hash = digest
            try:
                self._take(json.loads(text))
            except (KeyError, TypeError, ValueError) as error:
                raise JournalError(f"the erasure ledger has a line {number} of a newer version") from error

    def _take(self, line: Mapping[str, Any]) -> None:
        self.line_count += 1
        _TAKE[line["kind"]](self, line)

    def _begun(self, line: Mapping[str, Any]) -> None:
        begun = Erasure(line["erasure_id"], line["time_ms"], line["lsn"])
        asked = replace(begun, received_ms=line.get("received_ms", 0), due_ms=line.get("due_ms", 0))
        held = self.erasures.get(begun.erasure_id) or asked
        self.erasures[held.erasure_id] = replace(held, names=held.names | frozenset(line["names"]))
        self._since_restore.add(held.erasure_id)

    def _erased(self, line: Mapping[str, Any]) -> None:
        held = self.erasures[line["erasure_id"]]
        changes = {"erased_ms": line["time_ms"], "lsn": line["lsn"], "counts": line["counts"]}
        self.erasures[held.erasure_id] = replace(held, **changes)

    def _done(self, line: Mapping[str, Any]) -> None:
        if line["erasure_id"] == "":
            self.needs_compaction = False
            return
        held = self.erasures[line["erasure_id"]]
        self.erasures[held.erasure_id] = replace(held, done_ms=line["time_ms"], snapshot_lsn=line["snapshot_lsn"])

    def _given_up(self, line: Mapping[str, Any]) -> None:
        del self.erasures[line["erasure_id"]]
        self._since_restore.discard(line["erasure_id"])

    def _restored(self, line: Mapping[str, Any]) -> None:
        self.restored_lsn = line["lsn"]
        self.needs_compaction = self.needs_compaction or line["erased_count"] > 0
        self._since_restore.clear()


def ledger_mark(path: Path) -> tuple[int, str]:
    """(whole lines, hash of the last), (0, "") without: what a backup remembers of the ledger it does not hold."""
    lines = _whole_lines(path)
    return (len(lines), _hash_of(lines[-1])) if lines else (0, "")


def goes_on_from(path: Path, mark: tuple[int, str]) -> bool:
    """Whether the ledger at `path` holds the line that `mark` was taken at."""
    line_count, digest = mark
    lines = _whole_lines(path)
    return line_count == 0 or (len(lines) >= line_count and _hash_of(lines[line_count - 1]) == digest)


def _whole_lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def _hash_of(line: bytes) -> str:
    return line[:_HASH_HEX_LENGTH].decode("ascii", "replace")


_TAKE: dict[str, Callable[[ErasureLedger, Mapping[str, Any]], None]] = {
    "begun": ErasureLedger._begun,
    "erased": ErasureLedger._erased,
    "done": ErasureLedger._done,
    "given_up": ErasureLedger._given_up,
    "restored": ErasureLedger._restored,
}


def _names(erasures: Iterable[Erasure]) -> set[str]:
    return {name for item in erasures for name in item.names}
