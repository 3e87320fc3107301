"""The head of the audit log: how far it has come, signed, in a file of its own beside the segments.

    audit.head    {"base_hash":…,"base_number":…,"hash":…,"journal_hash":…,"lsn":…,"number":…,"segment_hash":…,…}
                  <Ed25519 signature of that line, in base64>

It is written after the entries it speaks of: a log that ends before its head was cut. A copy kept elsewhere shows
that a log, its head and its journal were all put back together (`geooffer audit verify --against`).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geooffer.audit.entries import HASH_SIZE_BYTES, Place
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.synced_files import sync_directory, write_synced

HEAD_NAME = "audit.head"
PUBLIC_KEY_NAME = "audit.pub"
_DOMAIN = b"geooffer.audit.head\n"


@dataclass(frozen=True, slots=True)
class Head:
    """A signed place."""

    place: Place
    position: Position
    """Of the journal: all commits up to there are in the log."""
    base: Place
    """What retention has dropped: the place before the first entry kept."""
    segment: Place
    """The place before the first entry of the file that is being written."""
    time_ms: int

    def _line(self) -> bytes:
        told = {
            "number": self.place.number,
            "hash": self.place.hash.hex(),
            "lsn": self.position.lsn,
            "journal_hash": self.position.hash.hex(),
            "base_number": self.base.number,
            "base_hash": self.base.hash.hex(),
            "segment_number": self.segment.number,
            "segment_hash": self.segment.hash.hex(),
            "time_ms": self.time_ms,
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()

    def draft(self, path: Path, key: Ed25519PrivateKey) -> Path:
        """A file beside `path`, durable, to be put in its place. Raises OSError."""
        line = self._line()
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        write_synced(draft, line + b"\n" + base64.b64encode(key.sign(_DOMAIN + line)) + b"\n")
        return draft

    def write(self, path: Path, key: Ed25519PrivateKey) -> None:
        """Put it in the place of the one at `path`, durably. Raises OSError."""
        self.draft(path, key).replace(path)
        sync_directory(path.parent)


def read_head(path: Path, key: Ed25519PublicKey) -> Head:
    """The head at `path`. Raises JournalError where it is missing, damaged, or signed by another key."""
    try:
        line, _, signature = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise JournalError(f"the audit log's head cannot be read ({error.strerror})") from error
    try:
        key.verify(base64.b64decode(signature.strip(), validate=True), _DOMAIN + line)
    except (InvalidSignature, ValueError) as error:
        raise JournalError("the audit log's head is not signed by this key") from error
    try:
        told = json.loads(line)
        return Head(
            Place(told["number"], _hash(told["hash"])),
            Position(told["lsn"], _hash(told["journal_hash"])),
            Place(told["base_number"], _hash(told["base_hash"])),
            Place(told["segment_number"], _hash(told["segment_hash"])),
            told["time_ms"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError("the audit log's head is of a newer version") from error


def signature_over(place: Place, key: Ed25519PrivateKey) -> str:
    """What a seal inside the log says of all before it."""
    return base64.b64encode(key.sign(_sealed(place))).decode()


def check_signature(place: Place, signature: object, key: Ed25519PublicKey) -> None:
    """Raises JournalError where a seal does not fit."""
    try:
        key.verify(base64.b64decode(str(signature), validate=True), _sealed(place))
    except (InvalidSignature, ValueError) as error:
        raise JournalError(f"the seal after entry {place.number} of the audit log is not signed by this key") from error


def write_public_key(path: Path, key: Ed25519PublicKey) -> None:
    """In PEM, for whoever verifies without the secret."""
    write_synced(path, key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _sealed(place: Place) -> bytes:
    return b"geooffer.audit.seal\n" + place.number.to_bytes(8, "little") + place.hash


def _hash(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != HASH_SIZE_BYTES:
        raise ValueError
    return digest
