"""Keys of the audit log: one secret of the machine, what is derived of it, and a key of her own for every person.

audit.key ──► pseudonyms of persons, of callers      keyed BLAKE2b-128, a domain each (privacy M8)
          ├─► the seed of the Ed25519 key that signs
          └─► the key that wraps the persons' keys  ──► audit/persons.sqlite3: pseudonym → wrapped key

What is said of decisions and outcomes may be held half a year at most, other entries for years (privacy M7). So
these are under keys of an epoch of 31 days, deleted when its first day is 182 days ago; all others under a key without
an end.

Erasing a person deletes her wrapped keys (SQLite `secure_delete` overwrites it): what was encrypted under it is noise.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.private_files import FILE_RULE, is_open_to_others
from geooffer.journal.synced_files import sync_directory, write_synced
from geooffer.model.limits import DECISION_RETENTION_MAX_MS

KEY_NAME = "audit.key"
PERSONS_NAME = "persons.sqlite3"
KEY_SIZE_BYTES = 32
PSEUDONYM_SIZE_BYTES = 16
DIFFERENT_BYTE_COUNT_MIN = 20
"""As of the domains' keys (rpc/domain_keys.py): of 32 random bytes about 30 differ."""
NO_END = 0
EPOCH_MS = 31 * 86_400_000
NONCE_SIZE_BYTES = 12
_TABLES = (
    "CREATE TABLE IF NOT EXISTS keys (subject BLOB, epoch INTEGER, wrapped BLOB NOT NULL, PRIMARY KEY (subject, epoch))"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS united (subject BLOB PRIMARY KEY, into_subject BLOB NOT NULL, number INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS united_into ON united (into_subject)",
)


class AuditKeys:
    """What is derived of the secret in `audit.key`."""

    def __init__(self, secret: bytes) -> None:
        def derived(domain: bytes) -> bytes:
            return hashlib.blake2b(key=secret, digest_size=KEY_SIZE_BYTES, person=domain).digest()

        self._subjects = derived(b"audit.subjects")
        self._callers = derived(b"audit.callers")
        self.wrapping = AESGCM(derived(b"audit.wrapping"))
        self.signing = Ed25519PrivateKey.from_private_bytes(derived(b"audit.signing"))

    def subject_of(self, person_key: int) -> bytes:
        """The pseudonym of a person in this log."""
        message = person_key.to_bytes(8, "little", signed=True)
        return hashlib.blake2b(message, key=self._subjects, digest_size=PSEUDONYM_SIZE_BYTES).digest()

    def caller_of(self, subject: str) -> bytes:
        """The pseudonym of a token's subject in this log."""
        return hashlib.blake2b(subject.encode(), key=self._callers, digest_size=PSEUDONYM_SIZE_BYTES).digest()


def load_audit_keys(path: Path, *, create: bool = False) -> AuditKeys:
    """Of the key file at `path`; made, whole or not at all, where there is none and `create`.

    Raises ConfigurationError where it is missing, open to others, not of 32 bytes, or no random secret.
    """
    if not path.exists():
        if not create:
            raise ConfigurationError(f"{path.name} is missing: without it the audit log cannot go on")
        try:
            draft = path.with_name(f"{path.name}.new")
            draft.unlink(missing_ok=True)
            write_synced(draft, secrets.token_bytes(KEY_SIZE_BYTES))
            draft.replace(path)
            sync_directory(path.parent)
        except OSError as error:
            raise ConfigurationError(f"{path.name} cannot be made: {error.strerror}") from None
    try:
        if is_open_to_others(path):
            raise ConfigurationError(f"{path.name} {FILE_RULE}")
        secret = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from None
    if len(secret) != KEY_SIZE_BYTES:
        raise ConfigurationError(f"{path.name} does not hold {KEY_SIZE_BYTES} bytes")
    if len(set(secret)) < DIFFERENT_BYTE_COUNT_MIN:
        raise ConfigurationError(f"{path.name} is no random secret: leave it to the first start to make one")
    return AuditKeys(secret)


def epoch_of(time_ms: int) -> int:
    """The number of the epoch of a moment of real time."""
    return time_ms // EPOCH_MS


class PersonKeys:
    """Pseudonym → key, in a file of its own; what a method changed is on disk when it returns.

    One writer; `is_read_only` beside it. Raises JournalError where the file does not open, read or write.
    """

    def __init__(self, path: Path, wrapping: AESGCM, *, is_read_only: bool = False) -> None:
        self._wrapping = wrapping
        try:
            if not is_read_only and not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            flags = apsw.SQLITE_OPEN_READONLY if is_read_only else apsw.SQLITE_OPEN_READWRITE
            self._connection = apsw.Connection(str(path), flags=flags)
            self._connection.set_busy_timeout(5_000)
            if not is_read_only:
                # a rollback journal, cut after every change: no copy of a deleted key lies in a log for long
                for pragma in ("journal_mode=TRUNCATE", "synchronous=EXTRA", "secure_delete=ON"):
                    self._connection.execute(f"PRAGMA {pragma}")
                for table in _TABLES:
                    self._connection.execute(table)
        except (apsw.Error, OSError) as error:
            raise _fault(error) from error

    def get(self, subject: bytes, epoch: int = NO_END) -> AESGCM | None:
        """The key of a person; None = she was erased, its epoch is over, or she never had one."""
        try:
            wrapped = self._connection.execute(
                "SELECT wrapped FROM keys WHERE subject = ? AND epoch = ?", (subject, epoch)
            ).get
        except apsw.Error as error:
            raise _fault(error) from error
        if not isinstance(wrapped, bytes):
            return None
        try:
            nonce, ciphertext = wrapped[:NONCE_SIZE_BYTES], wrapped[NONCE_SIZE_BYTES:]
            return AESGCM(self._wrapping.decrypt(nonce, ciphertext, subject))
        except (InvalidTag, ValueError) as error:
            raise JournalError(
                "a person's audit key does not open: audit.key is another one, or it is damaged"
            ) from error

    def get_or_make(self, subject: bytes, epoch: int = NO_END) -> AESGCM:
        """The key of a person; made where she has none."""
        found = self.get(subject, epoch)
        if found is not None:
            return found
        secret = secrets.token_bytes(KEY_SIZE_BYTES)
        nonce = secrets.token_bytes(NONCE_SIZE_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, secret, subject)
        try:
            self._connection.execute("INSERT INTO keys VALUES (?, ?, ?)", (subject, epoch, wrapped))
        except apsw.Error as error:
            raise _fault(error) from error
        return AESGCM(secret)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is changed inside is on disk, all of it, at the end; none of it where an error ends it."""
        try:
            with self._connection:
                yield
        except apsw.Error as error:
            raise _fault(error) from error

    def keep_only(self, subjects: Container[bytes]) -> int:
        """Delete the keys of all others; returns of how many persons."""
        try:
            with self._connection:
                rows: list[tuple[Any, ...]] = self._connection.execute("SELECT DISTINCT subject FROM keys").fetchall()
                others = [row for row in rows if row[0] not in subjects]
                self._connection.executemany("DELETE FROM keys WHERE subject = ?", others)
        except apsw.Error as error:
            raise _fault(error) from error
        return len(others)

    def drop_epochs(self, now_ms: int) -> None:
        """Delete keys of epochs that began DECISION_RETENTION_MAX_MS ago, less the day between calls."""
        first = epoch_of(now_ms - DECISION_RETENTION_MAX_MS + 86_400_000) + 1
        try:
            with self._connection:
                self._connection.execute("DELETE FROM keys WHERE epoch != ? AND epoch < ?", (NO_END, first))
        except apsw.Error as error:
            raise _fault(error) from error

    def unite(self, subject: bytes, into: bytes, number: int) -> None:
        """Who is `subject` is one with `into` from entry `number` on: erasing that one later erases both."""
        try:
            self._connection.execute("INSERT OR REPLACE INTO united VALUES (?, ?, ?)", (subject, into, number))
        except apsw.Error as error:
            raise _fault(error) from error

    def subjects_of(self, subject: bytes, before_number: int = 2**62) -> set[bytes]:
        """Her pseudonym, and those of all who were united with her by entries before that one: after a crash entries
        are made again, and what came after an erasure must not be taken for what came before."""
        found, left = {subject}, [subject]
        try:
            while left:
                statement = "SELECT subject FROM united WHERE into_subject = ? AND number < ?"
                rows: list[tuple[Any, ...]] = self._connection.execute(
                    statement, (left.pop(), before_number)
                ).fetchall()
                further: set[bytes] = {row[0] for row in rows} - found
                found |= further
                left += further
        except apsw.Error as error:
            raise _fault(error) from error
        return found

    def destroy(self, subject: bytes, number: int = 2**62) -> int:
        """Delete her key, and those of all who were united with her before entry `number`; returns how many."""
        subjects = self.subjects_of(subject, number)
        try:
            with self._connection:
                count = 0
                for each in subjects:
                    self._connection.execute("DELETE FROM keys WHERE subject = ?", (each,))
                    count += self._connection.changes()
                    self._connection.execute("DELETE FROM united WHERE subject = ? AND number < ?", (each, number))
        except apsw.Error as error:
            raise _fault(error) from error
        return count

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def seal(key: AESGCM, text: str, bound_to: str) -> bytes:
    """Encrypt; `bound_to`: what the ciphertext belongs to, so that it opens nowhere else."""
    nonce = secrets.token_bytes(NONCE_SIZE_BYTES)
    return nonce + key.encrypt(nonce, text.encode(), bound_to.encode())


def unseal(key: AESGCM, sealed: bytes, bound_to: str) -> str | None:
    """Decrypt; None where the key is another one: hers was destroyed, and a new customer of the same id has this."""
    try:
        return key.decrypt(sealed[:NONCE_SIZE_BYTES], sealed[NONCE_SIZE_BYTES:], bound_to.encode()).decode()
    except InvalidTag:
        return None


class LostKeysError(JournalError):
    """The file of keys is damaged, or none: what was encrypted under its keys is unreadable."""


def _fault(error: Exception) -> JournalError:
    kind = LostKeysError if isinstance(error, apsw.CorruptError | apsw.NotADBError) else JournalError
    return kind(f"the audit log's person keys failed: {type(error).__name__}")
