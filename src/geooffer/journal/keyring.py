"""Encryption at rest: what is written of commits and parts of snapshots, under keys that lie elsewhere (AES-256-GCM).

    ┌──────────┬────────┬─────────┬──────────────────────────┐
    │ e1 67 65 │ key id │ salt    │ ciphertext, 16 bytes tag │
    │ 01       │ 8      │ 16      │                          │
    └──────────┴────────┴─────────┴──────────────────────────┘
    key of a salt = BLAKE2b-256(salt, domain; keyed by the key of that id)
    commits       the salt of an opened store, nonce = LSN; bound to LSN and hash before
    parts         a salt of their own, nonce = 0; bound to name, LSN and hash

A nonce is never used twice with a key: within an opened store every LSN is written once, be it acknowledged or not (a
store that failed writes no more), and every opening, every file has a random salt. So it holds after power cuts and for
restored copies, whose LSNs come again.

The chain of commits runs over what is written, so a journal is checked, copied and cut without any key. The key file
has one key a line, 64 hex digits; the first one encrypts, all decrypt. To change it: put a new line on top, restart,
and drop the old line after the next snapshot, when no backup under it is wanted any more.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.commits import Position
from geooffer.journal.private_files import FILE_RULE, is_open_to_others

MAGIC = b"\xe1ge\x01"
KEY_ID_SIZE_BYTES = 8
SALT_SIZE_BYTES = hashlib.blake2b.SALT_SIZE
NONCE_SIZE_BYTES = 12
KEY_COUNT_MAX = 16
_HEADER_SIZE_BYTES = len(MAGIC) + KEY_ID_SIZE_BYTES + SALT_SIZE_BYTES
_COMMITS, _PARTS = b"geooffer.commits", b"geooffer.parts"
_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
NO_KEY = "is encrypted, and no encryption_key_file was given"


def is_sealed(data: bytes) -> bool:
    """Whether this was encrypted here."""
    return data.startswith(MAGIC)


def key_id_of(data: bytes) -> str:
    """Of what is sealed: which key it needs, in hex."""
    return data[len(MAGIC) : len(MAGIC) + KEY_ID_SIZE_BYTES].hex()


class Keyring:
    """The keys of an encryption key file; the first one encrypts."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {
            hashlib.blake2b(key, digest_size=KEY_ID_SIZE_BYTES, person=b"geooffer.keyid").digest(): key for key in keys
        }
        self._current = next(iter(self._keys))
        self._derived: dict[tuple[bytes, bytes, bytes], AESGCM] = {}

    @property
    def key_id(self) -> str:
        """Of the key that encrypts, in hex."""
        return self._current.hex()

    def seal_part(self, name: str, position: Position, data: bytes) -> bytes:
        """A part of the snapshot at `position`."""
        header = self._new_header()
        return header + self._aead(header, _PARTS).encrypt(
            bytes(NONCE_SIZE_BYTES), data, _part_bound(header, name, position)
        )

    def open_part(self, name: str, position: Position, data: bytes) -> bytes:
        """The inverse; what was never encrypted as it is. Raises JournalError."""
        if not is_sealed(data):
            return data
        header = data[:_HEADER_SIZE_BYTES]
        return self._opened(data, _PARTS, bytes(NONCE_SIZE_BYTES), _part_bound(header, name, position))

    def open_commit(self, previous: Position, data: bytes) -> bytes:
        """The payload of the commit after `previous`; one that was never encrypted as it is. Raises JournalError."""
        if not is_sealed(data):
            return data
        header = data[:_HEADER_SIZE_BYTES]
        return self._opened(data, _COMMITS, _nonce(previous), _commit_bound(header, previous))

    def _new_header(self) -> bytes:
        return MAGIC + self._current + secrets.token_bytes(SALT_SIZE_BYTES)

    def _aead(self, header: bytes, domain: bytes) -> AESGCM:
        key_id = header[len(MAGIC) : len(MAGIC) + KEY_ID_SIZE_BYTES]
        salt = header[len(MAGIC) + KEY_ID_SIZE_BYTES : _HEADER_SIZE_BYTES]
        place = (key_id, salt, domain)
        if place not in self._derived:
            key = self._keys.get(key_id)
            if key is None:
                raise JournalError(f"it is encrypted under key {key_id.hex()}, which encryption_key_file does not hold")
            derived = hashlib.blake2b(key=key, salt=salt, person=domain, digest_size=32).digest()
            if domain == _PARTS:
                return AESGCM(derived)
            self._derived[place] = AESGCM(derived)
        return self._derived[place]

    def _opened(self, data: bytes, domain: bytes, nonce: bytes, bound_to: bytes) -> bytes:
        if len(data) < _HEADER_SIZE_BYTES:
            raise JournalError("it is encrypted and cut short")
        try:
            return self._aead(data[:_HEADER_SIZE_BYTES], domain).decrypt(nonce, data[_HEADER_SIZE_BYTES:], bound_to)
        except InvalidTag as error:
            raise JournalError("it does not decrypt: it was changed, or stands in another's place") from error


class CommitSealer:
    """Encrypts the commits of one opened store."""

    def __init__(self, keyring: Keyring) -> None:
        self._header = keyring._new_header()
        self._aead = keyring._aead(self._header, _COMMITS)
        self._latest_lsn = -1

    def seal(self, previous: Position, payload: bytes) -> bytes:
        """The commit after `previous`. Raises JournalError where one of that number was encrypted before."""
        if previous.lsn <= self._latest_lsn:
            raise JournalError(f"commit {previous.lsn + 1} was encrypted once already")
        self._latest_lsn = previous.lsn
        return self._header + self._aead.encrypt(_nonce(previous), payload, _commit_bound(self._header, previous))


def load_keyring(path: Path | None) -> Keyring | None:
    """Of the key file at `path`; None where encryption is off. Raises ConfigurationError."""
    if path is None:
        return None
    field = "encryption_key_file"
    try:
        if is_open_to_others(path):
            raise ConfigurationError(f"{field}: {path.name} {FILE_RULE}", field=field)
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{field}: {path.name} cannot be read: {error.strerror}", field=field) from None
    texts = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not 1 <= len(texts) <= KEY_COUNT_MAX or not all(_KEY.fullmatch(text) for text in texts):
        rule = f"{field}: {path.name} needs 1 to {KEY_COUNT_MAX} lines of 64 hex digits (openssl rand -hex 32)"
        raise ConfigurationError(rule, field=field)
    keys = [bytes.fromhex(text) for text in texts]
    if any(len(set(key)) < 8 for key in keys) or len(set(keys)) != len(keys):
        raise ConfigurationError(f"{field}: {path.name} holds a key that is no random one, or twice", field=field)
    return Keyring(keys)


def _nonce(previous: Position) -> bytes:
    return (previous.lsn + 1).to_bytes(NONCE_SIZE_BYTES, "little")


def _commit_bound(header: bytes, previous: Position) -> bytes:
    return header + (previous.lsn + 1).to_bytes(8, "little") + previous.hash


def _part_bound(header: bytes, name: str, position: Position) -> bytes:
    return header + position.lsn.to_bytes(8, "little") + position.hash + name.encode()
